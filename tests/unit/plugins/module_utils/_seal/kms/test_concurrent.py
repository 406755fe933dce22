# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.concurrent import at_once
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.session import MAX_CONNECTIONS


def threads_of(count, calls=None):
    """The threads that worked on so many items."""
    seen = set()

    def work(item):
        seen.add(threading.get_ident())
        return item * 10

    assert at_once(work, list(range(count)), calls) == [number * 10 for number in range(count)]
    return seen


@pytest.mark.parametrize(("count", "calls"), [(0, None), (1, None), (5, 1), (5, 0)])
def test_a_single_call_needs_no_thread(count, calls):
    assert threads_of(count, calls) <= {threading.get_ident()}


@pytest.mark.parametrize(("count", "calls"), [(2, None), (2, 2), (100, None), (100, 2)])
def test_several_calls_are_made_in_threads_and_the_results_are_in_order(count, calls):
    assert threading.get_ident() not in threads_of(count, calls)


@pytest.mark.parametrize(("items", "calls", "expected"), [(2, None, 2), (3, 2, 2), (MAX_CONNECTIONS + 5, None, MAX_CONNECTIONS)])
def test_as_many_work_at_once_as_there_are_calls_and_connections(items, calls, expected):
    """All of them meet at a barrier, which opens for exactly as many."""
    barrier = threading.Barrier(expected)
    most = {"now": 0, "most": 0}
    lock = threading.Lock()

    def work(item):
        with lock:
            most["now"] += 1
            most["most"] = max(most["most"], most["now"])
        if item < expected:
            barrier.wait(10)
        with lock:
            most["now"] -= 1

    at_once(work, list(range(items)), calls)
    assert most["most"] == expected


@pytest.mark.parametrize("calls", [None, 1])
@pytest.mark.parametrize("failing", [0, 1, 3])
def test_the_first_error_in_the_order_given_says_which_item_it_is_about(failing, calls):
    def work(item):
        if item >= failing:
            raise KmsError(f"No {item}.", reason="throttled", details={"operation": "Encrypt"})
        return item

    with pytest.raises(KmsError) as raised:
        at_once(work, list(range(5)), calls)
    assert (raised.value.message, raised.value.details) == (f"No {failing}.", {"operation": "Encrypt", "index": failing})


@pytest.mark.parametrize("calls", [None, 1])
def test_any_other_error_passes_as_it_is(calls):
    error = ValueError("Something else")

    def work(item):
        raise error

    with pytest.raises(ValueError, match="Something else") as raised:
        at_once(work, [1, 2, 3], calls)
    assert raised.value is error


def test_what_has_not_begun_when_one_fails_never_does():
    begun = []

    def work(item):
        begun.append(item)
        if item:
            time.sleep(0.05)
        raise KmsError("No.", reason="throttled")

    with pytest.raises(KmsError):
        at_once(work, list(range(60)), 2)
    assert len(begun) < 60
    begun.clear()
    with pytest.raises(KmsError):
        at_once(work, list(range(60)), 1)
    assert begun == [0]
