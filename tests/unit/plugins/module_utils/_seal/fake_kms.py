# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KMS for unit tests: behaves as AWS does where the seal core can see it, in memory, and counts what it is asked.

As in AWS, a ciphertext opens only unaltered, the answer names the key by its ARN in the region that was asked, a key
that is named must be the one that encrypted, and the replicas of a multi-region key open each other's ciphertexts.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsCiphertext, KmsPlaintext, KmsReEncrypted
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ACCOUNT = "111122223333"
HOME = "us-east-1"
REPLICAS = ("us-east-1", "eu-central-1")  # the regions of every multi-region key


def key_arn(key_id: str, region: str = HOME) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key_id}"


class Call(NamedTuple):
    operation: str
    key_id: str
    region: str


def refusal(reason: str, operation: str, text: str) -> KmsError:
    return KmsError(f"AWS rejected {operation}: {text}.", reason=reason, details={"operation": operation})


class FakeAws:
    """All regions' KMS. ``region`` is the one in force where a task says one; empty leaves it to the value's key."""

    def __init__(self, region: str = "") -> None:
        self.region = region
        self.aliases: dict[str, str] = {}
        self.calls: list[Call] = []
        self.metadata: dict[str, dict[str, Any]] = {}  # by key ARN, what DescribeKey says other than of a key that is enabled
        self.faults: dict[str, KmsError] = {}
        self.latency = 0.0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._sealed: dict[bytes, tuple[str, bytes]] = {}

    def __call__(self, region: str = "", _source: str = "") -> FakeKms:
        return FakeKms(self, self.region or region or HOME)

    def learn(self, ciphertext: bytes, arn: str, plaintext: bytes) -> None:
        """Take a ciphertext as this KMS's own."""
        self._sealed[bytes(ciphertext)] = (arn, bytes(plaintext))

    def sealed_by(self, ciphertext: bytes) -> tuple[str, bytes] | None:
        return self._sealed.get(bytes(ciphertext))

    def count(self, operation: str) -> int:
        return sum(1 for call in self.calls if call.operation == operation)

    def begin(self, operation: str, key_id: str, region: str) -> None:
        with self._lock:
            self.calls.append(Call(operation, key_id, region))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            self._at_once -= 1
        fault = self.faults.get(operation)
        if fault is not None:
            raise fault


class FakeKms:
    """One region's KMS."""

    def __init__(self, aws: FakeAws, region: str) -> None:
        self._aws = aws
        self.region = Sourced(region, "option region" if aws.region else "the sealed value's key ARN")

    def encrypt(self, key_id: str, plaintext: bytes) -> KmsCiphertext:
        self._aws.begin("Encrypt", key_id, self.region.value)
        if len(plaintext) > 4096:
            raise refusal("invalid_request", "Encrypt", "more than 4096 bytes")
        arn = self._arn(key_id)
        ciphertext = b"\x01\x02\x02\x00" + os.urandom(180)
        self._aws.learn(ciphertext, arn, plaintext)
        return KmsCiphertext(arn, ciphertext)

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> KmsPlaintext:
        self._aws.begin("Decrypt", key_id, self.region.value)
        return KmsPlaintext(*self._opened(ciphertext, key_id, "Decrypt"))

    def _opened(self, ciphertext: bytes, key_id: str, operation: str) -> tuple[str, bytes]:
        sealed = self._aws.sealed_by(ciphertext)
        if sealed is None:
            raise refusal("not_authentic", operation, "InvalidCiphertextException")
        arn, plaintext = sealed
        here = self._here(arn)
        if here is None:
            raise refusal("not_authentic", operation, "InvalidCiphertextException")
        if key_id and self._arn(key_id) != here:
            raise refusal("wrong_key", operation, "IncorrectKeyException")
        return here, plaintext

    def re_encrypt(self, ciphertext: bytes, key_id: str, source_key_id: str = "") -> KmsReEncrypted:
        self._aws.begin("ReEncrypt", f"{source_key_id} > {key_id}", self.region.value)
        source, plaintext = self._opened(ciphertext, source_key_id, "ReEncrypt")
        arn, moved = self._arn(key_id), b"\x01\x02\x02\x00" + os.urandom(180)
        self._aws.learn(moved, arn, plaintext)
        return KmsReEncrypted(source, arn, moved)

    def describe_key(self, key_id: str) -> dict[str, Any]:
        self._aws.begin("DescribeKey", key_id, self.region.value)
        arn = self._arn(key_id)
        known = {"KeyState": "Enabled", "Enabled": True, "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
        return {"Arn": arn, "KeyId": arn.rsplit("/", 1)[-1], **known, **self._aws.metadata.get(arn, {})}

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        raise AssertionError("the seal core's wrap and unwrap ask for no facts")

    def _arn(self, key_id: str) -> str:
        name = key_id.rsplit(":", 1)[-1] if ":alias/" in key_id else key_id
        if name.startswith("alias/"):
            if name not in self._aws.aliases:
                raise refusal("not_found", "DescribeKey", f"Alias {name} is not found")
            return self._aws.aliases[name]
        if not key_id.startswith("arn:"):
            return key_arn(key_id, self.region.value)
        if key_id.split(":")[3] != self.region.value:
            raise refusal("malformed_key_id", "Decrypt", "InvalidArnException")
        return key_id

    def _here(self, arn: str) -> str | None:
        parts = arn.split(":")
        if parts[3] != self.region.value and not (parts[5].startswith("key/mrk-") and self.region.value in REPLICAS):
            return None
        parts[3] = self.region.value
        return ":".join(parts)
