# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public keys of people: OpenPGP certificates, as bytes and as text, and recipients of a recovery key."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_packets import packets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.public_key import Recipient
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver

_VECTORS = Path(__file__).parents[2] / "vectors" / "pgp_keys.json"
_NOW = 1_750_000_000.0
_WORDS = (
    b"\x99\x01\x0d\x04", b"\x98\x33\x04", b"\xc6\x33\x04", b"\xb4\x10", b"\x88\x90\x04\x13", b"\xb8", b"\x9d", b"\xff\xff\xff\xff\xff",
    b"\x05\x09\0\0\0\0", b"\x02\x1b\x0c",
)
_RECIPIENTS = (
    b"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n-----END PUBLIC KEY-----\n",
    b"-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----\n",
)


def _texts() -> list[str]:
    items: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)
        elif isinstance(value, str) and len(value) > 200:
            items.append(value)

    collect(json.loads(_VECTORS.read_text(encoding="utf-8")))
    return items


def _packets() -> Iterator[bytes]:
    for text in _texts():
        lines = [line for line in text.splitlines() if line and not line.startswith(("-----", "=", "Version", "Comment"))]
        yield base64.b64decode("".join(lines))


def _grown(chance: random.Random, data: bytes, size: int) -> bytes:
    """A certificate one of whose packets is filled up to a size, or comes many times; all lengths are right."""
    try:
        whole = list(packets(data))
    except SettingError:
        return data
    if not whole:
        return data
    number = chance.randrange(len(whole))
    body = whole[number].body
    if chance.randrange(4):
        whole[number] = whole[number]._replace(body=body[:size] + bytes(max(size - len(body), 0)))
    else:
        whole[number:number] = [whole[number]] * (size // (len(body) + 6) + 1)
    return b"".join(bytes([0xC0 | tag & 0x3F, 0xFF]) + len(body).to_bytes(4, "big") + body for tag, body in whole)


def _judge(text: str) -> None:
    PgpKey.parse(text).check_encrypts(_NOW)


DRIVERS = (
    Driver("pgp_packets", lambda data: _judge(base64.b64encode(data).decode()), _packets, _WORDS, growth=_grown),
    Driver("pgp_text", lambda data: _judge(data.decode("utf-8", "replace")), lambda: [text.encode() for text in _texts()]),
    Driver("recipient", lambda data: Recipient(data.decode("utf-8", "replace")).encrypt(b"x"), lambda: _RECIPIENTS),
)
