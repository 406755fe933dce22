# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which snapshots the retention keeps."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.retention import Rules, Stored, retention
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=timezone.utc)


def at(hours: float, proven: bool = True, pending: bool = False) -> Stored:
    """A snapshot that is so many hours old."""
    return Stored(f"{hours:g}", NOW - timedelta(hours=hours), proven, pending)


def kept(stored: list[Stored], **rules: int) -> dict[str, list[str]]:
    return {each.file_name: each.rules for each in retention(stored, Rules(**{"minimum": 1, **rules}), NOW) if each.keep}


def test_without_a_rule_all_proven_ones_are_kept() -> None:
    assert kept([at(1), at(9000), at(2, proven=False)], unproven=0) == {"1": ["no_rule"], "9000": ["no_rule"]}


@pytest.mark.parametrize(("rules", "expected"), [
    ({"last": 2}, ["0", "0.5"]),
    ({"hourly": 2}, ["0", "0.5"]),  # 12:00 and 11:30 are in different hours
    ({"daily": 2}, ["0", "13"]),
    ({"weekly": 2}, ["0", "170"]),
    ({"monthly": 2}, ["0", "800"]),
    ({"days": 1}, ["0", "0.5", "0.75", "13"]),
    ({"last": 1, "monthly": 9}, ["0", "800"]),
])  # fmt: skip
def test_each_rule(rules: dict[str, int], expected: list[str]) -> None:
    assert list(kept([at(hours) for hours in (800, 0.5, 0, 170, 13, 0.75)], **rules)) == expected


def test_the_newest_of_a_period_counts() -> None:
    assert kept([at(1), at(2), at(3)], daily=1) == {"1": ["daily"]}


def test_the_minimum_is_filled_up_by_the_newest() -> None:
    found = kept([at(1), at(2), at(3), at(4)], last=1, minimum=3)
    assert found == {"1": ["last"], "2": ["minimum"], "3": ["minimum"]}


def test_an_unproven_one_takes_no_place_of_a_proven_one() -> None:
    found = kept([at(1, proven=False), at(2, proven=False), at(3), at(4)], last=1, unproven=1)
    assert found == {"1": ["unproven"], "3": ["last"]}


def test_one_that_was_not_sent_is_kept() -> None:
    assert kept([at(1), at(500, pending=True)], last=1) == {"1": ["last"], "500": ["not_sent"]}


def test_one_from_the_future_is_kept_and_counts_for_nothing() -> None:
    assert kept([at(-5), at(1), at(2)], last=1) == {"-5": ["future"], "1": ["last"]}


def after_a_jump(days: int, taken: int) -> list[Stored]:
    """Four hourly ones, and those that were taken after the clock jumped ahead."""
    return [*(at(days * 24 + hours) for hours in (10, 11, 12, 13)), *(at(hours) for hours in range(taken))]


@pytest.mark.parametrize(("taken", "left"), [(1, 4), (2, 4), (3, 4), (4, 0)])
def test_a_clock_that_jumps_ahead_makes_no_snapshot_old_at_once(taken: int, left: int) -> None:
    found = kept(after_a_jump(400, taken), days=7, minimum=3)
    assert len(found) == taken + left
    # Each run of the way there removes nothing that the next one would keep.
    assert set(found) >= {f"{hours}" for hours in range(taken)}


def test_after_a_clock_that_jumped_back_the_minimum_does_not_count_the_future() -> None:
    future = [at(-9000 - number) for number in range(5)]
    found = kept([*future, at(0), at(1), at(2), at(900), at(901)], last=1, minimum=3)
    assert set(found) == {*(each.file_name for each in future), "0", "1", "2"}


@pytest.mark.parametrize(("rules", "option"), [({"minimum": 0}, "keep_minimum"), ({"last": -1}, "keep_last"), ({"days": 100_001}, "keep_days")])
def test_numbers_out_of_range_are_rejected(rules: dict[str, int], option: str) -> None:
    with pytest.raises(SettingError, match=option):
        Rules(**rules).check()


stored_ones = st.lists(
    st.builds(at, st.integers(-100, 50_000), st.booleans(), st.booleans()), max_size=40, unique_by=lambda each: each.file_name
)
numbers = st.fixed_dictionaries({
    **{name: st.integers(0, 5) for name in ("last", "hourly", "daily", "weekly", "monthly", "days", "unproven")}, "minimum": st.integers(1, 6),
})  # fmt: skip


@given(stored_ones, numbers)
def test_what_holds_for_all(stored: list[Stored], rules: dict[str, Any]) -> None:
    decisions = retention(stored, Rules(**rules), NOW)
    by_name = {each.file_name: each for each in stored}
    keep = [by_name[each.file_name] for each in decisions if each.keep]
    proven = [each for each in stored if each.proven and each.time <= NOW]
    assert sorted(by_name) == sorted(each.file_name for each in decisions)
    assert len([each for each in keep if each in proven]) >= min(rules["minimum"], len(proven))
    assert not proven or max(proven, key=lambda each: each.time) in keep
    assert all(each in keep for each in stored if each.time > NOW or (each.proven and each.pending))
    # A second run on what was kept removes nothing more.
    assert all(each.keep for each in retention(keep, Rules(**rules), NOW))
    # Of two proven ones, a stricter set of rules never keeps what a looser one removes.
    looser = {name: value + 1 for name, value in rules.items()}
    if Rules(**rules).are_set:
        assert {each.file_name for each in keep} <= {each.file_name for each in retention(stored, Rules(**looser), NOW) if each.keep}
