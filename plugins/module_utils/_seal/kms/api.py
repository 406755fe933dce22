# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS KMS calls that the collection makes, as a protocol, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..sourced import Sourced


class KmsCiphertext(NamedTuple):
    key_arn: str
    ciphertext: bytes


class KmsPlaintext(NamedTuple):
    key_arn: str
    plaintext: bytes

    def __repr__(self) -> str:
        return f"KmsPlaintext(key_arn={self.key_arn!r})"


class KmsReEncrypted(NamedTuple):
    source_key_arn: str
    key_arn: str
    ciphertext: bytes


class Kms(Protocol):
    """The KMS operations that the seal core uses. Every method raises :class:`KmsError`."""

    @property
    def region(self) -> Sourced:
        """The region that is asked."""

    def encrypt(self, key_id: str, plaintext: bytes) -> KmsCiphertext:
        """Encrypt at most 4096 bytes; the answer names the key by its ARN."""

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> KmsPlaintext:
        """Decrypt; with ``key_id``, only if the ciphertext is that key's."""

    def re_encrypt(self, ciphertext: bytes, key_id: str, source_key_id: str = "") -> KmsReEncrypted:
        """Move a ciphertext to the key ``key_id`` inside KMS; with ``source_key_id``, only if it is that key's. Both lie in the region asked."""

    def describe_key(self, key_id: str) -> dict[str, Any]:
        """``KeyMetadata`` as KMS answers it."""

    def update_alias(self, alias: str, key_id: str) -> None:
        """Point an existing alias to another key of the same account, region and kind."""

    def rotate_key_on_demand(self, key_id: str) -> None:
        """Ask for new material of a key, which KMS makes in the background."""

    def replicate_key(self, key_id: str, region: str, **settings: Any) -> dict[str, Any]:
        """Replicate a multi-Region primary key into another region, with Policy, Description and Tags; ``ReplicaKeyMetadata`` as KMS answers it."""

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        """All pages of one of the read-only operations about a key, such as ``list_grants``."""


KmsForRegion = Callable[[str], Kms]
"""Gives the KMS to ask for a value whose key lies in the given region (empty: not known)."""
