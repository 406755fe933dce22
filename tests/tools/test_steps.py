# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of checks: its order, which decides how long all of it takes, and what a step is told."""

from __future__ import annotations

import pytest

import pythons
from check import select
from runner import ALL_SLOTS
from steps import Catalogue


@pytest.fixture(scope="module")
def steps():
    return Catalogue(pythons.find()).steps


def test_what_needs_the_whole_machine_comes_first(steps):
    """Behind others, it would wait for the longest of them with idle cores."""
    chosen = select(["all"], [step.name for step in steps])
    slots = [step.slots == ALL_SLOTS for step in steps if step.name in chosen]
    assert slots == sorted(slots, reverse=True)


@pytest.mark.skipif(not {(3, 10), (3, 11)} & set(pythons.find()), reason="ansible-core 2.16 needs Python 3.10 or 3.11")
def test_sanity_of_the_oldest_core_uses_its_own_python(steps):
    (step,) = (step for step in steps if step.name == "sanity-2.16")
    command = step.commands[-1]
    assert command[command.index("--python") + 1] in ("3.10", "3.11")


def test_no_two_steps_have_the_same_name(steps):
    names = [step.name for step in steps]
    assert len(names) == len(set(names))
