# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored data of a server with an awskms seal, and complete snapshots of it, built without a server and without the collection's code."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from typing import Any

from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import archive, meta, state, sums
from ansible_collections.sealwright.vault_seal.tests.support.vault_values import VaultValues
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

ROOT_KEY, RECOVERY_KEY = bytes(range(32)), bytes(range(100, 132))
BARRIER_KEYS = json.dumps([base64.b64encode(ROOT_KEY).decode()]).encode()


class StoredState:
    """Change ``stored`` and ``sealed_sums``, and take a snapshot.

    :param client: a boto3 KMS client or a compatible object, which encrypts.
    """

    def __init__(self, client: Any, key_arn: str) -> None:
        self._client = client
        self.key = key_arn
        self.stored: dict[str, bytes] = {
            "core/seal-config": config("awskms", 1, 1),
            "core/recovery-config": config("shamir", 5, 3),
            "core/hsm/barrier-unseal-keys": written(self.sealed(BARRIER_KEYS)),
            "core/recovery-key": written(self.sealed(RECOVERY_KEY)),
            "core/keyring": barrier(200),
            "logical/0a/1b": barrier(40),
        }
        self.sealed_sums: Callable[[bytes], bytes] | None = lambda text: written(self.sealed(text))

    def sealed(self, plaintext: bytes, key: str = "") -> Any:
        """A message as go-kms-wrapping writes it."""
        return VaultValues(self._client, key or self.key).envelope(plaintext)

    def members(self, **description: Any) -> dict[str, bytes]:
        content = state(self.stored)
        about = meta(len(content), **description)
        text = sums(about, content)
        results = {"meta.json": about, "state.bin": content, "SHA256SUMS": text}
        return {**results, "SHA256SUMS.sealed": self.sealed_sums(text)} if self.sealed_sums is not None else results

    def snapshot(self, **description: Any) -> bytes:
        return archive(self.members(**description).items())


def config(kind: str, shares: int, threshold: int) -> bytes:
    """``core/seal-config`` or ``core/recovery-config``."""
    return json.dumps({"type": kind, "secret_shares": shares, "secret_threshold": threshold, "pgp_keys": None, "nonce": "", "backup": False}).encode()


def barrier(size: int) -> bytes:
    """An entry that the barrier encrypted: four bytes of a term, the version, and ciphertext; this one ends as a seal-wrapped one does."""
    return b"\0\0\0\1\2" + os.urandom(size - 1) + b"s"


def shamir_sealed() -> bytes:
    """The format of OpenBao's shamir wrapper: the nonce before the ciphertext, and an empty KeyInfo."""
    blob = HASHICORP.BlobInfo(ciphertext=os.urandom(76))
    blob.key_info.SetInParent()
    return written(blob)
