# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KMS is called as the server would: with its settings and user, and without the environment of the task."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.strict_kms import Credentials, StrictKms

MODULE = "sealwright.vault_seal.awskms_permission_info"
ALIAS = "alias/of-the-server"
REGION = "eu-west-1"


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


class Host:
    """A service whose files contain the connection to the KMS."""

    def __init__(self, kms: StrictKms, folder: Path, who: Credentials) -> None:
        self.folder = folder
        self.secret = who.secret_key
        self.env = folder / "server.env"
        self.write("server.hcl", f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "{REGION}"\n}}\n')
        self.write("server.env", f"AWS_ACCESS_KEY_ID={who.access_key}\nAWS_SECRET_ACCESS_KEY={who.secret_key}\nAWS_KMS_ENDPOINT={kms.url}\n")
        self.env.chmod(0o600)
        self.write("bao.service", f"[Service]\nExecStart=/usr/bin/bao server -config={folder}/server.hcl\nEnvironmentFile={self.env}\n")
        self.options = {"unit": "bao", "unit_directories": [str(folder)]}

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key(REGION, alias=ALIAS)


@pytest.fixture(scope="module")
def ansible(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Ansible with a different connection in its own environment, and unknown credentials."""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_SESSION_TOKEN": "wrong", "AWS_REGION": "us-east-2",
        "AWS_KMS_ENDPOINT": "http://127.0.0.1:9", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/wrong",
    }
    return Ansible(tmp_path_factory.mktemp("a"), environment)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.matrix
def test_the_connection_of_the_server(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    who = kms.principal(policy("kms:*"))
    host = Host(kms, tmp_path, who)
    run = ansible.playbook([{"name": "ask", MODULE: host.options}], "-vvvv").succeeded()
    result = run["ask"]
    assert (result["ready"], result["key_arn"], result["settings_problems"]) == (True, key, [])
    assert result["kms_key_id"] == {"value": ALIAS, "source": f"stanza ({tmp_path}/server.hcl, line 1)"}
    assert result["region"] == {"value": REGION, "source": f"stanza ({tmp_path}/server.hcl, line 1)"}
    assert result["endpoint"] == {"value": kms.url, "source": f"{tmp_path}/server.env, line 3"}
    assert result["principal"]["access_key"] == who.access_key
    assert who.secret_key not in run.output


def test_credentials_of_the_stanza_win_with_openbao_and_lose_with_vault(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    stanza, environment = kms.principal(policy("kms:*")), kms.principal(policy("kms:*"))
    host = Host(kms, tmp_path, environment)
    host.write("server.hcl", (
        f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "{REGION}"\n  access_key = "{stanza.access_key}"\n'
        f'  secret_key = "{stanza.secret_key}"\n}}\n'
    ))
    run = ansible.playbook([
        {"name": product, MODULE: {**host.options, "product": product}} for product in ("openbao", "vault")
    ]).succeeded()
    used = {product: run[product]["principal"]["access_key"] for product in ("openbao", "vault")}
    assert used == {"openbao": stanza.access_key, "vault": environment.access_key}
    assert run["openbao"]["credentials"]["source"] == f"stanza ({tmp_path}/server.hcl, line 1)"


def test_what_is_wrong_with_the_settings_keeps_it_from_being_ready(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    host = Host(kms, tmp_path, kms.principal(policy("kms:*")))
    host.write("server.hcl", f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  regoin = "x"\n  region = "{REGION}"\n}}\n')
    missing = kms.principal(policy("kms:DescribeKey", "kms:Decrypt"))
    tasks: list[dict[str, Any]] = [
        {"name": "misspelt", MODULE: {**host.options, "fail_unless_ready": True}, "ignore_errors": True},
        {"name": "denied", MODULE: {
            **host.options, "environment": {"AWS_ACCESS_KEY_ID": missing.access_key, "AWS_SECRET_ACCESS_KEY": missing.secret_key}}},
        {"name": "no seal", MODULE: {"product": "vault", "environment": {"AWS_REGION": REGION}}, "ignore_errors": True},
        {"name": "no user", MODULE: {**host.options, "service_user": "no-such-user"}, "ignore_errors": True},
    ]
    run = ansible.playbook(tasks).succeeded()
    assert run["misspelt"]["msg"] == (
        f"OpenBao 2.6.2 does not know the setting regoin ({tmp_path}/server.hcl, line 1) and drops it silently. Did you mean region?"
    )
    assert run["misspelt"]["reason"] == "unknown_setting"
    assert run["denied"]["permissions"]["encrypt"]["verdict"] == "denied"
    assert run["denied"]["reason"] == "access_denied"
    assert run["no seal"]["msg"] == (
        "The server has no awskms seal (its seal: shamir). Check config, unit and environment_files: they should be those that the service has."
    )
    assert run["no user"]["msg"] == "There is no user no-such-user on this host. Check the unit's User= and the option service_user."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may take another user's rights")
def test_files_are_read_as_root_and_kms_is_called_as_the_user(kms: StrictKms, ansible: Ansible, key: str, open_folder: Path) -> None:
    """Credentials that only root can read are not used; those of the service are."""
    host = Host(kms, open_folder, kms.principal(policy("kms:*")))
    secret = open_folder / "of-the-user"
    who = kms.principal(policy("kms:*"))
    secret.write_text(f"[default]\naws_access_key_id = {who.access_key}\naws_secret_access_key = {who.secret_key}\n", encoding="utf-8")
    host.write("server.env", f"AWS_SHARED_CREDENTIALS_FILE={secret}\nAWS_KMS_ENDPOINT={kms.url}\nAWS_EC2_METADATA_DISABLED=true\n")
    secret.chmod(0o600)
    as_nobody = {**host.options, "service_user": "nobody"}
    run = ansible.playbook([{"name": "root's", MODULE: as_nobody}, {"name": "root", MODULE: host.options}]).succeeded()
    assert run["root"]["ready"]
    assert (run["root's"]["ready"], run["root's"]["reason"]) == (False, "no_credentials")
    os.chown(secret, 65534, 65534)
    assert ansible.playbook([{"name": "the user's", MODULE: as_nobody}]).succeeded()["the user's"]["ready"]


def test_the_role_takes_a_unit(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    host = Host(kms, tmp_path, kms.principal(policy("kms:*")))
    # With the file that is to replace a wrong one.
    (tmp_path / "server.hcl").rename(tmp_path / "new.hcl")
    host.write("server.hcl", "half-written {")
    candidates = [{"path": f"{tmp_path}/server.hcl", "src": f"{tmp_path}/new.hcl"}]
    variables = {f"kms_verify_{name}": value for name, value in {**host.options, "candidates": candidates}.items()}
    play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "vars": {"ansible_become": False}}
    role = {"role": "sealwright.vault_seal.kms_verify", "vars": variables}
    run = ansible.playbook([{**play, "roles": [role]}])
    if os.geteuid() == 0:
        run.succeeded()
    shown = next(record["result"] for record in run.results if record["task"].endswith("Show the permissions of each host"))["msg"]
    assert "ready" in shown[1]
    assert REGION in shown[1]
