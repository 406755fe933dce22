# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packets of an OpenPGP certificate that identify its owner and show whether it can encrypt.

Source: RFC 9580 (4.2 packet headers, 5.2.3 signatures and their subpackets, 5.5.4 fingerprints, 6 armor).
Limits: a text of 4 MiB, a key packet of version 4 of 65,535 bytes (its fingerprint has two bytes for the length).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import SettingError

SECRET_KEY, PUBLIC_KEY, SECRET_SUBKEY, USER_ID, PUBLIC_SUBKEY, SIGNATURE = 5, 6, 7, 13, 14, 2
_BEGIN, _END = "-----BEGIN PGP ", "-----END PGP "
_CRC_START, _CRC_POLYNOMIAL = 0xB704CE, 0x1864CFB
LONGEST_TEXT = 4 * 1024 * 1024
_LONGEST_V4 = 0xFFFF
_CREATED, _KEY_EXPIRES, _FLAGS = 2, 9, 27  # types of subpackets


class Packet(NamedTuple):
    tag: int
    body: bytes


class Signature(NamedTuple):
    """The fields of a certificate's signature, from its hashed part alone; times and durations are in seconds."""

    kind: int
    created: int
    key_expires_after: int
    flags: int


def malformed(what: str) -> SettingError:
    """The error for a text that is not an OpenPGP public key."""
    return SettingError(
        f"This is not an OpenPGP public key: {what}.",
        reason="invalid_pgp_key",
        remedy="Use the output of `gpg --export --armor` for the person's key, or the base64-encoded output of `gpg --export`.",
    )


def from_text(text: str) -> bytes:
    """The certificate of an armoured text, or of the base64 of its bytes; raises :class:`SettingError` (``invalid_pgp_key``)."""
    if len(text) > LONGEST_TEXT:
        raise malformed(f"it has more than {LONGEST_TEXT // 1024 // 1024} MiB")
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines or not lines[0].startswith(_BEGIN):
        return _decoded("".join(lines))
    if "PRIVATE" in lines[0]:
        raise secret_key()
    if not any(line.startswith(_END) for line in lines):
        raise malformed("its armor has no end")
    end = next(number for number, line in enumerate(lines) if line.startswith(_END))
    start = next((number for number, line in enumerate(lines) if not line), 0)
    body = lines[start + 1 : end]
    checksum = body.pop()[1:] if body and body[-1].startswith("=") and len(body[-1]) == 5 else ""
    content = _decoded("".join(body))
    if checksum and _decoded(checksum) != _crc24(content).to_bytes(3, "big"):
        raise malformed("the checksum of its armor is wrong, so it was not copied completely")
    return content


def secret_key() -> SettingError:
    """The error for a secret key in place of a public key."""
    return SettingError(
        "This is an OpenPGP secret key.",
        reason="invalid_pgp_key",
        remedy="Use the public key (`gpg --export`). Consider the secret key compromised if it was in an Ansible variable or file.",
    )


def packets(content: bytes) -> Iterator[Packet]:
    """All packets in their order; raises :class:`SettingError` (``invalid_pgp_key``)."""
    at = 0
    while at < len(content):
        header = content[at]
        if not header & 0x80:
            raise malformed(f"no packet begins at byte {at}")
        size_of = _new_size if header & 0x40 else _old_size
        try:
            start, size = size_of(content, at)
        except IndexError:
            raise malformed("it ends within a packet's header") from None
        if start + size > len(content):
            raise malformed("it ends within a packet, so it was not copied completely")
        yield Packet(header & 0x3F if header & 0x40 else header >> 2 & 0x0F, content[start : start + size])
        at = start + size


def fingerprint(key: bytes) -> str:
    """Of the body of a key packet, in hexadecimal digits as gpg shows it; raises :class:`SettingError` (``invalid_pgp_key``)."""
    version = key[0] if key else 0
    if version == 4 and len(key) > _LONGEST_V4:
        raise malformed(f"a key packet has {len(key)} bytes; the maximum is {_LONGEST_V4}")
    if version == 4:
        # The format prescribes SHA-1 for this identifier; it does not serve as a signature here.
        return hashlib.new("sha1", b"\x99" + len(key).to_bytes(2, "big") + key, usedforsecurity=False).hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(key).to_bytes(4, "big") + key).hexdigest().upper()
    raise malformed(f"its key has version {version}; supported are 4 and 6")


def signature(body: bytes) -> Signature:
    """Raises :class:`SettingError` (``invalid_pgp_key``)."""
    if len(body) < 2:
        raise malformed("a signature is truncated")
    version, kind = body[0], body[1]
    if version not in (4, 6):
        return Signature(kind, 0, 0, 0)
    start = 8 if version == 6 else 6
    size = int.from_bytes(body[4:start], "big")
    if len(body) < start + size:
        raise malformed("a signature is truncated")
    values = dict(_subpackets(body[start : start + size]))
    for name in (_CREATED, _KEY_EXPIRES):
        if len(values.get(name, bytes(4))) != 4:
            raise malformed("a time in a signature does not have 4 bytes")
    flags = values.get(_FLAGS, b"")
    created, expires = (int.from_bytes(values.get(name, b""), "big") for name in (_CREATED, _KEY_EXPIRES))
    return Signature(kind, created, expires, flags[0] if flags else 0)


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each subpacket; raises :class:`SettingError` if one is incomplete."""
    at = 0
    while at < len(area):
        size, width = area[at], 1
        if size == 255:
            size, width = int.from_bytes(area[at + 1 : at + 5], "big"), 5
        elif size >= 192:
            size, width = (size - 192 << 8) + int.from_bytes(area[at + 1 : at + 2], "big") + 192, 2
        if not size or at + width + size > len(area):
            raise malformed("a subpacket of a signature is truncated")
        yield area[at + width] & 0x7F, area[at + width + 1 : at + width + size]
        at += width + size


def _new_size(content: bytes, at: int) -> tuple[int, int]:
    first = content[at + 1]
    if first < 192:
        return at + 2, first
    if first < 224:
        return at + 3, (first - 192 << 8) + content[at + 2] + 192
    if first == 255:
        return at + 6, int.from_bytes(content[at + 2 : at + 6], "big")
    raise malformed("a packet has an invalid length")


def _old_size(content: bytes, at: int) -> tuple[int, int]:
    width = {0: 1, 1: 2, 2: 4}.get(content[at] & 3)
    if width is None:
        raise malformed("a packet has an invalid length")
    return at + 1 + width, int.from_bytes(content[at + 1 : at + 1 + width], "big")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("it is neither armored nor base64") from None


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 16
        for _bit in range(8):
            crc = crc << 1 ^ (_CRC_POLYNOMIAL if crc & 0x800000 else 0)
        table.append(crc)
    return table


def _crc24(content: bytes) -> int:
    table, crc = _crc_table(), _CRC_START
    for byte in content:
        crc = (crc << 8 & 0xFFFFFF) ^ table[crc >> 16 ^ byte]
    return crc
