# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sealed file that is edited: read and checked before editing, and then replaced with its attributes, or created."""

from __future__ import annotations

import base64
import os
import tempfile

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder, place_new
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.sealed_files import SealedFile, remove_left_overs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue


class EditedFile:
    """``value`` is None for a file that does not exist.

    :param limit: the maximum size of the sealed value in bytes.
    """

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        self._file = SealedFile(path, limit)
        self.value: SealedValue | None = None

    def read(self) -> None:
        """Read the file, if there is one. Raises :class:`SealError`, also for a file that could not be replaced later, or a folder that is missing."""
        if not os.path.lexists(self.path):
            if not os.path.isdir(self._file.folder):
                raise _failed(f"The directory of {self.path} does not exist.", "Create it first.")
            self._check_folder()
            return
        self.value = self._file.read()
        if len(self.value.slots) > 1:
            raise SettingError(
                f"The file {self.path} has {len(self.value.slots)} slots, and would be sealed again with only one.", reason="invalid_option",
                remedy="Decrypt it with awskms_seal_unwrap, and seal it again.",
            )
        self._check_folder()
        self._check_owner()

    def write(self, value: SealedValue) -> None:
        """Put the new value in its place, whole or not at all. Raises :class:`SettingError` (``file_error``)."""
        if self.value is not None:
            self._file.replace(value)
        else:
            self._create(base64.b64encode(value.encode()) + b"\n")

    def _check_folder(self) -> None:
        self._file.check_writable()
        remove_left_overs(self._file.folder)
        try:  # a full or read-only file system shows only when it is written to
            with tempfile.TemporaryFile(dir=self._file.folder) as trial:
                trial.write(bytes(len(self.value.encode()) if self.value else 1))
                trial.flush()
                os.fsync(trial.fileno())
        except OSError as error:
            raise _failed(f"The file {self.path} cannot be written: {error.strerror}. It was not decrypted.") from None

    def _check_owner(self) -> None:
        seen = os.stat(self.path)
        groups = {os.getegid(), *os.getgroups()}
        if os.geteuid() != 0 and (seen.st_uid != os.geteuid() or seen.st_gid not in groups):
            raise _failed(
                f"The file {self.path} is owned by user {seen.st_uid} and group {seen.st_gid}, which could not be kept. It was not decrypted.",
                "Run Ansible as its owner.",
            )

    def _create(self, content: bytes) -> None:
        def write(handle: int) -> None:
            with os.fdopen(handle, "wb", closefd=False) as stream:
                stream.write(content)

        try:
            with held_folder(self._file.folder) as folder:
                # A file that was created meanwhile is not replaced.
                place_new(folder, os.path.basename(self.path), write)
        except FileExistsError:
            raise _failed(f"The file {self.path} was created by another process in the meantime. It was not replaced.", "Edit that file.") from None
        except OSError as error:
            raise _failed(f"The file {self.path} cannot be created: {error.strerror}.") from None


def _failed(message: str, remedy: str = "Check the path, its permissions and the space of its file system on the controller.") -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
