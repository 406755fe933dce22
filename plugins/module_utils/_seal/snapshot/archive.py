# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive of a raft snapshot, read as a stream: gzip, and in it a tar of four members. It is not unpacked to disk.

Sources: RFC 1952 (gzip); POSIX ``pax`` and GNU tar's manual (the tar headers, sizes of 8 GiB and more in base 256 or in a pax record);
OpenBao's ``physical/raft/snapshot/archive.go`` (the members, that others are refused, and that all but the state may have
at most 8191 bytes). The reader refuses what the servers refuse.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ..errors import BlobError, SealError
from ..foreign_formats import SNAPSHOT, identify
from ..format.container import read_content
from .tar_headers import BLOCK, MAX_PAX, TarError, kind_of, name_of, pax_records, pax_size, size_of

META, STATE, SUMS, SEALED_SUMS = "meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"
MEMBERS = (META, STATE, SUMS, SEALED_SUMS)

MAX_SMALL_MEMBER = 8191
"""The most bytes of each member but the state: the servers take a longer one for cut off."""

MAX_STATE = 64 << 30
"""Default limit of the state, in bytes unpacked."""

MAX_EXPANSION = 200
"""How many times longer than the file a state of more than 4 GiB may be. What servers write is ciphertext, which compression hardly shortens."""

_LEAST_LIMIT = 1 << 20
_LARGEST_LIMIT = 1 << 44
_ANY_EXPANSION = 4 << 30  # a state of so many bytes is read in some seconds
_PACKED = 64 << 10  # what is read from the file at a time
_PIECE = 1 << 20  # what is unpacked at a time, at most
_MAX_PADDING = 1 << 20  # zeros after the end: GNU tar pads to 10240 bytes, or to the size of its option -b

_AGAIN = "Take the snapshot again from its source, or another one."
_REGULAR = (b"0", b"\0")
_GZIP = b"\x1f\x8b"


class SnapshotError(SealError):
    """A file that is not a snapshot, or one that is damaged or exceeds the limits."""

    @classmethod
    def damaged(cls, what: str) -> SnapshotError:
        """Something that a server wrote, and that was cut off or altered since."""
        return cls(f"The snapshot is damaged: {what}.", reason="damaged_snapshot", remedy=_AGAIN)

    @classmethod
    def malformed(cls, what: str) -> SnapshotError:
        """Something that no server writes."""
        remedy = "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."
        return cls(f"This is not a raft snapshot of Vault or OpenBao: {what}.", reason="malformed_snapshot", remedy=remedy)

    @classmethod
    def not_gzip(cls, beginning: bytes) -> SnapshotError:
        """A file that begins as no gzip file does, named as what it is."""
        foreign = identify(beginning, SNAPSHOT)
        if not beginning or foreign is None:
            what = "it is empty" if not beginning else "it is a sealed value, not a snapshot" if _is_sealed(beginning) else "it is not gzip-compressed"
            return cls.malformed(what)
        error = cls.malformed(foreign.what)
        error.remedy = foreign.remedy(SNAPSHOT)
        error.details["format"] = foreign.name
        return error

    @classmethod
    def too_large(cls, what: str, remedy: str) -> SnapshotError:
        return cls(f"The snapshot exceeds a limit: {what}.", reason="snapshot_too_large", remedy=remedy)


class Member(NamedTuple):
    """One member of the archive; ``pieces`` has to be read to its end before the next member is asked for."""

    name: str
    size: int
    pieces: Iterator[bytes]


def checked_state_limit(limit: int) -> int:
    """The option ``max_size``, in bytes; raises :class:`SealError` (``invalid_option``) outside 1 MiB to 16 TiB."""
    if not _LEAST_LIMIT <= limit <= _LARGEST_LIMIT:
        raise SealError(
            f"Option max_size is {limit}, which is out of range.",
            reason="invalid_option",
            remedy=f"Use a value from {_LEAST_LIMIT} to {_LARGEST_LIMIT} bytes.",
        )
    return limit


class Archive:
    """A snapshot's archive, read once from its beginning to its end.

    :param file_size: the bytes of the file, to which an impossible size of the state is compared.
    :param max_state: the most bytes of the state, and of zeros after the archive.
    """

    def __init__(self, stream: BinaryIO, file_size: int, max_state: int = MAX_STATE) -> None:
        self._unpacked = _Unpacked(stream, max_state)
        self._file_size = file_size
        self._max_state = max_state

    @property
    def trailing_zeros(self) -> int:
        """How many zero bytes follow the compressed archive, once all members were read: dd and tapes fill up a last block so."""
        return self._unpacked.trailing_zeros

    def members(self) -> Iterator[Member]:
        """The members in the order they come; each of the four at most once.

        Raises :class:`SnapshotError`: ``malformed_snapshot``, ``damaged_snapshot`` or ``snapshot_too_large``.
        """
        seen: list[str] = []
        while True:
            header = _next_header(self._unpacked)
            if header is None:
                return
            name, size = header
            _check_member(name, size, seen, self._file_size, self._max_state)
            seen.append(name)
            yield Member(name, size, self._unpacked.pieces(size, name))
            self._unpacked.skip(-size % BLOCK)


def _check_member(name: str, size: int, seen: list[str], file_size: int, max_state: int) -> None:
    if name not in MEMBERS:
        raise SnapshotError.malformed(
            f"it contains a member {_shown(name)}, but a snapshot contains only {', '.join(MEMBERS)}. "
            "Servers reject such a file; nothing was unpacked to disk"
        )
    if name in seen:
        raise SnapshotError.malformed(f"it contains {name} twice")
    if name != STATE and size > MAX_SMALL_MEMBER:
        raise SnapshotError.malformed(f"its {name} has {size} bytes; the servers read at most {MAX_SMALL_MEMBER}")
    if name == STATE and size > max_state:
        raise SnapshotError.too_large(
            f"its {STATE} has {size} bytes; the maximum is {max_state}", "If it is the right file, increase max_size."
        )
    if name == STATE and size > max(_ANY_EXPANSION, MAX_EXPANSION * file_size):
        raise SnapshotError.too_large(
            f"its {STATE} declares {size} bytes in a file of {file_size}: more than {MAX_EXPANSION} times as many. "
            "A server writes ciphertext, which cannot be compressed that much",
            "Do not trust this file: it may be a decompression bomb.",
        )


def _next_header(unpacked: _Unpacked) -> tuple[str, int] | None:
    """Name and size of the next member; None at the end, which must be the end of everything."""
    extended: dict[str, str] | None = None
    while True:
        block = unpacked.take(BLOCK, "the header of a member")
        if not block.strip(b"\0"):
            unpacked.expect_end()
            return None
        try:
            size = size_of(block)
            if kind_of(block) == b"x" and extended is None:
                extended = _extended(unpacked, size)
                continue
            name = (extended or {}).get("path") or name_of(block)
            if extended and "size" in extended:
                size = pax_size(extended["size"])
        except TarError as error:
            raise SnapshotError.malformed(str(error)) from None
        if kind_of(block) not in _REGULAR:
            kind = _shown(kind_of(block).decode("latin-1"))
            raise SnapshotError.malformed(f"its member {_shown(name)} is not a regular file (type {kind}). Nothing was unpacked to disk")
        return name, size


def _extended(unpacked: _Unpacked, size: int) -> dict[str, str]:
    if size > MAX_PAX:
        raise TarError(f"a header of its archive has {size} bytes, more than {MAX_PAX}")
    records = pax_records(unpacked.take(size, "a header"))
    unpacked.skip(-size % BLOCK)
    return records


def _is_sealed(content: bytes) -> bool:
    try:
        read_content(content)
    except BlobError:
        return False
    return True


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:100]}...")


class _Unpacked:
    """The unpacked bytes of a gzip file, in order; holds no more than one piece of them.

    :param max_zeros: the most zero bytes that may follow the compressed archive.
    """

    def __init__(self, stream: BinaryIO, max_zeros: int) -> None:
        self._stream = stream
        self._max_zeros = max_zeros
        self._pieces = self._unpack()
        self._rest = memoryview(b"")
        self.trailing_zeros = 0

    def _more(self) -> bool:
        self._rest = memoryview(next(self._pieces, b""))
        return bool(self._rest)

    def pieces(self, size: int, name: str) -> Iterator[bytes]:
        """Exactly so many bytes, in pieces of at most 1 MiB."""
        while size > 0:
            if not self._rest and not self._more():
                raise SnapshotError.damaged(f"it ends within {name}, of which {size} bytes are missing")
            piece = bytes(self._rest[:size])
            self._rest = self._rest[len(piece) :]
            size -= len(piece)
            yield piece

    def take(self, size: int, name: str) -> bytes:
        return b"".join(self.pieces(size, name))

    def skip(self, size: int) -> None:
        for _piece in self.pieces(size, "the archive"):
            pass

    def expect_end(self) -> None:
        """Zeros up to the end of the file, and not endlessly many."""
        padding = 0
        while self._rest or self._more():
            padding += len(self._rest)
            if bytes(self._rest).strip(b"\0"):
                raise SnapshotError.malformed("data follow the end of its archive")
            if padding > _MAX_PADDING:
                raise SnapshotError.malformed(f"more than {_MAX_PADDING} zeros follow the end of its archive")
            self._rest = memoryview(b"")

    def _unpack(self) -> Iterator[bytes]:
        """The unpacked pieces, each of at most 1 MiB; zlib itself compares the checksum and the length at the end."""
        packed = self._stream.read(_PACKED)
        if packed[:2] != _GZIP:
            raise SnapshotError.not_gzip(packed)
        unpacker = zlib.decompressobj(wbits=31)
        while True:
            try:
                piece = unpacker.decompress(packed, _PIECE)
            except zlib.error as error:
                raise SnapshotError.damaged(f"its gzip stream cannot be unpacked ({error})") from None
            if piece:
                yield piece
            if unpacker.eof:
                packed = self._after_the_end(unpacker.unused_data)
                if not packed:
                    return
                unpacker = zlib.decompressobj(wbits=31)  # gzip files may be joined
            else:
                packed = unpacker.unconsumed_tail or self._stream.read(_PACKED)
                if not packed and not piece:
                    raise SnapshotError.damaged("it is truncated: its gzip stream has no end")

    def _after_the_end(self, packed: bytes) -> bytes:
        """The part after the end of a gzip member: the next member, or empty; zeros up to the end of the file count as empty."""
        packed = packed or self._stream.read(_PACKED)
        while packed[:1] == b"\0":
            if packed.strip(b"\0"):
                raise SnapshotError.damaged("its gzip stream is followed by zeros and other bytes")
            self.trailing_zeros += len(packed)
            if self.trailing_zeros > self._max_zeros:
                raise SnapshotError.too_large(
                    f"more than {self._max_zeros} zeros follow its archive", "Truncate the file after its archive, or increase max_size."
                )
            packed = self._stream.read(_PACKED)
        if packed and self.trailing_zeros:
            raise SnapshotError.damaged("its gzip stream is followed by zeros and other bytes")
        return packed
