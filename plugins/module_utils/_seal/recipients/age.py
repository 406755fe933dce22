# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The age file format for one X25519 recipient."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable

from .errors import invalid_recipient

try:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:  # reported by public_key.encrypt_to
    pass

_AGE_VERSION = b"age-encryption.org/v1\n"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def age_file(recipient: X25519PublicKey, plaintext: bytes) -> bytes:
    """An age file of one chunk: the header, which wraps a fresh file key for the recipient, and the payload."""
    file_key = os.urandom(16)
    ephemeral = X25519PrivateKey.generate()
    share, public = _raw(ephemeral.public_key()), _raw(recipient)
    try:
        shared = ephemeral.exchange(recipient)
    except ValueError:  # a point of small order: anybody could open what is encrypted to it
        raise invalid_recipient("it is not a valid X25519 public key") from None
    wrap_key = _derived(shared, share + public, b"age-encryption.org/v1/X25519")
    wrapped = ChaCha20Poly1305(wrap_key).encrypt(bytes(12), file_key, None)
    header = _AGE_VERSION + b"-> X25519 " + _unpadded(share) + b"\n" + _unpadded(wrapped) + b"\n---"
    mac = HMAC(_derived(file_key, b"", b"header"), SHA256())
    mac.update(header)
    nonce = os.urandom(16)
    payload = ChaCha20Poly1305(_derived(file_key, nonce, b"payload")).encrypt(bytes(11) + b"\x01", plaintext, None)
    return header + b" " + _unpadded(mac.finalize()) + b"\n" + nonce + payload


def _derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def _raw(key: X25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _unpadded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def age_recipient(text: str) -> bytes:
    """The 32 bytes of an age recipient, its checksum being right."""
    lower = text.lower()
    digits = [_BECH32.find(letter) for letter in lower[len("age1") :]]
    if text not in (lower, text.upper()) or -1 in digits or len(digits) != 58 or _bech32_checksum("age", digits) != 1:
        raise invalid_recipient("it begins like an X25519 age recipient but is invalid: it was truncated or mistyped, or has another type")
    number = 0
    for digit in digits[:52]:
        number = number << 5 | digit
    if number & 0xF:
        raise invalid_recipient("it begins like an age recipient but is invalid")
    return (number >> 4).to_bytes(32, "big")


def _bech32_checksum(prefix: str, digits: Iterable[int]) -> int:
    codes = [ord(letter) for letter in prefix]
    checksum = 1
    for value in [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes), *digits]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum
