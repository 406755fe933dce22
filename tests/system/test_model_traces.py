# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model of a cluster does what real servers do: the same actions on both, and the state of each node compared after each action.

Where more than one thing can come of an action, such as an election, the model follows what the servers did.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.cluster import AWSKMS, DISABLED, NEW, OLD, SHAMIR, Cluster, Node, unique
from model.real import RealCluster
from support.slack import scaled
from support.strict_kms import StrictKms

Step = tuple[Any, ...]
_SECONDS = scaled(60.0)
_STABLE = 1.5  # seconds that a state has to last
_ELECTION = scaled(10.0)  # seconds without a leader after which there is no election under way
_UNSEEN = ("configure", "set_alias", "set_allowed")  # no server looks different after these
_COMPARED = ("answers", "initialized", "sealed", "type", "migration", "active")
# Settings of the model that have no action on a server, and those whose real action has another name.
_NAMES = {"set_alias": "alias", "set_key": "key", "set_allowed": "permission"}


@pytest.fixture
def kms() -> Iterator[StrictKms]:
    with StrictKms() as started:
        yield started


def formed(count: int, seal: str) -> list[Step]:
    """A cluster of new servers, initialised by the first."""
    steps: list[Step] = [("configure", number, seal) for number in range(count)]
    steps += [("start", number) for number in range(count)]
    steps += [("initialise", 0)]
    steps += [("unseal", 0)] if seal == SHAMIR else []
    for number in range(1, count):
        steps += [("join", number, 0), *([("unseal", number)] if seal == SHAMIR else [])]
    return [*steps, ("await_votes",)] if count > 1 else steps


def go(number: int, seal: str) -> list[Step]:
    return [("configure", number, seal), ("restart", number), ("unseal", number)]


TRACES: dict[str, tuple[int, list[Step]]] = {
    "one node, to awskms, with refusals": (1, [
        *formed(1, SHAMIR), ("configure", 0, AWSKMS), ("set_allowed", 0, False), ("restart", 0), ("set_allowed", 0, True), ("start", 0),
        ("unseal", 0, False), ("set_allowed", 0, False), ("unseal", 0), ("set_allowed", 0, True), ("unseal", 0), ("restart", 0), ("unseal", 0), ("restart", 0),
    ]),
    "one node, its key disabled and replaced": (1, [
        *formed(1, AWSKMS), ("set_key", OLD, False), ("restart", 0), ("set_key", OLD, True), ("set_alias", NEW), ("set_key", OLD, False), ("restart", 0),
        ("set_key", OLD, True), ("restart", 0), ("set_key", OLD, False), ("restart", 0), ("configure", 0, SHAMIR), ("restart", 0), ("configure", 0, DISABLED),
        ("set_allowed", 0, False), ("start", 0), ("set_allowed", 0, True), ("start", 0), ("set_key", NEW, False), ("unseal", 0), ("set_key", NEW, True),
        ("unseal", 0), ("restart", 0), ("unseal", 0), ("configure", 0, SHAMIR), ("restart", 0), ("unseal", 0),
    ]),
    "one node, initialised without permission": (1, [
        ("configure", 0, AWSKMS), ("start", 0), ("set_allowed", 0, False), ("initialise", 0), ("set_allowed", 0, True), ("restart", 0), ("initialise", 0),
    ]),
    "three nodes, a hand-over that fails": (3, [
        *formed(3, SHAMIR), *go(1, AWSKMS), *go(2, AWSKMS), ("set_key", OLD, False), ("stop", 0), ("start", 0), ("unseal", 0), ("set_key", OLD, True),
        ("stop", 0), ("start", 0), ("unseal", 0), ("restart", 1), ("unseal", 1), ("restart", 2), ("unseal", 2),
    ]),
    "three nodes, another leader in the middle": (3, [
        *formed(3, SHAMIR), ("elect",), *go(1, AWSKMS), *go(2, AWSKMS), ("elect",), *go(0, AWSKMS),
    ]),
    "three nodes, one with an old copy": (3, [
        *formed(3, SHAMIR), ("stop", 2), *go(1, AWSKMS), ("stop", 0), *go(2, AWSKMS), *go(0, AWSKMS), ("restart", 1), ("restart", 2),
    ]),
    "three nodes, turned back in the middle with one that missed it": (3, [
        *formed(3, AWSKMS), ("stop", 2), *go(1, DISABLED), ("stop", 0), ("start", 0), ("unseal", 0), ("start", 2), ("unseal", 2), ("restart", 2), ("unseal", 2),
        *go(0, DISABLED), *go(2, DISABLED), *go(1, SHAMIR), *go(2, SHAMIR), *go(0, SHAMIR),
    ]),
    "three nodes, all down in the middle": (3, [
        *formed(3, SHAMIR), *go(1, AWSKMS), *go(2, AWSKMS), ("stop", 1), ("stop", 0), ("stop", 2), ("start", 1), ("start", 2), ("start", 0), ("unseal", 1),
        ("unseal", 2), ("unseal", 0), *go(0, AWSKMS),
    ]),
}  # fmt: skip


def observed(real: RealCluster) -> tuple[Any, ...]:
    return tuple(tuple(getattr(state, name) for name in _COMPARED) + (bool(state.leader),) for state in real.states())


def expected(cluster: Cluster) -> tuple[Any, ...]:
    states = [cluster.state(number) for number in range(len(cluster.nodes))]
    return tuple(tuple(state[name] for name in _COMPARED) + (bool(state["leader"]),) for state in states)


def fits(cluster: Cluster, seen: tuple[Any, ...]) -> bool:
    """Whether the servers look as the model has them. A node that failed when it became active may or may not report the next active node."""
    pairs = zip(expected(cluster), seen, cluster.nodes)
    return all(wanted == got or (node.failed and wanted[:-1] == got[:-1]) for wanted, got, node in pairs)


def follow(real: RealCluster, clusters: list[Cluster], after: str, stable: float) -> list[Cluster]:
    """Those clusters of the model that look as the servers do, once the servers have not changed for some seconds.

    On a busy machine raft may elect another node by itself. That counts only where nothing else fits in half of the time.
    """
    start = time.monotonic()
    seen, since = observed(real), start
    while time.monotonic() < start + _SECONDS:
        elected = [other for each in clusters for other in each.elect()] if time.monotonic() > start + _SECONDS / 2 else []
        fit = [each for each in clusters if fits(each, seen)] or [each for each in elected if fits(each, seen)]
        may_elect = not any(state[-1] for state in seen) and any(each.active >= 0 for each in clusters)
        if fit and time.monotonic() - since >= (_ELECTION if may_elect else stable):
            return fit
        time.sleep(0.3)
        now = observed(real)
        if now != seen:
            seen, since = now, time.monotonic()
    raise AssertionError(f"{after}: the servers are {seen}, the model says {[expected(each) for each in clusters]}")


@pytest.mark.parametrize("name", TRACES)
def test_the_model_does_what_the_servers_do(name: str, kms: StrictKms, tmp_path: Path) -> None:
    count, steps = TRACES[name]
    real, clusters = RealCluster(tmp_path, kms, count), [Cluster((Node(),) * count)]
    try:
        forming = max((place for place, (action, *_arguments) in enumerate(steps) if action in ("initialise", "join", "await_votes")), default=0)
        for place, (action, *arguments) in enumerate(steps):
            getattr(real, _NAMES.get(action, action))(*arguments)
            after = unique(each for cluster in clusters for each in getattr(cluster, action)(*arguments))
            clusters = after if action in _UNSEEN else follow(real, after, f"step {place}, {action} {arguments}", _STABLE if place >= forming else 0.0)
    finally:
        real.close()
