# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_unseal with the real server: a shamir seal, its migration to awskms, and a server that unseals itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from support.ansible_run import Ansible
from support.odd_server import OddServer, as_json
from support.openbao import OpenBao
from support.strict_kms import StrictKms

UNSEAL = "sealwright.vault_seal.vault_unseal"
ALIAS = "alias/unseal"
NO_SHARE = base64.b64encode(bytes(33)).decode()


def unsealed(bao: OpenBao, *fields: str) -> list[Any]:
    status = bao.seal_status()
    assert status
    return [status[field] for field in fields]


def test_from_shamir_to_a_server_that_unseals_itself(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> None:
    kms.new_key(alias=ALIAS)
    with OpenBao(tmp_path / "bao", kms.environment(), None) as bao:
        to_server = {"server_address": bao.url}
        early = {"name": "early", UNSEAL: {**to_server, "shares": [NO_SHARE]}, "ignore_errors": True}
        assert ansible.playbook([early]).succeeded()["early"]["reason"] == "not_initialized"
        shares = bao.call("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 2}).json()["keys_base64"]
        # Somebody else's beginning is forgotten, and what a wrong share began with too.
        assert bao.call("PUT", "sys/unseal", {"key": NO_SHARE}).json()["progress"] == 1
        cases: dict[str, dict[str, Any]] = {
            "none": {}, "few": {"shares": [shares[0], f" {shares[0]}"]}, "empty": {"shares": [shares[0], " "]},
            "wrong": {"shares": [shares[0], NO_SHARE]}, "odd": {"shares": [shares[0], "no share at all"]},
        }
        tasks = [{"name": name, UNSEAL: {**to_server, **message}, "ignore_errors": True} for name, message in cases.items()]
        run = ansible.playbook(tasks, "-vvvv").succeeded()
        assert {name: run[name]["reason"] for name in cases} == {
            "none": "too_few_shares", "few": "too_few_shares", "empty": "invalid_option", "wrong": "wrong_shares", "odd": "wrong_shares",
        }
        assert "requires 2 of 3 shares, but only 1 was specified" in run["few"]["msg"]
        assert unsealed(bao, "sealed", "progress") == [True, 0]

        right: dict[str, Any] = {UNSEAL: {**to_server, "shares": shares[1:]}}
        tried = ansible.playbook([{"name": "try", **right}], "--check", "-vvvv").succeeded()
        assert (tried["try"]["changed"], tried["try"]["active"], unsealed(bao, "sealed", "progress")) == (True, None, [True, 0])
        done = ansible.playbook([{"name": "unseal", **right}, {"name": "again", **right}], "-vvvv").succeeded()
        assert [(done[name]["changed"], done[name]["active"], done[name]["leader"]) for name in ("unseal", "again")] == [
            (True, True, bao.url), (False, True, bao.url),
        ]

        # Its configuration is to make it migrate, which it does when it is unsealed for that.
        bao.config.write_text(
            bao.config.read_text(encoding="utf-8") + f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "us-east-1"\n}}\n', encoding="utf-8"
        )
        bao.restart()
        migrating = {UNSEAL: {**to_server, "shares": shares[1:], "migrate": True, "wait": False}}
        moved = ansible.playbook(
            [{"name": "not meant", **right, "ignore_errors": True}, {"name": "migrate", **migrating}, {"name": "wait", UNSEAL: to_server}], "-vvvv"
        ).succeeded()
        assert moved["not meant"]["reason"] == "migration_pending"
        assert (moved["migrate"]["changed"], moved["migrate"]["migrate"], moved["wait"]["changed"], moved["wait"]["active"]) == (True, True, False, True)
        assert unsealed(bao, "type", "sealed", "migration", "recovery_seal") == ["awskms", False, False, True]

        bao.restart()
        alone = ansible.playbook([{"name": "alone", UNSEAL: to_server}]).succeeded()["alone"]
        assert (alone["changed"], alone["active"], unsealed(bao, "sealed")) == (False, True, [False])
        for run_of_it in (run, tried, done, moved):
            assert not [share for share in (*shares, NO_SHARE) if share in run_of_it.output + str(run_of_it.results)]

    late = {"name": "late", UNSEAL: {**to_server, "server_timeout": 1}, "ignore_errors": True}
    assert ansible.playbook([late]).succeeded()["late"]["reason"] == "server_timed_out"


def test_a_server_that_is_unsealed_with_another_seal_than_its_cluster(ansible: Ansible) -> None:
    """As OpenBao 2.6.2 answers the last share of a standby in a cluster without an active node, and anything after that."""
    mismatch = as_json({"errors": ['barrier seal type of "shamir" does not match loaded type of "awskms"']}, 500)
    status = {
        "type": "awskms", "initialized": True, "sealed": True, "t": 2, "n": 3, "progress": 0, "migration": True, "recovery_seal": True, "storage_type": "raft",
    }  # fmt: skip
    shares: list[bytes] = []

    def unseal(_method: str, body: bytes, _headers: str) -> tuple[int, bytes]:
        if b"reset" in body:
            return as_json(status)
        shares.append(body)
        return as_json(status) if len(shares) < 2 else mismatch

    leader = as_json({"ha_enabled": True, "is_self": False, "leader_address": "http://127.0.0.1:1"})
    with OddServer({"sys/seal-status": as_json(status), "sys/unseal": unseal, "sys/leader": leader}) as server:
        task = {"name": "unseal", UNSEAL: {"server_address": server.url, "shares": ["one", "two", "three"], "migrate": True}}
        result = ansible.playbook([task]).succeeded()["unseal"]
    assert (result["changed"], result["leader"], len(shares)) == (True, "http://127.0.0.1:1", 2)
