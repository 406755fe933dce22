# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role cluster_bootstrap up to the root token: its tasks in their order, with the file of the role that each step stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster_bootstrap import cluster_bootstrap_plan

from .cluster import AWSKMS, Cluster, unique
from .procedure import Fault, Program, Situation, Step, going_on, healed, number_of, states_of, stopped


@dataclass(frozen=True)
class Bootstrap:
    name = "cluster_bootstrap"
    right = True
    files = ("check_copy", "configure", "initialise", "join", "main", "preflight", "root_token", "state", "verify")

    def program(self) -> Program:
        return (("main", 0),)

    def is_done(self, cluster: Cluster) -> bool:
        clusters = {node.data.cluster for node in cluster.nodes if node.data}
        return cluster.active >= 0 and all(node.works and node.file == AWSKMS for node in cluster.nodes) and len(clusters) == 1 and cluster.recorded

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        name, number = step
        found: list[Situation] = getattr(self, f"_{name}")(cluster, number, rest)
        return found

    def _main(self, cluster: Cluster, _number: int, _rest: Program) -> list[Situation]:  # main.yml
        return going_on([cluster], (*(("configure", number) for number in range(len(cluster.nodes))), ("verify", 0)))

    def _configure(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # configure.yml
        # vault_config checks the permission of the host first, and writes nothing without it; the error is reported by verify.yml. A server whose files
        # changed is restarted, one that is stopped is started.
        node = cluster.nodes[number]
        if node.file == AWSKMS or not cluster.usable(number, cluster.alias):
            return going_on(cluster.start(number), rest)
        return going_on((after for each in cluster.configure(number, AWSKMS) for after in each.restart(number)), rest)

    def _verify(self, cluster: Cluster, _number: int, _rest: Program) -> list[Situation]:  # verify.yml, and the plan in main.yml
        if not all(cluster.usable(number, cluster.alias) and node.file == AWSKMS for number, node in enumerate(cluster.nodes)):
            return stopped(cluster, "unready")
        decided = self._plan(cluster)
        if decided["impasse"]["reason"]:
            return stopped(cluster, decided["impasse"]["reason"])
        seed = number_of(decided["seed"])
        joining = [number_of(host) for host in decided["to_join"]]
        return going_on([cluster], (("initialise", seed), ("await", seed), *(("join", number) for number in joining), ("joined", 0)))

    def _initialise(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # initialise.yml
        if cluster.nodes[number].data is not None:
            return going_on([cluster], rest) if cluster.recorded else stopped(cluster, "unrecorded")
        after = cluster.initialise(number)
        if all(each == cluster for each in after):
            return stopped(cluster, "not_initialised")
        failed = [each for each in after if (data := each.nodes[number].data) and data.key == "none"]
        if failed:
            return [situation for each in failed for situation in stopped(each, "not_initialised")]
        # A run may be killed after the initialisation and before the response is stored.
        return going_on((replace(each, recorded=True) for each in after), rest) + [Situation(each, (), "killed") for each in after]

    def _await(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on([cluster], rest) if cluster.state(number)["leader"] else stopped(cluster, "not_active")

    def _join(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # join.yml
        return going_on((after for each in [cluster] for after in (each.join(number, each.active) if each.active >= 0 else [each])), (("led", number), *rest))

    def _led(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on([cluster], rest) if cluster.state(number)["leader"] else stopped(cluster, "not_joined")

    def _joined(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:
        reason = self._plan(cluster)["impasse"]["reason"]
        return stopped(cluster, reason) if reason else going_on([cluster], rest)

    def _plan(self, cluster: Cluster) -> dict[str, Any]:
        return cluster_bootstrap_plan(states_of(cluster), first="n0", sender="n0", shares=3, threshold=2)

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        every = range(len(cluster.nodes))
        now = healed(cluster, ())
        if reason == "sealed_server" and any(node.data and node.data.key == "none" for node in cluster.nodes):
            reason = "initialised_but_sealed"
        if reason in ("initialised_but_sealed", "unrecorded"):
            ruined = [number for number in every if reason == "unrecorded" or (data := cluster.nodes[number].data) and data.key == "none"]
            return _wiped(now, ruined)
        if reason == "several_clusters":
            kept = min(node.data.cluster for node in cluster.nodes if node.data)
            return _wiped(now, [number for number, node in enumerate(cluster.nodes) if node.data and node.data.cluster != kept])
        if reason in ("sealed_server", "wrong_seal"):
            sealed = [number for number, node in enumerate(cluster.nodes) if not node.unsealed]
            for number in sealed:
                now = unique(after for each in now for after in each.restart(number))
            return now
        return healed(cluster, every if reason in ("no_response",) else ())

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        """A colleague initialises a server by hand, and keeps its shares."""
        for number, node in enumerate(cluster.nodes):
            if node.up and node.data is None and node.running == AWSKMS:
                yield f"a colleague initialises n{number}", lambda c, n=number: c.initialise(n)


def _wiped(clusters: list[Cluster], numbers: list[int]) -> list[Cluster]:
    for number in numbers:
        clusters = unique(last for each in clusters for after in each.wipe(number) for last in after.start(number))
    return [each if any(node.data for node in each.nodes) else replace(each, recorded=False) for each in clusters]
