# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AES-256-GCM, as go-kms-wrapping's ``envelope.go`` uses it: 32-byte key, 12-byte nonce, 16-byte tag at the end."""

from __future__ import annotations

import os

from .blob import NONCE_SIZE
from .errors import BlobError, SettingError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as error:  # said in words when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

DATA_KEY_SIZE = 32


def new_data_key() -> bytes:
    """A fresh 32-byte data key from the operating system's generator."""
    return os.urandom(DATA_KEY_SIZE)


def encrypt(data_key: bytes, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
    """Return a fresh 12-byte nonce and the ciphertext with its tag."""
    nonce = os.urandom(NONCE_SIZE)
    return nonce, _cipher(data_key).encrypt(nonce, plaintext, aad or None)


def decrypt(data_key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes = b"") -> bytes:
    """Return the plaintext; raises :class:`BlobError` (``not_authentic``) where anything was altered."""
    if len(data_key) != DATA_KEY_SIZE:
        raise BlobError(
            f"KMS opened the data key, but it has {len(data_key)} bytes instead of {DATA_KEY_SIZE}.",
            reason="not_authentic",
            remedy="The value was not sealed by an awskms seal, or it was altered.",
        )
    try:
        return _cipher(data_key).decrypt(nonce, ciphertext, aad or None)
    except InvalidTag:
        raise BlobError(
            "KMS opened the data key, but the value is not authentic under it.",
            reason="not_authentic",
            remedy="Either the value was altered, or it was sealed with other additional authenticated data (aad).",
        ) from None


def _cipher(data_key: bytes) -> AESGCM:
    if _MISSING is not None:
        raise SettingError(
            f"The Python library cryptography cannot be imported ({_MISSING}).",
            reason="missing_library",
            remedy="Install cryptography 36 or later for the Python that runs this.",
        )
    return AESGCM(data_key)
