# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a snapshot's state, read as a stream: a row of a varint length and a message of key (1) and value (2).

Source: OpenBao's ``physical/raft/fsm.go`` (``writeTo``) and ``StorageEntry`` of ``sdk/plugin/pb/backend.proto``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import BlobError
from ..format.protobuf import Buffer, read_fields, read_varint
from .archive import SnapshotError

MAX_ENTRY = 8 << 20
"""The size in bytes of the largest entry that is read; servers store 1 MiB, unless `max_entry_size` is larger. Longer entries are skipped."""

_LONGEST_LENGTH = 10
_KEY_TAG, _VALUE_TAG = 0x0A, 0x12
_LONGEST_PATH = 32768  # MaxKeySize of bbolt, in which the servers store their entries
_HEAD = _LONGEST_PATH + 64  # the part of a skipped entry that is read


class Entry(NamedTuple):
    """One entry: its path and its value; None for a value that was skipped because of its size."""

    path: str
    value: Buffer | None
    size: int


def read_entries(pieces: Iterable[bytes]) -> Iterator[Entry]:
    """The entries in their order. A value is good until the next entry is asked for or as long as it is referred to.

    Raises :class:`SnapshotError` (``malformed_snapshot``) where the state is not of its form.
    """
    return EntryReader(pieces).entries()


class EntryReader:
    """Reads the entries of a state once, from beginning to end; ``count`` is the number of those read so far, of any path."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.count = 0
        self._window = _Window(iter(pieces))

    def entries(self) -> Iterator[Entry]:
        """All entries, as :func:`read_entries`."""
        while self._window.fill(1):
            yield self._next()

    def relevant(self, prefixes: tuple[bytes, ...], last_byte: int) -> Iterator[Entry]:
        """The entries whose path begins with a prefix or whose value ends with a byte, and those whose value was skipped because of its size.

        What :meth:`entries` refuses is refused here too. The other entries, nearly all of a state, cost half.
        """
        while self._window.fill(1):
            yield from self._scan(prefixes, last_byte)
            if self._window.fill(1):
                entry = self._next()
                value = entry.value
                if value is None or (value and value[-1] == last_byte) or entry.path.encode().startswith(prefixes):
                    yield entry

    def _scan(self, prefixes: tuple[bytes, ...], last_byte: int) -> Iterator[Entry]:
        """The fast path: entries that are whole in the window, in the form that servers write. It ends before the first other one."""
        window = self._window
        data, position = window.data, window.position
        last = len(data) - _LONGEST_LENGTH
        count = 0
        while position < last:
            length, start = data[position], position + 1
            if length >= 0x80:
                more = data[start]
                length, start = length & 0x7F | (more & 0x7F) << 7, start + 1
                if more >= 0x80:
                    more = data[start]
                    length, start = length | more << 14, start + 1
                    if more >= 0x80:
                        break
            end = start + length
            if end > last or length < 5 or data[start] != _KEY_TAG:
                break
            path_length, path = data[start + 1], start + 2
            value = path + path_length
            if path_length >= 0x80 or not path_length or value + 4 > end or data[value] != _VALUE_TAG:
                break
            length, value = data[value + 1], value + 2
            if length >= 0x80:
                more = data[value]
                length, value = length & 0x7F | (more & 0x7F) << 7, value + 1
                if more >= 0x80:
                    more = data[value]
                    length, value = length | more << 14, value + 1
                    if more >= 0x80:
                        break
            if value + length != end or not length or not data[path : path + path_length].isascii():
                break
            position = end
            count += 1
            if data[end - 1] == last_byte or data.startswith(prefixes, path):
                self.count += count
                count, window.position = 0, position
                yield Entry(str(data[path : path + path_length], "ascii"), memoryview(data)[value:end], end - start)
        self.count += count
        window.position = position

    def _next(self) -> Entry:
        """The next entry, of any form; the window holds at least one byte."""
        window = self._window
        window.fill(_LONGEST_LENGTH)
        data, position = window.data, window.position
        length = data[position]
        if length < 0x80:
            start = position + 1
        else:
            try:
                length, start = read_varint(data, position)
            except BlobError:
                raise _malformed(window, "an entry has an invalid length") from None
        window.advance(start - position)
        self.count += 1
        if length > MAX_ENTRY:
            return _passed_over(window, length)
        if not window.fill(length):
            raise _malformed(window, "its last entry is truncated")
        start = window.position
        entry = _entry(window, memoryview(window.data)[start : start + length])
        window.advance(length)
        return entry


def _entry(window: _Window, message: memoryview) -> Entry:
    # A fast path for what servers write: the key, of less than 128 bytes, and then the value.
    size = len(message)
    if size > 4 and message[0] == _KEY_TAG and message[1] < 0x80:
        value = message[1] + 2
        if value < size and message[value] == _VALUE_TAG:
            length, start = message[value + 1] if value + 1 < size else 0x80, value + 2
            if length >= 0x80:
                try:
                    length, start = read_varint(message, value + 1)
                except BlobError:
                    length, start = 0, 0
            if start + length == size:
                return Entry(_path(window, message[2:value]), message[start:], size)
    path, content = memoryview(b""), memoryview(b"")
    try:
        for item in read_fields(message):
            if item.number == 1 and isinstance(item.value, memoryview):
                path = item.value
            elif item.number == 2 and isinstance(item.value, memoryview):
                content = item.value
    except BlobError as error:
        raise _malformed(window, f"an entry is invalid ({error.message})") from None
    if not path:
        raise _malformed(window, "an entry has no path")
    return Entry(_path(window, path), content, size)


def _passed_over(window: _Window, length: int) -> Entry:
    if not window.fill(min(_HEAD, length)):
        raise _malformed(window, "its last entry is truncated")
    head = memoryview(window.data)[window.position : window.position + _HEAD]
    try:
        size, start = read_varint(head, 1)
    except BlobError:
        size, start = 0, 0
    if head[0] != _KEY_TAG or not size or start + size > len(head):
        raise _malformed(window, f"an entry of {length} bytes does not begin with its path")
    path = _path(window, head[start : start + size])
    if not window.skip(length):
        raise _malformed(window, "its last entry is truncated")
    return Entry(path, None, length)


def _path(window: _Window, raw: memoryview) -> str:
    if len(raw) > _LONGEST_PATH:
        raise _malformed(window, f"the path of an entry has {len(raw)} bytes, more than {_LONGEST_PATH}")
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        raise _malformed(window, "the path of an entry is not UTF-8") from None


def _malformed(window: _Window, what: str) -> SnapshotError:
    return SnapshotError.malformed(f"in its state, at byte {window.offset}, {what}")


class _Window:
    """The part of the state that is in memory: at least what was requested, and seldom more than a piece beyond it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._before = 0
        self.data = b""
        self.position = 0

    @property
    def offset(self) -> int:
        """Where the window's position is in the state."""
        return self._before + self.position

    def fill(self, size: int) -> bool:
        """Load ``size`` bytes from the position on; False if fewer are left."""
        missing = size - (len(self.data) - self.position)
        if missing <= 0:
            return True
        parts = [self.data[self.position :]]
        while missing > 0:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            missing -= len(piece)
        self._before += self.position
        self.data, self.position = b"".join(parts), 0
        return missing <= 0

    def advance(self, size: int) -> None:
        self.position += size

    def skip(self, size: int) -> bool:
        """Skip bytes without loading them; False if fewer are left."""
        left = size
        while left > 0:
            step = min(left, len(self.data) - self.position)
            self.advance(step)
            left -= step
            if left and not self.fill(1):
                return False
        return True
