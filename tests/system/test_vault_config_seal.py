# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of the role vault_config on an initialised server: unknown states are refused, and files of others are not lost."""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.module_run import start_module
from support.odd_server import OddServer, as_json
from support.slack import scaled
from support.strict_kms import Credentials, StrictKms

ONE, TWO = "alias/sealed-with", "alias/sealed-with-another"
SAME_KEY, ALLOW = "vault_config_same_key", "vault_config_allow_seal_change"
NEW = 'seal "awskms" {{\n  region = "us-east-1"\n  kms_key_id = "{0}"\n  endpoint = "{1}"\n}}\n'
STORAGE = 'storage "raft" {{\n  path = "{0}"\n}}\n'
# What the servers take and this collection's reader may refuse: it has to be seen, or refused.
ODD = {
    "null of JSON": ("seal.json", '{"seal": {"awskms": {"kms_key_id": "KEY", "region": "us-east-1", "session_token": null}}}'),
    "a trailing comma of JSON": ("seal.json", '{"seal": {"awskms": {"kms_key_id": "KEY", "region": "us-east-1",}}}'),
    "a name that begins with a number sign": ("#10-seal.hcl", 'seal "awskms" {\n  kms_key_id = "KEY"\n  region = "us-east-1"\n}\n'),
    "a capital": ("10-seal.hcl", 'Seal "awskms" {\n  kms_key_id = "KEY"\n  region = "us-east-1"\n}\n'),
    "half a file": ("10-seal.hcl", 'seal "awskms" {\n  kms_key_id = "KEY'),
    "no UTF-8": ("10-seal.hcl", "seal \"awskms\" {\n  kms_key_id = \"\udcff\"\n}\n"),
    "a former name of the block": ("10-seal.hcl", 'HSM "awskms" {\n  kms_key_id = "KEY"\n  region = "us-east-1"\n}\n'),
}


class Host:
    """A folder that the modules take for a host with an initialised server."""

    def __init__(self, folder: Path, kms: StrictKms) -> None:
        self.folder, self.etc, self.units, self.kms = folder, folder / "etc", folder / "units", kms
        self.etc.mkdir()
        self.units.mkdir()
        (folder / "data" / "raft").mkdir(parents=True)
        (folder / "data" / "raft" / "raft.db").touch()
        (self.etc / "storage.hcl").write_text(STORAGE.format(folder / "data"), encoding="utf-8")
        self.service(kms.admin)

    def service(self, who: Credentials, *lines: str) -> None:
        variables = f"AWS_ACCESS_KEY_ID={who.access_key} AWS_SECRET_ACCESS_KEY={who.secret_key}"
        text = ["[Service]", f"Environment={variables}", f"ExecStart=/usr/bin/bao server -config={self.etc}", *lines, ""]
        (self.units / "openbao.service").write_text("\n".join(text), encoding="utf-8")

    def has(self, text: str, name: str = "seal.hcl") -> None:
        (self.etc / name).write_text(text, encoding="utf-8", errors="surrogateescape")

    def seal(self, key: str, endpoint: str = "") -> str:
        return NEW.format(key, endpoint or self.kms.url)

    def run(self, module: str, **options: Any) -> dict[str, Any]:
        values: dict[str, Any] = {
            "product": "openbao", "manage": "seal", "directory": str(self.etc), "path": str(self.etc / "seal.hcl"), "unit": "openbao",
            "environment_file": str(self.etc / "openbao-seal.env"), "systemd_directory": str(self.units),
            "owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name, **options,
        }
        process = start_module(f"vault_config_{module}", values, self.folder, {"AWS_EC2_METADATA_DISABLED": "true"})
        result: dict[str, Any] = json.loads(process.communicate(timeout=scaled(180))[0])
        return result

    def refusal(self, text: str, **options: Any) -> str:
        result = self.run("plan", config_text=text, validate=False, **options)
        assert result.get("failed"), result
        return str(result["msg"])

    def accepted(self, text: str, **options: Any) -> dict[str, Any]:
        result = self.run("plan", config_text=text, validate=False, **options)
        assert not result.get("failed"), result
        return result

    def files(self) -> Mapping[str, str]:
        return {str(path.relative_to(self.folder)): path.read_text("utf-8", "surrogateescape") for path in self.etc.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", autouse=True)
def keys(kms: StrictKms) -> None:
    for alias in (ONE, TWO):
        kms.new_key(alias=alias)


@pytest.fixture
def host(tmp_path: Path, kms: StrictKms) -> Host:
    return Host(tmp_path, kms)


@pytest.mark.parametrize("case", sorted(ODD))
def test_a_seal_that_is_read_otherwise_is_not_replaced(host: Host, case: str) -> None:
    """Neither where its own file is written, nor beside it."""
    name, text = ODD[case]
    host.has(text.replace("KEY", ONE), name)
    before = host.files()
    beside = host.refusal(host.seal(TWO))
    replaced = host.refusal(host.seal(TWO), path=str(host.etc / name))
    assert SAME_KEY in replaced
    for message in (beside, replaced):
        assert str(host.etc / name) in message or "key would change from" in message, message
    assert host.files() == before


def test_a_disabled_seal_names_the_key_of_the_data(host: Host, kms: StrictKms) -> None:
    """As when a migration to shamir is turned back after the files were written, and before the server was restarted."""
    status = {"type": "awskms", "initialized": True, "sealed": False, "t": 2, "n": 3, "migration": False, "recovery_seal": True, "storage_type": "raft"}
    host.has(host.seal(ONE).replace('  region', '  disabled = "true"\n  region'))
    with OddServer({"sys/seal-status": as_json(status)}) as server:
        host.accepted(host.seal(ONE), address=server.url)
        host.accepted(host.seal(ONE), address=server.url, allow_seal_change=True)
        for more in ({}, {"allow_seal_change": True}):
            assert f"key would change from {ONE} to {TWO}" in host.refusal(host.seal(TWO), address=server.url, **more)
        host.has(host.seal(ONE).replace("awskms", "transit"))
        assert "no existing file names its key" in host.refusal(host.seal(ONE), address=server.url)


def test_an_answer_that_is_not_understood_is_a_doubt(host: Host, kms: StrictKms) -> None:
    host.has(host.seal(ONE))
    message = host.refusal(host.seal(TWO), address=kms.url)  # KMS answers, and is no server
    assert "has status" in message or "does not" in message
    assert SAME_KEY in message
    host.accepted(host.seal(ONE), address=kms.url)  # nothing of the seal would change


def test_keys_are_compared_through_the_settings_of_each(host: Host, kms: StrictKms) -> None:
    arn = kms.new_key(alias="alias/said-twice")
    host.has(host.seal("alias/said-twice"))
    host.accepted(host.seal(arn))
    host.accepted(host.seal(arn.rsplit("/", 1)[-1]))
    assert "Neither product supports a change from awskms to awskms" in host.refusal(host.seal(TWO))
    assert "Neither product supports a change from awskms to awskms" in host.refusal(host.seal(TWO), allow_seal_change=True)
    host.accepted(host.seal(TWO), same_key=True)
    # Words are no truth.
    for word in ("false", "no", "0"):
        assert SAME_KEY in host.refusal(host.seal(TWO), same_key=word)


def test_the_same_alias_elsewhere_is_another_key(host: Host, kms: StrictKms) -> None:
    """With another endpoint and another principal: if it cannot be determined, the change is refused, however similar the names are."""
    host.has(host.seal(ONE))
    elsewhere = host.refusal(host.seal(ONE, "http://127.0.0.1:9"))
    assert elsewhere.startswith(f"The server's key would change from {ONE} to {ONE}, and it is unknown whether both are the same key: DescribeKey with the new")
    assert SAME_KEY in elsewhere
    nobody = kms.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]})
    host.service(nobody)
    # The service's own variables are those of both: by text alone they are one key, and KMS is not asked.
    host.accepted(host.seal(ONE))
    stanza = host.seal(ONE).replace("}", f'  access_key = "{kms.admin.access_key}"\n  secret_key = "{kms.admin.secret_key}"\n}}')
    assert "DescribeKey with the present settings failed (access_denied)" in host.refusal(stanza)


@pytest.mark.parametrize("case", ["BAO_RAFT_PATH", "VAULT_RAFT_PATH", "a relative path", "two paths", "storage in a file that cannot be read"])
def test_data_that_is_elsewhere_than_the_stanza_says_is_data(host: Host, case: str) -> None:
    """Variables win over the path of a stanza; and what cannot be told is no new server."""
    host.has(host.seal(ONE))
    data, storage = host.folder / "data", host.etc / "storage.hcl"
    nothing = STORAGE.format(host.folder / "nothing")
    storage.write_text(nothing, encoding="utf-8")
    if case.endswith("_RAFT_PATH"):
        host.service(host.kms.admin, f"Environment={case}={data}")
    elif case == "a relative path":
        storage.write_text(STORAGE.format("data"), encoding="utf-8")
    elif case == "two paths":
        storage.write_text(nothing.replace("}", f'  path = "{data}"\n}}'), encoding="utf-8")
    else:
        host.has(f"{host.seal(ONE)}{STORAGE.format(data)}half =")
    assert SAME_KEY in host.refusal(host.seal(TWO))


def test_a_configuration_that_the_unit_names_by_a_variable(host: Host) -> None:
    """It is read where the variable's value is known; else it is a doubt."""
    elsewhere = host.folder / "elsewhere"
    host.etc.rename(elsewhere)
    host.etc.mkdir()
    (elsewhere / "seal.hcl").write_text(host.seal(ONE), encoding="utf-8")
    unit = host.units / "openbao.service"
    text = unit.read_text(encoding="utf-8")
    environment = '# sealwright.vault_seal\nVAULT_SEAL_TYPE="awskms"\nVAULT_AWSKMS_SEAL_KEY_ID="{}"\n'
    for option, line in (("-config=${WHERE}", f"Environment=WHERE={elsewhere}"), ("-config $WHERE", f"Environment=WHERE={elsewhere}")):
        unit.write_text(text.replace(f"-config={host.etc}", option).replace("[Service]", f"[Service]\n{line}"), encoding="utf-8")
        assert f"change from {ONE} to {TWO}" in host.refusal("", environment_text=environment.format(TWO))
        host.accepted("", environment_text=environment.format(ONE))
        assert f"starts the server with {elsewhere}" in host.refusal(host.seal(ONE))
    unit.write_text(text.replace(f"-config={host.etc}", "-config=${WHERE}"), encoding="utf-8")
    untold = host.refusal("", environment_text=environment.format(TWO) + 'AWS_REGION="us-east-1"\n')
    assert "-config=${WHERE}, whose value cannot be told" in untold
    assert SAME_KEY in untold


def test_messages_name_keys_and_no_secret(host: Host) -> None:
    """A file that is to be written is no secret as a whole: its keys and paths are what a refusal is about."""
    named, secret = "alias/of-a-production-server", "kept-from-everybody-99aa"
    host.has(host.seal(ONE))
    text = host.seal(named).replace("}", f'  access_key = "AKIAIOSFODNN7EXAMPLE"\n  secret_key = "{secret}"\n}}')
    message = host.refusal(text + f'plugin_directory = "{host.etc}/plugins"\n')
    assert f"change from {ONE} to {named}" in message
    assert host.accepted(host.seal(ONE) + f'plugin_directory = "{host.etc}/plugins"\n')["reads"] == [str(host.etc)]
    assert secret not in str(host.run("plan", config_text=text, version=secret))
    assert secret not in str(host.run("write", config_text=text, group=secret))


def test_an_environment_file_of_somebody_else_stays(host: Host) -> None:
    theirs = host.etc / "vault.env"
    theirs.write_text("VAULT_LICENSE=02MV4UU43BK5HGYYTOJZWFQMTMNNEWU33JJ\n", encoding="utf-8")
    text = {"config_text": host.seal(ONE), "environment_file": str(theirs)}
    kept = theirs.read_text(encoding="utf-8")
    mine = "# Managed by Ansible (sealwright.vault_seal.vault_config).\nODD=\"1\"\n"
    for module in ("plan", "write"):
        more = {"validate": False, "same_key": True, "allow_seal_change": True} if module == "plan" else {}
        assert "failed" not in host.run(module, **text, **more)  # nothing to write: it stays
        refused = host.run(module, **text, environment_text=mine, **more)
        assert refused["failed"]
        assert refused["reason"] == "foreign_file"
        assert "vault_config_environment_file_replace" in refused["msg"]
        assert theirs.read_text(encoding="utf-8") == kept
    done = host.run("write", **text, environment_text=mine, environment_file_replace=True)
    assert theirs.read_text(encoding="utf-8") == mine
    (backup,) = [path for path in done["backups"] if "vault.env" in path]
    assert Path(backup).read_text(encoding="utf-8") == kept
    assert os.stat(backup).st_mode & 0o777 == 0o600
    # A file with the mark is this collection's; unless a package's unit names it too.
    assert host.run("write", **{**text, "environment_text": mine.replace("1", "2")})["changed"]
    assert host.run("write", **text)["changed"]
    assert not theirs.exists()


def test_what_is_replaced_for_a_seals_sake_is_kept(host: Host) -> None:
    host.has(host.seal(ONE))
    quiet = host.run("write", config_text=host.seal(ONE) + 'log_level = "debug"\n')
    assert (quiet["changed"], quiet["backups"]) == (True, [])
    there = (host.etc / "seal.hcl").read_text(encoding="utf-8")
    (backup,) = host.run("write", config_text=host.seal(TWO))["backups"]
    assert Path(backup).read_text(encoding="utf-8") == there
    assert os.stat(backup).st_mode & 0o777 == 0o600
    assert len(host.run("write", config_text="")["backups"]) == 1
    assert host.run("write", config_text="", may_be_initialised=False) == {**host.run("write", config_text=""), "changed": False}


def test_an_environment_file_that_systemd_refuses_is_kept(host: Host) -> None:
    mine = host.etc / "openbao-seal.env"
    there = "# Managed by Ansible (sealwright.vault_seal.vault_config).\nA=\udcff\n"
    mine.write_text(there, encoding="utf-8", errors="surrogateescape")
    (backup,) = host.run("write", config_text="", environment_text=there.replace("\udcff", "1"))["backups"]
    assert Path(backup).read_text("utf-8", "surrogateescape") == there
    assert mine.read_text(encoding="utf-8") == there.replace("\udcff", "1")


def test_a_service_by_any_of_its_names(host: Host) -> None:
    for name in ("openbao", "openbao.service"):
        host.run("write", unit=name, config_text=host.seal(ONE), environment_text="# Managed by Ansible (sealwright.vault_seal).\nA=\"1\"\n")
        assert [path.name for path in host.units.iterdir() if path.is_dir()] == ["openbao.service.d"]
    assert "not a service" in str(host.run("plan", unit="openbao.socket")["msg"])


def test_a_link_in_the_place_of_a_file_is_not_followed(host: Host) -> None:
    victim = host.folder / "victim"
    victim.write_text("root's", encoding="utf-8")
    (host.etc / "seal.hcl").symlink_to(victim)
    assert "symbolic link" in str(host.run("write", config_text=host.seal(ONE))["msg"])
    assert victim.read_text(encoding="utf-8") == "root's"
    assert not [path for path in host.etc.iterdir() if path.name.endswith(".part")]
