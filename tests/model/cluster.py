# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model: servers with raft storage, their seal and AWS KMS, as far as the procedures depend on them.

A :class:`Cluster` is a value. An action returns every cluster that can come of it, because raft may elect any node that is up to date, and a node that is
stopped may or may not receive the last change. tests/system/test_model_traces.py compares the model with real servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

SHAMIR, AWSKMS, DISABLED = "shamir", "awskms", "disabled"
"""The seal in a server's files: none, awskms, or awskms disabled, which is how a server migrates to shamir. Its key is that of the alias."""
AWSKMS_NEW, DISABLED_NEW = "awskms new", "disabled new"
"""The same with the new key, which the files name themselves."""
OLD, NEW = "old", "new"
THRESHOLD = 2


@dataclass(frozen=True)
class Data:
    """A node's copy of the storage: the seal that it names, and the key that encrypts the stored root key (empty: the shares).

    ``version`` orders the copies of one cluster. ``key`` of a node whose initialisation failed half-way is ``none``: nothing opens it.
    """

    type: str
    key: str
    version: int = 1
    cluster: int = 0


@dataclass(frozen=True)
class Node:
    """One server. ``running`` are the files that it was started with; empty if it is down."""

    file: str = SHAMIR
    running: str = ""
    started_key: str = ""  # what the alias pointed to at its start
    data: Data | None = None
    unsealed: bool = False
    migrates: bool = False  # was unsealed for a migration, which it carries out once it leads
    cached: bool = False  # reports the seal that it loaded, whatever the storage says by now
    failed: bool = False  # tried to lead and migrate, and failed: still reported as unsealed, but of no use until it is restarted
    voter: bool = True  # a node that joined has a vote once it is unsealed; the seconds that raft's autopilot waits before are left out
    allowed: bool = True  # may use KMS

    @property
    def up(self) -> bool:
        return bool(self.running)

    @property
    def seal(self) -> str:
        """The type of the seal in effect."""
        return AWSKMS if kind_of(self.running) == AWSKMS else SHAMIR

    @property
    def works(self) -> bool:
        """Takes part in raft, which a sealed server does not."""
        return self.up and self.unsealed and self.data is not None


@dataclass(frozen=True)
class Cluster:
    nodes: tuple[Node, ...]
    leader: int = -1  # of raft
    alias: str = OLD
    disabled: frozenset[str] = frozenset()  # keys
    away: bool = False  # KMS
    recorded: bool = False  # the shares of an initialisation were stored
    apart: bool = False  # the keys are in different accounts or regions: a seal cannot decrypt what the other key encrypted

    # What can be asked

    def usable(self, number: int, key: str) -> bool:
        return not self.away and self.nodes[number].allowed and key in (OLD, NEW) and key not in self.disabled

    def key_of(self, file: str) -> str:
        """The key of a seal in a server's files."""
        return NEW if file in (AWSKMS_NEW, DISABLED_NEW) else self.alias

    def opens(self, number: int, key: str) -> bool:
        """Whether the awskms seal that a server runs with, disabled or not, decrypts what a key encrypted."""
        return self.usable(number, key) and not (self.apart and key != self.key_of(self.nodes[number].running))

    @property
    def active(self) -> int:
        """The active node; -1 if none."""
        return self.leader if self.leader >= 0 and not self.nodes[self.leader].failed else -1

    def members(self, number: int) -> list[int]:
        """The raft peers of a node that can vote, itself included."""
        data = self.nodes[number].data
        return [each for each, node in enumerate(self.nodes) if data and node.data and node.data.cluster == data.cluster and node.voter]

    def has_quorum(self, number: int, without: int = -1) -> bool:
        voters = self.members(number)
        return sum(self.nodes[each].works for each in voters if each != without) > len(voters) // 2

    def pending(self, number: int) -> bool:
        node = self.nodes[number]
        return node.data is not None and node.data.type != node.seal

    def state(self, number: int) -> dict[str, Any]:
        """What ``vault_server_info`` returns of a node."""
        node = self.nodes[number]
        known: dict[str, Any] = {"answers": node.up, "initialized": False, "sealed": True, "type": "", "migration": False, "cluster_type": "", "storage": ""}
        known.update(threshold=0, cluster_id="", active=False, leader="", summary="does not respond")
        if not node.up:
            return known
        known.update(type=node.seal, cluster_type=node.seal, storage="raft", summary="responds")
        if node.data is None:
            return known
        pending = self.pending(number)
        known.update(initialized=True, threshold=THRESHOLD)
        if not node.unsealed:
            return {**known, "migration": pending}
        known.update(sealed=False, cluster_id=f"cluster{node.data.cluster}")
        if self.active >= 0:
            known.update(leader=address(self.active), active=self.active == number)
        if pending and not node.cached:
            known.update(migration=True, cluster_type=node.data.type, threshold=0, cluster_id="", storage="")
        return known

    # Actions of people and of the procedures

    def configure(self, number: int, seal: str) -> list[Cluster]:
        return [self._with(number, file=seal)]

    def start(self, number: int) -> list[Cluster]:
        node = self.nodes[number]
        if node.up:
            return [self]
        if node.file != SHAMIR and (self.away or not node.allowed):  # DescribeKey, also of a disabled seal
            return [self]
        if node.file == SHAMIR and node.data and node.data.type == AWSKMS:  # "no disabled seal in configuration"
            return [self]
        return self._with(number, running=node.file, started_key=self.key_of(node.file) if kind_of(node.file) == AWSKMS else "").settled()

    def crash(self, number: int) -> list[Cluster]:
        return self._down(number).settled() if self.nodes[number].up else [self]

    def stop(self, number: int) -> list[Cluster]:
        """A leader that is stopped hands over before it is gone, if it can."""
        found = self.crash(number)
        if self.active == number and self.has_quorum(number):
            for each in self._candidates(number):
                if each != number:
                    found += [after for handed in self._led_by(each) for after in handed._down(number).settled()]
        return unique(found)

    def restart(self, number: int) -> list[Cluster]:
        return unique(after for stopped in self.stop(number) for after in stopped.start(number))

    def unseal(self, number: int, right: bool = True) -> list[Cluster]:
        node = self.nodes[number]
        if not node.up or node.data is None or node.unsealed or not right:
            return [self]
        pending = self.pending(number)
        if node.seal == AWSKMS and not pending:
            return [self]  # unseals itself, or not at all
        if pending and node.seal == SHAMIR and not self.opens(number, node.data.key):
            return [self]  # the recovery key is encrypted by KMS
        return self._with(number, unsealed=True, migrates=pending, cached=not pending, voter=True).settled()

    def initialise(self, number: int) -> list[Cluster]:
        node = self.nodes[number]
        if not node.up or node.data is not None:
            return [self]
        if node.seal == SHAMIR:
            return [self._with(number, data=Data(SHAMIR, "", 1, number))]
        if not self.usable(number, node.started_key):
            return [self._with(number, data=Data(AWSKMS, "none", 1, number))]
        return self._with(number, data=Data(AWSKMS, node.started_key, 1, number)).settled()

    def join(self, number: int, to: int) -> list[Cluster]:
        node, other = self.nodes[number], self.nodes[to]
        if not node.up or node.data is not None or other.data is None or self.active < 0 or not other.works:
            return [self]
        if node.seal == AWSKMS and not self.usable(number, other.data.key):
            return [self]  # the challenge of the leader is encrypted by its seal
        return self._with(number, data=other.data, voter=False).settled()

    def await_votes(self) -> list[Cluster]:
        return [self._with_votes()]

    # Changes from outside

    def set_alias(self, key: str) -> list[Cluster]:
        return [replace(self, alias=key)]

    def set_key(self, key: str, enabled: bool) -> list[Cluster]:
        return replace(self, disabled=self.disabled - {key} if enabled else self.disabled | {key}).settled()

    def set_away(self, away: bool) -> list[Cluster]:
        return replace(self, away=away).settled()

    def set_allowed(self, number: int, allowed: bool) -> list[Cluster]:
        return self._with(number, allowed=allowed).settled()

    def elect(self) -> list[Cluster]:
        """Raft elects another node although the leader still runs: its heartbeats came too late."""
        if self.leader < 0:
            return [self]
        stepped_down = self._with(self.leader, cached=False)
        return unique(after for each in self._candidates(self.leader) if each != self.leader for after in stepped_down._led_by(each))

    def wipe(self, number: int) -> list[Cluster]:
        """Stop the server and remove the data of its storage."""
        return unique(each._with(number, data=None) for each in self.crash(number))

    # What follows by itself

    def settled(self) -> list[Cluster]:
        """Once servers have unsealed themselves and raft has a leader."""
        now = self
        for number, node in enumerate(now.nodes):
            own = node.seal == AWSKMS and node.data and node.data.type == AWSKMS and not node.unsealed
            if own and node.data and now.opens(number, node.data.key):
                now = now._with(number, unsealed=True, migrates=False, cached=True, voter=True)
        if now.leader >= 0 and now.nodes[now.leader].works and now.has_quorum(now.leader):
            return [now._synchronised()]
        now = replace(now, leader=-1)
        if now.leader != self.leader or self.leader < 0:
            now = replace(now, nodes=tuple(replace(node, cached=node.works and not now.pending(each)) for each, node in enumerate(now.nodes)))
        candidates = now._candidates()
        return unique(after for each in candidates for after in now._led_by(each)) if candidates else [now]

    def _candidates(self, of: int = -1) -> list[int]:
        """The nodes that raft can elect."""
        voters = [each for each, node in enumerate(self.nodes) if node.works and node.voter and self.has_quorum(each)]
        if of >= 0:
            voters = [each for each in voters if each in self.members(of)]
        newest = max((node.data.version for each, node in enumerate(self.nodes) if each in voters and node.data), default=0)
        return [each for each in voters if (data := self.nodes[each].data) and data.version == newest]

    def _led_by(self, number: int) -> list[Cluster]:
        node = self.nodes[number]
        led = replace(self, leader=number)
        data = node.data
        if node.failed or data is None:
            return [led]
        fresh = data.version + 1
        if kind_of(node.running) == DISABLED and data.type == AWSKMS:
            if not led.opens(number, data.key):
                return [led._with(number, failed=True, cached=False)]
            data = Data(SHAMIR, "", fresh, data.cluster)
        elif node.seal == AWSKMS and data.type == SHAMIR and node.migrates:
            key = led.key_of(node.running)
            if not led.usable(number, key):
                return [led._with(number, failed=True, cached=False)]
            data = Data(AWSKMS, key, fresh, data.cluster)
        elif node.seal == AWSKMS and data.type == AWSKMS and data.key != node.started_key and led.usable(number, node.started_key):
            data = Data(AWSKMS, node.started_key, fresh, data.cluster)
        return [led._with(number, data=data, cached=data.type == node.seal)._synchronised()]

    def _synchronised(self) -> Cluster:
        """Every node that works has the leader's data."""
        leader = self.nodes[self.leader]
        if leader.failed or leader.data is None:
            return self
        nodes = list(self.nodes)
        for number, node in enumerate(nodes):
            if node.works and node.data and node.data.cluster == leader.data.cluster:
                nodes[number] = replace(node, data=leader.data, cached=node.cached or node.seal == leader.data.type)
        return replace(self, nodes=tuple(nodes))

    def _with(self, number: int, **changes: Any) -> Cluster:
        nodes = list(self.nodes)
        nodes[number] = replace(nodes[number], **changes)
        return replace(self, nodes=tuple(nodes))

    def _with_votes(self) -> Cluster:
        return replace(self, nodes=tuple(replace(node, voter=True) if node.works else node for node in self.nodes))

    def _down(self, number: int) -> Cluster:
        gone = self._with(number, running="", started_key="", unsealed=False, migrates=False, cached=False, failed=False)
        return replace(gone, leader=-1 if self.leader == number else self.leader)


def kind_of(file: str) -> str:
    """A seal in a server's files without its key."""
    return file.partition(" ")[0]


def address(number: int) -> str:
    return f"https://n{number}:8200"


def unique(clusters: Iterable[Cluster]) -> list[Cluster]:
    return list(dict.fromkeys(clusters))


def each_of(clusters: Iterable[Cluster], *actions: Callable[[Cluster], Iterable[Cluster]]) -> Iterator[Cluster]:
    """All that can come of actions one after the other."""
    now = list(clusters)
    for action in actions:
        now = unique(after for each in now for after in action(each))
    yield from now


def formed(count: int, seal: str, voters: int = 0) -> Cluster:
    """A cluster that works, with node 0 active."""
    key = {AWSKMS: OLD, AWSKMS_NEW: NEW}.get(seal, "")
    node = Node(file=seal, running=seal, started_key=key, data=Data(kind_of(seal), key), unsealed=True, cached=True)
    return Cluster(tuple(replace(node, voter=number < (voters or count)) for number in range(count)), leader=0)


def canonical(cluster: Cluster) -> Cluster:
    """One of all clusters that differ in the numbering of versions only."""
    found = sorted({node.data.version for node in cluster.nodes if node.data})
    if found == list(range(1, len(found) + 1)):
        return cluster
    rank = {version: place for place, version in enumerate(found, 1)}
    nodes = tuple(replace(node, data=replace(node.data, version=rank[node.data.version])) if node.data else node for node in cluster.nodes)
    return replace(cluster, nodes=nodes)
