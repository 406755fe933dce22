# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BlobInfo and KeyInfo, the sealed value's two messages.

Source: ``github.com.hashicorp.go.kms.wrapping.v2.types.proto`` of HashiCorp's go-kms-wrapping, and ``types.proto`` of
OpenBao's fork, which keeps a subset of the fields. Fields that are not needed here, known or unknown, are kept
unchanged and written again, as Go's protobuf does: known ones in the order of their numbers, unknown ones after them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import BlobError
from .protobuf import BYTES, VARINT, Buffer, bytes_field, read_fields, varint_field

DIRECT = 0
"""Mechanism 0: ``ciphertext`` is KMS's encryption of the value itself."""
ENVELOPE = 1
"""Mechanism 1: AES-256-GCM under a data key that KMS encrypted (``wrapped_key``)."""

NONCE_SIZE = 12
TAG_SIZE = 16

# The fields of HashiCorp's definition that are not used here, as (number, wire type). One of another type is unknown.
_BLOB_KNOWN = {(3, BYTES), (4, VARINT), (6, BYTES), (7, BYTES), (8, BYTES)}
_KEY_INFO_KNOWN = {
    *((number, VARINT) for number in (2, 6, 7, 8, 10, 11)),
    *((number, BYTES) for number in (4, 8, 9)),  # 8, a list, comes packed or as single numbers
}
_BEYOND = 12
_MAX_KEY_INFO_PARTS = 16  # writers write one; this only bounds the work on a hostile value

Others = tuple[tuple[int, bytes], ...]


@dataclass
class KeyInfo:
    """Which key sealed a value, and how. ``others`` holds (number, raw field) of all fields not used here."""

    mechanism: int = DIRECT
    key_id: str = ""
    wrapped_key: bytes = field(default=b"", repr=False)
    others: Others = field(default=(), repr=False)

    @classmethod
    def parse(cls, data: Buffer, base: int = 0) -> KeyInfo:
        mechanism, key_id, wrapped_key = DIRECT, "", b""
        others: list[tuple[int, bytes]] = []
        for number, value, start, end in read_fields(data, base):
            if number == 5 and isinstance(value, memoryview):
                wrapped_key = bytes(value)
            elif number == 3 and isinstance(value, memoryview):
                key_id = _text(value, number, base + start)
            elif number == 1 and isinstance(value, int):
                mechanism = value
            else:
                if number == 4 and isinstance(value, memoryview):
                    _text(value, number, base + start)  # hmac_key_id is a string too: readers refuse one that is not UTF-8
                others.append((number, bytes(data[start:end])))
        return cls(mechanism, key_id, wrapped_key, tuple(others))

    def encode(self) -> bytes:
        used: list[tuple[int, Buffer]] = [(1, varint_field(1, self.mechanism))]
        if self.key_id:
            used += [(3, piece) for piece in bytes_field(3, self.key_id.encode())]
        if self.wrapped_key:
            used += [(5, piece) for piece in bytes_field(5, self.wrapped_key)]
        return b"".join(_in_order(used, self.others, _KEY_INFO_KNOWN))


@dataclass
class BlobInfo:
    """One sealed value. ``others`` holds (number, raw field) of all fields not used here."""

    ciphertext: Buffer = field(repr=False)
    iv: bytes = field(default=b"", repr=False)
    key_info: KeyInfo | None = None
    others: Others = field(default=(), repr=False)

    @classmethod
    def parse(cls, data: Buffer, base: int = 0) -> BlobInfo:
        """Read one message; ``base`` is its offset in what was given, for the error's sake.

        Raises :class:`BlobError` (``malformed_blob``) for what protobuf's parsers refuse, and for a message that
        could not be a sealed value: see :meth:`check`.
        """
        blob = cls.parse_slot(data, base)
        blob.check(base)
        return blob

    @classmethod
    def parse_slot(cls, data: Buffer, base: int = 0) -> BlobInfo:
        """Read one message of several: another cloud's may lack what :meth:`check` wants, and must not spoil the rest."""
        ciphertext: Buffer = b""
        iv = b""
        key_info: list[tuple[memoryview, int]] = []
        others: list[tuple[int, bytes]] = []
        for number, value, start, end in read_fields(data, base):
            if isinstance(value, memoryview):
                if number == 1:
                    ciphertext = value
                    continue
                if number == 2:
                    iv = bytes(value)
                    continue
                if number == 5:
                    key_info.append((value, base + end - len(value)))
                    continue
                if number == 6:
                    _text(value, number, base + start)  # value_path is a string too
            others.append((number, bytes(data[start:end])))
        return cls(ciphertext, iv, _merged_key_info(key_info), tuple(others))

    def check(self, base: int | None = None) -> None:
        """Refuse what cannot be an awskms seal's: without ciphertext, or an envelope without its parts."""
        if not len(self.ciphertext):
            raise BlobError.malformed("it contains no ciphertext", base)
        key_info = self.key_info
        if key_info is None or key_info.mechanism != ENVELOPE:
            return
        if not key_info.wrapped_key:
            raise BlobError.malformed("it contains no wrapped data key", base)
        if not key_info.key_id:
            raise BlobError.malformed("it does not name the key that sealed it", base)
        if self.iv and len(self.iv) != NONCE_SIZE:
            raise BlobError.malformed(f"its nonce has {len(self.iv)} bytes instead of {NONCE_SIZE}", base)
        if len(self.iv) + len(self.ciphertext) < NONCE_SIZE + TAG_SIZE:
            raise BlobError.malformed("its ciphertext is shorter than nonce and authentication tag", base)

    @property
    def mechanism(self) -> int:
        """The mechanism; without KeyInfo it is 0, as OpenBao and HashiCorp's awskms wrapper up to v4.0.0 read it; from v4.0.1 on it refuses such a value."""
        return self.key_info.mechanism if self.key_info else DIRECT

    @property
    def key_id(self) -> str:
        """The key that the value names: an ARN if awskms sealed it; empty if it names no key."""
        return self.key_info.key_id if self.key_info else ""

    @property
    def wrapped_key(self) -> bytes:
        """The data key, encrypted by KMS; empty if the value has none."""
        return self.key_info.wrapped_key if self.key_info else b""

    @property
    def of_kms(self) -> bytes:
        """The ciphertext made by KMS: the wrapped data key, or with mechanism 0 the ciphertext of the value."""
        return bytes(self.ciphertext) if self.mechanism == DIRECT else self.wrapped_key

    @property
    def unknown_fields(self) -> list[str]:
        """Numbers of the fields that no product's definition has, in the order of the message; those of KeyInfo as ``5.12``."""
        own = [str(number) for number, raw in self.others if (number, raw[0] & 7) not in _BLOB_KNOWN]
        inner = self.key_info.others if self.key_info else ()
        return own + [f"5.{number}" for number, raw in inner if (number, raw[0] & 7) not in _KEY_INFO_KNOWN]

    @property
    def layout(self) -> str:
        """The layout of the message.

        ``envelope`` (always written today), ``joined_nonce`` (OpenBao 2.5.0: the nonce precedes the ciphertext),
        ``direct`` (mechanism 0), ``no_key_info`` (mechanism 0 from before KeyInfo existed), ``unknown``.
        """
        if self.key_info is None:
            return "no_key_info"
        mechanism = self.key_info.mechanism
        if mechanism == ENVELOPE:
            return "envelope" if self.iv else "joined_nonce"
        return "direct" if mechanism == DIRECT else "unknown"

    def nonce_and_ciphertext(self) -> tuple[bytes, bytes]:
        """The nonce and the ciphertext with its tag, wherever this writer put the nonce."""
        if self.iv:
            return self.iv, bytes(self.ciphertext)
        return bytes(self.ciphertext[:NONCE_SIZE]), bytes(self.ciphertext[NONCE_SIZE:])

    def pieces(self) -> list[Buffer]:
        """The encoded message in pieces, so that a large ciphertext is not copied to write it."""
        used: list[tuple[int, Buffer]] = []
        if len(self.ciphertext):
            used += [(1, piece) for piece in bytes_field(1, self.ciphertext)]
        if self.iv:
            used += [(2, piece) for piece in bytes_field(2, self.iv)]
        if self.key_info is not None:
            used += [(5, piece) for piece in bytes_field(5, self.key_info.encode())]
        return _in_order(used, self.others, _BLOB_KNOWN)

    def encode(self) -> bytes:
        return b"".join(self.pieces())


def _merged_key_info(parts: list[tuple[memoryview, int]]) -> KeyInfo | None:
    # A message field that occurs twice is merged, which is the same as reading both contents as one.
    if not parts:
        return None
    if len(parts) == 1:
        return KeyInfo.parse(*parts[0])
    if len(parts) > _MAX_KEY_INFO_PARTS:
        raise BlobError.malformed(f"its key_info has more than {_MAX_KEY_INFO_PARTS} parts", parts[_MAX_KEY_INFO_PARTS][1])
    for part in parts:
        KeyInfo.parse(*part)
    return KeyInfo.parse(b"".join(content for content, _offset in parts), parts[0][1])


def _text(content: memoryview, number: int, offset: int) -> str:
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError:
        raise BlobError.malformed(f"field {number} is not UTF-8", offset) from None


def _in_order(used: list[tuple[int, Buffer]], others: Others, known: set[tuple[int, int]]) -> list[Buffer]:
    if not others:
        return [piece for _number, piece in used]
    # Sorting is stable, so unknown fields keep their order. A tag's low bits, in its first byte, are the wire type.
    entries = used + [(number if (number, raw[0] & 7) in known else _BEYOND, raw) for number, raw in others]
    entries.sort(key=lambda entry: entry[0])
    return [piece for _number, piece in entries]
