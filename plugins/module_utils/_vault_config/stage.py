# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The new files in a private folder, until they are checked."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_PREFIX = "vault_config."


def volatile_folder() -> str:
    """Where root keeps what is gone after a reboot: ``/run``, where others cannot write; the temporary directory for other users."""
    return "/run" if os.geteuid() == 0 and os.path.isdir("/run") else tempfile.gettempdir()


class Stage:
    """A fresh folder below ``/run``, or of the temporary directory where this does not run as root."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def make(cls, key: str, base: str = "") -> Stage:
        """Make one; ``key`` is the file that is configured, of which a killed run may have left another."""
        base = base or volatile_folder()
        prefix = f"{_PREFIX}{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}."
        try:
            _check(base)
            for name in os.listdir(base):
                if name.startswith(prefix):
                    cls(os.path.join(base, name)).remove()
            return cls(tempfile.mkdtemp(prefix=prefix, dir=base))
        except OSError as error:
            raise SettingError(
                f"The staging directory cannot be created in {base}: {error.strerror}.", reason="file_error", remedy="Check its space and permissions."
            ) from None

    def add(self, name: str, text: str) -> str:
        """Write a file, private from its beginning; returns its path."""
        path = os.path.join(self.path, os.path.basename(name))
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(text)
        except OSError as error:
            raise SettingError(
                f"The staged file cannot be written in {self.path}: {error.strerror}.", reason="file_error", remedy="Check the space of its file system."
            ) from None
        return path

    def remove(self) -> None:
        """Remove it, if it is this user's folder."""
        try:
            status = os.lstat(self.path)
        except OSError:
            return
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            shutil.rmtree(self.path, ignore_errors=True)


def _check(base: str) -> None:
    status = os.stat(base)
    if status.st_uid not in (0, os.geteuid()) or (status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX):
        raise PermissionError(1, "other users can rename files in it", base)
