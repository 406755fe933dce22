# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ciphertexts that only this KMS can decrypt: AES-256-GCM under the key's material, bound to key and context.

The header names the key and the version of its material, as AWS's opaque ciphertexts do in their way; its checksum tells damage
from a key that is not there.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import AwsError

_MAGIC = b"\x01\x02\x03SK"
_VERSION = 2
_CHECKSUM = 4
_NONCE = 12
_TAG = 16


class KeyMaterial:
    """The material of every key, by key id: related multi-Region keys share id and material."""

    def __init__(self) -> None:
        self._versions: dict[str, list[AESGCM]] = {}

    def rotate(self, key_id: str) -> None:
        self._of(key_id).append(AESGCM(os.urandom(32)))

    def _of(self, key_id: str) -> list[AESGCM]:
        # One step, so that two threads that use a key first and at once do not each give it material of their own.
        return self._versions.setdefault(key_id, [AESGCM(os.urandom(32))])

    def encrypt(self, key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        versions = self._of(key_id)
        name = key_id.encode()
        header = _MAGIC + bytes([len(name)]) + name + (len(versions) - 1).to_bytes(_VERSION, "big")
        header += _checksum(header)
        nonce = os.urandom(_NONCE)
        return header + nonce + versions[-1].encrypt(nonce, plaintext, header + _bound(context))

    @staticmethod
    def key_of(ciphertext: bytes) -> str:
        """The ID of the key that a ciphertext names; raises InvalidCiphertextException if it is not a ciphertext of this KMS."""
        size = ciphertext[len(_MAGIC)] if len(ciphertext) > len(_MAGIC) else 0
        start = len(_MAGIC) + 1
        checked = start + size + _VERSION
        whole = len(ciphertext) >= checked + _CHECKSUM + _NONCE + _TAG
        if not (whole and ciphertext.startswith(_MAGIC) and ciphertext[checked : checked + _CHECKSUM] == _checksum(ciphertext[:checked])):
            raise AwsError("InvalidCiphertextException")
        return ciphertext[start : start + size].decode("ascii", "replace")

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        key_id = self.key_of(ciphertext)
        end = len(_MAGIC) + 1 + len(key_id) + _VERSION + _CHECKSUM
        header, nonce = ciphertext[:end], ciphertext[end : end + _NONCE]
        versions = self._versions.get(key_id, [])
        version = int.from_bytes(header[-_CHECKSUM - _VERSION : -_CHECKSUM], "big")
        if version >= len(versions):
            raise AwsError("InvalidCiphertextException")
        try:
            return versions[version].decrypt(nonce, ciphertext[end + _NONCE :], header + _bound(context))
        except InvalidTag:
            raise AwsError("InvalidCiphertextException") from None


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM, "big")


def _bound(context: Mapping[str, str]) -> bytes:
    return json.dumps(sorted(context.items())).encode()
