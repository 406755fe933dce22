# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serialises runs that write the files of a configuration: each prepares several files, and removes the remains of killed runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

from .restart_marker import marker_folder

_PATIENCE = 60.0  # seconds; a run writes in less than one
_PAUSE = 0.1  # seconds


@contextmanager
def write_lock(directory: str, seconds: float = _PATIENCE) -> Iterator[None]:
    """Hold the lock of the configuration in ``directory``. It lies where only this user can write, so that nobody else can hold it.

    Raises :class:`SettingError` (``file_error``), also if another run still has it after ``seconds``.
    """
    digest = hashlib.sha256(os.path.realpath(directory).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    try:
        path = os.path.join(marker_folder(), f".lock-{digest}")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingError(
            f"The lock of the configuration in {directory} cannot be created: {error.strerror}.", reason="file_error",
            remedy="Check the file system of /run, and that the role runs as root (become).",
        ) from None
    try:
        _wait(handle, directory, seconds)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, directory: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise SettingError(
                    f"Timed out after {seconds:g} s waiting for another run that writes the configuration in {directory}.", reason="file_error",
                    remedy="Wait until it has ended, then run the task again.",
                ) from None
        time.sleep(_PAUSE)
