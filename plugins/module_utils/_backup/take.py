# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes one snapshot into the folder: streamed to an unfinished file, proven, and only then given its name."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.folder import SnapshotFolder, write_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.prove import Proof, prove
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.server import Node, SnapshotServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import new_part, rename_part
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.names import RECORD, SnapshotName
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.record import Record
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients

# After these, another attempt can help: the server, its leader or the transfer failed.
_PASSING = frozenset(("server_unreachable", "leader_unreachable", "no_active_node", "snapshot_interrupted", "server_failed", "damaged_snapshot"))
_PAUSE = 2.0  # seconds before another attempt


@dataclass
class Taken:
    """A snapshot that has its name in the folder, proven or not."""

    record: Record
    proof: Proof
    node: Node
    attempts: int


def find_node(server: SnapshotServer, options: BackupOptions) -> tuple[Node, int]:
    """The active node, and the number of the attempt that found it; raises :class:`SealError`."""
    attempt = 1
    while True:
        try:
            return server.active_node(), attempt
        except SealError as error:
            if error.reason not in _PASSING or attempt >= options.attempts:
                raise _after(error, attempt) from None
        attempt += 1
        time.sleep(_PAUSE)


def take(server: SnapshotServer, token: str, folder: SnapshotFolder, options: BackupOptions, clients: KmsClients, attempt: int = 1) -> Taken:
    """Take a snapshot, in several attempts if the server or the transfer fails; raises :class:`SealError`, and then nothing is left of it.

    :param attempt: the number of the first attempt; those that found no active node count too.
    """
    while True:
        taken, failed = None, None
        try:
            node = server.active_node()
            if not node.is_self:
                raise SealError(f"The server at {node.address} is no longer active.", reason="standby", remedy="Run the backup again.")
            taken = _once(server, node, token, folder, options, clients, attempt)
            if taken.proof.proven or taken.proof.reason not in _PASSING:
                return taken
        except SealError as error:
            failed = error
            if error.reason not in _PASSING:
                raise
        if attempt >= options.attempts:
            if failed:
                raise _after(failed, attempt)
            if taken:
                return taken
        if taken:
            # Only the last of several damaged snapshots is kept aside.
            with suppress(OSError):
                folder.remove(taken.record.name)
        attempt += 1
        time.sleep(_PAUSE)


def _after(failed: SealError, attempts: int) -> SealError:
    failed.message += f" {attempts} attempts failed." if attempts > 1 else ""
    return failed


def next_name(folder: SnapshotFolder, name: str) -> SnapshotName:
    """A name that no file has; the time is that of the snapshot, or a second later."""
    named = SnapshotName(name, datetime.now(timezone.utc).replace(microsecond=0), True)
    while any(folder.exists(str(each)) for each in (named, named._replace(proven=False))):
        named = named._replace(time=named.time + timedelta(seconds=1))
    return named


def _once(
    server: SnapshotServer, node: Node, token: str, folder: SnapshotFolder, options: BackupOptions, clients: KmsClients, attempt: int
) -> Taken:
    named = next_name(folder, options.name)
    try:
        handle, part = new_part(folder.handle)
    except OSError as error:
        raise write_error(folder.full_path(str(named)), error) from None
    try:
        with server.snapshot(node, token) as pieces:
            size, digest = _received(pieces, handle, options.max_size)
        os.fsync(handle)
        proof = prove(handle, options, clients)
        named = named._replace(proven=proof.proven)
        record = Record(
            str(named), named.time.isoformat(), size, digest, options.proof if proof.proven else "", proof.reason, proof.msg, proof.index, proof.term,
            [each["arn"] for each in proof.kms_keys], node.address,
        )  # fmt: skip
        # The record first: a snapshot without a record would be foreign, a record without a snapshot is removed by the next run.
        folder.write_record(record)
        try:
            rename_part(handle, folder.handle, part, record.name)
        except OSError:
            with suppress(OSError):
                os.unlink(record.name + RECORD, dir_fd=folder.handle)
            raise
        part = ""
        return Taken(record, proof, node, attempt)
    except OSError as error:
        raise write_error(folder.full_path(str(named)), error) from None
    finally:
        if part:
            with suppress(OSError):
                os.unlink(part, dir_fd=folder.handle)
        os.close(handle)


def _received(pieces: Iterator[bytes], handle: int, max_size: int) -> tuple[int, str]:
    """Write the pieces; their size and SHA-256 checksum. Raises :class:`OSError`, and :class:`SealError` for more than a snapshot can have."""
    most = max_size + max_size // 100 + (1 << 20)  # ciphertext that gzip could not compress
    digest = hashlib.sha256()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise SealError(f"The snapshot has more than {most} bytes.", reason="snapshot_too_large", remedy="Increase max_size.")
        digest.update(piece)
        write_all(handle, piece)
    return size, digest.hexdigest()
