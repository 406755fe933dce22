# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of the snapshots, by its descriptor: the lock of a run, the snapshots of this collection in it, and their removal."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder, place, remove_parts, sync_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.names import RECORD, SnapshotName
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.record import MAX_RECORD, Record
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.retention import Stored
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.targets import Target
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_descriptor

LOCK = ".vault-snapshot.lock"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass
class StoredSnapshot:
    """One snapshot of this collection in the folder."""

    file_name: str
    time: datetime
    proven: bool
    record: Record = field(repr=False)

    def stored(self, targets: Sequence[Target]) -> Stored:
        return Stored(self.file_name, self.time, self.proven, pending=not all(target.has(self.record) for target in targets))


class SnapshotFolder:
    """A folder that is held open; every access is by name within it."""

    def __init__(self, path: str, handle: int, name: str) -> None:
        self.path = path
        self.handle = handle
        self._name = name

    def full_path(self, file_name: str) -> str:
        return os.path.join(self.path, file_name)

    def snapshots(self) -> list[StoredSnapshot]:
        """The snapshots with the configured name and a valid record; everything else in the folder is foreign. Raises :class:`SettingError`."""
        snapshots = []
        for file_name in self._names():
            named = SnapshotName.parse(file_name)
            if named and named.name == self._name:
                record = self._record(file_name)
                if record:
                    snapshots.append(StoredSnapshot(file_name, named.time, named.proven, record))
        return sorted(snapshots, key=lambda each: each.file_name)

    def open(self, file_name: str) -> int:
        """A descriptor for reading; raises :class:`OSError`."""
        return open_regular(file_name, follow=False, folder=self.handle)

    def exists(self, file_name: str) -> bool:
        try:
            os.stat(file_name, dir_fd=self.handle, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def write_record(self, record: Record) -> None:
        """Write a record atomically; raises :class:`OSError`."""
        content = record.as_json()

        def write(handle: int) -> None:
            os.lseek(handle, 0, os.SEEK_SET)
            write_all(handle, content)

        place(self.handle, record.name + RECORD, write)

    def remove(self, file_name: str) -> None:
        """Remove a snapshot, then its record: without a record it would be foreign. Raises :class:`OSError`."""
        with suppress(FileNotFoundError):
            os.unlink(file_name, dir_fd=self.handle)
        with suppress(FileNotFoundError):
            os.unlink(file_name + RECORD, dir_fd=self.handle)
        sync_folder(self.handle)

    def clean(self) -> None:
        """Remove what a killed run left behind: unfinished files, and records without a snapshot."""
        remove_parts(self.handle)
        names = set(self._names())
        for name in names:
            named = SnapshotName.parse(name[: -len(RECORD)]) if name.endswith(RECORD) else None
            if named and named.name == self._name and name[: -len(RECORD)] not in names:
                with suppress(OSError):
                    os.unlink(name, dir_fd=self.handle)

    def _names(self) -> list[str]:
        try:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.handle)
            try:
                return os.listdir(readable)
            finally:
                os.close(readable)
        except OSError as error:
            raise folder_error(f"The directory {self.path} cannot be read: {error.strerror}.") from None

    def _record(self, file_name: str) -> Record | None:
        try:
            status = os.stat(file_name, dir_fd=self.handle, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                return None
            handle = open_regular(file_name + RECORD, follow=False, folder=self.handle)
        except PermissionError:
            # The snapshot would count as foreign, and never be sent or removed.
            raise folder_error(
                f"The record {self.full_path(file_name + RECORD)} cannot be read by this user.",
                "Give the files of the directory to the user of the backup (chown -R), after a change of that user.",
            ) from None
        except OSError:
            return None
        try:
            return Record.parse(read_descriptor(handle, MAX_RECORD), file_name, status.st_size)
        except OSError:
            return None
        finally:
            os.close(handle)


@contextmanager
def snapshot_folder(path: str, name: str, option: str = "dest", owner: int = 0) -> Iterator[SnapshotFolder]:
    """The folder of an option; raises :class:`SettingError` (``file_error``), also if other users can write to it.

    :param owner: another user that it may belong to.
    """
    with ExitStack() as stack:
        try:
            handle = stack.enter_context(held_folder(path))
            status = os.fstat(handle)
        except FileNotFoundError:
            raise folder_error(f"The directory {path} of option {option} does not exist.", "Create it, with mode 0700.") from None
        except OSError as error:
            raise folder_error(f"The directory {path} of option {option} cannot be used: {error.strerror}.") from None
        if status.st_uid not in (0, os.geteuid(), owner) or status.st_mode & 0o022:
            raise folder_error(
                f"Other users can replace files in the directory {path} of option {option}.",
                "Use a directory that belongs to the user of the backup, and that only this user can write to (mode 0700).",
            )
        yield SnapshotFolder(os.path.abspath(path), handle, name)


@contextmanager
def locked(folder: SnapshotFolder) -> Iterator[None]:
    """Hold the lock of the folder; raises :class:`SealError` (``backup_running``) if another run has it."""
    try:
        handle = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600, dir_fd=folder.handle)
    except OSError as error:
        raise folder_error(f"The lock file {folder.full_path(LOCK)} cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise SealError(
            f"Another backup to {folder.path} is running.", reason="backup_running", remedy="Wait until it has finished; its lock ends with its process."
        ) from None
    except OSError as error:
        os.close(handle)
        raise folder_error(f"The directory {folder.path} cannot be locked: {error.strerror}.", "Use a local file system, or one that supports locks.") from None
    try:
        yield
    finally:
        os.close(handle)


def folder_error(message: str, remedy: str = "Check the path and its permissions on this host.") -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)


def write_error(path: str, error: OSError) -> SealError:
    """The error of a file that could not be written."""
    if error.errno in _FULL:
        return SealError(
            f"{path} cannot be written: {error.strerror}. The incomplete file was removed; earlier snapshots were kept.",
            reason="no_room",
            remedy="Free space, raise the quota or file size limit, or keep fewer snapshots.",
        )
    return folder_error(f"{path} cannot be written: {error.strerror}.", "Check the file system and the permissions of the directory.")
