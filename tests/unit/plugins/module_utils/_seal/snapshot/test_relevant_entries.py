# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast reader of the relevant entries against the careful one that reads every entry."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import SnapshotError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.entries import MAX_ENTRY, EntryReader
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import entry
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import example, given, settings
from hypothesis import strategies as st

PREFIXES, LAST = (b"core/", b"namespaces/"), b"s"[0]


def relevant_by_the_careful_reader(pieces: list[bytes]) -> tuple[list[Any], int, str]:
    """The relevant entries, how many entries there are, and why the state was refused."""
    reader, entries, fault = EntryReader(pieces), [], ""
    try:
        for path, value, size in reader.entries():
            if value is None or path.encode().startswith(PREFIXES) or (len(value) > 0 and value[-1] == LAST):
                entries.append((path, value if value is None else bytes(value), size))
    except SnapshotError as error:
        fault = error.message
    return entries, reader.count, fault


def relevant(pieces: list[bytes]) -> tuple[list[Any], int, str]:
    reader, entries, fault = EntryReader(pieces), [], ""
    try:
        for path, value, size in reader.relevant(PREFIXES, LAST):
            entries.append((path, value if value is None else bytes(value), size))
    except SnapshotError as error:
        fault = error.message
    return entries, reader.count, fault


def in_pieces(state: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(state), *(cut % (len(state) + 1) for cut in cuts)})
    return [state[start:end] for start, end in zip(places, places[1:])]


paths = st.one_of(
    st.sampled_from(["core/seal-config", "core/", "core", "namespaces/x/core/hsm/barrier-unseal-keys", "logical/1", "s", "é/core/"]),
    st.text(max_size=140).filter(bool),
)
ends = st.sampled_from([b"x" * 127, b"x" * 128, b"y" * 16384 + b"s"])
values = st.one_of(st.binary(max_size=300), st.binary(max_size=20).map(lambda value: value + b"s"), ends)
plain = st.builds(entry, paths, values)
# Fields in another order, twice, unknown or longer than needed; and bytes of no meaning.
odd = st.lists(
    st.one_of(
        st.binary(max_size=20).map(lambda raw: b"\x0a" + _VarintBytes(len(raw)) + raw),
        st.binary(max_size=20).map(lambda raw: b"\x12" + _VarintBytes(len(raw)) + raw),
        st.binary(max_size=20).map(lambda raw: b"\x0a" + bytes((0x80 | len(raw), 0x80, 0)) + raw),
        st.binary(max_size=20),
    ),
    max_size=3,
).map(b"".join).map(lambda message: _VarintBytes(len(message)) + message)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(plain, plain, plain, odd), max_size=12), st.lists(st.integers(0, 1 << 20), max_size=4), st.integers(0, 40))
@example([entry("a", b"")] * 4, [3], 0)
@example([entry("core/x", b"s")] * 4, [3], 5)
def test_the_same_entries_the_same_count_and_the_same_refusal(entries: list[bytes], cuts: list[int], cut_off: int) -> None:
    state = b"".join(entries)
    for content in (state, state[: len(state) - cut_off] if cut_off else state):
        pieces = in_pieces(content, cuts)
        assert relevant(pieces) == relevant_by_the_careful_reader(pieces)


@settings(max_examples=300, deadline=None)
@given(st.lists(plain, min_size=1, max_size=8), st.integers(0, 1 << 20), st.integers(0, 255))
def test_any_byte_may_be_wrong(entries: list[bytes], place: int, byte: int) -> None:
    state = bytearray(b"".join(entries))
    state[place % len(state)] = byte
    pieces = [bytes(state)]
    assert relevant(pieces) == relevant_by_the_careful_reader(pieces)


@pytest.mark.parametrize("length", [126, 127, 128, 129, 16382, 16383, 16384, 16385, 2097151, 2097152, 2097160])
def test_each_length_of_a_value_and_of_an_entry(length: int) -> None:
    for size in range(max(0, length - 12), length + 1):
        state = entry("logical/first", b"x" * size) + entry("core/second", b"y" * 20)
        entries, count, fault = relevant([state])
        assert (entries, count, fault) == ([("core/second", b"y" * 20, 35)], 2, "")


def test_an_entry_that_was_skipped_is_relevant() -> None:
    long = b"\x0a\x08long/one"
    state = _VarintBytes(MAX_ENTRY + 1) + long + bytes(MAX_ENTRY + 1 - len(long)) + entry("logical/next", b"x") * 3
    assert relevant([state]) == ([("long/one", None, MAX_ENTRY + 1)], 4, "")


def test_entries_that_are_not_relevant_are_counted_only() -> None:
    assert relevant([entry("logical/x", b"value") * 1000]) == ([], 1000, "")
    assert relevant([]) == relevant([b""]) == ([], 0, "")
