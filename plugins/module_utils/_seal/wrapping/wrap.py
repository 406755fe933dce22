# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wraps values: a data key from the operating system, wrapped by KMS, encrypts the content."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import KmsError
from ..format.blob import ENVELOPE, BlobInfo, KeyInfo
from ..format.container import SealedValue
from ..format.envelope import BatchKey, encrypt, new_data_key
from ..kms.api import Kms
from ..kms.concurrent import at_once


class Wrapped(NamedTuple):
    """A value just sealed: ``key_arn`` is the key's ARN as Encrypt answered it."""

    value: SealedValue
    key_arn: str


@dataclass(frozen=True)
class WrappedDataKey:
    """A fresh data key that KMS has wrapped already, for few values that are still to come: sealing them needs KMS no more."""

    _plain: bytes = field(repr=False)
    wrapped: bytes
    key_arn: str

    @classmethod
    def new(cls, kms: Kms, key_id: str) -> WrappedDataKey:
        """One Encrypt call; raises :class:`KmsError`."""
        plain = new_data_key()
        answer = kms.encrypt(key_id, plain)
        return cls(plain, answer.ciphertext, answer.key_arn)

    def check_opens(self, kms: Kms) -> None:
        """Prove, by one Decrypt call, that what it will seal can be opened; raises :class:`KmsError`."""
        if not hmac.compare_digest(kms.decrypt(self.wrapped, self.key_arn).plaintext, self._plain):
            raise KmsError(
                f"AWS KMS does not open the data key that it has wrapped under {self.key_arn}: it answers with another one.",
                reason="wrong_endpoint",
                remedy="Check the endpoint, and the proxy: something alters what KMS is sent, or what it answers.",
            )

    def seal(self, plaintext: bytes, aad: bytes = b"") -> Wrapped:
        """Seal one value with a fresh nonce."""
        nonce, ciphertext = encrypt(self._plain, plaintext, aad)
        return Wrapped(SealedValue((BlobInfo(ciphertext, nonce, KeyInfo(ENVELOPE, self.key_arn, self.wrapped)),)), self.key_arn)


def wrap(kms: Kms, key_id: str, plaintext: bytes, aad: bytes = b"") -> Wrapped:
    """Seal one value under a fresh data key and nonce: one Encrypt call, whatever the value's size.

    ``aad`` is additional authenticated data: it is not stored and must be given again to open the value.
    """
    return WrappedDataKey.new(kms, key_id).seal(plaintext, aad)


def wrap_many(kms: Kms, key_id: str, plaintexts: Sequence[bytes], aad: bytes = b"") -> list[Wrapped]:
    """Seal each value under a separate data key, concurrently. The first error stops it and is raised."""
    return at_once(lambda plaintext: wrap(kms, key_id, plaintext, aad), plaintexts)


def wrap_batch(kms: Kms, key_id: str, plaintexts: Sequence[bytes], aad: bytes = b"") -> list[Wrapped]:
    """Seal all values under one data key, each with a fresh nonce: one Encrypt call for all. Each opens by itself, as any other.

    Raises :class:`SettingError`, before any call, if there are more values than one key may seal.
    """
    if not plaintexts:
        return []
    data_key = BatchKey(len(plaintexts))
    answer = kms.encrypt(key_id, data_key.value)
    wrapped = []
    for plaintext in plaintexts:
        nonce, ciphertext = data_key.encrypt(plaintext, aad)
        key_info = KeyInfo(ENVELOPE, answer.key_arn, answer.ciphertext)
        wrapped.append(Wrapped(SealedValue((BlobInfo(ciphertext, nonce, key_info),)), answer.key_arn))
    return wrapped
