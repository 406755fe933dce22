# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which snapshots of a folder are kept, and which are removed: a pure decision, without files.

A snapshot is kept if at least one rule keeps it. Of each hour, day, ISO week or month in UTC, the newest proven snapshot counts, and only periods with
a snapshot are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from ..errors import SettingError

_MOST = 100_000


@dataclass(frozen=True)
class Stored:
    """One snapshot of this collection in a folder; ``pending``: it was not sent to every target yet."""

    file_name: str
    time: datetime
    proven: bool = True
    pending: bool = False


@dataclass(frozen=True)
class Rules:
    """How many snapshots are kept, by rule; 0: the rule is not set. ``days``: all that were at most so old when the newest ``minimum`` were taken.

    ``minimum``: proven snapshots that are kept in any case. ``unproven``: snapshots kept aside that are kept.
    """

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    days: int = 0
    minimum: int = 3
    unproven: int = 3

    def check(self) -> None:
        """Raise :class:`SettingError` (``invalid_option``) for a number that is out of range."""
        for each in fields(self):
            least = 1 if each.name == "minimum" else 0
            value = getattr(self, each.name)
            if not least <= value <= _MOST:
                raise SettingError(
                    f"Option keep_{each.name} is {value}, which is out of range.", reason="invalid_option", remedy=f"Use a number from {least} to {_MOST}."
                )

    @property
    def are_set(self) -> bool:
        return any((self.last, self.hourly, self.daily, self.weekly, self.monthly, self.days))


@dataclass
class Decision:
    """Whether one snapshot is kept; ``rules`` are the names of the rules that keep it."""

    file_name: str
    time: datetime = field(repr=False)
    rules: list[str] = field(default_factory=list)

    @property
    def keep(self) -> bool:
        return bool(self.rules)

    def as_result(self) -> dict[str, Any]:
        return {"name": self.file_name, "keep": self.keep, "rules": self.rules}


_PERIODS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "hourly": lambda time: (time.year, time.month, time.day, time.hour),
    "daily": lambda time: (time.year, time.month, time.day),
    "weekly": lambda time: tuple(time.isocalendar()[:2]),
    "monthly": lambda time: (time.year, time.month),
}


def retention(stored: Sequence[Stored], rules: Rules, now: datetime) -> list[Decision]:
    """The decision about each snapshot, newest first.

    A snapshot from the future, as a wrong clock makes it, and one that was not sent yet are kept, and count for no other rule. Without any rule, all
    proven snapshots are kept.
    """
    decisions: dict[str, Decision] = {}
    newest_first = sorted(stored, key=lambda each: (each.time, each.file_name), reverse=True)
    for each in newest_first:
        decisions[each.file_name] = Decision(each.file_name, each.time)
    proven = []
    for each in newest_first:
        if each.time > now:
            decisions[each.file_name].rules.append("future")
        elif each.proven:
            proven.append(each)
            if each.pending:
                decisions[each.file_name].rules.append("not_sent")
    for each in [each for each in newest_first if not each.proven and each.time <= now][: rules.unproven]:
        decisions[each.file_name].rules.append("unproven")
    _apply(proven, rules, now, decisions)
    return list(decisions.values())


def _apply(proven: Sequence[Stored], rules: Rules, now: datetime, decisions: dict[str, Decision]) -> None:
    def keep(each: Stored, rule: str) -> None:
        decisions[each.file_name].rules.append(rule)

    if not rules.are_set:
        for each in proven:
            keep(each, "no_rule")
        return
    for each in proven[: rules.last]:
        keep(each, "last")
    for rule, period in _PERIODS.items():
        seen: set[tuple[int, ...]] = set()
        for each in proven:
            if len(seen) < getattr(rules, rule) and period(each.time) not in seen:
                seen.add(period(each.time))
                keep(each, rule)
    # The age counts from the newest one before the last `minimum`: neither a clock that jumps ahead nor a long outage makes all snapshots old at once.
    reference = min([now, *(each.time for each in proven[: rules.minimum + 1])])
    for each in proven:
        if rules.days and reference - each.time <= timedelta(days=rules.days):
            keep(each, "days")
    # The minimum counts what other rules keep too: the newest fill up what is missing.
    missing = max(1, rules.minimum) - sum(decisions[each.file_name].keep for each in proven)
    for each in proven:
        if missing > 0 and not decisions[each.file_name].keep:
            keep(each, "minimum")
            missing -= 1
