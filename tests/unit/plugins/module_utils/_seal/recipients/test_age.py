# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The age format byte by byte, and the checks of a recipient: the Bech32 of BIP 173, written out here once more."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.age import age_file, age_recipient
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.errors import invalid_recipient
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
# Of the specification of age (c2sp.org/age), whose identity is 32 times the byte 0x42.
SPEC_RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
MISTYPED = "it begins like an X25519 age recipient but is invalid: it was truncated or mistyped, or has another type"
REMEDY = "Use an RSA public key of at least 2048 bits or an X25519 public key, as PEM (BEGIN PUBLIC KEY), or an age recipient (age1...)."


def polymod(values):
    """BIP 173's reference."""
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for number, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if (top >> number) & 1 else 0
    return checksum


def bech32(prefix, digits, text=None):
    """A Bech32 string whose checksum is right; ``text`` is what is written in place of the digits."""
    values = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix] + digits
    checksum = polymod(values + [0] * 6) ^ 1
    last = "".join(LETTERS[checksum >> 5 * (5 - number) & 31] for number in range(6))
    return prefix + "1" + ("".join(LETTERS[digit] for digit in digits) if text is None else text) + last


DIGITS = [LETTERS.index(letter) for letter in SPEC_RECIPIENT[4:-6]]


def refused(text):
    with pytest.raises(SettingError) as failure:
        age_recipient(text)
    assert failure.value.reason == "invalid_recipient"
    return failure.value.message


def test_the_error_in_full():
    error = invalid_recipient("it is short")
    assert (type(error), error.reason, error.message, error.remedy) == (
        SettingError, "invalid_recipient", "The recipient's public key is invalid: it is short.", REMEDY,
    )


def test_the_recipient_of_the_specification():
    public = X25519PublicKey.from_public_bytes(age_recipient(SPEC_RECIPIENT))
    assert age_recipient(SPEC_RECIPIENT) == age_recipient(SPEC_RECIPIENT.upper())
    assert len(age_file(public, b"")) > 0
    assert bech32("age", DIGITS) == SPEC_RECIPIENT


@pytest.mark.parametrize("number", [0, 1, 255, 1 << 255, (1 << 256) - 1, int.from_bytes(bytes(range(32)), "big")])
def test_the_bytes_of_a_recipient(number):
    digits = [number << 4 >> 5 * (51 - position) & 31 for position in range(52)]
    assert age_recipient(bech32("age", digits)) == number.to_bytes(32, "big")


@pytest.mark.parametrize("bit", [1, 2, 4, 8])
def test_bits_after_the_last_byte_must_be_zero(bit):
    digits = [*DIGITS[:-1], DIGITS[-1] & 16 | bit]
    assert refused(bech32("age", digits)) == "The recipient's public key is invalid: it begins like an age recipient but is invalid."
    assert len(age_recipient(bech32("age", [*DIGITS[:-1], DIGITS[-1] & 16 ^ 16]))) == 32


@pytest.mark.parametrize("letter", ["b", "i", "o", "1", "-"])
def test_a_letter_that_bech32_does_not_have_is_refused_even_with_a_checksum_to_fit(letter):
    for position in (0, 30, 51):
        digits = [*DIGITS[:position], -1, *DIGITS[position + 1 :]]
        text = SPEC_RECIPIENT[4 : 4 + position] + letter + SPEC_RECIPIENT[5 + position : -6]
        assert refused(bech32("age", digits, text)) == f"The recipient's public key is invalid: {MISTYPED}."


@pytest.mark.parametrize("digits", [DIGITS[:-1], [*DIGITS, 0], []])
def test_a_recipient_of_another_length_is_refused_even_with_a_checksum_to_fit(digits):
    assert refused(bech32("age", digits)) == f"The recipient's public key is invalid: {MISTYPED}."


@pytest.mark.parametrize(
    "text",
    [
        bech32("agf", DIGITS).replace("agf1", "age1"),  # the checksum of another prefix
        SPEC_RECIPIENT[:-1] + "q",
        SPEC_RECIPIENT[:20] + SPEC_RECIPIENT[20:].upper(),
        SPEC_RECIPIENT.capitalize(),
        "age1",
    ],
)
def test_what_is_no_recipient_in_full(text):
    assert refused(text) == f"The recipient's public key is invalid: {MISTYPED}."


@pytest.mark.parametrize("size", [0, 32, 128])
def test_the_file_is_written_as_the_specification_says(size):
    # base64 without padding: 43 characters for the 32 bytes of the share, of the wrapped file key (16 and a tag of 16) and of the MAC.
    pattern = rb"age-encryption\.org/v1\n-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n--- ([A-Za-z0-9+/]{43})\n(.{16})(.*)"
    public = X25519PublicKey.from_public_bytes(age_recipient(SPEC_RECIPIENT))
    match = re.fullmatch(pattern, age_file(public, bytes(size)), re.DOTALL)
    assert match
    assert [len(base64.b64decode(part + b"=")) for part in match.groups()[:3]] == [32, 32, 32]
    assert len(match.group(5)) == size + 16


def test_nothing_is_used_twice():
    public = X25519PublicKey.from_public_bytes(age_recipient(SPEC_RECIPIENT))
    one, two = (age_file(public, b"x" * 32) for _time in range(2))
    assert not set(one.split(b"\n", 4)[1:]) & set(two.split(b"\n", 4)[1:])


def test_a_point_of_small_order_in_full():
    with pytest.raises(SettingError) as failure:
        age_file(X25519PublicKey.from_public_bytes(bytes(32)), b"")
    assert failure.value.message == "The recipient's public key is invalid: it is not a valid X25519 public key."
