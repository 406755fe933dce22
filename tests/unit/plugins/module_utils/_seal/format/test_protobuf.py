# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.protobuf import (
    MAX_FIELDS,
    bytes_field,
    read_fields,
    read_varint,
    varint,
    varint_field,
)

# The encoding guide's own examples, and the edges.
VARINTS = {
    0: b"\x00",
    1: b"\x01",
    127: b"\x7f",
    128: b"\x80\x01",
    150: b"\x96\x01",
    300: b"\xac\x02",
    16383: b"\xff\x7f",
    16384: b"\x80\x80\x01",
    2**32 - 1: b"\xff\xff\xff\xff\x0f",
    2**63: b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    2**64 - 1: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
}


def refusal(data, base=0, **more):
    with pytest.raises(BlobError) as raised:
        read_fields(data, base, **more)
    assert raised.value.reason == "malformed_blob"
    return raised.value.message, raised.value.details["offset"]


@pytest.mark.parametrize("value", VARINTS)
def test_varints(value):
    assert varint(value) == VARINTS[value]
    assert read_varint(b"\xff" + VARINTS[value] + b"\xff", 1) == (value, 1 + len(VARINTS[value]))


def test_an_overlong_varint_is_read_up_to_10_bytes():
    assert read_varint(b"\x81" + b"\x80" * 8 + b"\x00", 0) == (1, 10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x81" + b"\x80" * 9 + b"\x00", "a number has more than 64 bits"),
        (b"\xff" * 9 + b"\x02", "a number has more than 64 bits"),
        (b"\xff" * 9 + b"\x7f", "a number has more than 64 bits"),
        (b"\xff" * 100, "a number has more than 64 bits"),
        (b"\x80" * 9, "a number is cut off"),
        (b"", "a number is cut off"),
    ],
)
def test_varints_outside_the_format(data, message):
    with pytest.raises(BlobError) as raised:
        read_varint(data, 0, base=1000)
    assert raised.value.message == f"This is not a sealed value: {message} at byte 1000."
    assert raised.value.details == {"offset": 1000}


def test_fields_of_every_wire_type():
    group = b"\x23\x08\x01\x2b\x2c\x24"
    data = b"\x08\x96\x01" + b"\x11eight by" + b"\x1a\x03abc" + group + b"\x2dfour"
    fields = read_fields(data)
    assert [field.number for field in fields] == [1, 2, 3, 4, 5]
    assert [field.value if isinstance(field.value, int) else field.value and bytes(field.value) for field in fields] == [
        150,
        None,
        b"abc",
        None,
        None,
    ]
    assert b"".join(data[field.start : field.end] for field in fields) == data
    assert data[fields[3].start : fields[3].end] == group


def test_content_is_not_copied():
    data = b"\x0a\x80\x80\x80\x08" + bytes(1 << 24)
    (field,) = read_fields(data)
    assert isinstance(field.value, memoryview)
    assert field.value.obj is data


@pytest.mark.parametrize("number", [1, 15, 16, 2047, 2048, 2**29 - 1])
def test_field_numbers(number):
    (field,) = read_fields(varint_field(number, 5))
    assert (field.number, field.value) == (number, 5)
    (field,) = read_fields(b"".join(bytes_field(number, b"ab", b"", b"c")))
    assert (field.number, bytes(field.value)) == (number, b"abc")


def test_zero_is_not_written():
    assert varint_field(1, 0) == b""


@pytest.mark.parametrize(
    ("data", "what", "offset"),
    [
        (b"\x00\x01", "a field has an invalid number", 0),
        (b"\x08\x01\x02\x00", "a field has an invalid number", 2),
        (varint(2**29 << 3) + b"\x01", "a field has an invalid number", 0),
        (varint(2**64 - 8) + b"\x01", "a field has an invalid number", 0),
        (b"\x08\x01\x0e", "field 1 has an unknown wire type", 2),
        (b"\x08\x01\x0f", "field 1 has an unknown wire type", 2),
        (b"\x08", "a number is cut off", 1),
        (b"\x08\x80", "a number is cut off", 1),
        (b"\x0a", "a number is cut off", 1),
        (b"\x0a\x01", "field 1 is cut off", 0),
        (b"\x0a\x80\x01" + bytes(127), "field 1 is cut off", 0),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "field 1 is cut off", 0),
        (b"\x09sevenby", "field 1 is cut off", 0),
        (b"\x0dthr", "field 1 is cut off", 0),
        (b"\x08\x01\x0c", "a group ends that was not started", 2),
        (b"\x0b", "a group is cut off", 1),
        (b"\x0b\x08\x01", "a group is cut off", 3),
        (b"\x0b\x14", "a group ends that was not started", 1),
        (b"\x0b\x13\x0c\x14", "a group ends that was not started", 2),
        (b"\x0b\x00\x0c", "a field has an invalid number", 1),
        (b"\x0b\x0a\x05ab", "field 1 is cut off", 1),
        (b"\x0b" * 17 + b"\x0c" * 17, "groups have more than 16 levels", 16),
        (b"\x0b" * 100000, "groups have more than 16 levels", 16),
    ],
)
def test_what_is_not_protobuf(data, what, offset):
    assert refusal(data) == (f"This is not a sealed value: {what} at byte {offset}.", offset)
    assert refusal(data, base=500)[1] == 500 + offset
    assert refusal(memoryview(data))[1] == offset


def test_groups_as_deep_as_is_read():
    (field,) = read_fields(b"\x0b" * 16 + b"\x0c" * 16)
    assert (field.number, field.value, field.end) == (1, None, 32)


def test_the_number_of_fields_is_limited():
    assert len(read_fields(b"\x08\x01" * MAX_FIELDS)) == MAX_FIELDS
    assert refusal(b"\x08\x01" * (MAX_FIELDS + 1)) == (
        f"This is not a sealed value: it has more than {MAX_FIELDS} fields at byte {2 * MAX_FIELDS}.",
        2 * MAX_FIELDS,
    )
    assert refusal(b"\x08\x01" * 4, limit=3)[1] == 6


def test_the_fields_of_groups_count_too():
    inside = MAX_FIELDS - 1  # with the tag that ends it, as many as are left
    (field,) = read_fields(b"\x0b" + b"\x08\x01" * inside + b"\x0c")
    assert field.end == 2 + 2 * inside
    assert refusal(b"\x0b" + b"\x08\x01" * (inside + 1) + b"\x0c")[0].startswith("This is not a sealed value: a group has too many fields")
    assert "fields at byte" in refusal(b"\x0b\x08\x01\x0c" * (MAX_FIELDS // 2))[0]


def test_hostile_messages_are_refused_in_no_time():
    hostile = [
        b"\x08\x01" * (1 << 23),
        b"\x0b" + b"\x08\x01" * (1 << 23),
        b"\x0b" + b"\x13\x14" * (1 << 23),
        b"\x0b\x0c" * (1 << 23),
        b"\x0b" * (1 << 24),
        b"\xff" * (1 << 24),
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(1 << 24),
    ]
    begin = time.process_time()
    for data in hostile:
        refusal(data)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\x80", "a number is cut off"), (b"\xff" * 11, "a number has more than 64 bits"), (b"\xff" * 9 + b"\x02", "a number has more than 64 bits")],
)
def test_the_offset_of_a_number_is_where_it_begins(data, message):
    for arguments, offset in (((0,), 0), ((0, 1000), 1000)):
        with pytest.raises(BlobError) as raised:
            read_varint(data, *arguments)
        assert raised.value.message == f"This is not a sealed value: {message} at byte {offset}."
    with pytest.raises(BlobError) as raised:
        read_varint(b"abc" + data, 3, 1000)
    assert raised.value.details == {"offset": 1003}


def test_the_offset_of_a_field_is_in_the_message_itself_unless_it_is_said():
    with pytest.raises(BlobError) as raised:
        read_fields(b"\x08\x01\x00\x01")
    assert raised.value.details == {"offset": 2}


@pytest.mark.parametrize("size", [0, 1, 2, 127, 128, 150, 300, 16383, 16384])
@pytest.mark.parametrize("before", [b"", b"\x08\x01", b"\x12\x03abc"])
@pytest.mark.parametrize("after", [b"", b"\x08\x07", b"\x1a\x00"])
def test_contents_of_every_length(size, before, after):
    content = bytes(number % 251 for number in range(size))
    length = VARINTS.get(size, bytes([size % 128]))
    data = before + b"\x0a" + length + content + after
    fields = [field for field in read_fields(data) if field.number == 1 and isinstance(field.value, memoryview)]
    start = len(before)
    assert [(bytes(field.value), field.start, field.end) for field in fields] == [(content, start, start + 1 + len(length) + size)]
    # With less content than the length says it is cut off.
    if size and not after:
        offset = len(before)
        assert refusal(data[:-1], base=500) == (f"This is not a sealed value: field 1 is cut off at byte {500 + offset}.", 500 + offset)


@pytest.mark.parametrize("value", VARINTS)
@pytest.mark.parametrize("after", [b"", b"\x12\x01x", b"\x10\x05"])
def test_numbers_of_every_length(value, after):
    data = b"\x12\x00\x08" + VARINTS[value] + after
    assert [(field.value, field.start, field.end) for field in read_fields(data) if field.number == 1] == [(value, 2, 3 + len(VARINTS[value]))]


@pytest.mark.parametrize("data", [b"\x0a\x80", b"\x0a\xff\xff", b"\x08\xff"])
def test_a_length_or_number_that_ends_with_the_message(data):
    assert refusal(b"\x12\x01x" + data, base=500) == ("This is not a sealed value: a number is cut off at byte 504.", 504)


def test_the_fields_before_a_group_count_for_its_limit():
    before, inside = b"\x08\x01" * 2, b"\x08\x01"
    assert len(read_fields(before + b"\x0b" + inside * 2 + b"\x0c", limit=5)) == 3
    assert refusal(before + b"\x0b" + inside * 3 + b"\x0c", base=500, limit=5) == (
        "This is not a sealed value: a group has too many fields at byte 511.", 511,
    )


@pytest.mark.parametrize("data", [b"\x80", b"\xff\xff"])
def test_a_tag_that_ends_with_the_message(data):
    assert refusal(b"\x12\x01x" + data, base=500) == ("This is not a sealed value: a number is cut off at byte 503.", 503)
