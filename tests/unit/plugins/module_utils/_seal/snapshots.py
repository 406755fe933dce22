# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots for unit tests under the keys of a KMS in memory, and how they are read and judged."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.assessment import assess
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.model import Snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import read_snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.verdict import Verdict
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import StoredState
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn

KEY = key_arn("11111111-1111-1111-1111-111111111111")
OTHER_KEY = key_arn("22222222-2222-2222-2222-222222222222", "eu-central-1")
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
BARRIER_PATH = "core/hsm/barrier-unseal-keys"
SEAL_PATHS = ["SHA256SUMS.sealed", BARRIER_PATH, "core/recovery-key"]


class Server(StoredState):
    """A server and its KMS."""

    def __init__(self) -> None:
        self.aws = FakeAws()
        super().__init__(self, KEY)

    def encrypt(self, KeyId: str, Plaintext: bytes) -> dict[str, Any]:
        """As a boto3 client has it."""
        return {"CiphertextBlob": self.aws(KeyId.split(":")[3]).encrypt(KeyId, Plaintext).ciphertext}

    def judged(self, check: str = "open", trusted: Any = None, region: str = "") -> Verdict:
        """What is said of a snapshot, where the task says a region or leaves it to the keys."""
        snapshot = read(self.snapshot())
        self.aws.region = region
        survey = KeySurvey(self.aws, now=NOW) if check != "none" else None
        return assess(snapshot, survey, Unwrapper(self.aws, trusted=trusted) if check == "open" else None, trusted)


def read(data: bytes, **limits: Any) -> Snapshot:
    return read_snapshot(io.BytesIO(data), len(data), **limits)
