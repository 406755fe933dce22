# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seal values as Vault and OpenBao do, with protobuf's runtime, the library cryptography and a KMS, and open them.

Nothing here comes from the collection's own code, so that it can be the judge of it.
"""

from __future__ import annotations

import base64
import os
from typing import Any

from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, OPENBAO, written
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class VaultValues:
    """Sealed values under one key.

    :param client: a boto3 KMS client.
    """

    def __init__(self, client: Any, key_arn: str) -> None:
        self._client = client
        self.key_arn = key_arn

    def envelope(self, plaintext: bytes, aad: bytes = b"") -> Any:
        """The message of mechanism 1 as every release writes it."""
        return self.batch([plaintext], aad)[0]

    def batch(self, plaintexts: list[bytes], aad: bytes = b"") -> list[Any]:
        """Messages of mechanism 1 that share a data key."""
        data_key = os.urandom(32)
        wrapped_key = self._encrypt(data_key)
        blobs = []
        for plaintext in plaintexts:
            nonce = os.urandom(12)
            blob = HASHICORP.BlobInfo(ciphertext=AESGCM(data_key).encrypt(nonce, plaintext, aad or None), iv=nonce)
            blob.key_info.mechanism = 1
            blob.key_info.key_id = self.key_arn
            blob.key_info.wrapped_key = wrapped_key
            blobs.append(blob)
        return blobs

    def joined_nonce(self, plaintext: bytes) -> Any:
        """The same in the format of OpenBao 2.5.0."""
        blob = self.envelope(plaintext)
        return OPENBAO.BlobInfo(ciphertext=blob.iv + blob.ciphertext, key_info=OPENBAO.KeyInfo.FromString(written(blob.key_info)))

    def direct(self, plaintext: bytes, key_info: bool = True) -> Any:
        """The message of mechanism 0, with or without KeyInfo."""
        blob = HASHICORP.BlobInfo(ciphertext=self._encrypt(plaintext))
        if key_info:
            blob.key_info.key_id = self.key_arn
        return blob

    def opened(self, blob: str, aad: bytes = b"") -> bytes:
        """Open a value of mechanism 1, as HashiCorp's library does."""
        message = HASHICORP.BlobInfo.FromString(base64.b64decode(blob))
        assert message.key_info.mechanism == 1
        data_key = self._client.decrypt(CiphertextBlob=message.key_info.wrapped_key)["Plaintext"]
        return AESGCM(data_key).decrypt(message.iv, message.ciphertext, aad or None)

    def _encrypt(self, plaintext: bytes) -> bytes:
        ciphertext: bytes = self._client.encrypt(KeyId=self.key_arn, Plaintext=plaintext)["CiphertextBlob"]
        return ciphertext


def azure_slot() -> Any:
    """The format of Azure's wrapper: an envelope of mechanism 1 that names a version of a vault's key."""
    blob = HASHICORP.BlobInfo(ciphertext=os.urandom(40), iv=os.urandom(12))
    blob.key_info.mechanism = 1
    blob.key_info.key_id = "0123456789abcdef0123456789abcdef"
    blob.key_info.wrapped_key = os.urandom(256)
    return blob


def several(*slots: Any, generation: int = 1) -> bytes:
    """Vault's container of several slots."""
    body = written(HASHICORP.MultiWrapValue(generation=generation, slots=slots))
    return b"multiwrapvalue:1" + len(body).to_bytes(4, "big") + body


def as_text(value: Any) -> str:
    """A message, or its bytes, as base64."""
    return base64.b64encode(value if isinstance(value, bytes) else written(value)).decode()
