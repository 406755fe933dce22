# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_snapshot_info, run by Ansible: snapshots that a real server took, and those that it must refuse."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shlex
import stat
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP

from support.ansible_run import Ansible, Run
from support.openbao import OpenBao
from support.slack import scaled
from support.snapshot_archive import entries, members
from support.stored_state import RECOVERY_KEY, StoredState
from support.strict_kms import Credentials, StrictKms
from support.vault_values import VaultValues, as_text

MODULE = "sealwright.vault_seal.vault_snapshot_info"
GUIDE = Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "guide_snapshots.rst"
ALIAS = "alias/vault-unseal"
BARRIER_KEYS = "core/hsm/barrier-unseal-keys"
SEAL_PATHS = ["SHA256SUMS.sealed", BARRIER_KEYS, "core/recovery-key"]
SECRETS_STORED = 100
AGE_RECIPIENT = str(pyrage.x25519.Identity.generate().to_public())
DESCRIBE_ONLY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]}


class World:
    """A server with secrets and namespaces, its KMS, and two snapshots: before its alias got a new key and after."""

    def __init__(self, kms: StrictKms, server: OpenBao, folder: Path) -> None:
        self.kms = kms
        self.server = server
        self.old_key = kms.new_key(alias=ALIAS)
        self.before, self.after = folder / "before.snap", folder / "after.snap"
        # Without a token, as in the disaster that the recovery key is for, OpenBao lets nobody make one unless the listener says so.
        listener = "tls_disable = true\n  disable_unauthed_generate_root_endpoints = false"
        server.config.write_text(server.config.read_text(encoding="utf-8").replace("tls_disable = true", listener), encoding="utf-8")
        server.start()
        # More shares than one, so that whoever has the recovery key has to split it again.
        reply = server.call("PUT", "sys/init", {"recovery_shares": 3, "recovery_threshold": 2})
        assert reply.status == 200, reply.body
        server.token = reply.json()["root_token"]
        server.wait_until_active()
        assert server.call("POST", "sys/mounts/secret", {"type": "kv"}).status == 204
        for number in range(SECRETS_STORED):
            assert server.call("POST", f"secret/app-{number}", {"password": f"{number}" * 20}).status == 204
        assert server.call("POST", "sys/namespaces/team").status == 200
        self.tenant = server.call("POST", "sys/namespaces/tenant", {"seal": 'seal "shamir" {\n shares = 1\n threshold = 1\n}'}).json()["data"]["uuid"]
        self.before.write_bytes(server.snapshot())
        client = kms.client()
        self.new_key = kms.new_key()
        client.update_alias(AliasName=ALIAS, TargetKeyId=self.new_key.rsplit("/", 1)[-1])
        server.restart()
        server.wait_until_active()
        self.after.write_bytes(server.snapshot())

    def secrets(self, archive: Path) -> list[bytes]:
        """The root key and the recovery key in a snapshot, opened by the judge's own code."""
        stored = dict(entries(members(archive.read_bytes())["state.bin"]))
        values = VaultValues(self.kms.client(), self.old_key)
        barrier, recovery = (values.opened(as_text(stored[path])) for path in (BARRIER_KEYS, "core/recovery-key"))
        return [base64.b64decode(json.loads(barrier)[0]), recovery]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with StrictKms() as kms:
        server = OpenBao(folder / "server", kms.environment(), {"kms_key_id": ALIAS, "region": "us-east-1"})
        try:
            yield World(kms, server, folder)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def bao_ansible(world: World, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("a"), world.kms.environment())


def asked(ansible: Ansible, *tasks: dict[str, Any], who: Credentials | None = None) -> list[dict[str, Any]]:
    """The results of the module with these options, one after the other."""
    connection = {"access_key": who.access_key, "secret_key": who.secret_key} if who else {}
    run = ansible.playbook([{"name": str(index), MODULE: {**options, **connection}} for index, options in enumerate(tasks)]).succeeded()
    return [run[str(index)] for index in range(len(tasks))]


def reasons(result: list[dict[str, Any]]) -> list[str]:
    return [each["reason"] for each in result]


def test_what_a_real_server_wrote(world: World, bao_ansible: Ansible) -> None:
    world.kms.clear_calls()
    (result,) = asked(bao_ansible, {"src": str(world.before), "check": "open"})
    calls = [call["operation"] for call in world.kms.calls()]
    parts = members(world.before.read_bytes())
    meta, stored = json.loads(parts["meta.json"]), dict(entries(parts["state.bin"]))
    assert (result["restorable"], result["problems"], result["changed"]) == (True, [], False)
    assert calls == ["DescribeKey"] + ["Decrypt"] * 3
    assert (result["index"], result["term"], result["state_size"], result["entries"]) == (meta["Index"], meta["Term"], meta["Size"], len(stored))
    assert result["entries"] > SECRETS_STORED
    assert [(peer["id"], peer["suffrage"]) for peer in result["peers"]] == [("node1", "voter")]
    lines = sorted(parts["SHA256SUMS"].decode().splitlines(), key=lambda line: line[66:])
    assert [f"{digest}  {name}" for name, digest in result["checksums"].items()] == lines
    assert result["seal_config"] == {"type": "awskms", "secret_shares": 1, "secret_threshold": 1}
    assert result["recovery_config"] == {"type": "shamir", "secret_shares": 3, "secret_threshold": 2}
    in_tenant = f"namespaces/{world.tenant}/{BARRIER_KEYS}"
    assert [(each["path"], each["form"], each["key_arns"]) for each in result["sealed_entries"]] == [
        *((path, "bare", [world.old_key]) for path in SEAL_PATHS), (in_tenant, "bare", []),
    ]
    assert (result["sealed_namespaces"], result["sealed_entries"][-1]["slots"][0]["seal"]) == ([world.tenant], "shamir")
    assert reasons(result["notes"]) == ["shamir_seal"]
    (key,) = result["kms_keys"]
    assert (key["arn"], key["paths"], key["sealed_count"], key["state"], key["usable_for_seal"]) == (world.old_key, SEAL_PATHS, 3, "Enabled", True)
    # All that protobuf's runtime takes for a sealed value under a KMS key is listed.
    assert {path for path, value in stored.items() if names_a_key(value)} == set(SEAL_PATHS[1:])


def names_a_key(value: bytes) -> bool:
    try:
        return bool(HASHICORP.BlobInfo.FromString(value).key_info.key_id)
    except Exception:
        return False


def test_a_real_server_with_a_shamir_seal(ansible: Ansible, kms: StrictKms, tmp_path: Path) -> None:
    with OpenBao(tmp_path / "server", {}, None) as server:
        made = server.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}).json()
        server.token = made["root_token"]
        assert server.call("PUT", "sys/unseal", {"key": made["keys"][0]}).status == 200
        server.wait_until_active()
        (tmp_path / "snap").write_bytes(server.snapshot())
    kms.clear_calls()
    run = ansible.playbook(
        [{"name": "open", MODULE: {"src": str(tmp_path / "snap"), "check": "open"}},
         {"name": "hand out", MODULE: {"src": str(tmp_path / "snap"), "recovery_key_recipient": AGE_RECIPIENT}, "ignore_errors": True}]
    ).succeeded()
    result = run["open"]
    assert (result["restorable"], result["kms_keys"], result["problems"], kms.calls()) == (None, [], [], [])
    assert "The server's seal is shamir" in result["summary"]
    assert [(each["path"], each["slots"][0]["seal"]) for each in result["sealed_entries"]] == [("SHA256SUMS.sealed", "shamir"), (BARRIER_KEYS, "shamir")]
    assert run["hand out"]["reason"] == "no_recovery_key"


def test_a_rotation_is_seen(world: World, bao_ansible: Ansible) -> None:
    old, new, unasked, as_alias = asked(
        bao_ansible,
        {"src": str(world.before), "check": "open", "allowed_key_ids": [ALIAS]},
        {"src": str(world.after), "check": "open", "allowed_key_ids": [ALIAS]},
        {"src": str(world.before), "allowed_key_ids": [world.new_key]},
        {"src": str(world.after), "check": "key"},
    )
    assert (old["restorable"], reasons(old["problems"]), [key["arn"] for key in old["kms_keys"]]) == (False, ["wrong_key"], [world.old_key])
    assert old["problems"][0]["paths"] == SEAL_PATHS
    assert (new["restorable"], [key["arn"] for key in new["kms_keys"]]) == (True, [world.new_key])
    assert (unasked["restorable"], reasons(unasked["problems"]), unasked["connection"]) == (False, ["wrong_key"], {})
    assert (as_alias["restorable"], "see check=open" in as_alias["summary"]) == (None, True)


@pytest.mark.parametrize("state", ["disabled", "pending deletion"])
def test_a_key_that_cannot_be_used(world: World, bao_ansible: Ansible, state: str) -> None:
    client = world.kms.client()
    if state == "disabled":
        client.disable_key(KeyId=world.old_key)
        phrase = "The key is disabled."
    else:
        until = client.schedule_key_deletion(KeyId=world.old_key, PendingWindowInDays=7)["DeletionDate"]
        phrase = f"{until:%Y-%m-%d}"
    try:
        key, opened, later = asked(bao_ansible, *({"src": str(path), "check": check} for path, check in (
            (world.before, "key"), (world.before, "open"), (world.after, "open"))))
    finally:
        if state != "disabled":
            client.cancel_key_deletion(KeyId=world.old_key)
        client.enable_key(KeyId=world.old_key)
    reason = "key_disabled" if state == "disabled" else "key_pending_deletion"
    for result in (key, opened):
        assert (result["restorable"], reasons(result["problems"])) == (False, [reason])
        assert phrase in result["problems"][0]["msg"]
        assert (result["problems"][0]["key_arn"], result["problems"][0]["paths"]) == (world.old_key, SEAL_PATHS)
        assert result["problems"][0]["remedy"]
    assert later["restorable"] is True


def test_a_principal_that_may_not_decrypt(world: World, bao_ansible: Ansible) -> None:
    who = world.kms.principal(DESCRIBE_ONLY)
    key, opened = asked(bao_ansible, *({"src": str(world.after), "check": check} for check in ("key", "open")), who=who)
    assert (key["restorable"], key["problems"]) == (None, [])
    assert (opened["restorable"], reasons(opened["problems"])) == (False, ["access_denied"])
    assert "kms:Decrypt" in opened["problems"][0]["remedy"]


def test_nothing_that_was_opened_is_shown(world: World, bao_ansible: Ansible) -> None:
    run = bao_ansible.playbook(
        [{"name": "open", MODULE: {"src": str(world.before), "check": "open"}},
         {"name": "hand out", MODULE: {"src": str(world.before), "recovery_key_recipient": str(pyrage.x25519.Identity.generate().to_public())}},
         {"name": "private", MODULE: {"src": str(world.before), "recovery_key_recipient": "-----BEGIN PRIVATE KEY-----\nMC4CAQAw"}, "ignore_errors": True}],
        "-vvvv", "--diff", env={"ANSIBLE_LOG_PATH": str(bao_ansible.folder / "log")},
    ).succeeded()
    shown = run.output + (bao_ansible.folder / "log").read_text(encoding="utf-8") + json.dumps(run.results)
    secrets = world.secrets(world.before)
    assert len(secrets[1]) == 32
    for secret in secrets:
        for text in (base64.b64encode(secret).decode(), secret.hex(), repr(secret)[2:-1]):
            assert text not in shown
    assert run["private"]["reason"] == "invalid_recipient"
    assert "MC4CAQAw" not in shown.replace(str(bao_ansible.folder), "")


def commands_of_the_guide() -> list[str]:
    (block,) = re.findall(r"^\.\. code-block:: console\n\n((?:(?: {4}.*)?\n)+)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [line[6:] for line in block.splitlines() if line.startswith("    $ ")]


def programs_of_the_guide() -> list[str]:
    blocks = re.findall(r"^\.\. code-block:: python\n\n((?:(?: {4}.*)?\n)+)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks]


def ran(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=scaled(120)).stdout


def test_the_recovery_key_opens_with_openssl_and_makes_a_root_token(world: World, bao_ansible: Ansible, tmp_path: Path) -> None:
    make, public, *opening = commands_of_the_guide()
    ran(tmp_path, *shlex.split(make))
    ran(tmp_path, *shlex.split(public))
    dest = tmp_path / "recovery-key.enc"
    options = {
        "src": str(world.after), "recovery_key_recipient": (tmp_path / "officer.pub").read_text(encoding="utf-8"), "recovery_key_dest": str(dest)
    }
    run = bao_ansible.playbook(
        [{"name": "check", MODULE: options, "check_mode": True},
         {"name": "look", "ansible.builtin.stat": {"path": str(dest)}},
         {"name": "write", MODULE: options}],
        "--diff",
    ).succeeded()
    assert (run["check"]["changed"], run["look"]["stat"]["exists"]) == (True, False)
    result = run["write"]
    assert (result["changed"], result["recovery_key_format"], result["recovery_key_dest"]) == (True, "rsa-oaep-sha256", str(dest))
    assert "recovery_key" not in result
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    for command in opening:
        ran(tmp_path, *shlex.split(command))
    assert (tmp_path / "recovery-key").read_bytes() == world.secrets(world.after)[1]
    # The shares that are made of it are as good as the server's own.
    (tmp_path / "split.py").write_text(programs_of_the_guide()[1], encoding="utf-8")
    shares = ran(tmp_path, sys.executable, "split.py", "recovery-key", "2").split()
    token, world.server.token = world.server.token, ""
    try:
        begun = world.server.call("PUT", "sys/generate-root/attempt").json()
        for share in shares:
            reply = world.server.call("PUT", "sys/generate-root/update", {"key": share, "nonce": begun["nonce"]})
        assert (reply.status, reply.json()["complete"]) == (200, True), reply.body
        encoded, otp = base64.b64decode(reply.json()["encoded_token"] + "=="), begun["otp"].encode()
        world.server.token = bytes(a ^ b for a, b in zip(encoded, otp, strict=True)).decode()
        assert world.server.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]
    finally:
        world.server.token = token


def test_the_recovery_key_opens_with_age_and_with_the_guides_program(world: World, bao_ansible: Ansible, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    ran(tmp_path, "openssl", "genpkey", "-algorithm", "X25519", "-out", "officer.pem")
    pem = ran(tmp_path, "openssl", "pkey", "-in", "officer.pem", "-pubout")
    for_age, for_pem = asked(bao_ansible, *({"src": str(world.after), "recovery_key_recipient": key} for key in (str(identity.to_public()), pem)))
    expected = world.secrets(world.after)[1]
    assert (for_age["changed"], for_age["recovery_key_format"]) == (False, "age-x25519")
    assert pyrage.decrypt(for_age["recovery_key"].encode(), [identity]) == expected
    (tmp_path / "open.py").write_text(programs_of_the_guide()[0], encoding="utf-8")
    (tmp_path / "recovery-key.enc").write_text(for_pem["recovery_key"], encoding="ascii")
    ran(tmp_path, sys.executable, "open.py", "officer.pem", "recovery-key.enc", "recovery-key")
    assert (tmp_path / "recovery-key").read_bytes() == expected


def test_files_that_are_refused(world: World, bao_ansible: Ansible, tmp_path: Path) -> None:
    whole = world.after.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x10
    bomb = tarfile.TarInfo("state.bin")
    bomb.size = 60 << 30
    evil = tarfile.TarInfo("../../../etc/cron.d/evil")
    files = {
        "cut off": whole[: len(whole) * 2 // 3],
        "flipped": bytes(flipped),
        "bomb": gzip.compress(bomb.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)),
        "traversal": gzip.compress(evil.tobuf(tarfile.GNU_FORMAT)),
        "text": b"not a snapshot",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    tasks = [{"name": name, MODULE: {"src": str(tmp_path / name), "check": "open"}, "ignore_errors": True} for name in [*files, "missing"]]
    tasks += [{"name": "dest alone", MODULE: {"src": str(world.after), "recovery_key_dest": "x"}, "ignore_errors": True}]
    tasks += [{"name": "limit", MODULE: {"src": str(world.after), "max_size": 1}, "ignore_errors": True}]
    world.kms.clear_calls()
    run = bao_ansible.playbook(tasks).succeeded()
    assert {record["task"]: record["result"]["reason"] for record in run.results if record["outcome"] == "failed"} == {
        "cut off": "damaged_snapshot", "flipped": "damaged_snapshot", "bomb": "snapshot_too_large", "traversal": "malformed_snapshot",
        "text": "malformed_snapshot", "missing": "file_error", "dest alone": "invalid_option", "limit": "invalid_option",
    }
    assert "'../../../etc/cron.d/evil'" in run["traversal"]["msg"]
    for name in files:
        assert (run[name]["restorable"], len(run[name]["problems"])) == (False, 1)
        assert str(tmp_path / name) in run[name]["msg"]
    assert world.kms.calls() == []


@pytest.mark.matrix
def test_with_every_version(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> None:
    """A snapshot put together here, whose recovery key is handed out by the cryptography of the host."""
    arn = kms.new_key()
    (tmp_path / "snap").write_bytes(StoredState(kms.client(), arn).snapshot())
    identity = pyrage.x25519.Identity.generate()
    (result,) = asked(ansible, {"src": str(tmp_path / "snap"), "check": "open", "recovery_key_recipient": str(identity.to_public())})
    assert (result["restorable"], [key["arn"] for key in result["kms_keys"]]) == (True, [arn])
    assert pyrage.decrypt(result["recovery_key"].encode(), [identity]) == RECOVERY_KEY


def test_a_closed_connection_fails_the_task(world: World, bao_ansible: Ansible) -> None:
    run: Run = bao_ansible.playbook(
        [{"name": "no credentials", MODULE: {"src": str(world.after), "check": "key"}, "ignore_errors": True},
         {"name": "none needed", MODULE: {"src": str(world.after)}}],
        env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    ).succeeded()
    assert run["no credentials"]["reason"] == "no_credentials"
    assert run["none needed"]["restorable"] is None


def test_two_gibibytes_in_less_than_a_hundred_mebibytes(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> None:
    from support.large_snapshot import write_large

    arn = kms.new_key()
    stored = StoredState(kms.client(), arn)
    size, count = write_large(tmp_path / "large.snap", stored, 2 << 30)
    note = tmp_path / "peak"
    python = tmp_path / "python"
    measured = Path(__file__).parents[2] / "benchmarks" / "peak_memory.py"
    host = ansible.inventory.read_text(encoding="utf-8").split("ansible_python_interpreter=")[1].strip().strip("'")
    python.write_text(f'#!/bin/sh\nPEAK_FILE={note} exec {host} {measured} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    run = ansible.playbook(
        [{"name": "read", MODULE: {"src": str(tmp_path / "large.snap")}}], vars={"ansible_python_interpreter": str(python)}
    ).succeeded()
    assert (run["read"]["state_size"], run["read"]["entries"]) == (size, count)
    assert size >= 2 << 30
    assert run["read"]["kms_keys"][0]["paths"][-1] == "zzz/the-last-one"
    peaks = [int(line) for line in note.read_text(encoding="ascii").split()]
    assert peaks
    assert max(peaks) < 100 * 1024, peaks
