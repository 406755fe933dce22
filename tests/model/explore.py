# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state that runs of some procedures and a number of faults can reach, breadth first, and the properties that hold in each."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .cluster import AWSKMS, NEW, OLD, SHAMIR, Cluster, Node, canonical
from .procedure import Fault, Procedure, Program, Situation

# The steps with which a procedure stops a server, if it runs.
STOPS = ("take_node", "hand_over", "without_standby", "without_active", "restart_node", "take_active", "restart_one", "revived")
# The steps that prove the permissions and accept the plan, and those that must not follow without. A step `configure` of cluster_bootstrap has its own proof.
PROOFS = ("main", "accept", "verify")
CHANGES = ("take_node", "hand_over", "initialise", "restart_one", "move_alias")
_ATTEMPTS = 6  # runs after which a procedure has to be finished, where each stop is followed by its remedy


@dataclass(frozen=True, order=True)
class Run:
    """A run that is under way: the number of its procedure, and the steps that it still has to take."""

    procedure: int
    program: Program


@dataclass(frozen=True)
class State:
    """A cluster, and the runs that are under way on it: at most one, or two if a colleague starts one at the same time."""

    cluster: Cluster
    runs: tuple[Run, ...] = ()
    faults: int = 0


@dataclass
class Result:
    states: int = 0
    transitions: int = 0
    clusters: int = 0
    complete: bool = True
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
    if cluster.leader >= 0:
        yield "raft elects another node", lambda c: c.elect()
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


@dataclass(frozen=True)
class Search:
    """What can follow from a state.

    :param budget: how many faults a path may have; a killed run, and a run that begins anew or turns round, are none and not limited.
    :param together: how many runs may be under way at the same time, their steps in any order.
    """

    procedures: Sequence[Procedure]
    budget: int
    together: int = 1

    def following(self, state: State) -> Iterator[tuple[str, State, str]]:
        """What happens, the state after it, and the harm that it did."""
        cluster = state.cluster
        if len(state.runs) < self.together:
            for number, procedure in enumerate(self.procedures):
                yield f"run: {procedure.name}", replace(state, runs=(*state.runs, Run(number, procedure.program()))), ""
        for place, run in enumerate(state.runs):
            others = state.runs[:place] + state.runs[place + 1 :]
            step, rest = run.program[0], run.program[1:]
            for after in self.procedures[run.procedure].take(cluster, step, rest):
                problem = harm(cluster, step, after, state.faults)
                runs = (*others, Run(run.procedure, after.program)) if after.program else others
                text = f"{step[0]} n{step[1]}{' -> stops: ' + after.stop if after.stop else ''}"
                yield text, State(after.cluster, runs, state.faults), f"{self.procedures[run.procedure].name}: {problem}" if problem else ""
            yield "the run is killed", replace(state, runs=others), ""
        if state.faults < self.budget:
            for name, action in [*faults(cluster), *(fault for procedure in self.procedures for fault in procedure.faults(cluster))]:
                for changed in action(cluster):
                    yield name, replace(state, cluster=changed, faults=state.faults + 1), ""


def explore(initial: Sequence[Cluster], search: Search, limit: int = 0) -> Result:
    """Every state, breadth first, until there are ``limit`` (0: no limit)."""
    result = Result()
    before: dict[State, tuple[State, str] | None] = {}
    waiting: deque[State] = deque()
    checked: set[Cluster] = set()
    finishing = [Finishing(procedure) for procedure in search.procedures if procedure.right]

    def reach(state: State, source: tuple[State, str] | None) -> None:
        state = symmetric(state)
        if state not in before:
            before[state] = source
            waiting.append(state)

    for cluster in initial:
        reach(State(cluster), None)
    while waiting and not (limit and len(before) >= limit):
        state = waiting.popleft()
        if not state.runs and state.cluster not in checked:
            checked.add(state.cluster)
            for problem in filter(None, (each.problem(state.cluster) for each in finishing)):
                result.add(problem, trace(before, state))
        for text, after, problem in search.following(state):
            result.transitions += 1
            if problem:
                result.add(problem, [*trace(before, state), text])
            reach(after, (state, text))
    result.states, result.clusters, result.complete = len(before), len(checked), not waiting
    return result


def walk(initial: Sequence[Cluster], search: Search, walks: int, length: int, seed: int = 1) -> Result:
    """Random paths of so many steps, for spaces that are too large for :func:`explore`: these reach its depths, that one what is near."""
    result = Result(complete=False)
    seen: set[State] = set()
    checked: set[Cluster] = set()
    choice = random.Random(seed)
    finishing = [Finishing(procedure) for procedure in search.procedures if procedure.right]
    for _walk in range(walks):
        state = symmetric(State(choice.choice(initial)))
        path = [f"at first: {shown(state.cluster)}"]
        for _step in range(length):
            seen.add(state)
            if not state.runs and state.cluster not in checked:
                checked.add(state.cluster)
                for problem in filter(None, (each.problem(state.cluster) for each in finishing)):
                    result.add(problem, path.copy())
            options = list(search.following(state))
            for text, _after, problem in options:
                if problem:
                    result.add(problem, [*path, text])
            text, after, _problem = choice.choices(options, [_weight(state, each, text) for text, each, _problem in options])[0]
            result.transitions += 1
            state = symmetric(after)
            path.append(f"{text}: {shown(state.cluster)}")
    result.states, result.clusters = len(seen), len(checked)
    return result


def _weight(state: State, after: State, text: str) -> float:
    """How likely a random path goes on so: most runs should get far, although there are more faults than steps."""
    if after.faults > state.faults:
        return 0.005
    return 0.1 if state.runs and text.startswith(("run: ", "the run is killed")) else 1.0


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
    if name in PROOFS and any(each in CHANGES for each, _number in after.program) and not _proved(cluster):
        return "a host will be restarted or initialised whose proof failed"
    if after.stop and name == "main" and after.cluster != cluster:
        return "the cluster was changed before the plan was accepted"
    return ""


def _proved(cluster: Cluster) -> bool:
    return all(cluster.usable(number, cluster.alias) for number in range(len(cluster.nodes)))


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
    """One of all states that differ in the order of the nodes or of the runs only, or in the numbering of versions."""
    cluster = canonical(state.cluster)
    runs = tuple(sorted(state.runs))
    places: list[list[tuple[int, int, str]]] = [[] for _node in cluster.nodes]
    for turn, run in enumerate(runs):
        for place, (name, number) in enumerate(run.program):
            places[number].append((turn, place, name))
    order = sorted(range(len(cluster.nodes)), key=lambda number: (_key(cluster.nodes[number]), number != cluster.leader, places[number]))
    if order == list(range(len(order))):
        return replace(state, cluster=cluster, runs=runs)
    new = {old: place for place, old in enumerate(order)}
    nodes = tuple(cluster.nodes[number] for number in order)
    moved = replace(cluster, nodes=nodes, leader=new.get(cluster.leader, -1))
    return replace(state, cluster=moved, runs=tuple(sorted(Run(run.procedure, tuple((name, new[number]) for name, number in run.program)) for run in runs)))


def _key(node: Node) -> tuple[object, ...]:
    data = node.data
    stored = (data.type, data.key, data.version, data.cluster) if data else ("", "", 0, 0)
    return (node.file, node.running, node.started_key, stored, node.unsealed, node.migrates, node.cached, node.failed, node.voter, node.allowed)
