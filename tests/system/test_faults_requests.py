# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that change a server or KMS, killed before each request and after each response: the next run completes the change, once."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from support.kill_steps import Ended, KillSteps
from support.module_run import start_module
from support.odd_initialisation import OddInitialisation
from support.odd_server import OddServer, as_json
from support.openbao import OpenBao
from support.recovery import Holder
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

MOST_STEPS = 100


def killed(process: KillSteps) -> Iterator[Ended]:
    """Each run that is killed; the last run, which ends by itself, must succeed."""
    for ended in process.each():
        if not ended.killed:
            assert ended.result().get("failed") is not True, ended.output
            return
        yield ended


@pytest.mark.fault(
    operation="awskms_alias",
    fault="killed (SIGKILL) before each request, after each response, and before each call that changes a file",
    outcome="The alias points to the old or the new key, and both remain usable. The next run succeeds.",
)
def test_alias_killed_at_each_request(kms: StrictKms, tmp_path: Path) -> None:
    old, new, aws = kms.new_key(alias="alias/killed"), kms.new_key(), kms.client()
    options = {"alias": "alias/killed", "kms_key_id": new, "expected_key_id": old}
    reached = []
    with KillSteps("awskms_alias", options, tmp_path, kms.environment(), requests=True) as process:
        for ended in killed(process):
            target = aws.describe_key(KeyId="alias/killed")["KeyMetadata"]["Arn"]
            reached.append(target)
            assert target in (old, new), ended.step
            result = process.run().result()
            assert (result["changed"], result["key_id"]) == (target == old, new), ended.step
            assert aws.describe_key(KeyId="alias/killed")["KeyMetadata"]["Arn"] == new
            aws.update_alias(AliasName="alias/killed", TargetKeyId=old)
    assert (reached[0], reached[-1], len(reached) >= 8) == (old, new, True)  # four requests


@pytest.mark.fault(
    operation="awskms_key_rotation",
    fault="killed (SIGKILL) before each request, after each response, and before each call that changes a file",
    outcome="The key is rotated once, by this run or the next one, and existing values can still be unwrapped.",
)
def test_rotation_killed_at_each_request(kms: StrictKms, tmp_path: Path) -> None:
    aws = kms.client()
    since = f"{datetime.now(timezone.utc) - timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}"
    reached = []
    with KillSteps("awskms_key_rotation", {}, tmp_path, kms.environment(), requests=True) as process:
        for step in range(1, MOST_STEPS):
            key = kms.new_key()
            sealed = aws.encrypt(KeyId=key, Plaintext=b"a value")["CiphertextBlob"]
            process.give({"kms_key_id": key, "rotated_since": since})
            ended = process.run(step)
            if not ended.killed:
                break
            rotated = len(aws.list_key_rotations(KeyId=key)["Rotations"])
            reached.append(rotated)
            result = process.run().result()
            assert result["changed"] is (rotated == 0), ended.step
            assert len(aws.list_key_rotations(KeyId=key)["Rotations"]) == len(result["history"]) == 1, ended.step
            assert aws.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"a value"
    assert (reached[0], reached[-1], len(reached) >= 8) == (0, 1, True)


@pytest.mark.fault(
    operation="vault_token_revoke",
    fault="killed (SIGKILL) before each request, after each response, and before each call that changes a file",
    outcome="The file is kept as long as its token is valid. The next run, with `cluster_id`, revokes the token if it is still valid, and removes the file.",
)
def test_token_revoke_killed_at_each_request(kms: StrictKms, tmp_path: Path) -> None:
    environment = kms.environment()
    values = VaultValues(kms.client(), kms.new_key())
    src = tmp_path / "token.sealed"
    reached = []
    with OpenBao(tmp_path / "bao", environment, {"kms_key_id": kms.new_key(), "region": "us-east-1"}) as bao:
        root = bao.initialise()
        status = bao.seal_status()
        assert status
        options = {"server_address": bao.url, "src": str(src), "cluster_id": status["cluster_id"]}

        def valid(token: str) -> bool:
            bao.token = token
            return bao.call("GET", "auth/token/lookup-self").status == 200

        with KillSteps("vault_token_revoke", options, tmp_path, environment, requests=True) as process:
            for step in range(1, MOST_STEPS):
                bao.token = root
                token = bao.call("POST", "auth/token/create", {"policies": ["root"]}).json()["auth"]["client_token"]
                src.write_text(as_text(values.envelope(token.encode())) + "\n", encoding="ascii")
                ended = process.run(step)
                if not ended.killed:
                    break
                left = valid(token)
                reached.append(left)
                assert src.exists() or not left, ended.step
                result = process.run().result()
                assert result.get("failed") is not True, (ended.step, result)
                assert result["was_valid"] is (left or (False if result["changed"] else None)), ended.step
                assert (src.exists(), valid(token)) == (False, False), ended.step
            assert ended.result()["changed"] is True
    assert (reached[0], reached[-1], len(reached) >= 8) == (True, False, True)


@pytest.mark.fault(
    operation="vault_unseal",
    fault="killed (SIGKILL) before each request, after each response, and before each call that changes a file",
    outcome="The server is sealed, possibly with some shares already entered, or unsealed. The next run succeeds.",
)
def test_unseal_killed_at_each_request(tmp_path: Path) -> None:
    reached = []
    with OpenBao(tmp_path / "bao", {}, None) as bao:
        answer = bao.call("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 2}).json()
        options = {"server_address": bao.url, "shares": answer["keys_base64"][:2]}
        with KillSteps("vault_unseal", options, tmp_path, {}, requests=True) as process:
            for ended in killed(process):
                status = bao.seal_status()
                assert status
                reached.append((status["sealed"], status["progress"]))
                result = process.run().result()
                assert (result.get("failed"), result["changed"], result["active"]) == (None, status["sealed"], True), ended.step
                bao.token = answer["root_token"]
                assert bao.call("PUT", "sys/seal").status == 204
                bao.token = ""
                if len(reached) % 2:  # somebody else's beginning
                    bao.call("PUT", "sys/unseal", {"key": base64.b64encode(bytes(33)).decode()})
            bao.wait_until_active()
    assert (True, 1) in reached
    assert ((True, 0) in reached, reached[-1], len(reached) >= 10) == (True, (False, 0), True)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "throttled": ({"kind": "throttle"}, "throttled"),
    "down": ({"kind": "503"}, "kms_internal"),
    "resets connections": ({"kind": "reset"}, "unreachable"),
    "slow beyond the timeout": ({"kind": "slow", "seconds": 2.0}, "timed_out"),
    "of another clock": ({"kind": "clock_skew", "seconds": 3600.0}, "clock_skew"),
}


@pytest.mark.fault(
    operation="awskms_alias, awskms_key_rotation, vault_init, vault_token_revoke",
    fault="KMS is throttled, down, resets connections, is slower than the timeout, or has a different clock",
    outcome="`throttled`, `kms_internal`, `unreachable`, `timed_out` or `clock_skew` in time. Nothing is changed: the alias and the key stay, the server is "
    "not initialised, the token stays valid and its file is kept. The next run of awskms_alias and awskms_key_rotation succeeds.",
)
@pytest.mark.parametrize("module", ["awskms_alias", "awskms_key_rotation", "vault_init", "vault_token_revoke"])
def test_kms_faults(module: str, kms: StrictKms, tmp_path: Path) -> None:
    alias, aws = f"alias/faults-{secrets.token_hex(4)}", kms.client()
    old, new, files = kms.new_key(alias=alias), kms.new_key(), tmp_path / "files"
    files.mkdir()
    src = files / "token.sealed"
    if module == "vault_token_revoke":
        src.write_text(as_text(VaultValues(aws, new).envelope(b"s.SomeRootToken0123")), encoding="ascii")
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    with OddInitialisation(b"{}") as server:
        options = {
            "awskms_alias": {"alias": alias, "kms_key_id": new},
            "awskms_key_rotation": {"kms_key_id": new, "rotated_since": "2020-01-01"},
            "vault_init": {
                "server_address": server.url, "recovery_pgp_keys": [Holder("ada").public], "recovery_threshold": 1, "dest": str(files / "shares.json"),
                "root_token_dest": str(src), "kms_key_id": new,
            },
            "vault_token_revoke": {"server_address": server.url, "src": str(src)},
        }[module]
        with KillSteps(module, {**options, "timeout": 1}, tmp_path, kms.environment()) as process:
            for settings, reason in FAULTS.values():
                kms.fault(**settings)
                result = process.run().result()
                kms.clear_faults()
                assert (result["failed"], result["reason"]) == (True, reason), result
                assert aws.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == old
                assert aws.list_key_rotations(KeyId=new)["Rotations"] == []
                assert (server.requests, {path.name: path.read_bytes() for path in files.iterdir()}) == ([], before)
            if module.startswith("awskms"):
                process.give({**options, "timeout": 30})
                assert process.run().result()["changed"] is True


@pytest.mark.fault(
    operation="vault_token_revoke",
    fault="the file system is read-only",
    outcome="`file_error` before the token is revoked. The token stays valid and its file is kept.",
)
def test_a_token_on_a_read_only_file_system(kms: StrictKms, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounts a file system, which takes root")
    folder = tmp_path / "files"
    folder.mkdir()
    src, asked = folder / "token.sealed", []
    with OddServer({"auth/token/lookup-self": lambda *_request: as_json({"data": {}})}) as server:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
        try:
            src.write_text(as_text(VaultValues(kms.client(), kms.new_key()).envelope(b"s.SomeRootToken0123")), encoding="ascii")
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            process = start_module("vault_token_revoke", {"server_address": server.url, "src": str(src)}, tmp_path, kms.environment())
            result = json.loads(process.communicate(timeout=scaled(60))[0])
            asked = [path for _method, path in server.requests]
            assert (result["failed"], result["reason"], src.exists()) == (True, "file_error", True), result
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    assert asked == ["auth/token/lookup-self"]
