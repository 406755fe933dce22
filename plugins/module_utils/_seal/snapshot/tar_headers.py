# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The headers of a tar archive, as much of them as a raft snapshot needs: names, sizes and kinds, every number read strictly.

Sources: POSIX ``pax`` and GNU tar's manual (sizes of 8 GiB and more in base 256 or in a pax record); ``archive/tar`` of Go, with which the servers read.
"""

from __future__ import annotations

import re

BLOCK = 512
MAX_PAX = 64 << 10
"""The most bytes of an extended header."""

_MAX_NUMBER = (1 << 63) - 1
_OCTAL = re.compile(rb"[0-7]{0,21}")
_DECIMAL = re.compile(r"[0-9]{1,19}")
_NO_TAR = "its compressed content is not a tar archive, or has a damaged header"


class TarError(ValueError):
    """A malformed header; the text describes the fault and does not repeat the header."""


def size_of(block: bytes) -> int:
    """The size that a header states, its own checksum being right; raises :class:`TarError`."""
    stated = _number(block[148:156])
    if stated != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        raise TarError(_NO_TAR)
    return _number(block[124:136])


def kind_of(block: bytes) -> bytes:
    """One byte: ``0`` for a regular file, ``x`` for an extended header."""
    return block[156:157]


def name_of(block: bytes) -> str:
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0":
        prefix = block[345:500].split(b"\0", 1)[0]
        name = prefix + b"/" + name if prefix else name
    return name.decode("utf-8", "backslashreplace")


def pax_records(content: bytes) -> dict[str, str]:
    """The records ``LENGTH KEY=VALUE`` of an extended header; raises :class:`TarError`."""
    records: dict[str, str] = {}
    position = 0
    while position < len(content):
        digits, space, _rest = content[position : position + 20].partition(b" ")
        length = decimal(digits.decode("latin-1")) if space else None
        # The shortest record is "5 a=\n": each takes its own length at the least.
        if length is None or length < 5 or content[position + length - 1 : position + length] != b"\n":
            raise TarError("an extended header of its archive is invalid")
        key, equals, value = content[position + len(digits) + 1 : position + length - 1].partition(b"=")
        name = key.decode("utf-8", "backslashreplace")
        if not equals or not name or name in records or name.startswith("GNU.sparse."):
            raise TarError("an extended header of its archive is invalid")
        records[name] = value.decode("utf-8", "backslashreplace")
        position += length
    return records


def pax_size(text: str) -> int:
    """The size of a member that a pax record states; raises :class:`TarError`."""
    size = decimal(text)
    if size is None:
        raise TarError("an extended header of its archive has an invalid size")
    return size


def decimal(text: str) -> int | None:
    """A number of ASCII digits and nothing else, below 2**63; None for anything else, which ``int`` would read in part."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number <= _MAX_NUMBER else None


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or in base 256 where the first bit is set; the second bit would make it negative."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or number > _MAX_NUMBER:
            raise TarError(_NO_TAR)
        return number
    digits = field.strip(b"\0 ").split(b"\0", 1)[0]
    if not _OCTAL.fullmatch(digits):
        raise TarError(_NO_TAR)
    return int(digits or b"0", 8)
