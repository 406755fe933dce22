# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook change_key: its plays in their order, with the file of the role that each step stands for. Its halves are those of :class:`Migrate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key import change_key_plan

from .cluster import AWSKMS, AWSKMS_NEW, NEW, OLD, SHAMIR, Cluster, unique
from .migrate import Migrate, seal_settings, seals_in
from .procedure import Fault, Program, Situation, Step, going_on, healed, hosts, number_of, states_of, stopped

_STORED_KEYS = "core/hsm/barrier-unseal-keys"
_CANARY = {"path": "kv/canary", "field": "word", "value": "tweet"}


@dataclass(frozen=True)
class ChangeKey:
    """:param to: ``new``, or ``old`` to turn the change back."""

    to: str
    right: bool = True

    files = (
        "after_half", "canary", "dependents", "drill", "look", "main", "preflight", "remove_snapshot", "revive", "snapshot", "stop", "verify_kms",
    )  # fmt: skip

    @property
    def name(self) -> str:
        return f"change_key to {self.to}"

    @cached_property
    def halves(self) -> dict[str, Migrate]:
        return {"first": Migrate(SHAMIR, new=self.to == OLD), "second": Migrate(AWSKMS, new=self.to == NEW)}

    def program(self) -> Program:
        return (("main", 0),)

    def is_done(self, cluster: Cluster) -> bool:
        file = AWSKMS_NEW if self.to == NEW else AWSKMS
        return cluster.active >= 0 and all(node.works and node.data and node.data.key == self.to and node.file == file for node in cluster.nodes)

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        half, _space, name = step[0].rpartition(" ")
        if half:
            return self._in_half(half, cluster, (name, step[1]), rest)
        found: list[Situation] = getattr(self, f"_{name}")(cluster, step[1], rest)
        return found

    def _in_half(self, half: str, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        """A step of the role migrate: those that it puts before the rest belong to the same half."""
        found: list[Situation] = []
        for after in self.halves[half].take(cluster, step, rest):
            own = len(after.program) - len(rest) if after.program[len(after.program) - len(rest) :] == rest else len(after.program)
            program = tuple((f"{half} {name}", number) for name, number in after.program[:own])
            found.append(Situation(after.cluster, (*program, *after.program[own:]), after.stop))
        return found

    def _main(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # main.yml, preflight.yml and look.yml
        decided = self._plan(cluster)
        if decided["stop"]["hosts"]["reason"]:
            return stopped(cluster, decided["stop"]["hosts"]["reason"])
        if decided["revive"]:  # revive.yml
            steps = [*(("first revive", number) for number in range(len(cluster.nodes))), ("first stuck", 0), ("accept", 0)]
            return going_on([cluster], (*steps, *rest))
        return self._accept(cluster, 0, rest)

    def _accept(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # verify_kms.yml, snapshot.yml, canary.yml, drill.yml and stop.yml
        decided = self._plan(cluster)
        for place in ("keys", "cluster"):
            if decided["stop"][place]["reason"]:
                return stopped(cluster, decided["stop"][place]["reason"])
        if not decided["half"]:
            return going_on([cluster], rest)
        first: Program = (("first main", 0), ("between", 0)) if decided["half"] == "first" else ()
        return going_on([cluster], (*first, ("second main", 0), ("result", 0), *rest))

    def _between(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # after_half.yml
        reason = self._plan(cluster)["stop"]["between"]["reason"]
        return stopped(cluster, reason) if reason else going_on([cluster], rest)

    def _result(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # after_half.yml
        reason = self._plan(cluster)["stop"]["result"]["reason"]
        return stopped(cluster, reason) if reason else going_on([cluster], rest)

    def _plan(self, cluster: Cluster) -> dict[str, Any]:
        states = states_of(cluster)
        run = {
            "to": self.to, "old": seal_settings(AWSKMS), "new": seal_settings(AWSKMS_NEW), "product": "openbao", "shares": 3, "has_token": True,
            "address": "https://n0:8200", "canary": _CANARY, "peers": self.halves["first"].peers(cluster), "check_mode": False,
        }  # fmt: skip
        return change_key_plan(run, {host: self._host(cluster, number_of(host), states[host]) for host in hosts(cluster)})

    def _host(self, cluster: Cluster, number: int, state: dict[str, Any]) -> dict[str, Any]:
        node = cluster.nodes[number]
        ends = dict(zip(("source", "target"), (OLD, NEW) if self.to == NEW else (NEW, OLD)))
        proofs = {
            end: {"ready": cluster.usable(number, key), "summary": "cannot use the key", "key_arn": "" if cluster.away else f"arn:{key}"}
            for end, key in ends.items()
        }
        keys = [{"arn": f"arn:{node.data.key}", "paths": [_STORED_KEYS]}] if node.data and node.data.key else []
        snapshot = {"status": 200, "info": {"kms_keys": keys}} if state["active"] else {}
        return {"state": state, "seals": seals_in(node.file), "proofs": proofs, "snapshot": snapshot}

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        yield from ()

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        if reason == "two_raft_nodes":
            return []  # a third node is added first
        started = range(len(cluster.nodes)) if reason in ("incomplete_cluster", "check_quorum") else ()
        return unique(healed(cluster, started))
