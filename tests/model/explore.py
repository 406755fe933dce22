# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state that runs of some procedures and a number of faults can reach, breadth first, and the properties that hold in each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .cluster import AWSKMS, NEW, OLD, SHAMIR, Cluster, Node, canonical
from .procedure import Fault, Procedure, Program, Situation

# The steps with which a procedure stops a server, if it runs.
STOPS = ("take_node", "hand_over", "without_standby", "without_active", "restart_node", "restart_one", "revived")
_ATTEMPTS = 6  # runs after which a procedure has to be finished, where each stop is followed by its remedy


@dataclass(frozen=True)
class State:
    """A cluster, and the run that is under way on it: none if ``run`` is -1."""

    cluster: Cluster
    run: int = -1
    program: Program = ()
    faults: int = 0


@dataclass
class Result:
    states: int = 0
    transitions: int = 0
    clusters: int = 0
    violations: dict[str, list[str]] = field(default_factory=dict)

    def add(self, violation: str, path: list[str]) -> None:
        self.violations.setdefault(violation, path)


def faults(cluster: Cluster) -> Iterator[Fault]:
    """What can happen at any moment: to a node, to KMS, and by a colleague's hand."""
    for number, node in enumerate(cluster.nodes):
        if node.up:
            yield f"n{number} is lost", lambda c, n=number: c.crash(n)
            yield f"n{number} reboots", lambda c, n=number: [after for each in c.crash(n) for after in each.start(n)]
        else:
            yield f"n{number} comes back", lambda c, n=number: c.start(n)
        yield f"n{number} {'loses' if node.allowed else 'regains'} its permission", lambda c, n=number, a=not node.allowed: c.set_allowed(n, a)
        if node.up and not node.unsealed and node.data:
            yield f"a colleague unseals n{number}", lambda c, n=number: c.unseal(n)
    if sum(node.up for node in cluster.nodes) > 1:
        yield "all machines reboot", _reboot
    for key in (OLD, NEW):
        enabled = key in cluster.disabled
        if any(node.data and node.data.key == key for node in cluster.nodes) or cluster.alias == key:
            yield f"the {key} key is {'enabled' if enabled else 'disabled'}", lambda c, k=key, e=enabled: c.set_key(k, e)
    yield f"KMS is {'back' if cluster.away else 'away'}", lambda c, a=not cluster.away: c.set_away(a)


def _reboot(cluster: Cluster) -> list[Cluster]:
    off = {"running": "", "started_key": "", "unsealed": False, "migrates": False, "cached": False, "failed": False}
    down = replace(cluster, leader=-1, nodes=tuple(replace(node, **off) for node in cluster.nodes))
    now = [down]
    for number in range(len(cluster.nodes)):
        now = list(dict.fromkeys(after for each in now for after in each.start(number)))
    return now


def explore(initial: Sequence[Cluster], procedures: Sequence[Procedure], budget: int, limit: int = 0) -> Result:
    """:param budget: how many faults a path may have; a killed run, and a run that begins anew or turns round, are none and not limited."""
    result = Result()
    before: dict[State, tuple[State, str] | None] = {}
    waiting: deque[State] = deque()
    checked: set[Cluster] = set()
    finishing = [Finishing(procedure) for procedure in procedures if procedure.right]

    def reach(state: State, source: State | None, how: str) -> None:
        result.transitions += source is not None
        state = symmetric(state)
        if state not in before:
            before[state] = (source, how) if source is not None else None
            waiting.append(state)

    for cluster in initial:
        reach(State(cluster), None, "")
    while waiting and not (limit and len(before) >= limit):
        state = waiting.popleft()
        cluster = state.cluster
        if state.run < 0:
            if cluster not in checked:
                checked.add(cluster)
                for each in finishing:
                    problem = each.problem(cluster)
                    if problem:
                        result.add(problem, trace(before, state))
            for number, procedure in enumerate(procedures):
                reach(replace(state, run=number, program=procedure.program()), state, f"run: {procedure.name}")
        else:
            procedure = procedures[state.run]
            step, rest = state.program[0], state.program[1:]
            for after in procedure.take(cluster, step, rest):
                problem = harm(cluster, step, after, state.faults)
                if problem:
                    result.add(f"{procedure.name}: {problem}", [*trace(before, state), f"{step}"])
                run = state.run if after.program else -1
                said = f"{step[0]} n{step[1]}{' -> stops: ' + after.stop if after.stop else ''}"
                reach(State(after.cluster, run, after.program, state.faults), state, said)
            reach(replace(state, run=-1, program=()), state, "the run is killed")
        if state.faults < budget:
            for name, action in [*faults(cluster), *(fault for procedure in procedures for fault in procedure.faults(cluster))]:
                for changed in action(cluster):
                    reach(replace(state, cluster=changed, faults=state.faults + 1), state, name)
    result.states, result.clusters = len(before), len(checked)
    return result


def trace(before: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    found: list[str] = []
    now: State | None = state
    while now is not None:
        source = before[now]
        if source is None:
            found.append(f"at first: {shown(now.cluster)}")
            break
        found.append(f"{source[1]}: {shown(now.cluster)}")
        now = source[0]
    return found[::-1]


def shown(cluster: Cluster) -> str:
    """A cluster in one line."""
    nodes = []
    for number, node in enumerate(cluster.nodes):
        words = [node.file if node.file == node.running or not node.up else f"{node.running} ({node.file} in its files)"]
        words += ["down"] if not node.up else ["failed"] if node.failed else ["unsealed"] if node.unsealed else ["sealed"]
        words += [f"stored {node.data.type}{'/' + node.data.key if node.data.key else ''} v{node.data.version}"] if node.data else ["new"]
        words += [] if node.allowed else ["no permission"]
        nodes.append(f"n{number}{'*' if number == cluster.leader else ''} {', '.join(words)}")
    rest = [*(["KMS away"] if cluster.away else []), *(f"{key} disabled" for key in sorted(cluster.disabled)), *(["alias new"] if cluster.alias == NEW else [])]
    return "; ".join([*nodes, *rest])


def harm(cluster: Cluster, step: tuple[str, int], after: Situation, faults: int) -> str:
    """What a step of a procedure must never do. A permission that is lost after its proof is a fault, and not the procedure's."""
    name, number = step[0].rpartition(" ")[2], step[1]
    node = cluster.nodes[number]
    gone = node.works and (after.cluster.nodes[number] != node)
    if name in STOPS and gone and cluster.active >= 0 and len(cluster.members(number)) > 2 and not cluster.has_quorum(number, without=number):
        return "a node is stopped, and the others are fewer than the quorum"
    for each, (was, now) in enumerate(zip(cluster.nodes, after.cluster.nodes)):
        if was.file != now.file and now.data and now.data.type == AWSKMS and (
            now.file == SHAMIR or (after.cluster.apart and after.cluster.key_of(now.file) != now.data.key)
        ):
            return f"n{each} is left without the seal that its data need"
        if was.data is not None and now.data is None:
            return f"n{each} lost its data"
        if not faults and now.data and now.data.key == "none" and not (was.data and was.data.key == "none"):
            return f"n{each} was initialised without a usable key"
    if after.stop and name == "main" and after.cluster != cluster:
        return "the cluster was changed before the plan was accepted"
    return ""


class Finishing:
    """Whether a procedure finishes from a cluster when it is run again, and each stop is followed by its remedy."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._ends: dict[Cluster, list[Situation]] = {}
        self._known: dict[Cluster, str] = {}

    def ends(self, cluster: Cluster) -> list[Situation]:
        """All ends of one run without faults."""
        cluster = canonical(cluster)
        if cluster not in self._ends:
            first = Situation(cluster, self._procedure.program())
            seen, waiting, found = {first}, [first], []
            while waiting:
                now = waiting.pop()
                for after in self._procedure.take(now.cluster, now.program[0], now.program[1:]):
                    after = replace(after, cluster=canonical(after.cluster))
                    if after in seen:
                        continue
                    seen.add(after)
                    (waiting if after.program else found).append(after)
            self._ends[cluster] = found
        return self._ends[cluster]

    def problem(self, cluster: Cluster) -> str:
        now, stops = [canonical(cluster)], []
        for _attempt in range(_ATTEMPTS):
            following: list[Cluster] = []
            reasons: set[str] = set()
            for each in now:
                if each in self._known:
                    continue
                for end in [end for end in self.ends(each) if end.stop != "killed"]:
                    if not end.stop:
                        problem = self._after_the_end(end.cluster)
                        if problem:
                            return f"{self._procedure.name}: {problem}"
                    else:
                        reasons.add(end.stop)
                        following += [canonical(after) for after in self._procedure.remedy(end.cluster, end.stop)]
            now = list(dict.fromkeys(following))
            if not now:
                self._known[canonical(cluster)] = ""
                return ""
            stops.append(",".join(sorted(reasons)))
        return f"{self._procedure.name}: never finishes, but stops again and again: {stops[-1]}"

    def _after_the_end(self, cluster: Cluster) -> str:
        if not self._procedure.is_done(cluster):
            return "ends without having done its work"
        again = self.ends(cluster)
        if any(canonical(end.cluster) != canonical(cluster) or end.stop for end in again):
            return "a run after a finished one changes something or stops"
        return ""


def symmetric(state: State) -> State:
    """One of all states that differ in the order of the nodes only, or in the numbering of versions."""
    cluster = canonical(state.cluster)
    places: list[list[tuple[int, str]]] = [[] for _node in cluster.nodes]
    for place, (name, number) in enumerate(state.program):
        places[number].append((place, name))
    order = sorted(range(len(cluster.nodes)), key=lambda number: (_key(cluster.nodes[number]), number != cluster.leader, places[number]))
    if order == list(range(len(order))):
        return replace(state, cluster=cluster)
    new = {old: place for place, old in enumerate(order)}
    nodes = tuple(cluster.nodes[number] for number in order)
    moved = replace(cluster, nodes=nodes, leader=new.get(cluster.leader, -1))
    return replace(state, cluster=moved, program=tuple((name, new[number]) for name, number in state.program))


def _key(node: Node) -> tuple[object, ...]:
    data = node.data
    stored = (data.type, data.key, data.version, data.cluster) if data else ("", "", 0, 0)
    return (node.file, node.running, node.started_key, stored, node.unsealed, node.migrates, node.cached, node.failed, node.voter, node.allowed)
