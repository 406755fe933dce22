# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stream of entries at its limits: what is read, what is passed over, and what is said in full of a state that no server writes."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import SnapshotError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.entries import MAX_ENTRY, read_entries
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import entry
from google.protobuf.internal.encoder import _VarintBytes

LONG = MAX_ENTRY + 1
"""The least length of an entry that is passed over."""


def with_length(message, length=None):
    return _VarintBytes(len(message) if length is None else length) + message


def long_entry(path, raw=None, length=LONG):
    """An entry that is passed over; ``raw`` is what it begins with in place of its path."""
    head = b"\x0a" + _VarintBytes(len(path)) + path if raw is None else raw
    return with_length(head + bytes(length - len(head)))


def entries_in(*pieces):
    return [(each.path, each.value if each.value is None else bytes(each.value), each.size) for each in read_entries(pieces)]


def refused(*pieces):
    with pytest.raises(SnapshotError) as failure:
        entries_in(*pieces)
    assert failure.value.reason == "malformed_snapshot"
    assert failure.value.remedy == "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."
    beginning = "This is not a raft snapshot of Vault or OpenBao: in its state, at byte "
    assert failure.value.message.startswith(beginning)
    assert failure.value.message.endswith(".")
    return failure.value.message[len(beginning) : -1]


def test_path_value_and_size_of_each_entry():
    state = entry("a", b"") + entry("b/c", b"value") + entry("d" * 127, b"x" * 127) + entry("e" * 128, b"y" * 128) + entry("f", b"z" * 20000)
    # The sizes are those of the messages: two tags, two lengths of one, two or three bytes, and what they tell of.
    assert entries_in(state) == [
        ("a", b"", 3), ("b/c", b"value", 12), ("d" * 127, b"x" * 127, 258), ("e" * 128, b"y" * 128, 262), ("f", b"z" * 20000, 20007),
    ]
    assert entries_in() == entries_in(b"") == []


def test_an_entry_without_a_value_has_an_empty_one():
    assert entries_in(with_length(b"\x0a\x01k")) == [("k", b"", 3)]
    assert entries_in(with_length(b"\x0a\x05paths")) == [("paths", b"", 7)]


def test_of_a_path_or_value_that_comes_twice_the_last_counts():
    assert entries_in(with_length(b"\x0a\x01a\x0a\x01b\x12\x01x\x12\x02yz")) == [("b", b"yz", 13)]
    assert entries_in(with_length(b"\x0a\x01k\x12\x01x\x12\x01y")) == [("k", b"y", 9)]


def test_the_longest_entry_that_is_looked_at_and_the_shortest_that_is_passed_over():
    size = MAX_ENTRY - 1 - 1 - 1 - 1 - 4  # two tags, the path's length and its letter, the value's length in four bytes
    (whole,) = read_entries([entry("k", bytes(size))])
    assert (whole.path, len(whole.value), whole.size) == ("k", size, MAX_ENTRY)
    assert entries_in(entry("k", bytes(size + 1))) == [("k", None, LONG)]


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_the_entry_after_one_that_is_passed_over_is_read_wherever_the_pieces_end(cut):
    first = long_entry(b"long/one")
    state = first + entry("next", b"value")
    for at in (len(first) - cut, len(first) + cut):
        assert entries_in(state[:at], state[at:]) == [("long/one", None, LONG), ("next", b"value", 13)]
    # Nothing follows: the entry ends with the state.
    assert entries_in(first[:-cut], first[-cut:]) == [("long/one", None, LONG)]
    assert refused(first[:-cut]).endswith(", its last entry is truncated")


def test_an_entry_that_is_cut_off_in_full():
    whole = entry("k", b"value")
    for size in range(1, len(whole)):
        assert refused(whole[:size]) == "1, its last entry is truncated"
        assert refused(whole, whole[:size]) == f"{len(whole) + 1}, its last entry is truncated"
    assert refused(long_entry(b"k")[:100]) == "4, its last entry is truncated"


@pytest.mark.parametrize("path", [b"k", b"p" * 127, b"p" * 128, b"p" * 32768])
def test_the_path_of_an_entry_that_is_passed_over(path):
    state = long_entry(path)
    assert entries_in(*(state[start : start + 65536] for start in range(0, len(state), 65536))) == [(path.decode(), None, LONG)]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"\x12\x01k", f"an entry of {LONG} bytes does not begin with its path"),
        (b"\x0a\x00\x12", f"an entry of {LONG} bytes does not begin with its path"),
        (b"\x0a" + b"\xff" * 11, f"an entry of {LONG} bytes does not begin with its path"),
        (b"\x0a" + _VarintBytes(40000), f"an entry of {LONG} bytes does not begin with its path"),
        (b"\x0a" + _VarintBytes(32829) + b"k" * 40000, f"an entry of {LONG} bytes does not begin with its path"),
        (b"\x0a" + _VarintBytes(32828) + b"k" * 40000, "the path of an entry has 32828 bytes, more than 32768"),
        (b"\x0a" + _VarintBytes(32769) + b"k" * 40000, "the path of an entry has 32769 bytes, more than 32768"),
        (b"\x0a\x02\xff\xfe", "the path of an entry is not UTF-8"),
    ],
)
def test_what_an_entry_that_is_passed_over_must_begin_with(raw, what):
    before = entry("a", b"b")
    assert refused(long_entry(b"", raw)) == f"4, {what}"
    assert refused(before, long_entry(b"", raw)) == f"{len(before) + 4}, {what}"


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b"", "an entry has no path"),
        (b"\x0a\x00", "an entry has no path"),
        (b"\x12\x05value", "an entry has no path"),
        (b"\x08\x07\x12\x01v", "an entry has no path"),
        (b"\x0a\x02\xff\xfe\x12\x01v", "the path of an entry is not UTF-8"),
        (b"\x0a\x80\x80\x02" + b"k" * 32768, None),
        (b"\x0a\x81\x80\x02" + b"k" * 32769, "the path of an entry has 32769 bytes, more than 32768"),
        (b"\x0a\x05k", "an entry is invalid (This is not a sealed value: field 1 is cut off at byte 0.)"),
        (b"\x0a\x01k\x12\x09v", "an entry is invalid (This is not a sealed value: field 2 is cut off at byte 3.)"),
        (b"\x0a\x01k\x12", "an entry is invalid (This is not a sealed value: a number is cut off at byte 4.)"),
        # Lengths that promise more or less than there is.
        (b"\x0a\x02kk\x12", "an entry is invalid (This is not a sealed value: a number is cut off at byte 5.)"),
        (b"\x0a\x01k\x12\x05v", "an entry is invalid (This is not a sealed value: field 2 is cut off at byte 3.)"),
        (b"\x0a\x01k\x12\x01vx", "an entry is invalid (This is not a sealed value: a number is cut off at byte 7.)"),
        (b"\x0a\x01k\x12\x80\x01v", "an entry is invalid (This is not a sealed value: field 2 is cut off at byte 3.)"),
        (b"\x0a\x01k\x12\x80\x01" + b"v" * 127, "an entry is invalid (This is not a sealed value: field 2 is cut off at byte 3.)"),
        (b"\x12\x03abc\x12\x01v", "an entry has no path"),
        (b"\x12\x0a0123456789\x12\x01v", "an entry has no path"),
        (b"\x0a\x01k\x12\xff", "an entry is invalid (This is not a sealed value: a number is cut off at byte 4.)"),
        (b"\x0a\x01k\x12" + b"\xff" * 11, "an entry is invalid (This is not a sealed value: a number has more than 64 bits at byte 4.)"),
    ],
)
def test_what_an_entry_must_consist_of(message, what):
    before = entry("a", b"b")
    if what is None:
        assert entries_in(with_length(message))[0][0] == "k" * 32768
        return
    start = len(before) + len(_VarintBytes(len(message)))
    assert refused(before, with_length(message)) == f"{start}, {what}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        # Paths and values in which the bytes of a tag and of a length that fits stand where they mean something else.
        ("k" * 127 + "\x12", b"v" * 17),
        ("abc\x12\x09de", b"value"),
        ("\x03ab\x12\x08z", b"value"),
        ("abc", b"\x11" + b"v" * 17),
        ("abc\u00ff", b"v" * 2365),
        ("k\x05", b"value"),
    ],
)
def test_what_only_looks_like_a_tag_is_none(path, value):
    assert [each[:2] for each in entries_in(entry(path, value))] == [(path, value)]


@pytest.mark.parametrize(
    ("message", "path", "value"),
    [
        (b"\x0a\x02k\x03\x12\x01v\x18\x05", "k\x03", b"v"),
        (b"\x0a\x01k\x12\x02\x04v\x18\x05", "k", b"\x04v"),
        (b"\x0a\x01k\x1a\x02xy", "k", b""),
        (b"\x1a\x02xy\x0a\x01k", "k", b""),
        (b"\x0a\x01k\x12\x01v\x1a\x02xy", "k", b"v"),
        (b"\x08\x05\x0a\x01k\x10\x06\x12\x01v", "k", b"v"),
    ],
)
def test_other_fields_are_passed_over(message, path, value):
    assert entries_in(with_length(message)) == [(path, value, len(message))]


@pytest.mark.parametrize("size", [1, 2, 5, 11])
def test_where_in_the_state_an_error_is_whatever_the_pieces(size):
    before = entry("a", b"bc") + entry("d" * 20, b"e" * 20) + entry("f", b"")
    assert entries_in(*(before[at : at + size] for at in range(0, len(before), size))) == [("a", b"bc", 7), ("d" * 20, b"e" * 20, 44), ("f", b"", 3)]
    state = before + b"\x02\x0a\x00"
    assert refused(*(state[at : at + size] for at in range(0, len(state), size))) == f"{len(before) + 1}, an entry has no path"


def test_a_length_that_is_none_in_full():
    before = entry("a", b"b")
    assert refused(before, b"\xff" * 10 + b"\x01") == f"{len(before)}, an entry has an invalid length"
    assert refused(before, b"\x80") == f"{len(before)}, an entry has an invalid length"


def test_lengths_are_read_across_pieces():
    whole = entry("a", b"b" * 300)
    assert entries_in(whole[:1], whole[1:]) == entries_in(*(whole[at : at + 1] for at in range(len(whole)))) == [("a", b"b" * 300, 306)]
