# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The containers in which sealed values travel: bare, several slots, with the Enterprise suffix, as base64.

Sources: HashiCorp Vault, ``vault/seal_wrapped_value.go`` and ``vault/seal_util.go`` (header, length, suffix) and
``vault/seal/multi_wrap_value.proto``; OpenBao writes bare messages only.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from ..errors import BlobError, SettingError
from ..foreign_formats import SEALED_VALUE, identify, without_bom
from ..key_reference import KeyReference
from .blob import BlobInfo, Others
from .protobuf import Buffer, bytes_field, read_fields, varint_field

MAX_SIZE = 64 * 1024 * 1024
"""Default limit of a sealed value, in bytes."""

_LEAST_LIMIT = 32 * 1024
_LARGEST_LIMIT = 1 << 30

_MULTI_HEADER = b"multiwrapvalue:1"
_LENGTH_SIZE = 4  # big-endian, of what follows
_SUFFIX = b"s"
_MAX_SLOTS = 64  # Vault Enterprise writes at most 3
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n")


@dataclass
class SealedValue:
    """A sealed value: one slot, or several that each decrypt to the same plaintext.

    ``multi`` is set for Vault's several-slot container and ``suffixed`` for an Enterprise seal-wrapped entry, which
    ends with one byte ``s``. ``generation`` is Vault's seal generation, 0 if it is missing.
    """

    slots: tuple[BlobInfo, ...]
    multi: bool = False
    suffixed: bool = False
    generation: int = 0
    others: Others = field(default=(), repr=False)

    @classmethod
    def parse(cls, data: Buffer, max_size: int = MAX_SIZE) -> SealedValue:
        """Read a sealed value in any of its containers; raises :class:`BlobError` (``malformed_blob``)."""
        if not len(data):
            raise BlobError.malformed("it is empty", 0)
        if len(data) > max_size:
            raise BlobError.malformed(f"it has {len(data)} bytes, more than the limit of {max_size}", max_size)
        view = memoryview(data)
        # No message can end with the suffix: as a tag, "s" begins a group that nothing ends.
        suffixed = view[-1] == _SUFFIX[0] and not _reads(view)
        value = _parse_container(view[:-1] if suffixed else view)
        value.suffixed = suffixed
        return value

    @property
    def form(self) -> str:
        """The container: ``bare``, ``multi_wrap``, ``seal_wrap`` (bare with suffix) or ``multi_wrap_seal_wrap``."""
        if not self.suffixed:
            return "multi_wrap" if self.multi else "bare"
        return "multi_wrap_seal_wrap" if self.multi else "seal_wrap"

    @property
    def region(self) -> str:
        """The region of the first slot that names an AWS KMS key; empty if no slot does."""
        keys = (KeyReference.parse_key_arn(slot.key_id) for slot in self.slots)
        return next((key.region for key in keys if key), "")

    def pieces(self) -> list[Buffer]:
        """The bytes to write, in pieces. One slot is written bare, as Vault does, unless it was read otherwise."""
        if self.multi or len(self.slots) > 1:
            content: list[Buffer] = [varint_field(1, self.generation)]
            for slot in self.slots:
                content += bytes_field(2, *slot.pieces())
            content += [raw for _number, raw in self.others]
            size = sum(map(len, content))
            pieces: list[Buffer] = [_MULTI_HEADER, size.to_bytes(_LENGTH_SIZE, "big"), *content]
        else:
            pieces = self.slots[0].pieces()
        return [*pieces, _SUFFIX] if self.suffixed else pieces

    def encode(self) -> bytes:
        return b"".join(self.pieces())


def checked_limit(limit: int) -> int:
    """The option ``max_size``, in bytes; raises :class:`SettingError` (``invalid_option``) outside 32 KiB to 1 GiB."""
    if not _LEAST_LIMIT <= limit <= _LARGEST_LIMIT:
        raise SettingError(
            f"Option max_size is {limit}, which is out of range.",
            reason="invalid_option",
            remedy=f"Use a value from {_LEAST_LIMIT} to {_LARGEST_LIMIT} bytes.",
        )
    return limit


def from_base64(text: str | bytes, max_size: int = MAX_SIZE) -> bytes:
    """Decode a sealed value's text form; white space and a byte order mark are skipped, anything else outside base64 is refused."""
    raw = without_bom(_encoded(text))
    if len(raw) > max_size * 3 // 2 + 1024:  # 4/3 for base64 itself, and room for line ends
        raise BlobError.malformed(f"its base64 has {len(raw)} characters, too many for the limit of {max_size} bytes")
    compact = b"".join(raw.split())
    if not compact:
        raise BlobError.malformed("it is empty", 0)
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise BlobError.malformed("it is not valid base64") from None


def from_file_content(content: bytes, max_size: int = MAX_SIZE) -> bytes:
    """The sealed value in a file, as bytes or as base64.

    :func:`is_base64` distinguishes them.
    """
    return from_base64(content, max_size) if is_base64(content) else content


def is_base64(content: bytes) -> bool:
    """Whether a file holds base64. No sealed value consists of its characters only: tags and lengths are control characters."""
    text = without_bom(content)
    return bool(text) and not text.translate(None, bytes(_BASE64))


def read_text(text: str, max_size: int = MAX_SIZE) -> SealedValue:
    """The sealed value that a text holds as base64; raises :class:`BlobError`, which names a file of another format as what it is."""
    try:
        return SealedValue.parse(from_base64(text, max_size), max_size)
    except BlobError as error:
        raise _named(error, _encoded(text)) from None


def read_content(content: bytes, max_size: int = MAX_SIZE) -> SealedValue:
    """The sealed value that a file holds, as bytes or as base64; raises :class:`BlobError` as :func:`read_text` does."""
    try:
        return SealedValue.parse(from_file_content(content, max_size), max_size)
    except BlobError as error:
        raise _named(error, content) from None


def _named(error: BlobError, content: bytes) -> BlobError:
    foreign = identify(content, SEALED_VALUE)
    if foreign is None:
        return error
    return BlobError(
        f"This is not a sealed value: {foreign.what}.", reason=error.reason, remedy=foreign.remedy(SEALED_VALUE), details={"format": foreign.name}
    )


def _encoded(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _reads(view: memoryview) -> bool:
    try:
        _parse_container(view)
    except BlobError:
        return False
    return True


def _parse_container(view: memoryview) -> SealedValue:
    start = len(_MULTI_HEADER) + _LENGTH_SIZE
    if bytes(view[: len(_MULTI_HEADER)]) != _MULTI_HEADER:
        return SealedValue((BlobInfo.parse(view),))
    if len(view) < start:
        raise BlobError.malformed("the several-slot container is cut off", len(view))
    size = int.from_bytes(view[len(_MULTI_HEADER) : start], "big")
    if size != len(view) - start:
        raise BlobError.malformed(
            f"the several-slot container declares {size} bytes but contains {len(view) - start}", len(_MULTI_HEADER)
        )
    generation = 0
    slots: list[BlobInfo] = []
    others: list[tuple[int, bytes]] = []
    body = view[start:]
    for item in read_fields(body, start):
        if item.number == 1 and isinstance(item.value, int):
            generation = item.value
        elif item.number == 2 and isinstance(item.value, memoryview):
            slots.append(BlobInfo.parse_slot(item.value, start + item.end - len(item.value)))
        else:
            others.append((item.number, bytes(body[item.start : item.end])))
        if len(slots) > _MAX_SLOTS or len(others) > _MAX_SLOTS:
            raise BlobError.malformed(f"it has more than {_MAX_SLOTS} slots", start + item.start)
    if not slots:
        raise BlobError.malformed("the several-slot container contains no slots", start)
    return SealedValue(tuple(slots), multi=True, generation=generation, others=tuple(others))
