# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public-key encryption to one recipient: RSA-OAEP with SHA-256, or an age file for an X25519 key.

Sources: RFC 8017, section 7.1 (RSAES-OAEP); the specification of age, c2sp.org/age (version 1, the X25519 recipient and the armor), and
BIP 173 (Bech32, in which age writes its recipients). Both are opened by tools that nobody here wrote: openssl, and age.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from ..errors import missing_library
from ..foreign_formats import KEY, identify
from .age import age_file, age_recipient
from .errors import LEAST_RSA_BITS, invalid_recipient

try:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
except ImportError as error:  # reported when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

RSA_OAEP, AGE = "rsa-oaep-sha256", "age-x25519"

_LARGEST_RSA_BITS = 16384
_MOST_BYTES = 128  # of what is encrypted: it fits the smallest RSA key
_LONGEST = 16384  # characters of a public key


class EncryptedText(NamedTuple):
    """An encrypted text for one recipient: ASCII, as ``RSA_OAEP`` (base64) or ``AGE`` (an armored age file)."""

    text: str
    format: str


class Recipient:
    """A recipient, who holds the private key.

    :param text: a public key as PEM (``BEGIN PUBLIC KEY``), RSA of 2048 bits or more or X25519, or an age recipient (``age1...``).

    Raises :class:`SettingError`: ``invalid_recipient`` for anything else, a private key above all, and ``missing_library``.
    """

    def __init__(self, text: str) -> None:
        if _MISSING is not None:
            raise missing_library("cryptography", _MISSING, "cryptography 36")
        self._key = _public_key(text.strip().lstrip("\ufeff"))

    def encrypt(self, plaintext: bytes) -> EncryptedText:
        """Encrypt at most 128 bytes."""
        if len(plaintext) > _MOST_BYTES:
            raise ValueError("too long for one RSA block")
        if isinstance(self._key, RSAPublicKey):
            ciphertext = self._key.encrypt(plaintext, OAEP(MGF1(SHA256()), SHA256(), None))
            return EncryptedText("\n".join(_lines(base64.b64encode(ciphertext).decode(), 64)) + "\n", RSA_OAEP)
        armored = _lines(base64.b64encode(age_file(self._key, plaintext)).decode(), 64)
        return EncryptedText("\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *armored, "-----END AGE ENCRYPTED FILE-----", ""]), AGE)


def _public_key(text: str) -> Any:
    if len(text) > _LONGEST:
        raise invalid_recipient("it is too long")
    if "PRIVATE KEY" in text or text.upper().startswith("AGE-SECRET-KEY-"):
        raise invalid_recipient("it is a private key. Consider it compromised")
    if text.lower().startswith("age1"):
        return X25519PublicKey.from_public_bytes(age_recipient(text))
    try:
        key: Any = load_pem_public_key(text.encode())
    except Exception:  # which errors there are differs from release to release of cryptography
        foreign = identify(text.encode("utf-8", "replace"), KEY)
        raise invalid_recipient(foreign.what if foreign else "it is neither a PEM public key nor an age recipient") from None
    if isinstance(key, RSAPublicKey):
        if not LEAST_RSA_BITS <= key.key_size <= _LARGEST_RSA_BITS:
            raise invalid_recipient(f"it is an RSA key of {key.key_size} bits")
    elif not isinstance(key, X25519PublicKey):
        raise invalid_recipient("it is neither an RSA nor an X25519 key")
    return key


def _lines(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]
