# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenPGP keys of gpg: whose they are, and which of them a server could encrypt nothing to."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from hypothesis import example, given
from hypothesis import strategies as st

VECTORS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parents[5] / "vectors" / "pgp_keys.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
BEFORE = datetime(2023, 1, 1, tzinfo=timezone.utc).timestamp()
MIDDLE = datetime(2024, 6, 1, tzinfo=timezone.utc).timestamp()


def key(name: str) -> PgpKey:
    return PgpKey.parse(VECTORS[name]["armored"])


def refusal(text: str) -> str:
    with pytest.raises(SettingError) as caught:
        PgpKey.parse(text)
    assert caught.value.reason == "invalid_pgp_key"
    return caught.value.message


@pytest.mark.parametrize("name", VECTORS)
def test_fingerprint_and_user_id_are_gpgs(name: str) -> None:
    found = key(name)
    assert (found.fingerprint, found.user_id) == (VECTORS[name]["fingerprint"], VECTORS[name]["user_id"])
    assert PgpKey.parse(found.as_base64()) == found


@pytest.mark.parametrize(
    ("name", "now", "why"),
    [
        ("rsa", NOW, ""),
        ("ecc", NOW, ""),
        ("ecc", BEFORE, "is not valid before 2024-01-01"),
        ("sign", NOW, "has no key for encryption"),
        ("old", MIDDLE, ""),
        ("old", NOW, "expired on 2024-12-31"),
        ("half", MIDDLE, ""),
        ("half", NOW, "has no key for encryption that is valid: the one it has expired on 2024-12-31"),
        ("revoked", NOW, "was revoked"),
    ],
)
def test_whether_a_server_could_encrypt_to_it(name: str, now: float, why: str) -> None:
    if not why:
        key(name).check_encrypts(now)
        return
    with pytest.raises(SettingError) as caught:
        key(name).check_encrypts(now)
    assert caught.value.message == f"Nothing can be encrypted to the OpenPGP key {key(name).name}: it {why}."


def test_a_secret_key_is_refused_in_each_form() -> None:
    content = bytearray(key("ecc").content)
    assert content[0] == 0x98  # a public key with a length of one byte
    content[0] = 0x94  # the same as a secret key
    assert refusal(base64.b64encode(content).decode()) == "This is an OpenPGP secret key."
    assert refusal(VECTORS["ecc"]["armored"].replace("PUBLIC", "PRIVATE")) == "This is an OpenPGP secret key."


def test_what_is_no_key() -> None:
    armored: str = VECTORS["ecc"]["armored"]
    lines = armored.splitlines()
    altered = [*lines[:3], lines[3].swapcase(), *lines[4:]]
    assert refusal("").endswith("it is empty.")
    assert refusal("hello").endswith("it is neither armoured nor base64.")
    assert refusal("AAAA").endswith("no packet begins at byte 0.")
    assert refusal("\n".join(lines[:5])).endswith("its armor has no end.")
    assert refusal("\n".join(altered)).endswith("the checksum of its armor does not fit, so it was not copied whole.")
    both = base64.b64encode(key("ecc").content + key("rsa").content).decode()
    assert refusal(both).endswith("there are several in one text.")
    user_id_first = base64.b64encode(b"\xb4\x01a").decode()
    assert refusal(user_id_first).endswith("it does not begin with a public key.")


@pytest.mark.parametrize("name", ["rsa", "ecc"])
def test_a_key_that_is_cut_off_is_refused_or_cannot_encrypt(name: str) -> None:
    content = key(name).content
    for end in range(1, len(content)):
        try:
            PgpKey.parse(base64.b64encode(content[:end]).decode()).check_encrypts(NOW)
        except SettingError as error:
            assert error.reason == "invalid_pgp_key"
        else:
            pytest.fail(f"{end} of {len(content)} bytes were taken")


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


KEY = packet(6, b"\x04\0\0\0\1" + b"\x01" * 60)


def with_subpackets(area: bytes) -> bytes:
    return KEY + packet(2, b"\x04\x13\x01\x08" + len(area).to_bytes(2, "big") + area)


@pytest.mark.parametrize(("content", "what"), [
    (packet(6, b"\x04" + bytes(65_535)), "a key packet has 65536 bytes, and 65535 at most are allowed"),
    (with_subpackets(b"\xff\xff\xff\xff\xff\x02"), "a subpacket of a signature is not whole"),
    (with_subpackets(b"\x05\x02\0\0"), "a subpacket of a signature is not whole"),
    (with_subpackets(b"\xc0"), "a subpacket of a signature is not whole"),
    (with_subpackets(b"\x00" * 60_000), "a subpacket of a signature is not whole"),
    (with_subpackets(b"\x40\x09" + b"\xff" * 63), "a time in a signature is not of 4 bytes"),
    (KEY + packet(2, b"\x04\x13\x01\x08\xff\xff"), "a signature is not whole"),
    (KEY + packet(2, b""), "a signature is not whole"),
    (bytes(5 * 1024 * 1024), "it has more than 4 MiB"),
])
def test_a_packet_that_no_key_has(content: bytes, what: str) -> None:
    assert refusal(base64.b64encode(content).decode()) == f"This is no OpenPGP public key: {what}."


def test_a_key_packet_as_long_as_a_fingerprint_allows() -> None:
    assert len(PgpKey.parse(base64.b64encode(packet(6, b"\x04" + bytes(65_534))).decode()).fingerprint) == 40


def test_a_user_id_cannot_write_to_the_terminal() -> None:
    content = KEY + packet(13, b"A \x1b[31m\n\xff" + b"x" * 1000)
    assert PgpKey.parse(base64.b64encode(content).decode()).user_id == "A \ufffd[31m\ufffd\ufffd" + "x" * 91


@given(st.binary(max_size=80))
@example(b"\xc2\xff\0\0\0\x06\x06\x13\x01\x08\xff\xff")
def test_nothing_else_than_a_setting_error(more: bytes) -> None:
    for content in (more, KEY + more, with_subpackets(more)):
        for text in (base64.b64encode(content).decode(), content.decode("latin-1")):
            try:
                PgpKey.parse(text).check_encrypts(NOW)
            except SettingError as error:
                assert error.reason == "invalid_pgp_key"
