# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chooses the combinations: each value alone beside the plain ones, and all pairs of the dimensions that meet, as few as a greedy choice makes them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Choice = tuple[str, ...]  # a value's name of each dimension, in their order
_LOOK = 200  # pairs that are tried to come into one choice


def combinations(
    dimensions: Mapping[str, Sequence[str]], pairs: Sequence[tuple[str, str]], always: Sequence[tuple[str, str, str]], limit: int
) -> list[Choice]:
    """Each value alone, those pairs that are ``always`` tried, and up to ``limit`` in all of the others, dimensions in turn.

    ``always`` are dimension, value and another dimension.
    """
    plain = {name: values[0] for name, values in dimensions.items()}
    names = list(dimensions)
    chosen = dict.fromkeys(
        tuple({**plain, name: value}[each] for each in names) for name, values in dimensions.items() for value in values
    )
    chosen.update(dict.fromkeys(
        tuple({**plain, name: value, other: each}[place] for place in names) for name, value, other in always for each in dimensions[other]
    ))
    waiting: dict[Any, None] = dict.fromkeys(_mixed([
        [((one, value), (two, other)) for value, other in itertools.product(dimensions[one][1:], dimensions[two][1:])] for one, two in pairs
    ]))
    partners = {frozenset(pair) for pair in pairs}
    while waiting and len(chosen) < limit:
        choice = dict(plain)
        taken: list[str] = []
        for pair in list(itertools.islice(waiting, _LOOK)):
            new = [name for name, _value in pair if name not in taken]
            fits = all(name in new or choice[name] == value for name, value in pair)
            # Another dimension comes in only where it meets all that have come in: what it does is then told of its pairs.
            if fits and new and all(frozenset((name, each)) in partners for name in new for each in (*taken, *new) if each != name):
                choice.update(pair)
                taken.extend(new)
        chosen[tuple(choice[each] for each in names)] = None
        for pair in itertools.combinations(choice.items(), 2):
            waiting.pop(pair, None)
            waiting.pop((pair[1], pair[0]), None)
    return list(chosen)


def sample(choices: Sequence[Choice], count: int) -> list[Choice]:
    """``count`` of them, spread by a hash that is the same in each run."""
    return sorted(choices, key=lambda choice: hashlib.sha256("/".join(choice).encode()).digest())[:count]


def _mixed(groups: Sequence[Sequence[object]]) -> Iterator[object]:
    """The members of all groups in turn, each group in an order of its own hash."""
    shuffled = [sorted(group, key=lambda member: hashlib.sha256(repr(member).encode()).digest()) for group in groups]
    for row in itertools.zip_longest(*shuffled):
        yield from (member for member in row if member is not None)
