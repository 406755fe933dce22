# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends proven snapshots to the targets, a folder and S3, and records each copy that was verified."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.folder import SnapshotFolder, StoredSnapshot, snapshot_folder, write_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import new_part, rename_part
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.record import Record
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.targets import Target
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import sha256_of, write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.client import S3Client, open_s3, s3_endpoint
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.options import S3Options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.upload import Upload

_PIECE = 1 << 20


def targets(options: BackupOptions) -> list[Target]:
    """The targets of the options."""
    found = [Target(os.path.abspath(options.send_folder))] if options.send_folder else []
    if options.s3:
        found.append(Target.s3(options.s3.bucket, options.s3.prefix, _endpoint(options.s3, options)))
    return found


def send_pending(folder: SnapshotFolder, options: BackupOptions) -> list[dict[str, Any]]:
    """Send every proven snapshot that a target does not have yet, the newest first; an entry for each, with the error if it failed.

    After an error of the target, the other snapshots are not tried on it: it is down, or refuses them too.
    """
    results = []
    for target in targets(options):
        copy = _to_s3(options, target) if target.is_s3 else _to_folder(options)
        for snapshot in reversed(folder.snapshots()):
            if not snapshot.proven or target.has(snapshot.record):
                continue
            result: dict[str, Any] = {"name": snapshot.file_name, "target": target.name, "verified": False}
            results.append(result)
            try:
                result.update(_send(folder, snapshot, target, copy), verified=True)
            except SealError as error:
                result.update(error.finding().as_result())
                if error.reason not in _OF_ONE_SNAPSHOT:
                    break
    return results


def check_send_folder(folder: SnapshotFolder, options: BackupOptions) -> None:
    """Raise :class:`SettingError` if the directory for copies cannot be used."""
    if options.send_folder:
        with snapshot_folder(options.send_folder, options.name, "send_folder") as other:
            _check_mounted(folder, other, options)


# The copy of one snapshot is wrong; others can be sent.
_OF_ONE_SNAPSHOT = ("checksum_mismatch", "not_protected")

_Copy = Callable[[SnapshotFolder, StoredSnapshot, int, Callable[[], None]], dict[str, Any]]


def _endpoint(s3: S3Options, options: BackupOptions) -> str:
    """The URL of the S3 endpoint that is configured; empty for that of AWS."""
    try:
        return s3_endpoint(s3, options.connection)
    except SealError:
        return "unknown"  # no record has it, and sending fails with the same error


def _send(folder: SnapshotFolder, snapshot: StoredSnapshot, target: Target, copy: _Copy) -> dict[str, Any]:
    record = snapshot.record
    try:
        handle = folder.open(snapshot.file_name)
        try:
            facts = copy(folder, snapshot, handle, lambda: folder.write_record(record))
        finally:
            os.close(handle)
        target.note(record, facts)
        folder.write_record(record)
    except OSError as error:
        raise write_error(folder.full_path(snapshot.file_name), error) from None
    return facts


def _to_s3(options: BackupOptions, target: Target) -> _Copy:
    opened: list[S3Client] = []

    def copy(_folder: SnapshotFolder, snapshot: StoredSnapshot, handle: int, save: Callable[[], None]) -> dict[str, Any]:
        if options.s3 and not opened:
            opened.append(open_s3(options.s3, options.connection))
        upload = Upload(opened[0], snapshot.file_name, handle, target.upload(snapshot.record), save)
        facts = upload.run(snapshot.record.sha256)
        return {**facts, "path": target.former + snapshot.file_name, "resumed_parts": upload.resumed_parts}

    return copy


def _to_folder(options: BackupOptions) -> _Copy:
    def copy(folder: SnapshotFolder, snapshot: StoredSnapshot, handle: int, _save: Callable[[], None]) -> dict[str, Any]:
        with snapshot_folder(options.send_folder, options.name, "send_folder") as other:
            _check_mounted(folder, other, options)
            other.clean()
            if other.exists(snapshot.file_name):
                _check_copy(other, snapshot)
            else:
                _write_copy(other, snapshot, handle)
            other.write_record(_record_of_copy(snapshot.record))
            return {"size": snapshot.record.size, "checksum": snapshot.record.sha256, "verified_by": "content", "path": other.full_path(snapshot.file_name)}

    return copy


def _check_mounted(folder: SnapshotFolder, other: SnapshotFolder, options: BackupOptions) -> None:
    """A directory whose file system is not mounted is on that of the snapshots or of the root directory: with this disk, copy and original are lost."""
    device = os.fstat(other.handle).st_dev
    if options.send_folder_mounted and device in (os.fstat(folder.handle).st_dev, os.stat("/").st_dev):
        raise SettingError(
            f"The directory {other.path} of option send_folder is on the file system of the snapshots or of the root directory. Nothing was copied.",
            reason="not_mounted",
            remedy="Mount the file system of the copies, or set send_folder_mounted to false if the copies belong there.",
        )


def _write_copy(other: SnapshotFolder, snapshot: StoredSnapshot, source: int) -> None:
    path = other.full_path(snapshot.file_name)
    try:
        target, part = new_part(other.handle)
    except OSError as error:
        raise write_error(path, error) from None
    try:
        for start in range(0, snapshot.record.size, _PIECE):
            write_all(target, os.pread(source, _PIECE, start))
        os.fsync(target)
        if _digest(target) != snapshot.record.sha256:
            raise _differs(path)
        rename_part(target, other.handle, part, snapshot.file_name)
        part = ""
    except OSError as error:
        raise write_error(path, error) from None
    finally:
        if part:
            with suppress(OSError):
                os.unlink(part, dir_fd=other.handle)
        os.close(target)


def _check_copy(other: SnapshotFolder, snapshot: StoredSnapshot) -> None:
    handle = other.open(snapshot.file_name)
    try:
        if _digest(handle) != snapshot.record.sha256:
            raise _differs(other.full_path(snapshot.file_name))
    finally:
        os.close(handle)


def _digest(handle: int) -> str:
    """The checksum of what the file has on disk, as far as the system tells."""
    with suppress(OSError, AttributeError):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    return sha256_of(handle)


def _record_of_copy(record: Record) -> Record:
    values = {**vars(record), "sent": {}, "uploads": {}}
    return Record(**values)


def _differs(path: str) -> SealError:
    return SealError(
        f"{path} is not the snapshot that was sent: it has another SHA-256 checksum.",
        reason="checksum_mismatch",
        remedy="Check the disk, and who else writes to this directory; remove the file, and run the backup again.",
    )
