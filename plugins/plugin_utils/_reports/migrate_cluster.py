# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role migrate knows of a cluster: the stage of each node, the awskms seals in its files, and the raft peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import NodeState, invalid

SHAMIR, AWSKMS = "shamir", "awskms"
STAGES = ("unreachable", "silent", "new", "foreign", "sealed", "standby", "active", "stale", "waiting", "done")
"""``waiting``: runs with the new seal, while the cluster has the old one. ``standby`` and ``active``: run with the old seal.

``stale``: runs with the new seal and will not migrate the cluster to it until it is restarted. A node that was started before the cluster had the old seal
reports its own seal, not the cluster's; one that is active did not migrate when it became so.
"""

IDLE = ("silent", "sealed")

Seals = Sequence[Mapping[str, Any]]
Peers = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Cluster:
    """What is known of the hosts; ``seals`` are the awskms seals in the configuration of each, None if unknown.

    A seal whose ``expected`` is false is another one than that of the migration.
    """

    states: Mapping[str, NodeState]
    to: str
    seals: Mapping[str, Seals | None]
    peers: Peers | None
    shares: int

    @property
    def hosts(self) -> list[str]:
        return list(self.states)

    def at(self, *stages: str) -> list[str]:
        """The hosts at these stages: first all at the first one, each in the order of the hosts."""
        return [host for stage in stages for host in self.hosts if self.stage(host) == stage]

    def stage(self, host: str) -> str:
        """The stage of a node, where the other nodes matter too."""
        state = self.states[host]
        stage = stage_of(state, self.to)
        stored = [each.cluster_type for each in self.states.values() if each.active and each.cluster_type]
        return "stale" if stage == "done" and stored and self.to not in stored else stage

    def stuck(self) -> list[str]:
        """The nodes to restart if no node is active: those that are unsealed for the migration.

        A node that becomes active and fails to migrate, since it cannot use the key, is reported as unsealed but blocks the election until it is restarted.
        """
        return [] if self.leaders() else [host for host, state in self.states.items() if state.unsealed and state.migration]

    def actives(self) -> list[str]:
        return [host for host, state in self.states.items() if state.active]

    def leaders(self) -> list[str]:
        return list(dict.fromkeys(state.leader for state in self.states.values() if state.leader))

    def disagrees(self) -> bool:
        """Whether the nodes name more than one active node: one of them may not know yet that another one became active."""
        return len(self.actives()) > 1 or len(self.leaders()) > 1

    def clusters(self) -> list[str]:
        return list(dict.fromkeys(state.cluster_id for state in self.states.values() if state.cluster_id))

    def threshold(self) -> int:
        """The number of shares that the cluster requires, as far as a node reports it."""
        return max([1, *(state.threshold for state in self.states.values())])

    def configured(self, host: str) -> bool:
        """Whether the files of a host contain the new seal: awskms, or for a migration to shamir the disabled awskms seal."""
        seals = [(bool(seal["enabled"]), seal.get("expected", True)) for seal in self.seals.get(host) or ()]
        return seals == [(True, True)] if self.to == AWSKMS else (False, True) in seals

    def begun(self) -> bool:
        """Whether a migration is under way or done on some node, in either direction: according to the servers, and to their files, which then differ."""
        enabled = {tuple(bool(seal["enabled"]) for seal in self.seals.get(host) or ()) for host in self.hosts}
        by_files = len(enabled) > 1 or any(map(self.configured, self.hosts))
        return by_files or bool(self.at("stale", "waiting", "done")) or any(state.migration for state in self.states.values())

    def outdated(self) -> list[str]:
        """The nodes to configure and restart before the active one: those with the old seal, and those with shamir but without the disabled awskms seal.

        The latter never were migrated to awskms. They could become active, but could not carry out the migration.
        """
        plain = [host for host in self.at("waiting") if not self.seals.get(host)] if self.to == SHAMIR else []
        return [*self.at("silent", "sealed", "standby", "stale"), *plain]

    def reverted(self) -> list[str]:
        """The hosts whose servers run with awskms and whose files do not have it enabled, as after a run to shamir that was killed once it had written them.

        At their next start they would have another seal. For a migration to shamir, these are the hosts of :meth:`left`.
        """
        return [host for host in self.at("waiting", "done") if not self.configured(host)] if self.to == AWSKMS else []

    def can_spare_a_voter(self) -> bool:
        """Whether the voters keep their quorum if one of them is stopped; True if they are unknown, or if there is one node only."""
        if not self.peers or len(self.hosts) < 2:
            return True
        voters = len(self.peers["voters"])
        return voters - 1 >= voters // 2 + 1

    def left(self) -> list[str]:
        """For a migration to shamir: the hosts whose files contain an awskms seal."""
        return [host for host in self.hosts if self.seals.get(host)] if self.to == SHAMIR else []

    def work(self) -> list[str]:
        """The hosts that have to be changed; a host of which nothing is known is one of them."""
        done = self.at("done")
        unknown = [host for host in self.hosts if self.seals.get(host) is None]
        return [host for host in self.hosts if host not in done or host in (*self.left(), *self.reverted(), *unknown)]


def stage_of(state: NodeState, to: str) -> str:
    """The stage of a node in the migration: one of ``STAGES``."""
    if not state.known:
        return "unreachable"
    if not state.answers:
        return "silent"
    if not state.initialized:
        return "new"
    if state.type not in (SHAMIR, AWSKMS):
        return "foreign"
    if state.sealed:
        return "sealed"
    if state.type == to:
        return "done" if not state.migration else "stale" if state.active else "waiting"
    return "active" if state.active else "standby"


def read_seals(seals: Mapping[str, Seals | None], expected: Mapping[str, Any] | None = None) -> dict[str, Seals | None]:
    """The awskms seals of each host, each with ``expected``: whether it names the same key as the given seal.

    :raises SettingError: if a seal does not say whether it is enabled.
    """
    known: dict[str, Seals | None] = {}
    for host, of_host in seals.items():
        for seal in of_host or ():
            if not isinstance(seal, Mapping) or not isinstance(seal.get("enabled"), bool):
                raise invalid(host, "seals", "a seal does not have the boolean `enabled`")
        known[host] = None if of_host is None else [{**seal, "expected": names_same_key(seal, expected or {})} for seal in of_host]
    return known


def names_same_key(configured: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a seal in a server's files names the key and region of another; what one of them does not set is not compared.

    :param configured: with ``settings``, as M(sealwright.vault_seal.awskms_seal_settings_info) returns them. A region that is not of the stanza is not
        compared, since the environment of a service applies to each of its seals.
    """
    settings = configured.get("settings") or {}
    for name in ("kms_key_id", "region"):
        setting, wanted = settings.get(name) or {}, expected.get(name)
        value = setting.get("value") if str(setting.get("source") or "").startswith("stanza") or name == "kms_key_id" else None
        if value and wanted and value != wanted:
            return False
    return True


def read_peers(peers: Peers | None) -> Peers | None:
    """The raft peers; raises :class:`SettingError` if they are not lists of names."""
    if not peers:
        return None
    for kind in ("all", "voters"):
        if not isinstance(peers.get(kind), list) or not all(isinstance(peer, str) for peer in peers[kind]):
            raise invalid("the active node", "raft peers", f"`{kind}` must be a list of names")
    return peers
