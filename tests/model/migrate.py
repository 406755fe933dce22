# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook migrate: its plays in their order, with the file of the role that each step stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate import migrate_plan, stage_of, stop_obstacle
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import read_state

from .cluster import AWSKMS, DISABLED, SHAMIR, Cluster
from .procedure import Fault, Program, Situation, Step, going_on, healed, hosts, number_of, states_of, stopped


@dataclass(frozen=True)
class Migrate:
    """:param right: whether the shares are the right ones; :param token: whether the run has a token that reads the raft peers."""

    to: str
    right: bool = True
    token: bool = True

    @property
    def name(self) -> str:
        return f"migrate to {self.to}"

    @property
    def file(self) -> str:
        return AWSKMS if self.to == AWSKMS else DISABLED

    def program(self) -> Program:
        return (("main", 0),)

    def is_done(self, cluster: Cluster) -> bool:
        return all(node.works and node.data and node.data.type == self.to and node.file == self.to for node in cluster.nodes) and cluster.active >= 0

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        name, number = step
        found: list[Situation] = getattr(self, f"_{name}")(cluster, number, rest)
        return found

    # tasks/main.yml

    def _main(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        plan = self._plan(cluster)
        if plan["revive"]:  # revive.yml
            return going_on([cluster], tuple(("revive", number) for number in range(len(cluster.nodes))) + (("accept", 0), *rest))
        return self._accept(cluster, number, rest)

    def _revive(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on(cluster.start(number), (("unseal", number), *rest))

    def _accept(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:
        plan = self._plan(cluster)
        if plan["impasse"]["reason"]:
            return stopped(cluster, plan["impasse"]["reason"])
        if plan["work"] and not all(cluster.usable(number, cluster.alias) for number in range(len(cluster.nodes))):  # prove.yml
            return stopped(cluster, "unready")
        at = {stage: [number_of(host) for host in found] for stage, found in plan["at"].items()}
        before = sorted([*at["silent"], *at["sealed"], *at["standby"]])
        every = range(len(cluster.nodes))
        program: list[Step] = [("configure", number) for number in before]  # configure.yml
        program += [("node", number) for number in sorted([*at["silent"], *at["sealed"]])]
        program += [("node", number) for number in at["standby"]]
        program += [("active", number) for number in at["active"]]
        if self.to == SHAMIR:
            program += [("still_needed", number) for number in every]
            program += [("drop", 0)]
        program += [("proof", number) for number in every]
        return going_on([cluster], (*program, *rest))

    # Of one host

    def _configure(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # configure.yml
        return going_on(cluster.configure(number, self.file), rest)

    def _node(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # node.yml
        stage = self._stage(cluster, number)
        obstacle = self._others(cluster, number) if stage == "standby" else ""
        if obstacle:
            return stopped(cluster, obstacle)
        return self._restart(cluster, number, rest) if stage in ("silent", "sealed", "standby") else going_on([cluster], rest)

    def _active(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # active.yml
        stage = self._stage(cluster, number)
        again: Program = (("configure", number), ("restart", number))
        if stage == "active":  # hand_over.yml
            if self._obstacle(cluster, number, hand_over=True):
                return stopped(cluster, "not_handed_over")
            if self._others(cluster, number):
                return stopped(cluster, "others")
            if len(cluster.nodes) == 1:
                return going_on([cluster], (*again, *rest))
            return going_on(cluster.stop(number), (("await", number), *again, *rest))  # lead.yml
        return going_on([cluster], (*again, *rest) if stage in ("silent", "sealed", "standby") else rest)

    def _await(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        state = cluster.state(next(each for each in range(len(cluster.nodes)) if each != number))
        if not state["sealed"] and state["type"] == self.to and not state["migration"]:
            return going_on([cluster], rest)
        return going_on(cluster.start(number), (("unseal", number), ("no_hand_over", number)))

    def _no_hand_over(self, cluster: Cluster, _number: int, _rest: Program) -> list[Situation]:
        return stopped(cluster, "no_hand_over")

    def _restart(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # restart.yml
        return going_on(cluster.restart(number), (("unseal", number), ("led", number), *rest))

    def _unseal(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # unseal.yml
        state = cluster.state(number)
        if not state["answers"]:
            return stopped(cluster, "not_started")
        if not self.right and state["sealed"] and (state["migration"] or state["type"] == SHAMIR):
            return stopped(cluster, "wrong_shares")
        return going_on(cluster.unseal(number), rest)

    def _led(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        state = cluster.state(number)
        well = not state["sealed"] and state["leader"] and state["type"] == self.to
        return going_on([cluster], rest) if well else stopped(cluster, "not_working")

    def _still_needed(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # drop.yml
        state = cluster.state(number)
        well = self._stage(cluster, number) == "done" and state["leader"]
        return going_on([cluster], rest) if well else stopped(cluster, "still_needed")

    def _drop(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:
        left = [number for number, node in enumerate(cluster.nodes) if node.file != SHAMIR]
        files = tuple(("remove", number) for number in left)
        return going_on([cluster], (*files, *(("without", number) for number in left), *(("without_active", number) for number in left), *rest))

    def _remove(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on(cluster.configure(number, SHAMIR), rest)

    def _without(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # dropped.yml and without.yml
        # One that was restarted already is not restarted again at the turn of the active node.
        if cluster.active == number or cluster.nodes[number].running == SHAMIR:
            return going_on([cluster], rest)
        obstacle = self._others(cluster, number)
        return stopped(cluster, obstacle) if obstacle else self._restart(cluster, number, rest)

    def _without_active(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        if cluster.nodes[number].running == SHAMIR:
            return going_on([cluster], rest)
        obstacle = self._others(cluster, number)
        return stopped(cluster, obstacle) if obstacle else self._restart(cluster, number, rest)

    def _proof(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # proof.yml
        return going_on([cluster], rest) if self._stage(cluster, number) == "done" else stopped(cluster, "not_migrated")

    def _others(self, cluster: Cluster, number: int) -> str:  # others.yml
        states = [cluster.state(each) for each in range(len(cluster.nodes)) if each != number]
        if not all(not state["sealed"] and state["leader"] for state in states):
            return "others"
        return "others" if self._obstacle(cluster, number) else ""

    def _obstacle(self, cluster: Cluster, number: int, hand_over: bool = False) -> str:
        return stop_obstacle(f"n{number}", states_of(cluster), to=self.to, peers=self._peers(cluster), hand_over=hand_over)

    def _stage(self, cluster: Cluster, number: int) -> str:
        return stage_of(read_state(f"n{number}", cluster.state(number)), self.to)

    def _plan(self, cluster: Cluster) -> dict[str, Any]:
        seals = {host: _seals(cluster.nodes[number_of(host)].file) for host in hosts(cluster)}
        return migrate_plan(states_of(cluster), to=self.to, seals=seals, peers=self._peers(cluster), shares=3)

    def _peers(self, cluster: Cluster) -> dict[str, list[str]] | None:
        if cluster.active < 0 or not self.token:
            return None
        return {"all": hosts(cluster), "voters": [host for host in hosts(cluster) if cluster.nodes[number_of(host)].voter]}

    # After a stop

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        yield from ()

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        return healed(cluster, range(len(cluster.nodes)) if reason in ("incomplete_cluster", "others") else ())


def _seals(file: str) -> list[dict[str, bool]]:
    return {SHAMIR: [], AWSKMS: [{"enabled": True}], DISABLED: [{"enabled": False}]}[file]
