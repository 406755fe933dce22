# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role seal_rotate with the mode new_key: its tasks in their order, with the file of the role that each step stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_rotate import plan

from .cluster import NEW, Cluster
from .procedure import Fault, Program, Situation, Step, going_on, healed, hosts, number_of, stopped

_STORED_KEYS = "core/hsm/barrier-unseal-keys"


@dataclass(frozen=True)
class Rotate:
    name = "seal_rotate"
    right = True
    files = ("folder", "health", "keys", "main", "preflight", "report", "restart", "rewrap_files", "snapshot", "verify_kms")

    def program(self) -> Program:
        return (("main", 0),)

    def is_done(self, cluster: Cluster) -> bool:
        return cluster.alias == NEW and cluster.active >= 0 and all(node.works and node.data and node.data.key == NEW for node in cluster.nodes)

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        name, number = step
        found: list[Situation] = getattr(self, f"_{name}")(cluster, number, rest)
        return found

    def _main(self, cluster: Cluster, _number: int, _rest: Program) -> list[Situation]:  # main.yml, up to the alias
        if cluster.away:
            return stopped(cluster, "no_answer_from_kms")
        decided = self._plan(cluster)
        # keys.yml, verify_kms.yml, health.yml and snapshot.yml
        for reason in ("variables", "unusable_keys", "proof", "unsealed", "health", "snapshot", "locked_out"):
            if decided["stop"][reason]:
                return stopped(cluster, reason)
        program: list[Step] = [("move_alias", 0)]
        for host in decided["restart"]:
            program += [("restart_one", number_of(host)), ("health", number_of(host))]
        if decided["left"] or cluster.alias != NEW:
            program.append(("report", 0))
        return going_on([cluster], tuple(program))

    def _move_alias(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # main.yml
        return stopped(cluster, "no_answer_from_kms") if cluster.away else going_on(cluster.set_alias(NEW), rest)

    def _restart_one(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # restart.yml and health.yml
        decided = self._plan(cluster)
        for reason in ("unsealed", "health"):
            if decided["stop"][reason]:
                return stopped(cluster, reason)
        return going_on(cluster.restart(number), rest)

    def _health(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # restart.yml and health.yml
        decided = self._plan(cluster, turn=f"n{number}")
        for reason in ("restart", "unsealed", "health"):
            if decided["stop"][reason]:
                return stopped(cluster, reason)
        return going_on([cluster], rest)

    def _report(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # report.yml
        decided = self._plan(cluster)
        for reason in ("snapshot", "result"):
            if decided["stop"][reason]:
                return stopped(cluster, reason)
        return going_on([cluster], rest)

    def _plan(self, cluster: Cluster, turn: str = "") -> dict[str, Any]:
        known = {host: self._host(cluster, number_of(host)) for host in hosts(cluster)}
        servers = {host: {"name": host, "healthy": cluster.nodes[number_of(host)].works} for host in hosts(cluster)}
        run: dict[str, Any] = {
            "mode": "new_key", "alias": "alias/unseal", "new_key": NEW, "address": "https://n0:8200", "has_token": True, "turn": turn,
            "keys": [_key(cluster, cluster.alias), _key(cluster, NEW)], "alias_moved": bool(turn),
            "autopilot": {"status": 200, "data": {"servers": servers}},
        }  # fmt: skip
        first = plan(run, known)
        return plan({**run, "at_first": first["found"]}, known)

    def _host(self, cluster: Cluster, number: int) -> dict[str, Any]:
        node = cluster.nodes[number]
        proofs = {key: {"ready": cluster.usable(number, key or cluster.alias), "summary": "cannot use the key"} for key in ("", "old", NEW)}
        proofs[""]["kms_key_id"] = {"value": "alias/unseal", "source": "the configuration"}
        keys = [{"arn": node.data.key, "paths": [_STORED_KEYS]}] if node.data else []
        return {
            "reachable": True, "state": cluster.state(number), "proofs": proofs, "restarted": {"state": "started" if node.up else ""},
            "snapshot": {"status": 200, "info": {"kms_keys": keys, "index": 1}},
        }  # fmt: skip

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        yield from ()

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        return healed(cluster, range(len(cluster.nodes)) if reason in ("unsealed", "health", "restart") else ())


def _key(cluster: Cluster, key: str) -> dict[str, Any]:
    return {"arn": key, "asked": key, "usable_for_seal": key not in cluster.disabled, "problems": [{"msg": "It is disabled.", "remedy": "Enable it."}]}
