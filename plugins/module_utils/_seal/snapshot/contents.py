# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a snapshot's sealed values: whether their keys can be used, and whether they decrypt to the expected content.

Plaintexts are checked and dropped: only :func:`recovery_key` returns one.
"""

from __future__ import annotations

import binascii
from base64 import b64decode

from ..errors import BlobError, SealError
from ..format.container import SealedValue
from ..strict_json import read_json
from ..wrapping.unwrap import Unwrapper
from .archive import SEALED_SUMS
from .model import BARRIER_KEYS, RECOVERY_KEY, Snapshot
from .reader import checked_sums

KEY_SIZE = 32
"""Bytes of a barrier key and of a recovery key (``GenerateKey`` of OpenBao's ``vault/barrier/aes_gcm.go``)."""


def opening_failure(path: str, value: SealedValue, snapshot: Snapshot, unwrapper: Unwrapper) -> SealError | None:
    """Why the value at a path does not decrypt to the expected content; None if it does."""
    try:
        opened = unwrapper.unwrap(value).plaintext
    except SealError as error:
        return error
    what = _wrong_content(path, opened, snapshot)
    if not what:
        return None
    if path == SEALED_SUMS:
        return BlobError(
            f"The sealed checksums do not match this snapshot: {what}.",
            reason="not_authentic",
            remedy="The snapshot was modified after the server wrote it, or combined from several snapshots. Take another one.",
        )
    return BlobError(
        f"It was decrypted, but its content is invalid: {what}.",
        reason="wrong_content",
        remedy="A server cannot unseal itself after restoring this snapshot. Take another one.",
    )


def recovery_key(snapshot: Snapshot, unwrapper: Unwrapper) -> bytes:
    """The recovery key itself, for a caller that was asked for it in so many words; raises :class:`SealError`."""
    entry = snapshot.entry(RECOVERY_KEY)
    if entry is None or entry.value is None:
        raise BlobError(
            "The snapshot contains no recovery key.",
            reason="no_recovery_key",
            remedy="Only servers with auto-unseal have recovery keys; a server with a shamir seal has unseal keys.",
        )
    opened = unwrapper.unwrap(entry.value).plaintext
    if _wrong_content(RECOVERY_KEY, opened, snapshot):
        raise BlobError(
            f"{RECOVERY_KEY} was decrypted, but is not a key of {KEY_SIZE} bytes.", reason="wrong_content", remedy="Use another snapshot."
        )
    return opened


def _wrong_content(path: str, opened: bytes, snapshot: Snapshot) -> str:
    if path == SEALED_SUMS:
        return checked_sums(opened, snapshot.digests)
    if path.endswith(BARRIER_KEYS) and not _are_keys(opened):
        return f"it is not a JSON array of base64-encoded keys of {KEY_SIZE} bytes"
    if path.endswith(RECOVERY_KEY) and len(opened) != KEY_SIZE:
        return f"it has {len(opened)} bytes instead of {KEY_SIZE}"
    return ""


def _are_keys(opened: bytes) -> bool:
    try:
        keys = read_json(opened)
        return isinstance(keys, list) and bool(keys) and all(len(b64decode(key, validate=True)) == KEY_SIZE for key in keys)
    except (TypeError, ValueError, binascii.Error):
        return False
