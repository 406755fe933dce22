# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The headers of tar, field by field: what Python's own tarfile writes, and what POSIX and GNU say of the limits."""

from __future__ import annotations

import tarfile

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.tar_headers import (
    TarError,
    decimal,
    kind_of,
    name_of,
    pax_records,
    pax_size,
    size_of,
)

NO_TAR = "its compressed content is not a tar archive, or has a damaged header"
NO_RECORD = "an extended header of its archive is invalid"


def header(name="state.bin", size=0, form=tarfile.USTAR_FORMAT, kind=tarfile.REGTYPE):
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made.tobuf(form)


def with_field(at, content, block=None):
    """A header with this field, its checksum being right."""
    made = bytearray(header() if block is None else block)
    made[at : at + len(content)] = content
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


def refused(call, *arguments):
    with pytest.raises(TarError) as failure:
        call(*arguments)
    return str(failure.value)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 8191, (1 << 33) - 1])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_sizes_are_those_that_tarfile_wrote(size, form):
    assert size_of(header(size=size, form=form)) == size


@pytest.mark.parametrize("size", [1 << 33, 1 << 40, (1 << 63) - 1])
def test_large_sizes_are_those_that_tarfile_wrote_in_base_256(size):
    assert size_of(header(size=size, form=tarfile.GNU_FORMAT)) == size


@pytest.mark.parametrize(
    ("field", "size"),
    [
        (b"00000000017\0", 15),
        (b"00000000017 ", 15),
        (b" 0000000017\0", 15),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0", 0),
        (b"            ", 0),
        (b"17\0garbage!!", 15),  # as in C, a field ends at its first NUL
        (b"17\0a\0b\0c\0d\0e", 15),
        (b"\0\0 0000017\0 ", 15),  # Go's tar trims zero bytes and spaces on both sides
        (b"777777777777", (1 << 36) - 1),
        (b"\x80" + bytes(10) + b"\x0f", 15),
        (b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7, (1 << 63) - 1),
    ],
)
def test_what_a_size_may_look_like(field, size):
    assert size_of(with_field(124, field)) == size


@pytest.mark.parametrize(
    "field",
    [
        b"00000000018\0",
        b"-0000000017\0",
        b"0x000000017\0",
        b"00000 00017\0",
        b"\t0000000017\0",
        b"X0000000017X",
        b"\x80\x01" + bytes(10),
        b"0000000001_7",
        b"\x80" + bytes(3) + b"\x80" + bytes(7),  # 2**63
        b"\xc0" + bytes(11),  # a sign
        b"\xff" * 12,
        b"\x81" + bytes(11),
    ],
)
def test_what_is_no_size(field):
    assert refused(size_of, with_field(124, field)) == NO_TAR


@pytest.mark.parametrize("form", [b"%06o\0 ", b"%08o", b"%7o ", b"  %o", b"%o \0"])
def test_how_a_checksum_may_be_written(form):
    # Bytes of 255 wherever they may be, so that the number needs all six digits.
    full = with_field(157, b"\xff" * 100, with_field(0, b"\xff" * 100))
    for block in (header(), full):
        total = sum(block[:148] + b" " * 8 + block[156:])
        assert size_of(block[:148] + (form % total).ljust(8, b"\0") + block[156:]) == 0
    assert sum(full) > 0o100000


@pytest.mark.parametrize("digits", [b"0" * 8, b"0000001\0", b"zzzzzz\0 ", b"\x80" + bytes(7)])
def test_a_checksum_that_does_not_fit(digits):
    block = header()
    assert refused(size_of, block[:148] + digits + block[156:]) == NO_TAR


@pytest.mark.parametrize("position", [0, 100, 124, 147, 156, 157, 257, 345, 511])
def test_every_part_of_a_header_is_in_its_checksum(position):
    block = bytearray(header(size=7))
    block[position] ^= 1
    assert refused(size_of, bytes(block)) == NO_TAR


@pytest.mark.parametrize("kind", [b"0", b"\0", b"x", b"g", b"L", b"2"])
def test_the_kind_of_a_member(kind):
    assert kind_of(header(kind=kind)) == kind


def test_names():
    assert name_of(header("meta.json")) == "meta.json"
    # A name that fills its field has no NUL, and what follows it is the mode.
    assert name_of(header("n" * 100)) == "n" * 100
    assert name_of(header("ä.bin")) == "ä.bin"
    assert name_of(with_field(0, b"\xff\xfe\0rest")) == "\\xff\\xfe"


def test_a_long_name_of_ustar_has_its_beginning_in_the_prefix():
    long = "/".join(["folder"] * 17) + "/state.bin"
    assert name_of(header(long)) == long
    prefix = "p" * 155
    assert name_of(header(f"{prefix}/{'n' * 100}")) == f"{prefix}/{'n' * 100}"
    # What follows the prefix is no part of it.
    assert name_of(with_field(500, b"x" * 12, header(f"{prefix}/{'n' * 100}"))) == f"{prefix}/{'n' * 100}"
    # GNU's own header has other things at that place.
    assert name_of(with_field(345, b"12345670123", header(form=tarfile.GNU_FORMAT))) == "state.bin"


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b"", {}),
        (b"5 a=\n", {"a": ""}),
        (b"6 a=b\n", {"a": "b"}),
        (b"6 a=b\n7 cd=e\n6 f=g\n", {"a": "b", "cd": "e", "f": "g"}),
        (b"10 a=b=c=\n", {"a": "b=c="}),
        (b"12 a=b c\nd\n\n", {"a": "b c\nd\n"}),
        (b"8 \xc3\xa4=\xc3\xb6\n", {"ä": "ö"}),
        (b"7 \xff=\xfe\xfd\n", {"\\xff": "\\xfe\\xfd"}),
        # A length has at most 19 digits.
        (b"0000000000000000024 a=b\n", {"a": "b"}),
    ],
)
def test_records_of_an_extended_header(content, records):
    assert pax_records(content) == records


@pytest.mark.parametrize("headers", [{"path": "a" * 200}, {"comment": "x y = z"}, {"size": "123", "mtime": "1.5"}])
def test_records_are_those_that_tarfile_wrote(headers):
    made = tarfile.TarInfo("x")
    made.pax_headers = headers
    written = made.tobuf(tarfile.PAX_FORMAT)
    assert kind_of(written) == b"x"
    assert pax_records(written[512 : 512 + size_of(written[:512])]) == headers


@pytest.mark.parametrize(
    "content",
    [
        b"a=b\n",
        b"6",
        b"6a=b\n",
        b" a=b\n",
        b"4 =\n",
        b"5 =b\n",
        b"5 ab\n",
        b"0 \n",
        b"6 a=b",
        b"6 a=bc\n",
        b"7 a=b\n",
        b"5 a=b\n",
        b"99 a=b\n",
        b"-6 a=b\n",
        b"6 a=b\n6 a=b\n",
        b"6 a=b\n6 a=c\n",
        b"6 a=b\nrest",
        b"00000000000000000025 a=b\n",
        b"16 GNU.sparse.=\n",
        b"22 GNU.sparse.major=1\n",
        b"\xff a=b\n",
        b"\xb26 a=b\n",
        b"6\xa0a=b\n",
    ],
)
def test_what_is_no_record(content):
    assert refused(pax_records, content) == NO_RECORD


def test_a_name_that_only_looks_sparse():
    assert pax_records(b"17 gnu.sparse.a=\n") == {"gnu.sparse.a": ""}
    assert pax_records(b"18 XGNU.sparse.a=\n") == {"XGNU.sparse.a": ""}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("0000000000000000007", 7),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", None),
        ("9999999999999999999", None),
        ("00000000000000000007", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        (" 1", None),
        ("1\n", None),
        ("0x1", None),
        ("\u0661", None),
    ],
)
def test_decimal_numbers(text, number):
    assert decimal(text) == number
    if number is None:
        assert refused(pax_size, text) == "an extended header of its archive has an invalid size"
    else:
        assert pax_size(text) == number
