# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenPGP keys of gpg: whose they are, and which of them a server could encrypt nothing to."""

from __future__ import annotations

import base64
import json
import time
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
    result = key(name)
    assert (result.fingerprint, result.user_id) == (VECTORS[name]["fingerprint"], VECTORS[name]["user_id"])
    assert PgpKey.parse(result.as_base64()) == result


@pytest.mark.parametrize(
    ("name", "now", "why"),
    [
        ("rsa", NOW, ""),
        ("ecc", NOW, ""),
        ("ecc", BEFORE, "is not valid before 2024-01-01"),
        ("sign", NOW, "has no encryption key"),
        ("old", MIDDLE, ""),
        ("old", NOW, "expired on 2024-12-31"),
        ("half", MIDDLE, ""),
        ("half", NOW, "has no valid encryption key: its encryption key expired on 2024-12-31"),
        ("revoked", NOW, "was revoked"),
    ],
)
def test_whether_a_server_could_encrypt_to_it(name: str, now: float, why: str) -> None:
    if not why:
        key(name).check_encrypts(now)
        return
    with pytest.raises(SettingError) as caught:
        key(name).check_encrypts(now)
    assert caught.value.message == f"The OpenPGP key {key(name).name} cannot be used for encryption: it {why}."


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
    assert refusal("hello").endswith("it is neither armored nor base64.")
    assert refusal("AAAA").endswith("no packet begins at byte 0.")
    assert refusal("\n".join(lines[:5])).endswith("its armor has no end.")
    assert refusal("\n".join(altered)).endswith("the checksum of its armor is wrong, so it was not copied completely.")
    both = base64.b64encode(key("ecc").content + key("rsa").content).decode()
    assert refusal(both).endswith("it contains several keys.")
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
    (packet(6, b"\x04" + bytes(65_535)), "a key packet has 65536 bytes; the maximum is 65535"),
    (with_subpackets(b"\xff\xff\xff\xff\xff\x02"), "a subpacket of a signature is truncated"),
    (with_subpackets(b"\x05\x02\0\0"), "a subpacket of a signature is truncated"),
    (with_subpackets(b"\xc0"), "a subpacket of a signature is truncated"),
    (with_subpackets(b"\x00" * 60_000), "a subpacket of a signature is truncated"),
    (with_subpackets(b"\x40\x09" + b"\xff" * 63), "a time in a signature does not have 4 bytes"),
    (KEY + packet(2, b"\x04\x13\x01\x08\xff\xff"), "a signature is truncated"),
    (KEY + packet(2, b""), "a signature is truncated"),
    (bytes(5 * 1024 * 1024), "it has more than 4 MiB"),
])
def test_a_packet_that_no_key_has(content: bytes, what: str) -> None:
    assert refusal(base64.b64encode(content).decode()) == f"This is not an OpenPGP public key: {what}."


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


# Keys put together here, for what gpg does not write


def synthetic(algorithm: int, *bodies: bytes, created: int = 1000, tag: int = 6) -> bytes:
    """A key and its signatures, each of kind and hashed part."""
    return packet(tag, b"\x04" + created.to_bytes(4, "big") + bytes([algorithm]) + b"\x01" * 60) + b"".join(
        packet(2, bytes([4, body[0], 1, 8]) + (len(body) - 1).to_bytes(2, "big") + body[1:]) for body in bodies
    )


def usage(flags: int, expires: int = 0, created: int = 1000, kind: int = 0x13) -> bytes:
    area = b"\x05\x02" + created.to_bytes(4, "big") + bytes([2, 27, flags])
    return bytes([kind]) + area + (b"\x05\x09" + expires.to_bytes(4, "big") if expires else b"")


def why(content: bytes, now: float) -> str:
    parsed = PgpKey.parse(base64.b64encode(content).decode())
    try:
        parsed.check_encrypts(now)
    except SettingError as error:
        assert (error.reason, error.remedy) == (
            "invalid_pgp_key",
            "Ask its owner for a valid encryption key. "
            "With this key, the initialisation of a server would fail halfway, and could not be repeated.",
        )
        beginning = f"The OpenPGP key {parsed.fingerprint} cannot be used for encryption: it "
        assert error.message.startswith(beginning)
        return error.message[len(beginning) :]
    return ""


DAY = 86400
REVOKED, SUBKEY_REVOKED = b"\x20", b"\x28"


@pytest.mark.parametrize("algorithm", range(30))
def test_which_algorithms_encrypt(algorithm: int) -> None:
    # RFC 9580, 9.1: RSA, RSA for encryption only, Elgamal, ECDH, X25519, X448.
    encrypts = algorithm in (1, 2, 16, 18, 25, 26)
    assert why(synthetic(algorithm, usage(0x0C)), 5000) == ("" if encrypts else "has no encryption key.")


@pytest.mark.parametrize(("flags", "encrypts"), [(0x04, True), (0x0C, True), (0xFF, True), (0x08, False), (0x03, False), (0xFB, False), (0, False)])
def test_which_flags_say_that_it_encrypts(flags: int, encrypts: bool) -> None:
    assert why(synthetic(1, usage(flags)), 5000) == ("" if encrypts else "has no encryption key.")
    assert why(synthetic(1), 5000) == "has no encryption key."


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (999, "is not valid before 1970-01-01."), (1000, ""), (1000 + DAY - 1, ""), (1000 + DAY, "expired on 1970-01-02."),
        (10 * DAY, "expired on 1970-01-02."),
    ],
)
def test_a_key_is_valid_from_its_creation_up_to_its_expiry(now: float, expected: str) -> None:
    assert why(synthetic(1, usage(0x0C, DAY)), now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (2999, "has no valid encryption key: its encryption key is not valid before 1970-01-01."), (3000, ""), (3000 + DAY - 1, ""),
        (3000 + DAY, "has no valid encryption key: its encryption key expired on 1970-01-02."),
    ],
)
def test_a_subkey_is_valid_from_its_creation_up_to_its_expiry(now: float, expected: str) -> None:
    assert why(synthetic(22, usage(0x03)) + synthetic(18, usage(0x0C, DAY, 3000, 0x18), created=3000, tag=14), now) == expected


def test_a_key_that_was_made_at_the_beginning_of_time() -> None:
    assert why(synthetic(1, usage(0x0C, 1), created=0), 0) == ""
    assert why(synthetic(1, usage(0x0C, 1), created=0), 5) == "expired on 1970-01-01."
    assert why(synthetic(1, usage(0x0C), created=0), 5) == ""


def test_revocations() -> None:
    sub = synthetic(18, usage(0x0C, kind=0x18), tag=14)
    assert why(synthetic(22, usage(0x03)) + sub, 5000) == ""
    assert why(synthetic(22, usage(0x03), REVOKED) + sub, 5000) == "was revoked."
    assert why(synthetic(22, usage(0x03), SUBKEY_REVOKED) + sub, 5000) == "was revoked."
    revoked = synthetic(18, usage(0x0C, kind=0x18), SUBKEY_REVOKED, tag=14)
    assert why(synthetic(22, usage(0x03)) + revoked, 5000) == "has no valid encryption key: its encryption key was revoked."
    assert why(synthetic(22, usage(0x03)) + revoked + sub, 5000) == ""
    # Of several that cannot be used the last is told.
    expired = synthetic(18, usage(0x0C, DAY, kind=0x18), tag=14)
    assert why(synthetic(22, usage(0x03)) + revoked + expired, 2 * DAY) == "has no valid encryption key: its encryption key expired on 1970-01-02."
    assert why(synthetic(22, usage(0x03)) + expired + synthetic(22, usage(0x02, kind=0x18), tag=14), 2 * DAY) == (
        "has no valid encryption key: its encryption key expired on 1970-01-02."
    )


def test_the_latest_signature_counts_whatever_the_order() -> None:
    old, new = usage(0x03, created=2000), usage(0x0C, created=3000)
    assert why(synthetic(1, old, new), 5000) == why(synthetic(1, new, old), 5000) == ""
    old, new = usage(0x0C, created=2000), usage(0x03, created=3000)
    assert why(synthetic(1, old, new), 5000) == why(synthetic(1, new, old), 5000) == "has no encryption key."
    # The kind of signature does not decide it.
    assert why(synthetic(1, usage(0x0C, created=2000, kind=0x1F), usage(0x03, created=3000, kind=0x10)), 5000) == "has no encryption key."
    # One that says neither what it is for nor until when, such as another person's, does not count.
    assert why(synthetic(1, usage(0x0C, created=2000), usage(0, created=4000, kind=0x10)), 5000) == ""
    assert why(synthetic(1, usage(0x0C, created=2000), usage(0, DAY, created=4000)), 5000) == "has no encryption key."


def test_dates_are_in_utc_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp())
    try:
        for zone in ("America/New_York", "Asia/Tokyo", "EST5EDT"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert why(synthetic(1, usage(0x0C), created=midnight), 5000) == "is not valid before 2024-01-01."
            assert why(synthetic(1, usage(0x0C), created=midnight + DAY - 1), 5000) == "is not valid before 2024-01-01."
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_first_user_id_is_the_one_that_is_shown() -> None:
    parsed = PgpKey.parse(base64.b64encode(KEY + packet(13, b"Ann <ann@example.com>") + packet(13, b"Other")).decode())
    assert (parsed.user_id, parsed.name) == ("Ann <ann@example.com>", f"{parsed.fingerprint} (Ann <ann@example.com>)")
    # An empty one says nothing.
    assert PgpKey.parse(base64.b64encode(KEY + packet(13, b"") + packet(13, b"Other")).decode()).user_id == "Other"


def test_other_packets_are_passed_over() -> None:
    content = KEY + packet(17, b"a picture") + packet(13, b"Ann") + packet(12, b"trust")
    assert PgpKey.parse(base64.b64encode(content).decode()).user_id == "Ann"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (packet(6, b"\x04\0\0\0\1"), "a key is truncated"),
        (packet(6, b""), "a key is truncated"),
        (packet(14, b"\x04\0\0\0\1\1"), None),
        (KEY + packet(14, b"\x04\0\0\0\1"), "a key is truncated"),
        (packet(2, b"\x04\x13\x01\x08\0\0") + KEY, "it does not begin with a public key"),
        (packet(13, b"Ann") + KEY, "it does not begin with a public key"),
        (KEY + KEY, "it contains several keys"),
        (packet(6, b"\x03\0\0\0\1\1"), "its key has version 3; supported are 4 and 6"),
    ],
)
def test_a_certificate_that_is_not_of_its_form_in_full(content: bytes, what: str) -> None:
    if what is None:
        assert PgpKey.parse(base64.b64encode(content).decode()).fingerprint
    else:
        assert refusal(base64.b64encode(content).decode()) == f"This is not an OpenPGP public key: {what}."


@pytest.mark.parametrize("tag", [5, 7])
def test_a_secret_key_anywhere_is_refused(tag: int) -> None:
    assert refusal(base64.b64encode(packet(tag, b"\x04" + bytes(60))).decode()) == "This is an OpenPGP secret key."
    assert refusal(base64.b64encode(KEY + packet(tag, b"\x04" + bytes(60))).decode()) == "This is an OpenPGP secret key."


@pytest.mark.parametrize(("size", "shown"), [(99, 99), (100, 100), (101, 100), (5000, 100)])
def test_a_user_id_is_shortened(size: int, shown: int) -> None:
    for sign in ("x", "\u00e4", "\U0001f511"):
        assert PgpKey.parse(base64.b64encode(KEY + packet(13, (sign * size).encode())).decode()).user_id == sign * shown


def test_a_text_of_another_format_is_named_as_what_it_is() -> None:
    message = refusal("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkYDqrb0zLxJcMqPQPz ann@example.com")
    assert message.startswith("This is not an OpenPGP public key: ")
    assert not message.endswith("it is neither armored nor base64.")


@pytest.mark.parametrize("size", [100, 4 * 1024 * 1024])
def test_a_file_of_ansible_vault_is_named_up_to_the_longest_text(size: int) -> None:
    text = "$ANSIBLE_VAULT;1.1;AES256\n"
    assert refusal(text + "6" * (size - len(text))) == "This is not an OpenPGP public key: it is encrypted by ansible-vault."
    assert refusal(text + "6" * (4 * 1024 * 1024 + 1 - len(text))) == "This is not an OpenPGP public key: it has more than 4 MiB."


@pytest.mark.parametrize("text", ["\ud800", "\ud800" * 5, "a\udfff"])
def test_a_text_that_cannot_be_encoded_is_refused(text: str) -> None:
    assert refusal(text) == "This is not an OpenPGP public key: it is neither armored nor base64."


def test_nothing_but_a_byte_order_mark_is_taken_off_a_text() -> None:
    assert refusal("XAAA") == "This is not an OpenPGP public key: no packet begins at byte 0."


def test_a_byte_order_mark_is_passed_over() -> None:
    assert PgpKey.parse("\ufeff" + VECTORS["ecc"]["armored"]) == key("ecc")
