# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own work for each value, beside KMS: in one process, with a KMS that costs nothing."""

from __future__ import annotations

import base64
import itertools
import json
import sys
import time
import timeit
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue, from_base64
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.envelope import decrypt
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsCiphertext, KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap, wrap_batch

ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
COUNT = 2000
PLAINTEXT = b"correct horse battery staple"


class FreeKms:
    """Remembers data keys; a wrapped key has the 184 bytes that AWS's have."""

    region = Sourced("us-east-1", "option region")

    def __init__(self) -> None:
        self._count = itertools.count()
        self._keys: dict[bytes, bytes] = {}

    def encrypt(self, key_id: str, plaintext: bytes) -> KmsCiphertext:
        ciphertext = next(self._count).to_bytes(184, "big")
        self._keys[ciphertext] = plaintext
        return KmsCiphertext(ARN, ciphertext)

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> KmsPlaintext:
        return KmsPlaintext(ARN, self._keys[ciphertext])


def microseconds(work: Any) -> float:
    """For each of the values; of the processor alone, so that what else runs on the machine counts less."""
    return min(timeit.repeat(work, number=1, repeat=15, timer=time.process_time)) / COUNT * 1e6


def main() -> None:
    kms = FreeKms()

    def seal() -> list[str]:
        return [base64.b64encode(wrap(kms, ARN, PLAINTEXT).value.encode()).decode() for _number in range(COUNT)]

    def batch() -> list[str]:
        return [base64.b64encode(one.value.encode()).decode() for one in wrap_batch(kms, ARN, [PLAINTEXT] * COUNT)]

    def unseal(texts: list[str]) -> None:
        unsealer = Unwrapper(lambda _region: kms)  # a new one, so that nothing is remembered
        for text in texts:
            unsealer.unwrap(SealedValue.parse(from_base64(text)))

    texts, of_a_batch = seal(), batch()
    slots = [SealedValue.parse(from_base64(text)).slots[0] for text in texts]
    opened = [(kms.decrypt(slot.wrapped_key).plaintext, *slot.nonce_and_ciphertext()) for slot in slots]
    json.dump(
        {
            "wrap": microseconds(seal),
            "wrap, per_batch": microseconds(batch),
            "unwrap": microseconds(lambda: unseal(texts)),
            "of it: base64 and parsing": microseconds(lambda: [SealedValue.parse(from_base64(text)) for text in texts]),
            "of it: AES-256-GCM": microseconds(lambda: [decrypt(*one) for one in opened]),
            "unwrap, per_batch": microseconds(lambda: unseal(of_a_batch)),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
