# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive of a snapshot at its limits, and what is said of each in full."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zlib

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import (
    MAX_EXPANSION,
    MAX_SMALL_MEMBER,
    MAX_STATE,
    Archive,
    SnapshotError,
    checked_state_limit,
)
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import Server

SAVE = "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."
AGAIN = "Take the snapshot again from its source, or another one."
NOT_ONE = "This is not a raft snapshot of Vault or OpenBao: "
MEMBERS = "meta.json, state.bin, SHA256SUMS, SHA256SUMS.sealed"


def block(name="state.bin", size=0, kind=b"0", field=b"", at=0):
    """A tar header with these bytes at this place, its checksum being right."""
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    header = bytearray(made.tobuf(tarfile.GNU_FORMAT))
    header[at : at + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def member(name, content, kind=b"0"):
    return block(name, len(content), kind) + content + bytes(-len(content) % 512)


END = bytes(1024)


def read(data, file_size=None, **limits):
    archive = Archive(io.BytesIO(data), len(data) if file_size is None else file_size, **limits)
    items = [(each.name, each.size, b"".join(each.pieces)) for each in archive.members()]
    return items, archive.trailing_zeros


def refused(data, **limits):
    with pytest.raises(SnapshotError) as failure:
        read(data, **limits)
    return failure.value.reason, failure.value.message, failure.value.remedy


def malformed(what, remedy=SAVE):
    return "malformed_snapshot", f"{NOT_ONE}{what}.", remedy


def damaged(what):
    return "damaged_snapshot", f"The snapshot is damaged: {what}.", AGAIN


def too_large(what, remedy):
    return "snapshot_too_large", f"The snapshot exceeds a limit: {what}.", remedy


def packed(*parts):
    return gzip.compress(b"".join(parts), 1)


def test_the_limits():
    assert (MAX_SMALL_MEMBER, MAX_STATE, MAX_EXPANSION) == (8191, 64 << 30, 200)


@pytest.mark.parametrize("limit", [1 << 20, (1 << 20) + 1, MAX_STATE, (1 << 44) - 1, 1 << 44])
def test_a_limit_of_the_state(limit):
    assert checked_state_limit(limit) == limit


@pytest.mark.parametrize("limit", [-1, 0, (1 << 20) - 1, (1 << 44) + 1])
def test_a_limit_outside_in_full(limit):
    with pytest.raises(SealError) as failure:
        checked_state_limit(limit)
    assert (failure.value.reason, failure.value.message, failure.value.remedy) == (
        "invalid_option", f"Option max_size is {limit}, which is out of range.", "Use a value from 1048576 to 17592186044416 bytes.",
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b"\x1f", "it is not gzip-compressed"),
        (b"hello", "it is not gzip-compressed"),
        (Server().stored["core/recovery-key"], "it is a sealed value, not a snapshot"),
    ],
)
def test_what_is_not_gzip_in_full(data, what):
    assert refused(data) == malformed(what)


def test_a_file_of_another_format_in_full():
    with pytest.raises(SnapshotError) as failure:
        read(b"$ANSIBLE_VAULT;1.1;AES256\n66\n")
    assert (failure.value.reason, failure.value.message, failure.value.details) == (
        "malformed_snapshot", f"{NOT_ONE}it is encrypted by ansible-vault.", {"format": "ansible_vault"},
    )
    assert failure.value.remedy == f"Decrypt it with `ansible-vault view FILE`. {SAVE}"


def test_the_members_as_they_come():
    content = os.urandom(3000)
    data = packed(member("state.bin", content), member("meta.json", b""), member("SHA256SUMS", b"x" * 512), END)
    assert read(data) == ([("state.bin", 3000, content), ("meta.json", 0, b""), ("SHA256SUMS", 512, b"x" * 512)], 0)


def test_a_kind_from_before_posix_is_a_regular_file():
    assert read(packed(member("state.bin", b"x", b"\0"), END))[0] == [("state.bin", 1, b"x")]


@pytest.mark.parametrize("size", [8190, 8191])
def test_the_longest_small_member(size):
    for name in ("meta.json", "SHA256SUMS", "SHA256SUMS.sealed"):
        assert read(packed(member(name, bytes(size)), END))[0] == [(name, size, bytes(size))]


def test_a_small_member_that_is_too_long_in_full():
    for name in ("meta.json", "SHA256SUMS", "SHA256SUMS.sealed"):
        assert refused(packed(member(name, bytes(8192)), END)) == malformed(f"its {name} has 8192 bytes; the servers read at most 8191")
    assert read(packed(member("state.bin", bytes(8192)), END))[0][0][1] == 8192


def test_a_member_that_comes_twice_in_full():
    assert refused(packed(member("meta.json", b"{}"), member("state.bin", b""), member("meta.json", b"{}"), END)) == malformed("it contains meta.json twice")


@pytest.mark.parametrize(
    ("name", "shown"), [("n" * 99, "n" * 99), ("n" * 100, "n" * 100), ("p/" + "n" * 99, "p/" + "n" * 98 + "..."), ("./meta.json", "./meta.json"), ("a'b", None)]
)
def test_a_member_that_no_server_writes_in_full(name, shown):
    made = tarfile.TarInfo(name)
    data = packed(made.tobuf(tarfile.USTAR_FORMAT), END)
    quoted = '"a\'b"' if shown is None else f"'{shown}'"
    assert refused(data) == malformed(
        f"it contains a member {quoted}, but a snapshot contains only {MEMBERS}. Servers reject such a file; nothing was unpacked to disk"
    )


@pytest.mark.parametrize(("kind", "shown"), [(b"1", "1"), (b"2", "2"), (b"5", "5"), (b"g", "g"), (b"L", "L"), (b"\xff", "\u00ff"), (b"\x01", "\\x01")])
def test_a_member_that_is_no_regular_file_in_full(kind, shown):
    data = packed(block("meta.json", 0, field=kind, at=156), END)
    assert refused(data) == malformed(f"its member 'meta.json' is not a regular file (type '{shown}'). Nothing was unpacked to disk")


def test_the_state_as_long_as_is_allowed():
    assert read(packed(member("state.bin", bytes(5000)), END), max_state=5000)[0][0][1] == 5000
    assert refused(packed(member("state.bin", bytes(5000)), END), max_state=4999) == too_large(
        "its state.bin has 5000 bytes; the maximum is 4999", "If it is the right file, increase max_size."
    )


@pytest.mark.parametrize(
    ("size", "file_size", "good"), [(4 << 30, 1, True), ((4 << 30) + 1, 1, False), (200 << 30, 1 << 30, True), ((200 << 30) + 1, 1 << 30, False)]
)
def test_how_far_a_state_may_be_compressed(size, file_size, good):
    """The content itself is not there: what passes is found to be cut off."""
    data = packed(block(size=size, field=b"\x80" + size.to_bytes(11, "big"), at=124))
    if good:
        assert refused(data, file_size=file_size, max_state=1 << 40) == damaged(f"it ends within state.bin, of which {size} bytes are missing")
        return
    assert refused(data, file_size=file_size, max_state=1 << 40) == too_large(
        f"its state.bin declares {size} bytes in a file of {file_size}: more than 200 times as many. "
        "A server writes ciphertext, which cannot be compressed that much",
        "Do not trust this file: it may be a decompression bomb.",
    )


def record(key, value):
    rest = f" {key}={value}\n".encode()
    size = len(rest) + 1
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return str(size).encode() + rest


def extended(content):
    return member("PaxHeader", content, b"x")


def test_name_and_size_in_an_extended_header():
    data = packed(extended(record("path", "state.bin") + record("size", "3") + record("mtime", "1.5")), block("other", 0), b"abc" + bytes(509), END)
    assert read(data)[0] == [("state.bin", 3, b"abc")]
    # An empty path says nothing.
    assert read(packed(extended(record("path", "")), member("state.bin", b"abc"), END))[0] == [("state.bin", 3, b"abc")]
    # It is for one member only.
    data = packed(extended(record("size", "3")), block("state.bin", 0), b"abc" + bytes(509), member("meta.json", b"{}"), END)
    assert read(data)[0] == [("state.bin", 3, b"abc"), ("meta.json", 2, b"{}")]


def test_an_extended_header_as_long_as_is_allowed():
    content = b"65536 comment=" + b"x" * (65536 - 15) + b"\n"
    assert read(packed(extended(content), member("state.bin", b"abc"), END))[0] == [("state.bin", 3, b"abc")]
    content = b"65537 comment=" + b"x" * (65537 - 15) + b"\n"
    assert refused(packed(extended(content), member("state.bin", b"abc"), END)) == malformed("a header of its archive has 65537 bytes, more than 65536")


@pytest.mark.parametrize("size", range(395, 402))
def test_an_extended_header_fills_whole_blocks(size):
    content = record("comment", "x" * (size + 100))
    assert read(packed(extended(content), member("state.bin", b"abc"), END))[0] == [("state.bin", 3, b"abc")]


def test_extended_headers_that_are_not_of_their_form_in_full():
    assert refused(packed(extended(b"hello"), member("state.bin", b""), END)) == malformed("an extended header of its archive is invalid")
    assert refused(packed(extended(record("size", "x")), member("state.bin", b""), END)) == malformed("an extended header of its archive has an invalid size")
    assert refused(packed(block("x", 100, b"x"), b"10 a=")) == damaged("it ends within a header, of which 95 bytes are missing")
    twice = packed(extended(record("a", "b")), extended(record("a", "b")), member("state.bin", b""), END)
    assert refused(twice) == malformed("its member 'PaxHeader' is not a regular file (type 'x'). Nothing was unpacked to disk")


@pytest.mark.parametrize(("parts", "missing", "of"), [
    ((block("meta.json")[:511],), 1, "the header of a member"),
    ((b"",), 512, "the header of a member"),
    ((block("meta.json", 700) + bytes(100),), 600, "meta.json"),
    ((block("meta.json", 700) + bytes(700),), 324, "the archive"),
    ((member("meta.json", b"{}"),), 512, "the header of a member"),
])
def test_an_archive_that_ends_too_soon_in_full(parts, missing, of):
    assert refused(packed(*parts)) == damaged(f"it ends within {of}, of which {missing} bytes are missing")


def test_what_is_no_tar_in_full():
    for content in (b"hello" * 200, b"X" * 512, bytes(511) + b"X"):
        assert refused(packed(content)) == malformed("its compressed content is not a tar archive, or has a damaged header")


@pytest.mark.parametrize("zeros", [512, 1024, 10240, 512 + (1 << 20)])
def test_the_archive_may_be_filled_up(zeros):
    """The first block of zeros is the end, and up to 1 MiB may follow it."""
    assert read(packed(member("state.bin", b"abc"), bytes(zeros)))[0] == [("state.bin", 3, b"abc")]


def test_what_follows_the_end_of_the_archive_in_full():
    start = member("state.bin", b"abc")
    assert refused(packed(start, bytes(512 + (1 << 20) + 1))) == malformed("more than 1048576 zeros follow the end of its archive")
    for after in (b"x", b"X"):
        assert refused(packed(start, bytes(512), after)) == malformed("data follow the end of its archive")
    assert refused(packed(start, bytes(512), member("meta.json", b"{}"))) == malformed("data follow the end of its archive")
    assert refused(packed(start, bytes(512 + 70000), b"x")) == malformed("data follow the end of its archive")


GOOD = packed(member("state.bin", b"abc"), END)


@pytest.mark.parametrize("zeros", [1, 65535, 65536, 65537, 100_000])
def test_zeros_after_the_file(zeros):
    assert read(GOOD + bytes(zeros)) == ([("state.bin", 3, b"abc")], zeros)
    assert read(GOOD + bytes(zeros), max_state=max(zeros, 3)) == ([("state.bin", 3, b"abc")], zeros)


def test_too_many_zeros_after_the_file_in_full():
    assert refused(GOOD + bytes(70001), max_state=70000) == too_large(
        "more than 70000 zeros follow its archive", "Truncate the file after its archive, or increase max_size."
    )


def test_what_follows_zeros_in_full():
    what = "its gzip stream is followed by zeros and other bytes"
    for zeros in (1, 65536 - len(GOOD), 65536 * 2 - len(GOOD), 70000):
        for after in (b"x", b"X", GOOD):
            assert refused(GOOD + bytes(zeros) + after) == damaged(what)


class Watched(io.BytesIO):
    """A file of which no more than 64 KiB are read at a time."""

    def read(self, size=-1):
        assert size is not None
        assert 0 < size <= 65536
        return super().read(size)


@pytest.mark.parametrize("after", [b"", bytes(200_000)])
def test_no_more_than_a_piece_of_the_file_is_read_at_a_time(after):
    data = packed(member("state.bin", os.urandom(200_000)), END)
    archive = Archive(Watched(data + after), len(data))
    for each in archive.members():
        assert sum(map(len, each.pieces)) == 200_000
    assert archive.trailing_zeros == len(after)


def test_gzip_files_may_be_joined_wherever_the_pieces_end():
    data = gzip.decompress(GOOD)
    first, second = os.urandom(65536 - 100), os.urandom(5000)
    state = member("state.bin", first + second)
    assert read(gzip.compress(data[:512], 0) + gzip.compress(data[512:], 0))[0] == [("state.bin", 3, b"abc")]
    joined = gzip.compress(state[:40000], 0) + gzip.compress(state[40000:], 0) + gzip.compress(END)
    assert read(joined)[0] == [("state.bin", len(first + second), first + second)]
    # The first file ends exactly where a piece that is read ends: 65536 bytes.
    plain = state[: 65536 - len(gzip.compress(b"", 0)) - 5 * 2 + 5]
    exact = gzip.compress(plain, 0)
    assert read(exact + gzip.compress(state[len(plain) :] + END))[0] == [("state.bin", len(first + second), first + second)]


def test_a_header_may_lie_in_two_gzip_files():
    data = gzip.decompress(GOOD)
    for at in (1, 100, 511, 513):
        assert read(gzip.compress(data[:at]) + gzip.compress(data[at:]))[0] == [("state.bin", 3, b"abc")]


def test_what_follows_a_gzip_file_must_be_one_too():
    data = gzip.decompress(GOOD)
    reason, message, _remedy = refused(gzip.compress(data[:600]) + zlib.compress(data[600:]))
    assert (reason, message.startswith("The snapshot is damaged: its gzip stream cannot be unpacked (")) == ("damaged_snapshot", True)


def test_a_header_of_gzip_that_is_longer_than_a_piece():
    data = gzip.decompress(GOOD)
    deflate = zlib.compressobj(wbits=-15)
    # RFC 1952: the flag 4 says that an extra field follows, after its length in two bytes.
    head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\x03" + b"\xff\xff" + bytes(65535)
    tail = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    assert read(head + deflate.compress(data) + deflate.flush() + tail)[0] == [("state.bin", 3, b"abc")]


def test_a_large_member_comes_in_pieces_of_at_most_1_mib():
    content = bytes(3 << 20) + b"end"
    data = packed(member("state.bin", content), END)
    archive = Archive(io.BytesIO(data), len(data))
    for each in archive.members():
        pieces = list(each.pieces)
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= 1 << 20
        assert len(pieces) <= 8


@pytest.mark.parametrize("size", [20, len(GOOD) // 2, len(GOOD) - 9, len(GOOD) - 1])
def test_a_file_that_is_cut_off_in_full(size):
    assert refused(GOOD[:size]) == damaged("it is truncated: its gzip stream has no end")


def test_a_file_whose_checksum_or_content_does_not_fit():
    altered = GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:]
    reason, message, remedy = refused(altered)
    assert (reason, remedy) == ("damaged_snapshot", AGAIN)
    assert message.startswith("The snapshot is damaged: its gzip stream cannot be unpacked (Error -3 while decompressing data: ")
    assert message.endswith(").")
    assert refused(GOOD + b"more")[1].startswith("The snapshot is damaged: its gzip stream cannot be unpacked (")
