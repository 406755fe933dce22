# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealed values: the message and its containers, their forms as text, and what else a file may be."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.foreign_formats import (
    CONFIG,
    DOCUMENT,
    KEY,
    SEALED_VALUE,
    SNAPSHOT,
    identify,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import (
    SealedValue,
    from_base64,
    is_base64,
    read_content,
    read_text,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import value_facts
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver, check_same

_VECTORS = Path(__file__).parents[2] / "vectors"
_WORDS = (
    b"multiwrapvalue:1\0\0\0\x10", b"s", b"\x0a", b"\x12\x0c", b"\x2a", b"\x1a\x4b", b"\x2a\xb8\x01", b"\x08\x01",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", b"\x0b\x0c",
)
_FILES = (
    b"", b"$ANSIBLE_VAULT;1.1;AES256\n38", b"---\na: 1\n", b'{"a": 1}', b"sops:\n  mac: x\n", b"age-encryption.org/v1\n", b"vault:v1:abcd",
    b"\x01\x02\x02\x00x" + bytes(20),
    b"\x1f\x8b\x08\0", b"-----BEGIN PGP MESSAGE-----\n\nhQ\n", b"\x85\x01\x0c\x03", b"\xc1\xc0\x4c\x03", b"-----BEGIN PRIVATE KEY-----\n",
    b"<!DOCTYPE html>", b'{"errors":[]}',
    b"\xff\xfea\0b\0", b"\xef\xbb\xbfCg==", b'seal "awskms" {\n}\n', b"b'Q2c9PQ=='", b"AQICAHh", b"0a0b0c", b"age1qqq", b"AGE-SECRET-KEY-1",
)


def _values() -> Iterator[bytes]:
    vectors = json.loads((_VECTORS / "sealed_values.json").read_text(encoding="utf-8"))
    for vector in [*vectors["positive"], *vectors["negative"]]:
        if "value" in vector:
            value = base64.b64decode(vector["value"])
            if len(value) < 5000:
                yield value


def _texts() -> Iterator[bytes]:
    for value in _values():
        yield base64.encodebytes(value)
        yield b"\xef\xbb\xbf" + base64.b64encode(value)
    yield from _FILES


def _message(data: bytes) -> None:
    value = SealedValue.parse(data)
    value_facts(value)
    written = value.encode()
    again = SealedValue.parse(written)
    check_same("the message", [written, value.form, value.generation], [again.encode(), again.form, again.generation])


def _text(data: bytes) -> None:
    value = read_content(data)
    if is_base64(data):
        check_same("the text", read_text(data.decode()).encode(), value.encode())
        check_same("the base64", from_base64(base64.b64encode(from_base64(data))), from_base64(data))


def _foreign(data: bytes) -> None:
    for wanted in (SEALED_VALUE, SNAPSHOT, KEY, CONFIG, DOCUMENT):
        result = identify(data, wanted)
        if result:
            check_same("the words", (True, True), (result.what.startswith("it "), bool(result.remedy(wanted))))


DRIVERS = (
    Driver("sealed_value", _message, _values, _WORDS),
    Driver("sealed_value_text", _text, _texts),
    Driver("foreign_file", _foreign, _texts, tuple(filter(None, _FILES))),
)
