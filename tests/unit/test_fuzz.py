# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drivers of the fuzzing: their seeds and all findings are run again, and the engine finds what is planted."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.tests.fuzz import contract
from ansible_collections.sealwright.vault_seal.tests.fuzz.catalogue import drivers
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import BrokenContract, Driver, TooSlow
from ansible_collections.sealwright.vault_seal.tests.fuzz.keeper import Keeper, kept
from ansible_collections.sealwright.vault_seal.tests.fuzz.mutate import Mutator

DRIVERS = drivers()


@pytest.mark.parametrize("name", DRIVERS)
def test_seeds_keep_the_contract(name):
    driver = DRIVERS[name]
    seeds = list(driver.seeds())
    assert seeds
    for data in [*seeds, b"", b"\0", b"\xff" * 100]:
        driver.one(data)


@pytest.mark.parametrize(("name", "path"), list(kept()), ids=lambda value: getattr(value, "name", value))
def test_findings_keep_the_contract(name, path):
    DRIVERS[name].one(path.read_bytes())


def test_what_is_planted_is_found_and_shortened(tmp_path):
    def read(data):
        if b"-1" in data:
            raise KeyError("planted")

    keeper = Keeper(Driver("planted", read, lambda: [b"size=5\n" * 20]), tmp_path)
    mutator = Mutator(1, (), 4096)
    for _each in range(5000):
        keeper.one(mutator.mutated([b"size=5\n" * 20]))
    assert len(keeper.findings) == 1
    result = next(iter(keeper.findings.values()))
    assert Path(result["file"]).read_bytes() == b"-1"


def test_the_time_is_limited(monkeypatch):
    monkeypatch.setattr(contract, "SECONDS", 0.2)

    def read(_data):
        while True:
            with contextlib.suppress(Exception):
                sum(range(1000))

    with pytest.raises(TooSlow):
        Driver("endless", read, lambda: []).one(b"")


def test_secrets_in_errors_break_the_contract():
    def read(data):
        raise ValueError(data.decode())

    with pytest.raises(BrokenContract):
        Driver("talkative", read, lambda: [], allowed=(ValueError,), secret=True).one(b"x Hunter2Secret")
