# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A procedure over the model: a program of steps that a run still has to take.

A program is a tuple of steps, so that it can be part of a state: a run that was killed is the same cluster without its program. Taking the first step gives
every situation that can follow. A step may put further steps before the rest, end the run with a reason, or change the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .cluster import Cluster, unique

Fault = tuple[str, Callable[[Cluster], list[Cluster]]]
Step = tuple[str, int]
Program = tuple[Step, ...]


@dataclass(frozen=True)
class Situation:
    """``stop`` is the reason that the run stopped for; ``program`` is empty once it ended."""

    cluster: Cluster
    program: Program = ()
    stop: str = ""


class Procedure(Protocol):
    """One of the collection's procedures, with the variables of a run."""

    @property
    def name(self) -> str:
        """The role's name."""

    @property
    def right(self) -> bool:
        """Whether the variables of the run are right: only then it has to finish."""

    def program(self) -> Program:
        """The steps of a run that begins."""

    def take(self, cluster: Cluster, step: Step, rest: Program) -> list[Situation]:
        """What can follow from the first step of a program."""

    def is_done(self, cluster: Cluster) -> bool:
        """Whether the procedure has done all that it is for."""

    def remedy(self, cluster: Cluster, reason: str) -> list[Cluster]:
        """What an operator does who follows the message of a run that stopped."""

    def faults(self, cluster: Cluster) -> Iterator[Fault]:
        """What a colleague may do by hand, beside the faults of every procedure."""


def hosts(cluster: Cluster) -> list[str]:
    return [f"n{number}" for number in range(len(cluster.nodes))]


def number_of(host: str) -> int:
    return int(host[1:])


def states_of(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return {host: cluster.state(number_of(host)) for host in hosts(cluster)}


def stopped(cluster: Cluster, reason: str) -> list[Situation]:
    return [Situation(cluster, (), reason)]


def going_on(clusters: Iterable[Cluster], program: Program) -> list[Situation]:
    return [Situation(each, program) for each in clusters]


def healed(cluster: Cluster, started: range | tuple[int, ...]) -> list[Cluster]:
    """KMS and its permissions work; the nodes that a message says to start were started and unsealed. Nobody restarts a node that no message names."""
    now = cluster.set_away(False)
    for key in sorted(cluster.disabled):
        now = unique(after for each in now for after in each.set_key(key, True))
    for number in range(len(cluster.nodes)):
        now = unique(after for each in now for after in each.set_allowed(number, True))
    for number in started:
        now = unique(last for each in now for after in each.start(number) for last in after.unseal(number))
    return now
