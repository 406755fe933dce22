# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subset of the protobuf wire format that sealed values need.

Source: the encoding guide of Protocol Buffers. The reader accepts what protobuf's own parsers accept: fields in any
order, unknown fields kept unchanged, varints of at most 10 bytes, groups skipped up to a depth.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from ..errors import BlobError

VARINT, FIXED64, BYTES, GROUP_START, GROUP_END, FIXED32 = range(6)

Buffer = Union[bytes, memoryview]

MAX_FIELDS = 1024
"""Default limit of a message's fields; a sealed value has 5 to 11, groups' own ones included. It bounds the work on a hostile one."""

_MAX_VARINT_BYTES = 10
_MAX_GROUP_DEPTH = 16  # sealed values hold no groups at all; this only bounds the work on what is skipped
_FIXED_SIZE = {FIXED64: 8, FIXED32: 4}
_HIGHEST_FIELD_NUMBER = (1 << 29) - 1


class Field(NamedTuple):
    """One encoded field: ``data[start:end]`` of the message it was read from, tag included.

    ``value`` is an int for varints and a view of the content for length-delimited fields; None for all others.
    The content of a length-delimited field ends where the field ends.
    """

    number: int
    value: int | memoryview | None
    start: int
    end: int


_field = tuple.__new__  # called directly, since a call of Field takes twice the time
_ONE_BYTE = [bytes((value,)) for value in range(0x80)]


def read_varint(data: Buffer, position: int, base: int = 0) -> tuple[int, int]:
    """Return the unsigned 64-bit value at ``position`` and the position after it.

    Raises :class:`BlobError` where the data ends inside it or it has more than 10 bytes or 64 bits.
    """
    result = 0
    for count in range(_MAX_VARINT_BYTES):
        if position + count >= len(data):
            raise BlobError.malformed("a number is cut off", base + position)
        byte = data[position + count]
        result |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if result >> 64:
                break
            return result, position + count + 1
    raise BlobError.malformed("a number has more than 64 bits", base + position)


def read_fields(data: Buffer, base: int = 0, limit: int = MAX_FIELDS) -> list[Field]:
    """The fields of one message; ``base`` is the message's offset in the outermost one, for the errors' sake.

    Raises :class:`BlobError` at the first byte that is not protobuf, and past ``limit`` fields.
    """
    view = memoryview(data)
    size = len(view)
    position = 0
    fields: list[Field] = []
    left = limit
    while position < size:
        if len(fields) >= left:
            raise BlobError.malformed(f"it has more than {limit} fields", base + position)
        tag = view[position]
        # A fast path for the fields of sealed values: a tag of one byte, a length of one or two bytes, a number of one.
        if tag & 0x87 == BYTES and tag > 7 and position + 2 < size and (view[position + 1] < 0x80 or view[position + 2] < 0x80):
            length, start = view[position + 1], position + 2
            if length >= 0x80:
                length, start = length & 0x7F | view[start] << 7, start + 1
            end = start + length
            if end > size:
                raise BlobError.malformed(f"field {tag >> 3} is cut off", base + position)
            field = _field(Field, (tag >> 3, view[start:end], position, end))
        elif tag & 0x87 == VARINT and tag > 7 and position + 1 < size and view[position + 1] < 0x80:
            field = _field(Field, (tag >> 3, view[position + 1], position, position + 2))
        else:
            wire_type, field = _read_field(view, position, base)
            if wire_type == GROUP_START:
                end, inside = _skip_group(view, field, base, left - len(fields))
                field = field._replace(end=end)
                left -= inside
            elif wire_type == GROUP_END:
                raise BlobError.malformed("a group ends that was not started", base + position)
        fields.append(field)
        position = field.end
    return fields


def _read_field(view: memoryview, start: int, base: int) -> tuple[int, Field]:
    """One field with its wire type; of a group only the tag that begins or ends it."""
    tag, position = read_varint(view, start, base)
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number <= _HIGHEST_FIELD_NUMBER:
        raise BlobError.malformed("a field has an invalid number", base + start)
    value: int | memoryview | None = None
    if wire_type == VARINT:
        value, position = read_varint(view, position, base)
    elif wire_type == BYTES:
        length, content = read_varint(view, position, base)
        position = content + length
        value = view[content:position]
    elif wire_type in _FIXED_SIZE:
        position += _FIXED_SIZE[wire_type]
    elif wire_type not in (GROUP_START, GROUP_END):
        raise BlobError.malformed(f"field {number} has an unknown wire type", base + start)
    if position > len(view):
        raise BlobError.malformed(f"field {number} is cut off", base + start)
    return wire_type, Field(number, value, start, position)


def _skip_group(view: memoryview, first: Field, base: int, limit: int) -> tuple[int, int]:
    """The position after the group that ``first`` begins, and how many tags it holds, of at most ``limit``."""
    position, open_groups = first.end, [first.number]
    for count in range(1, limit + 1):
        if position >= len(view):
            raise BlobError.malformed("a group is cut off", base + position)
        wire_type, field = _read_field(view, position, base)
        if wire_type == GROUP_START:
            if len(open_groups) == _MAX_GROUP_DEPTH:
                raise BlobError.malformed(f"groups have more than {_MAX_GROUP_DEPTH} levels", base + position)
            open_groups.append(field.number)
        elif wire_type == GROUP_END and open_groups.pop() != field.number:
            raise BlobError.malformed("a group ends that was not started", base + position)
        position = field.end
        if not open_groups:
            return position, count
    raise BlobError.malformed("a group has too many fields", base + position)


def varint(value: int) -> bytes:
    """Encode an unsigned number of at most 64 bits."""
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint_field(number: int, value: int) -> bytes:
    """Encode a number; as proto3 has it, zero is not written."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def bytes_field(number: int, *content: Buffer) -> list[Buffer]:
    """Encode a length-delimited field as pieces, so that a large content is not copied."""
    size = len(content[0]) if len(content) == 1 else sum(map(len, content))
    return [varint(number << 3 | BYTES) + varint(size), *content]
