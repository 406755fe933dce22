# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of real servers on loopback with the strict KMS, and the actions of the model on it."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_server_info import ServerState, state_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi

from support.openbao import OpenBao
from support.slack import scaled
from support.strict_kms import StrictKms

ALIAS = "alias/model"
SHARES, THRESHOLD = 3, 2


def _policy(*denied: str) -> dict[str, Any]:
    statements = [{"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], "Resource": "*"}]
    return {"Version": "2012-10-17", "Statement": [*statements, *({"Effect": "Deny", "Action": "kms:*", "Resource": key} for key in denied)]}


class RealNode(OpenBao):
    """One server, whose configuration can be replaced."""

    def __init__(self, folder: Path, kms: StrictKms, number: int) -> None:
        self.who = kms.principal(_policy())
        super().__init__(folder, kms.environment(self.who), None)
        self._base = self.config.read_text(encoding="utf-8").replace('"node1"', f'"node{number + 1}"')
        self.file = "shamir"

    def configure(self, seal: str) -> None:
        disabled = '  disabled = "true"\n' if seal == "disabled" else ""
        stanza = "" if seal == "shamir" else f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "us-east-1"\n{disabled}}}\n'
        self.config.write_text(self._base + stanza, encoding="utf-8")
        self.file = seal

    @property
    def up(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def api(self) -> ServerApi:
        return ServerApi({"server_address": self.url, "server_timeout": 10, "server_validate_certs": True, "server_ca_path": None})

    def state(self) -> ServerState:
        return state_of(self.api())


class RealCluster:
    """The actions of :mod:`model.cluster`, on real servers."""

    def __init__(self, folder: Path, kms: StrictKms, count: int) -> None:
        self.kms = kms
        self.keys = {name: kms.new_key() for name in ("old", "new")}
        self.kms_client = kms.client()
        self.kms_client.create_alias(AliasName=ALIAS, TargetKeyId=self.keys["old"])
        self.nodes = [RealNode(folder / f"n{number}", kms, number) for number in range(count)]
        self.shares: list[str] = []
        self.token = ""

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
        self.kms.clear_faults()
        self.kms_client.delete_alias(AliasName=ALIAS)

    def configure(self, number: int, seal: str) -> None:
        self.nodes[number].configure(seal)

    def start(self, number: int) -> None:
        node = self.nodes[number]
        if not node.up:
            try:
                node.start()
            except RuntimeError:
                node.stop()

    def stop(self, number: int) -> None:
        self.nodes[number].stop()

    def restart(self, number: int) -> None:
        self.stop(number)
        self.start(number)

    def initialise(self, number: int) -> None:
        kind = "recovery" if self.nodes[number].file == "awskms" else "secret"
        reply = self.nodes[number].call("PUT", "sys/init", {f"{kind}_shares": SHARES, f"{kind}_threshold": THRESHOLD})
        if reply.status == 200:
            content = reply.json()
            self.shares = content.get("recovery_keys_base64") or content["keys_base64"]
            self.token = content["root_token"]

    def join(self, number: int, to: int) -> None:
        self.nodes[number].call("PUT", "sys/storage/raft/join", {"leader_api_addr": self.nodes[to].url})

    def unseal(self, number: int, right: bool = True) -> None:
        node = self.nodes[number]
        status = node.seal_status()
        if status is None:
            return
        shares = self.shares[:THRESHOLD] if right else self.shares[:1] + ["A" * 43 + "="]
        node.call("PUT", "sys/unseal", {"reset": True})
        for share in shares:
            node.call("PUT", "sys/unseal", {"key": share, **({"migrate": True} if status.get("migration") else {})})

    def elect(self) -> None:
        """Halt the active node until the others have elected another one."""
        active = next(number for number, state in enumerate(self.states()) if state.active)
        others = [node for number, node in enumerate(self.nodes) if number != active]
        self.nodes[active].send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + scaled(60.0)
            while not any(node.state().active for node in others):
                assert time.monotonic() < end, "the other nodes elected no leader"
                time.sleep(0.5)
        finally:
            self.nodes[active].send_signal(signal.SIGCONT)

    def await_votes(self) -> None:
        """A node that joined gets its vote once raft's autopilot saw it for some seconds."""
        end = time.monotonic() + scaled(90.0)
        while time.monotonic() < end:
            for node in self.nodes:
                node.token = self.token
                reply = node.call("GET", "sys/storage/raft/configuration") if node.up else None
                servers = ((reply.json() or {}).get("data") or {}).get("config", {}).get("servers", []) if reply and reply.status == 200 else []
                if len(servers) == len(self.nodes) and all(server["voter"] for server in servers):
                    return
            time.sleep(0.5)
        raise AssertionError("not every node has a vote")

    def alias(self, key: str) -> None:
        self.kms_client.update_alias(AliasName=ALIAS, TargetKeyId=self.keys[key].rsplit("/", 1)[-1])

    def key(self, key: str, enabled: bool) -> None:
        self.kms.set_key_state(self.keys[key], "Enabled" if enabled else "Disabled")

    def permission(self, number: int, allowed: bool) -> None:
        self.kms.set_policy(self.nodes[number].who.arn, _policy() if allowed else _policy("*"))

    def states(self) -> list[ServerState]:
        return [node.state() for node in self.nodes]
