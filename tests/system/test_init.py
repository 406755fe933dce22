# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_init and vault_token_revoke with the real server: initialised once, with shares that their holders can use, and nothing secret left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run
from support.openbao import OpenBao
from support.recovery import Holder, new_root_token
from support.strict_kms import Credentials, StrictKms

INIT, REVOKE = "sealwright.vault_seal.vault_init", "sealwright.vault_seal.vault_token_revoke"
SEAL, TOKENS = "alias/init-seal", "alias/init-tokens"
HOLDERS = [Holder(name) for name in ("ada", "bob", "eve")]
TOKEN = re.compile(r"\b(?:s|hvs|b)\.[A-Za-z0-9_-]{20,}")


@pytest.fixture(scope="module")
def keys(kms: StrictKms) -> tuple[str, str]:
    return kms.new_key(alias=SEAL), kms.new_key(alias=TOKENS)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory, kms: StrictKms, keys: tuple[str, str]) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("init"), kms.environment())


def server(folder: Path, kms: StrictKms, who: Credentials | None = None) -> OpenBao:
    # OpenBao makes a root token of recovery shares only where it is told to.
    return OpenBao(folder, kms.environment(who), {"kms_key_id": SEAL, "region": "us-east-1"}, "disable_unauthed_generate_root_endpoints = false")


def options(bao: OpenBao, folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "server_address": bao.url, "recovery_pgp_keys": [holder.public for holder in HOLDERS], "recovery_threshold": 2,
        "dest": str(folder / "shares.json"), "root_token_dest": str(folder / "token.sealed"), "kms_key_id": TOKENS, **more,
    }


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def failed(ansible: Ansible, values: dict[str, Any]) -> tuple[str, str]:
    run = ansible.playbook([{"name": "init", INIT: values}])
    assert (run.code, "Traceback" in run.output) == (2, False), run.output
    return run["init"]["reason"], run["init"]["msg"]


def nothing_secret(run: Run, ansible: Ansible, tmp_path: Path, *secrets: str) -> None:
    message = run.output + json.dumps(run.results)
    assert not TOKEN.search(message)
    left = [path for folder in (ansible.folder, tmp_path) for path in folder.rglob("*") if path.is_file() and "raft" not in path.parts]
    for secret in secrets:
        assert secret not in message
        assert not [path for path in left if secret.encode() in path.read_bytes()]


@pytest.mark.matrix
def test_from_a_new_server_to_a_revoked_root_token(kms: StrictKms, keys: tuple[str, str], ansible: Ansible, tmp_path: Path) -> None:
    with server(tmp_path / "bao", kms) as bao:
        result = options(bao, tmp_path, seal_key_ids=[keys[0]])
        tried = ansible.playbook([{"name": "init", INIT: result}], "--check").succeeded()["init"]
        assert (tried["changed"], tried["initialized"], tried["key_id"], sorted(tmp_path.iterdir())) == (True, False, keys[1], [tmp_path / "bao"])
        assert bao.seal_status()["initialized"] is False  # type: ignore[index]

        tasks = [{"name": "init", INIT: result}, {"name": "again", INIT: result}]
        run = ansible.playbook(tasks, "-vvvv").succeeded()
        assert (run["init"]["changed"], run["init"]["recorded"], run["again"]["changed"], run["again"]["recorded"]) == (True, True, False, True)
        assert [each["fingerprint"] for each in run["init"]["holders"]] == [holder.fingerprint for holder in HOLDERS]
        assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("shares.json", "token.sealed")] == [0o600, 0o600]

        bao.wait_until_active()
        opened = ansible.playbook(
            [{"name": "open", "sealwright.vault_seal.awskms_seal_unwrap": {"src": result["root_token_dest"], "reveal": True}}]
        ).succeeded()["open"]["plaintext"]
        record = json.loads((tmp_path / "shares.json").read_text(encoding="utf-8"))
        shares = [holder.share(record) for holder in HOLDERS]
        bao.token = opened
        assert bao.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]
        nothing_secret(run, ansible, tmp_path, *shares)

        revoke = {REVOKE: {"server_address": bao.url, "src": result["root_token_dest"]}}
        trial = ansible.playbook([{"name": "revoke", **revoke}], "--check").succeeded()["revoke"]
        assert (trial["changed"], trial["was_valid"], Path(result["root_token_dest"]).exists()) == (True, True, True)
        revoked = ansible.playbook([{"name": "revoke", **revoke}, {"name": "again", **revoke}], "-vvvv").succeeded()
        assert (revoked["revoke"]["changed"], revoked["revoke"]["was_valid"], revoked["again"]["changed"]) == (True, True, False)
        assert (bao.call("GET", "auth/token/lookup-self").status, Path(result["root_token_dest"]).exists()) == (403, False)
        assert opened not in revoked.output

        # Any two of the three make a new one: the shares are right.
        bao.token = new_root_token(bao.url, shares[1:])
        assert bao.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]


def test_a_root_token_for_one_person(kms: StrictKms, keys: tuple[str, str], ansible: Ansible, tmp_path: Path) -> None:
    with server(tmp_path / "bao", kms) as bao:
        result = options(bao, tmp_path, recovery_pgp_keys=[HOLDERS[0].public], recovery_threshold=1, root_token_pgp_key=HOLDERS[1].public)
        del result["root_token_dest"]
        kms.clear_calls()
        ansible.playbook([{"name": "init", INIT: result}], "-vvvv").succeeded()
        record = json.loads((tmp_path / "shares.json").read_text(encoding="utf-8"))
        bao.wait_until_active()
        bao.token = HOLDERS[1].decrypt(record["root_token"]["token"])
        assert bao.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]


def test_what_is_refused_before_the_server_is_touched(kms: StrictKms, keys: tuple[str, str], ansible: Ansible, tmp_path: Path) -> None:
    nobody = kms.principal(policy("kms:DescribeKey"))
    writes_only = kms.principal(policy("kms:Encrypt"))
    there = tmp_path / "there"
    there.write_text("the shares of another cluster", encoding="utf-8")
    with server(tmp_path / "bao", kms) as bao:
        cases: list[tuple[str, str, dict[str, Any]]] = [
            ("invalid_pgp_key", "recovery_pgp_keys, entry 2: This is not an OpenPGP public key", {"recovery_pgp_keys": [HOLDERS[0].public, "hello"]}),
            ("invalid_option", "Use a number from 2 to 3", {"recovery_threshold": 1}),
            ("invalid_option", "Use a number from 2 to 3", {"recovery_threshold": 4}),
            ("invalid_option", f"cannot be sealed under {keys[0]}, because it is the key of the server's", {"kms_key_id": SEAL, "seal_key_ids": [keys[0]]}),
            ("file_error", "the file belongs to another cluster", {"dest": str(there)}),
            ("file_error", "does not exist", {"root_token_dest": str(tmp_path / "none" / "token")}),
            ("access_denied", "kms:Encrypt", {"access_key": nobody.access_key, "secret_key": nobody.secret_key}),
            ("access_denied", "kms:Decrypt", {"access_key": writes_only.access_key, "secret_key": writes_only.secret_key}),
        ]
        # One run for all: what is refused is said in the same way whatever came before.
        tasks = [{"name": f"case {number}", INIT: options(bao, tmp_path, **case[2]), "ignore_errors": True} for number, case in enumerate(cases)]
        tasks.append({"name": "nowhere", INIT: options(bao, tmp_path, server_address="http://127.0.0.1:9"), "ignore_errors": True})
        run = ansible.playbook(tasks).succeeded()
        for number, (reason, text, _more) in enumerate(cases):
            result = run[f"case {number}"]
            assert (result["failed"], result["reason"], text in result["msg"]) == (True, reason, True), result
        assert run["nowhere"]["reason"] == "server_unreachable"
        kms.fault("throttle", "Encrypt")
        try:
            assert failed(ansible, options(bao, tmp_path, timeout=1))[0] == "throttled"
        finally:
            kms.clear_faults()
        assert "Traceback" not in run.output
        assert bao.seal_status()["initialized"] is False  # type: ignore[index]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["bao", "there"]


def test_a_server_without_encrypt_is_reported(kms: StrictKms, keys: tuple[str, str], ansible: Ansible, tmp_path: Path) -> None:
    """What the permission check on every host prevents."""
    with server(tmp_path / "bao", kms, kms.principal(policy("kms:DescribeKey", "kms:Decrypt"))) as bao:
        reason, text = failed(ansible, options(bao, tmp_path))
        assert (reason, "kms:Encrypt" in text, "remove the data of its storage" in text) == ("half_initialised", True, True)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["bao"]
