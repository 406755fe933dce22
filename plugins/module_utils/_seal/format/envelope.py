# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AES-256-GCM, as go-kms-wrapping's ``envelope.go`` uses it: 32-byte key, 12-byte nonce, 16-byte tag at the end."""

from __future__ import annotations

import os

from ..errors import BlobError, SettingError, missing_library
from .blob import NONCE_SIZE

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as error:  # reported when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

DATA_KEY_SIZE = 32

MOST_PER_KEY = 1 << 32
"""Values that one key may seal with random nonces of 12 bytes: NIST SP 800-38D, section 8.3. Two of them then share a nonce, which would
open both, with a chance of 2**-33 at most."""


def new_data_key() -> bytes:
    """A fresh 32-byte data key from the operating system's generator."""
    return os.urandom(DATA_KEY_SIZE)


def encrypt(data_key: bytes, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
    """Return a fresh 12-byte nonce and the ciphertext with its tag."""
    nonce = os.urandom(NONCE_SIZE)
    return nonce, _cipher(data_key).encrypt(nonce, plaintext, aad or None)


class BatchKey:
    """A fresh data key for several values, each with a separate nonce; raises :class:`SettingError` above the number of values that one key may seal.

    :param count: number of values. ``value`` is the plaintext key, for KMS to encrypt.
    """

    def __init__(self, count: int) -> None:
        if count > MOST_PER_KEY:
            raise _used_up(f"{count} values cannot be sealed")
        self.value = new_data_key()
        self._cipher = _cipher(self.value)
        self._left = count

    def encrypt(self, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
        """Return a fresh 12-byte nonce and the ciphertext with its tag."""
        if not self._left:
            raise _used_up("No further value can be sealed")
        self._left -= 1
        nonce = os.urandom(NONCE_SIZE)
        return nonce, self._cipher.encrypt(nonce, plaintext, aad or None)


def decrypt(data_key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes = b"") -> bytes:
    """Return the plaintext; raises :class:`BlobError` (``not_authentic``) where anything was altered."""
    if len(data_key) != DATA_KEY_SIZE:
        raise BlobError(
            f"KMS decrypted the data key, but it has {len(data_key)} bytes instead of {DATA_KEY_SIZE}.",
            reason="not_authentic",
            remedy="The value was not sealed by an awskms seal, or it was modified.",
        )
    try:
        return _cipher(data_key).decrypt(nonce, ciphertext, aad or None)
    except InvalidTag:
        raise BlobError(
            "KMS decrypted the data key, but the value is not authentic.",
            reason="not_authentic",
            remedy="The value was modified, or it was sealed with different additional authenticated data (aad).",
        ) from None


def _cipher(data_key: bytes) -> AESGCM:
    if _MISSING is not None:
        raise missing_library("cryptography", _MISSING, "cryptography 36")
    return AESGCM(data_key)


def _used_up(what: str) -> SettingError:
    return SettingError(
        f"{what} under one data key: the limit of the key is exceeded; a data key may seal at most {MOST_PER_KEY} values (NIST SP 800-38D).",
        reason="invalid_option",
        remedy="Seal fewer values in one call, or use a separate data key for each (data_key=per_value).",
    )
