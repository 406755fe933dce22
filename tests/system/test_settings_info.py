# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_settings_info with realistic files of a host, and with missing files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible

pytestmark = pytest.mark.matrix
MODULE = "sealwright.vault_seal.awskms_seal_settings_info"
SECRETS = ("hush-in-stanza", "hush-in-file", "hush-in-variable", "hush-in-unit")


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("i"))


def test_what_a_host_has(ansible: Ansible, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "seal.hcl").write_text(
        f'seal "awskms" {{\n  kms_key_id = "alias/a"\n  secret_key = "{SECRETS[0]}"\n  access_key = "AKIA"\n}}\n', encoding="utf-8"
    )
    (tmp_path / "env").write_text(f"AWS_SECRET_ACCESS_KEY={SECRETS[1]}\nAWS_REGION=eu-west-1\n", encoding="utf-8")
    (tmp_path / "vault.service").write_text(
        f"[Service]\nUser=nobody\nEnvironment=AWS_SESSION_TOKEN={SECRETS[3]}\nEnvironmentFile={tmp_path}/env\n"
        f"ExecStart=/usr/bin/vault server -config={tmp_path}/conf.d\n", encoding="utf-8"
    )
    tasks: list[dict[str, Any]] = [
        {"name": "unit", MODULE: {
            "unit": "vault", "unit_directories": [str(tmp_path)], "environment": {"AWS_SECRET_ACCESS_KEY": SECRETS[2]}}},
        {"name": "wins", MODULE: {"product": "openbao", "config": [str(tmp_path / "conf.d")], "environment_files": [str(tmp_path / "env")]}},
    ]
    run = ansible.playbook(tasks, "-vvvv", "--diff").succeeded()
    result = run["unit"]
    assert (result["product"], result["user"], result["valid"]) == ("vault", "nobody", False)
    assert result["files"] == [f"{tmp_path}/conf.d/seal.hcl", f"{tmp_path}/vault.service", f"{tmp_path}/env"]
    assert result["settings"] == {
        "kms_key_id": {"value": "alias/a", "source": f"stanza ({tmp_path}/conf.d/seal.hcl, line 1)", "set": True},
        "region": {"value": "eu-west-1", "source": f"{tmp_path}/env, line 2", "set": True},
        "access_key": {"value": "AKIA", "source": f"stanza ({tmp_path}/conf.d/seal.hcl, line 1)", "set": True},
        "secret_key": {"value": None, "source": "option environment, AWS_SECRET_ACCESS_KEY", "set": True},
        "session_token": {"value": None, "source": f"{tmp_path}/vault.service, line 3", "set": True},
    }
    assert [problem["reason"] for problem in result["problems"]] == ["incomplete_credentials", "overridden_setting", "secret_in_stanza"]
    assert run["wins"]["settings"]["secret_key"]["source"].startswith("stanza")
    assert [secret for secret in SECRETS if secret in run.output] == []
    assert [secret for secret in SECRETS if secret in str(run.results)] == []


def test_no_seal_at_all(ansible: Ansible, tmp_path: Path) -> None:
    (tmp_path / "vault.json").write_text('{"ui": true}', encoding="utf-8")
    options = {"product": "vault", "config": [str(tmp_path / "vault.json")], "environment": {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/a", "AWS_REGION": "us-east-1"}}
    run = ansible.playbook([{"name": "none", MODULE: options}], "--check").succeeded()
    assert run["none"]["variables"] == [{"name": "VAULT_AWSKMS_SEAL_KEY_ID", "source": "option environment, VAULT_AWSKMS_SEAL_KEY_ID"}]
    assert (run["none"]["seal_type"], run["none"]["settings"]) == ({"value": "shamir", "source": "no stanza"}, {})
    assert (run["none"]["problems"], run["none"]["valid"], run["none"]["changed"]) == ([], True, False)


def test_what_is_not_there(ansible: Ansible, tmp_path: Path) -> None:
    (tmp_path / "wrong.hcl").write_text('seal "awskms" {\n  secret_key = hush\n', encoding="utf-8")
    cases = {
        "product": ({}, "It is not known whether the server is Vault or OpenBao. Set product to vault or openbao."),
        "unit": ({"unit": "none", "unit_directories": ["/none"]}, "There is no unit none.service in /none. Check the unit's name, or leave it out "
                 "where the server is not installed yet."),
        "version": ({"product": "vault", "version": "x"}, "'x' is not a version. Give one such as 2.6.2 or 1.19.0+ent."),
        "file": ({"product": "vault", "config": ["/none.hcl"]}, "/none.hcl cannot be read: No such file or directory. "
                 "Check the path, and that the user who runs this may read it (become)."),
        "syntax": ({"product": "vault", "config": [str(tmp_path / "wrong.hcl")]}, f"{tmp_path}/wrong.hcl: line 2: a value is missing, or a text "
                   "without quotes. Correct the file; the server would refuse it too."),
    }
    run = ansible.playbook([{"name": name, MODULE: options, "ignore_errors": True} for name, (options, _message) in cases.items()])
    assert {name: run[name]["msg"] for name in cases} == {name: message for name, (_options, message) in cases.items()}
    assert "hush" not in run.output


def test_units_that_are_met(ansible: Ansible, tmp_path: Path) -> None:
    """What cannot be told is an error, what does not start is not valid, and a credential of a stopped service is neither."""
    seal = 'seal "awskms" {\n  region = "us-east-1"\n  kms_key_id = "alias/a"\n'
    pair = "".join(f'  {name} = "file:///run/credentials/vault.service/{name}"\n' for name in ("access_key", "secret_key"))
    (tmp_path / "seal.hcl").write_text(f"{seal}{pair}}}\n", encoding="utf-8")
    (tmp_path / "secret").write_text(SECRETS[0], encoding="utf-8")
    units = {
        "credentials": (
            "LoadCredential=access_key:/none/k", f"LoadCredential=secret_key:{tmp_path}/secret", f"ExecStart=/usr/bin/vault server -config={tmp_path}",
        ),
        "nothing": ("ExecStart=/usr/bin/vault server",),
        "shell": (f"ExecStart=/bin/sh -c 'vault server -config={tmp_path}'",),
        "place": (
            "Environment=AWS_ACCESS_KEY_ID=%d/k AWS_SECRET_ACCESS_KEY=%d/s", f"Environment=VAULT_CONFIG={tmp_path}",
            "ExecStart=/usr/bin/vault server -config=${VAULT_CONFIG}",
        ),
    }
    tasks: list[dict[str, Any]] = []
    for name, lines in units.items():
        folder = tmp_path / "units" / name
        folder.mkdir(parents=True)
        (folder / "vault.service").write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")
        tasks.append({"name": name, MODULE: {"unit": "vault", "unit_directories": [str(folder)], "product": "vault"}, "ignore_errors": True})
    container = {"product": "openbao", "environment": {"BAO_LOCAL_CONFIG": '{"seal": {"awskms": {"kms_key_id": "alias/a", "region": "us-east-1"}}}'}}
    run = ansible.playbook([*tasks, {"name": "container", MODULE: container}])
    result = run["credentials"]
    assert (result["valid"], [problem["reason"] for problem in result["problems"]]) == (True, ["unread_credential"])
    assert [result["settings"][name]["set"] for name in ("access_key", "secret_key")] == [True, True]
    assert (run["nothing"]["valid"], run["nothing"]["seal_type"]) == (False, {"value": None, "source": None})
    assert run["nothing"]["problems"][0]["reason"] == "no_config"
    assert run["shell"]["reason"] == "unclear_unit"
    assert (run["place"]["valid"], run["place"]["problems"][0]["reason"]) == (False, "not_a_credential")
    assert (run["container"]["valid"], run["container"]["seal_type"]["value"]) == (True, "awskms")
    assert SECRETS[0] not in run.output
