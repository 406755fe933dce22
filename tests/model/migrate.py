# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook migrate: its plays in their order, with the file of the role that each step stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import read_state
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate import migrate_plan, stop_obstacle
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate_cluster import stage_of

from .cluster import AWSKMS, DISABLED, SHAMIR, Cluster, kind_of, unique
from .procedure import Fault, Program, Situation, Step, going_on, healed, hosts, number_of, states_of, stopped


@dataclass(frozen=True)
class Migrate:
    """:param right: whether the shares are the right ones; :param token: whether the run has a token that reads the raft peers.

    :param new: whether the seal in vault_config_seals is that with the new key.
    """

    to: str
    right: bool = True
    token: bool = True
    new: bool = False

    @property
    def name(self) -> str:
        return f"migrate to {self.to}{'' if self.right else ', with wrong shares'}{'' if self.token else ', without a token'}"

    @property
    def file(self) -> str:
        return f"{AWSKMS if self.to == AWSKMS else DISABLED}{' new' if self.new else ''}"

    def _key(self, cluster: Cluster) -> str:
        return cluster.key_of(self.file)

    files = (
        "agree", "check_quorum", "configure", "hand_over", "main", "preflight", "raft_peers", "read_files", "remove_old_stanza", "restart_node", "revive",
        "state", "take_node", "unseal", "verify_result",
    )  # fmt: skip

    def program(self) -> Program:
        return (("main", 0),)

    def is_done(self, cluster: Cluster) -> bool:
        return all(node.works and node.data and node.data.type == self.to and node.file == self.to for node in cluster.nodes) and cluster.active >= 0

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        name, number = step
        found: list[Situation] = getattr(self, f"_{name}")(cluster, number, rest)
        return found

    def _main(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # main.yml
        if self._plan(cluster)["revive"]:
            return going_on([cluster], (*(("revive", each) for each in range(len(cluster.nodes))), ("stuck", 0), ("accept", 0), *rest))
        return self._accept(cluster, number, rest)

    def _revive(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on(cluster.start(number), (("unseal", number), *rest))

    def _stuck(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:
        stuck = [number_of(host) for host in self._plan(cluster)["stuck"]]
        return going_on([cluster], (*(step for number in stuck for step in (("revived", number), ("unseal", number))), *rest))

    def _revived(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        return going_on(cluster.restart(number), rest)

    def _accept(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:
        plan = self._plan(cluster)
        if plan["impasse"]["reason"]:
            return stopped(cluster, plan["impasse"]["reason"])
        if plan["work"] and not all(cluster.usable(number, self._key(cluster)) for number in range(len(cluster.nodes))):  # main.yml
            return stopped(cluster, "unready")
        every = range(len(cluster.nodes))
        idle, running, reverted = ([number_of(host) for host in plan[kind]] for kind in ("idle", "running", "reverted"))
        # Those of the playbook, play by play.
        program: list[Step] = [("configure", number) for number in every if number in (*idle, *running, *reverted)]
        program += [("take_node", number) for number in every if number in idle]
        program += [("take_node", number) for number in every if number in running]
        program += [("hand_over", number) for number in map(number_of, plan["at"]["active"])]
        if self.to == SHAMIR:
            program += [*(("still_needed", number) for number in every), ("remove_old_stanza", 0)]
        program += [("verify_result", number) for number in every]
        return going_on([cluster], (*program, *rest))

    # Of one host

    def _configure(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # configure.yml
        return going_on(cluster.configure(number, self.file), rest)

    def _take_node(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # take_node.yml
        return self._taken(cluster, number, rest, ("silent", "sealed", "standby", "stale", "waiting"))

    def _taken(self, cluster: Cluster, number: int, rest: Program, due: tuple[str, ...]) -> list[Situation]:  # take_node.yml
        stage = self._stage(cluster, number)
        if stage not in due:
            return going_on([cluster], rest)
        if stage not in ("silent", "sealed") and self._without(cluster, number):
            return stopped(cluster, "check_quorum")
        return self._restart_node(cluster, number, rest)

    def _hand_over(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # hand_over.yml
        stage = self._stage(cluster, number)
        if stage == "active" and self._without(cluster, number, hand_over=True):
            return stopped(cluster, "check_quorum")
        again: Program = (("configure", number), ("take_active", number))
        if stage == "active" and len(cluster.nodes) > 1:
            return going_on(cluster.stop(number), (("await", number), *again, *rest))
        return going_on([cluster], (*again, *rest) if stage in ("active", "silent", "sealed", "standby") else rest)

    def _take_active(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # hand_over.yml, and take_node.yml
        return self._taken(cluster, number, rest, ("silent", "sealed", "standby", "stale", "waiting", "active"))

    def _await(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:
        state = cluster.state(next(each for each in range(len(cluster.nodes)) if each != number))
        if not state["sealed"] and state["type"] == self.to and not state["migration"]:
            return going_on([cluster], rest)
        return going_on(cluster.start(number), (("unseal", number), ("no_hand_over", number)))

    def _no_hand_over(self, cluster: Cluster, _number: int, _rest: Program) -> list[Situation]:
        return stopped(cluster, "no_hand_over")

    def _restart_node(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # restart_node.yml
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

    def _still_needed(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # remove_old_stanza.yml
        state = cluster.state(number)
        well = self._own_stage(cluster, number) == "done" and state["leader"]
        return going_on([cluster], rest) if well else stopped(cluster, "still_needed")

    def _remove_old_stanza(self, cluster: Cluster, _number: int, rest: Program) -> list[Situation]:  # remove_old_stanza.yml
        left = [number for number, node in enumerate(cluster.nodes) if node.file != SHAMIR]
        turns = [*(("without_standby", number) for number in left), *(("without_active", number) for number in left)]
        return going_on([cluster], (*(("remove", number) for number in left), *turns, *rest))

    def _remove(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # remove_old_stanza.yml
        if self._own_stage(cluster, number) != "done":
            return stopped(cluster, "still_needed")
        return going_on(cluster.configure(number, SHAMIR), rest)

    def _without_standby(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # take_node.yml
        return going_on([cluster], rest) if cluster.active == number else self._without_active(cluster, number, rest)

    def _without_active(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # take_node.yml
        if cluster.nodes[number].running == SHAMIR:  # the fact migrate__runs_with_files
            return going_on([cluster], rest)
        stage = self._own_stage(cluster, number)
        if stage not in ("silent", "sealed") and self._without(cluster, number):
            return stopped(cluster, "check_quorum")
        return self._restart_node(cluster, number, rest)

    def _verify_result(self, cluster: Cluster, number: int, rest: Program) -> list[Situation]:  # verify_result.yml
        return going_on([cluster], rest) if self._own_stage(cluster, number) == "done" else stopped(cluster, "not_migrated")

    def _without(self, cluster: Cluster, number: int, hand_over: bool = False) -> bool:  # check_quorum.yml
        """Whether the node may not be stopped."""
        states = [cluster.state(each) for each in range(len(cluster.nodes)) if each != number]
        return any(state["sealed"] or not state["leader"] for state in states) or bool(self._obstacle(cluster, number, hand_over))

    def _obstacle(self, cluster: Cluster, number: int, hand_over: bool = False) -> str:
        return stop_obstacle(f"n{number}", states_of(cluster), to=self.to, peers=self.peers(cluster), hand_over=hand_over)

    def _stage(self, cluster: Cluster, number: int) -> str:
        """The stage as the playbook knows it at the turn of the node."""
        stages: dict[str, str] = self._plan(cluster)["stage"]
        return stages[f"n{number}"]

    def _own_stage(self, cluster: Cluster, number: int) -> str:  # state.yml
        return stage_of(read_state(f"n{number}", cluster.state(number)), self.to)

    def _plan(self, cluster: Cluster) -> dict[str, Any]:
        seals = {host: seals_in(cluster.nodes[number_of(host)].file) for host in hosts(cluster)}
        return migrate_plan(states_of(cluster), to=self.to, seals=seals, peers=self.peers(cluster), shares=3, seal=seal_settings(self.file))

    def peers(self, cluster: Cluster) -> dict[str, list[str]] | None:
        if cluster.active < 0 or not self.token:
            return None
        return {"all": hosts(cluster), "voters": [host for host in hosts(cluster) if cluster.nodes[number_of(host)].voter]}

    # After a stop

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        """A colleague who begins the same by hand, or takes it back."""
        if self.to != AWSKMS:
            return
        for number, node in enumerate(cluster.nodes):
            if node.up:
                yield f"a colleague restarts n{number}", lambda c, n=number: c.restart(n)
            for seal in (SHAMIR, AWSKMS, DISABLED):
                if node.file != seal:
                    yield f"a colleague writes {seal} to the files of n{number}", lambda c, n=number, s=seal: c.configure(n, s)

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        if reason == "two_raft_nodes":
            return []  # a third node is added first
        now = [cluster]
        if reason in ("incomplete_cluster", "not_started"):
            lost = [number for number, node in enumerate(cluster.nodes) if not node.up and node.file == SHAMIR and node.data and node.data.type == AWSKMS]
            for number in lost:
                now = unique(after for each in now for after in each.configure(number, AWSKMS))
        started = range(len(cluster.nodes)) if reason in ("incomplete_cluster", "check_quorum") else ()
        return unique(after for each in now for after in healed(each, started))


def seal_settings(file: str) -> dict[str, str]:
    """The settings of a seal in a server's files."""
    return {"kms_key_id": "arn:new" if file.endswith(" new") else "alias/unseal"}


def seals_in(file: str) -> list[dict[str, Any]]:
    """The seals in a server's files, as ``awskms_seal_settings_info`` returns them."""
    if file == SHAMIR:
        return []
    settings = {name: {"value": value, "source": "stanza"} for name, value in seal_settings(file).items()}
    return [{"enabled": kind_of(file) == AWSKMS, "settings": settings}]
