# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which strategies wait for all hosts after each task."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.action.check_play import waits_for_all


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", "ansible.builtin.debug"])
def test_those_that_do(strategy: str) -> None:
    assert waits_for_all(strategy)


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.free", "host_pinned", "ansible.builtin.host_pinned", "there_is_none"])
def test_those_that_do_not(strategy: str) -> None:
    assert not waits_for_all(strategy)
