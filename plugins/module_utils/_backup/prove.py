# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves a snapshot before it counts: archive, checksums, and whether it can be restored here with today's keys."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.assessment import assess
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.model import Snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import read_snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper

# OpenBao 2.6 ends the archive early, with status 200, where it cannot encrypt the checksums.
_INCOMPLETE = "Check the server's log and its KMS key: a server that cannot use its key sends an incomplete snapshot as if it were complete."


@dataclass
class Proof:
    """Whether a snapshot proved, and why not; ``kms_keys`` as vault_snapshot_info returns them."""

    proven: bool
    reason: str = ""
    msg: str = ""
    remedy: str = ""
    index: int = 0
    term: int = 0
    kms_keys: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)


def prove(handle: int, options: BackupOptions, clients: KmsClients) -> Proof:
    """The proof of the snapshot in an open file. What prevents a proof is returned, never raised."""
    try:
        # The descriptor stays the caller's; buffered reading is of this duplicate only.
        with os.fdopen(os.dup(handle), "rb") as stream:
            stream.seek(0)
            snapshot = read_snapshot(stream, os.fstat(stream.fileno()).st_size, options.max_size)
        return _of_archive(snapshot) if options.proof == "archive" else _opened(snapshot, options, clients)
    except SealError as error:
        return Proof(False, error.reason, error.message, _INCOMPLETE if error.reason == "damaged_snapshot" else error.remedy)
    except OSError as error:
        return Proof(False, "file_error", f"The snapshot cannot be read: {error.strerror}.", "Check the file system.")


def _of_archive(snapshot: Snapshot) -> Proof:
    verdict = assess(snapshot)
    problem = next(iter(verdict.problems), None)
    proof = Proof(problem is None, index=snapshot.meta.index, term=snapshot.meta.term, kms_keys=verdict.kms_keys())
    proof.notes = [note.as_result() for note in verdict.notes]
    if problem:
        proof.reason, proof.msg, proof.remedy = problem.reason, problem.msg, problem.remedy
    return proof


def _opened(snapshot: Snapshot, options: BackupOptions, clients: KmsClients) -> Proof:
    trusted = _trusted(snapshot, options, clients)
    survey = KeySurvey(clients, region_source="the sealed value's key ARN")
    verdict = assess(snapshot, survey, Unwrapper(clients, trusted=trusted), trusted)
    proof = Proof(verdict.restorable is True, index=snapshot.meta.index, term=snapshot.meta.term, kms_keys=verdict.kms_keys())
    proof.notes = [note.as_result() for note in verdict.notes]
    if verdict.problems:
        first = verdict.problems[0]
        proof.reason, proof.msg, proof.remedy = first.reason, verdict.summary, first.remedy
    elif not proof.proven:
        proof.reason, proof.msg = "not_proven", verdict.summary
        proof.remedy = "Check the connection to AWS KMS. For a server with a shamir seal, set proof to archive."
    return proof


def _trusted(snapshot: Snapshot, options: BackupOptions, clients: KmsClients) -> TrustedKeys | None:
    if options.allowed_key_ids is None:
        return None
    region = next((entry.value.region for entry in snapshot.listed if entry.value and entry.value.region), "")
    return TrustedKeys(options.allowed_key_ids, clients, region)
