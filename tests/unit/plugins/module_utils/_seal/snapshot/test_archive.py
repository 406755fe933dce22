# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive of a snapshot: what tar and gzip write is read, and what no server writes is refused with the reason."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import checked_state_limit
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import archive
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import Server, read

VECTORS = Path(__file__).parents[5] / "vectors" / "snapshots"
SERVER = Server()
GOOD = SERVER.snapshot()
MEMBERS = SERVER.members()


def refused(data, **limits):
    with pytest.raises(SealError) as failure:
        read(data, **limits)
    assert failure.value.remedy
    return failure.value.reason, failure.value.message


def tar_of(items, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as new:
        for item, content in items:
            new.addfile(item, io.BytesIO(content))
    return out.getvalue()


def item(name, content=b"", kind=tarfile.REGTYPE, **more):
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, len(content)
    for key, value in more.items():
        setattr(made, key, value)
    return made, content


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar(form):
    # In a pax archive a time with a fraction needs an extended header, as Go's tar writes one where a size needs it.
    data = gzip.compress(tar_of([item(name, content, mtime=1.5) for name, content in MEMBERS.items()], form))
    assert read(data).entries == len(SERVER.stored)


def test_the_order_of_the_members_is_free_and_gzip_files_may_be_joined():
    plain = gzip.decompress(archive(list(MEMBERS.items())[::-1]))
    assert read(gzip.compress(plain[:700]) + gzip.compress(plain[700:])).meta.index == 52


def test_a_size_in_a_pax_record_or_in_base_256():
    # So Go's tar and GNU's write sizes of 8 GiB and more.
    content = MEMBERS["state.bin"]
    rest = [item(name, data) for name, data in MEMBERS.items() if name != "state.bin"]
    pax = tar_of([*rest, item("state.bin", content, pax_headers={"size": str(len(content))})], tarfile.PAX_FORMAT)
    assert read(gzip.compress(pax)).state_size == len(content)
    header = bytearray(item("state.bin", content)[0].tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\x80" + len(content).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    body = bytes(header) + content + bytes(-len(content) % 512)
    assert read(gzip.compress(body + tar_of(rest))).state_size == len(content)


@pytest.mark.parametrize("step", [1, 7, 64])
def test_one_that_is_cut_off_anywhere(step):
    for size in range(step - 1, len(GOOD), max(step, len(GOOD) // 60)):
        reason, message = refused(GOOD[:size])
        assert reason == ("malformed_snapshot" if size < 2 else "damaged_snapshot"), (size, message)


def test_one_whose_bits_are_flipped():
    """Nothing altered is taken for whole: what passes unpacks to the same bytes, as Python's own gzip sees it."""
    passed = 0
    for position in range(0, len(GOOD), 5):
        altered = bytearray(GOOD)
        altered[position] ^= 1 << position % 8
        try:
            read(bytes(altered))
        except SealError as error:
            assert error.reason in ("damaged_snapshot", "malformed_snapshot", "snapshot_too_large")
        else:
            passed += 1
            assert gzip.decompress(bytes(altered)) == gzip.decompress(GOOD)
    assert passed < len(GOOD) / 50


@pytest.mark.parametrize("name", ["meta.json", "state.bin"])
def test_content_that_does_not_have_its_sum(name):
    members = dict(MEMBERS)
    members[name] = members[name].replace(b"core", b"CORE") if name == "state.bin" else members[name].replace(b"52", b"53")
    reason, message = refused(archive(members.items()))
    assert (reason, f"its {name} has the SHA-256 checksum" in message) == ("damaged_snapshot", True)


@pytest.mark.parametrize(
    ("members", "reason", "text"),
    [
        ([item("../../etc/cron.d/evil", b"x")], "malformed_snapshot", "'../../etc/cron.d/evil'"),
        ([item("/etc/passwd", b"x")], "malformed_snapshot", "'/etc/passwd'"),
        ([item("./meta.json", b"{}")], "malformed_snapshot", "'./meta.json'"),
        ([item("a/" * 200 + "b", b"x")], "malformed_snapshot", "not a regular file (type 'L')"),
        ([item("meta.json", kind=tarfile.SYMTYPE, linkname="/etc/passwd")], "malformed_snapshot", "not a regular file (type '2')"),
        ([item("state.bin", kind=tarfile.LNKTYPE, linkname="meta.json")], "malformed_snapshot", "not a regular file (type '1')"),
        ([item("snapshot", kind=tarfile.DIRTYPE)], "malformed_snapshot", "not a regular file (type '5')"),
        ([item("meta.json", kind=tarfile.FIFOTYPE)], "malformed_snapshot", "not a regular file (type '6')"),
        ([item("meta.json", b"{}"), item("meta.json", b"{}")], "malformed_snapshot", "meta.json twice"),
        ([item("SHA256SUMS", b"x" * 8192)], "malformed_snapshot", "8192 bytes; the servers read at most 8191"),
        ([item("meta.json", b"{}")], "malformed_snapshot", "it contains no state.bin and no SHA256SUMS"),
    ],
)
def test_members_that_no_server_writes(members, reason, text):
    error, message = refused(gzip.compress(tar_of(members)))
    assert (error, text in message) == (reason, True), message


@pytest.mark.parametrize(
    ("data", "reason", "text"),
    [
        pytest.param(b"", "malformed_snapshot", "it is empty", id="empty"),
        pytest.param(b"hello", "malformed_snapshot", "not gzip-compressed", id="text"),
        pytest.param(gzip.compress(b""), "damaged_snapshot", "ends within the header", id="nothing compressed"),
        pytest.param(gzip.compress(b"hello" * 1000), "malformed_snapshot", "not a tar archive", id="compressed text"),
        pytest.param(GOOD + b"more", "damaged_snapshot", "cannot be unpacked", id="appended"),
        pytest.param(GOOD + gzip.compress(b"more"), "malformed_snapshot", "follow the end of its archive", id="appended and compressed"),
        pytest.param(GOOD + gzip.compress(bytes(2 << 20)), "malformed_snapshot", "zeros follow", id="zeros appended"),
        pytest.param(gzip.compress(tar_of([item("state.bin", bytes(9000))])[:600]), "damaged_snapshot", "ends within", id="cut off tar"),
    ],
)
def test_files_that_are_no_archive(data, reason, text):
    error, message = refused(data)
    assert (error, text in message) == (reason, True), message


def test_bombs_are_refused_before_they_are_unpacked():
    def bomb(size):
        made = tarfile.TarInfo("state.bin")
        made.size = size
        return gzip.compress(made.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))

    reason, message = refused(bomb((4 << 30) + 1))
    assert (reason, "more than 200 times as many" in message) == ("snapshot_too_large", True)
    reason, message = refused(bomb(1 << 40))
    assert (reason, "the maximum is 68719476736" in message) == ("snapshot_too_large", True)
    reason, message = refused(GOOD, max_state=1000)
    assert (reason, "the maximum is 1000" in message) == ("snapshot_too_large", True)


def test_an_extended_header_is_bounded_and_of_its_form():
    cases = {b"1" * 70000: "more than 65536", b"99 size=1\n": "is invalid", b"11 size=-1\n\n": "is invalid", b"10 size=x\n": "an invalid size"}
    for content, text in cases.items():
        data = tar_of([item("x", content, kind=b"x"), item("state.bin", b"x")])
        reason, message = refused(gzip.compress(data))
        assert (reason, text in message) == ("malformed_snapshot", True), message


@pytest.mark.parametrize("limit", [(1 << 20) - 1, (1 << 44) + 1, -1])
def test_the_limit_has_limits(limit):
    with pytest.raises(SealError) as failure:
        checked_state_limit(limit)
    assert failure.value.reason == "invalid_option"


def header_with(field, at, name="state.bin", kind=b"0"):
    """A tar header with these bytes at this place, its checksum being right."""
    made = tarfile.TarInfo(name)
    made.type = kind
    header = bytearray(made.tobuf(tarfile.GNU_FORMAT))
    header[at : at + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("path", sorted(VECTORS.glob("negative-*.snap")), ids=lambda path: path.stem)
def test_a_negative_size_ends_at_once(path):
    assert refused(path.read_bytes())[0] == "malformed_snapshot"


@pytest.mark.parametrize("kind", [b"0", b"x"])
@pytest.mark.parametrize(
    "size", [b"-1", b"+5", b"1_0", b"0o7", b"8", b"0x1", b"1.5", b"1 1", "\u0661".encode(), b"\xff" * 12, b"\xc0" + bytes(11), b"\x80\x01" + bytes(10)]
)
def test_numbers_of_headers_are_read_strictly(size, kind):
    data = gzip.compress(header_with(size.ljust(12, b"\0"), 124, kind=kind) + bytes(4096))
    assert refused(data)[0] == "malformed_snapshot"


@pytest.mark.parametrize("checksum", [b"-0012345", b"+0012345", b"1_234567", b"\xff" * 8])
def test_the_checksum_is_a_number_too(checksum):
    header = header_with(b"", 0)
    assert refused(gzip.compress(header[:148] + checksum + header[156:] + bytes(4096)))[0] == "malformed_snapshot"


@pytest.mark.parametrize(
    "record",
    [
        *(b"-1 a=b\n", b"+7 a=b\n", b"0 a=b\n", b"4 =\n", b"1_0 a=bc\n", b"10 size=-\n", b"11 size=+1\n", b"12 size=1_0\n", b"99999999999999999999 a=b\n"),
        *(b"10 size= \n", b"28 size=9999999999999999999\n", b"8 =size\n", b"7 a=b\n7 a=c\n", b"24 GNU.sparse.name=x.bin\n", "8 size=\u0661\n".encode()),
    ],
)
def test_records_of_extended_headers_are_read_strictly(record):
    data = tar_of([item("x", record, kind=b"x"), item("state.bin", b"x")])
    assert refused(gzip.compress(data))[0] == "malformed_snapshot"


def test_extended_headers_do_not_go_on_for_ever():
    data = tar_of([item("x", b"", kind=b"x")] * 3)
    assert "not a regular file (type 'x')" in refused(gzip.compress(data))[1]


@pytest.mark.parametrize("zeros", [1, 512, 10240, 200_000])
def test_zeros_after_the_archive_are_accepted(zeros):
    snapshot = read(GOOD + bytes(zeros))
    assert (snapshot.trailing_zeros, snapshot.meta.index) == (zeros, 52)
    assert read(GOOD).trailing_zeros == 0


def test_the_snapshot_of_a_tape():
    assert read((VECTORS / "trailing-nul.snap").read_bytes()).trailing_zeros == 512


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (bytes(512) + b"more", "damaged_snapshot"),
        (bytes(200_000) + b"more", "damaged_snapshot"),
        (bytes(512) + GOOD, "damaged_snapshot"),
        (bytes((1 << 20) + 1), "snapshot_too_large"),
    ],
    ids=["bytes", "bytes far behind", "another one", "too many"],
)
def test_what_else_follows_the_archive_is_refused(after, reason):
    assert refused(GOOD + after, max_state=1 << 20)[0] == reason


def test_an_archive_that_is_cut_off_and_filled_up_with_zeros_is_damaged():
    assert refused(GOOD[:-20] + bytes(4096))[0] in ("damaged_snapshot", "malformed_snapshot")
    assert refused(GOOD[:-4] + bytes(4096))[0] == "damaged_snapshot"
