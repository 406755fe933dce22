# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public-key encryption to one recipient: RSA-OAEP with SHA-256, or an age file for an X25519 key.

Sources: RFC 8017, section 7.1 (RSAES-OAEP); the specification of age, c2sp.org/age (version 1, the X25519 recipient and the armor), and
BIP 173 (Bech32, in which age writes its recipients). Both are opened by tools that nobody here wrote: openssl, and age.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from .errors import SettingError
from .foreign import KEY, identify

try:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
except ImportError as error:  # said in words when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

RSA_OAEP, AGE = "rsa-oaep-sha256", "age-x25519"

_LEAST_RSA_BITS = 2048
_LARGEST_RSA_BITS = 16384
_MOST_BYTES = 128  # of what is encrypted: it fits the smallest RSA key
_LONGEST = 16384  # characters of a public key

_AGE_VERSION = b"age-encryption.org/v1\n"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Encrypted(NamedTuple):
    """What only the recipient opens: ASCII text, in ``RSA_OAEP`` (base64) or ``AGE`` (an armored age file)."""

    text: str
    format: str


class Recipient:
    """Whoever holds the private key.

    :param text: a public key as PEM (``BEGIN PUBLIC KEY``), RSA of 2048 bits or more or X25519, or an age recipient (``age1...``).

    Raises :class:`SettingError`: ``invalid_recipient`` for anything else, a private key above all, and ``missing_library``.
    """

    def __init__(self, text: str) -> None:
        if _MISSING is not None:
            raise SettingError(
                f"The Python library cryptography cannot be imported ({_MISSING}).",
                reason="missing_library",
                remedy="Install cryptography 36 or later for the Python that runs this.",
            )
        self._key = _public_key(text.strip().lstrip("\ufeff"))

    def encrypt(self, plaintext: bytes) -> Encrypted:
        """Encrypt at most 128 bytes."""
        if len(plaintext) > _MOST_BYTES:
            raise ValueError("too long for one RSA block")
        if isinstance(self._key, RSAPublicKey):
            ciphertext = self._key.encrypt(plaintext, OAEP(MGF1(SHA256()), SHA256(), None))
            return Encrypted("\n".join(_lines(base64.b64encode(ciphertext).decode(), 64)) + "\n", RSA_OAEP)
        armored = _lines(base64.b64encode(_age_file(self._key, plaintext)).decode(), 64)
        return Encrypted("\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *armored, "-----END AGE ENCRYPTED FILE-----", ""]), AGE)


def _public_key(text: str) -> Any:
    if len(text) > _LONGEST:
        raise _invalid("it is too long to be one")
    if "PRIVATE KEY" in text or text.upper().startswith("AGE-SECRET-KEY-"):
        raise _invalid("it is a private key, which nobody but its owner should see. Take it for known to others from now on")
    if text.lower().startswith("age1"):
        return X25519PublicKey.from_public_bytes(_age_recipient(text))
    try:
        key: Any = load_pem_public_key(text.encode())
    except Exception:  # which errors there are differs from release to release of cryptography
        foreign = identify(text.encode("utf-8", "replace"), KEY)
        raise _invalid(foreign.what if foreign else "it is neither a PEM public key nor an age recipient") from None
    if isinstance(key, RSAPublicKey):
        if not _LEAST_RSA_BITS <= key.key_size <= _LARGEST_RSA_BITS:
            raise _invalid(f"it is an RSA key of {key.key_size} bits")
    elif not isinstance(key, X25519PublicKey):
        raise _invalid("it is a key of another kind than RSA and X25519")
    return key


def _invalid(what: str) -> SettingError:
    return SettingError(
        f"The public key to encrypt to is refused: {what}.",
        reason="invalid_recipient",
        remedy=f"Give an RSA public key of {_LEAST_RSA_BITS} bits or more, or an X25519 one, as PEM (BEGIN PUBLIC KEY), or an age recipient (age1...).",
    )


def _age_file(recipient: X25519PublicKey, plaintext: bytes) -> bytes:
    """An age file of one chunk: the header, which wraps a fresh file key for the recipient, and the payload."""
    file_key = os.urandom(16)
    ephemeral = X25519PrivateKey.generate()
    share, public = _raw(ephemeral.public_key()), _raw(recipient)
    try:
        shared = ephemeral.exchange(recipient)
    except ValueError:  # a point of small order: anybody could open what is encrypted to it
        raise _invalid("it is no point that X25519 may be used with") from None
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


def _lines(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def _age_recipient(text: str) -> bytes:
    """The 32 bytes of an age recipient, its checksum being right."""
    lower = text.lower()
    digits = [_BECH32.find(letter) for letter in lower[len("age1") :]]
    if text not in (lower, text.upper()) or -1 in digits or len(digits) != 58 or _bech32_checksum("age", digits) != 1:
        raise _invalid("it begins as an age recipient of X25519 and is none: it was cut off or mistyped, or is of another kind")
    number = 0
    for digit in digits[:52]:
        number = number << 5 | digit
    if number & 0xF:
        raise _invalid("it begins as an age recipient and is none")
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
