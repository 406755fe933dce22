# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role change_key knows of a cluster: which of the two keys its files and its stored keys name, and in which half of the change it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import NodeState
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate_cluster import (
    AWSKMS,
    IDLE,
    SHAMIR,
    Cluster,
    Peers,
    Seals,
    names_same_key,
)  # fmt: skip

FIRST, SECOND = "first", "second"
"""The halves: from the key that is left to shamir, and from shamir to the other key."""

CHECKSUMS = "SHA256SUMS.sealed"


@dataclass(frozen=True)
class Change:
    """What is known of the hosts. ``source`` and ``target`` are the seals to leave and to reach, with ``kms_key_id`` and ``region``.

    :param seals: the awskms seals in the files of each host, with ``enabled`` and ``settings``; None if they are unknown.
    :param stored: the ARNs of the keys under which the stored keys of the servers are encrypted, from a snapshot; None if there is none.
    :param arns: the ARNs of the keys of ``source`` and ``target``; empty if unknown.
    """

    states: Mapping[str, NodeState]
    seals: Mapping[str, Seals | None]
    source: Mapping[str, Any]
    target: Mapping[str, Any]
    peers: Peers | None = None
    shares: int = 0
    stored: Sequence[str] | None = None
    arns: tuple[str, str] = ("", "")

    def cluster(self, half: str) -> Cluster:
        """What the role migrate decides on in a half: the same hosts, with the seal of that half."""
        to, seal = (SHAMIR, self.source) if half == FIRST else (AWSKMS, self.target)
        marked = {
            host: None if seals is None else [{**each, "expected": names_same_key(each, seal)} for each in seals] for host, seals in self.seals.items()
        }
        return Cluster(self.states, to, marked, self.peers, self.shares)

    def leader_types(self) -> list[str]:
        """The types of seal that the active nodes report for their cluster."""
        return list(dict.fromkeys(state.cluster_type or state.type for state in self.states.values() if state.active))

    @property
    def is_led(self) -> bool:
        return any(state.leader for state in self.states.values())

    def is_between(self) -> bool:
        """Whether the data of the cluster have shamir: the first half is done, or almost."""
        if self.is_led:
            return self.leader_types() == [SHAMIR]
        named = [host for host, seals in self.seals.items() if seals or seals is None]
        return not named and not any(state.type == AWSKMS for state in self.states.values())

    def stored_key(self) -> str:
        """``source`` or ``target``, another ARN, or empty if unknown."""
        if not self.stored:
            return ""
        names = dict(zip(self.arns, ("source", "target")))
        labels = list(dict.fromkeys(names.get(arn, arn) for arn in self.stored))
        return labels[0] if len(labels) == 1 else " and ".join(self.stored)

    def leftovers(self) -> list[str]:
        """The hosts that the first half has not reached although the data of the cluster have shamir.

        Their files name another seal than that to reach, or they run with an awskms seal that their files do not have enabled. A server that becomes active
        with a seal other than its files would encrypt the stored keys under the wrong key.
        """
        with_target = self.cluster(SECOND)
        left: list[str] = []
        for host, seals in self.seals.items():
            others = [each for each in (with_target.seals.get(host) or ()) if not each["expected"]]
            if others or (self.states[host].type == AWSKMS and not seals):
                left.append(host)
        return left

    def half(self) -> str:
        """The half that comes next; empty if it is unknown. The second one, if nothing is left to do."""
        if not self.is_led:
            return ""
        if self.is_between():
            return FIRST if self.leftovers() else SECOND
        return {"source": FIRST, "target": SECOND}.get(self.stored_key(), "")

    def begun(self) -> bool:
        """Whether a half is under way on some node, or the cluster is between the halves."""
        names_target = any(each["expected"] for seals in self.cluster(SECOND).seals.values() for each in seals or ())
        return self.is_between() or self.cluster(FIRST).begun() or (names_target and self.cluster(SECOND).begun())

    def revive(self) -> bool:
        """Whether to start and unseal all nodes with their current files first.

        That is if no node is active in the middle of the change, or if a node is down between the halves: its copy of the data may be older than the first
        half, which it can only catch up with before its files get another seal.
        """
        cluster = self.cluster(FIRST)
        if cluster.at("unreachable", "new", "foreign"):
            return False
        down_between = self.is_led and self.is_between() and bool(cluster.at(*IDLE)) and self._plain()
        return down_between or (not self.is_led and self.begun())

    def _plain(self) -> bool:
        """Whether no file has an awskms seal."""
        return not any(seals or seals is None for seals in self.seals.values())

    def is_finished(self) -> bool:
        return self.half() == SECOND and not self.is_between() and not self.cluster(SECOND).work()


def stored_keys(snapshot: Mapping[str, Any] | None) -> list[str] | None:
    """The ARNs under which the stored keys in a snapshot are encrypted; None if it is unknown. The checksums of a snapshot do not count."""
    info = (snapshot or {}).get("info") or {}
    if "kms_keys" not in info:
        return None
    return [str(key["arn"]) for key in info["kms_keys"] if list(key.get("paths") or ()) != [CHECKSUMS]]
