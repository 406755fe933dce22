# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens files that someone else named or may replace: regular files only, without waiting.

A named pipe waits for a writer, a device may do anything when it is opened, and a socket cannot be read. The null device passes, as an empty file:
systemd and others use it as such. ``/dev/stdin`` and the pipes of process substitution are refused like any other pipe.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

_PIECE = 1 << 20


def open_regular(path: str, follow: bool = True, folder: int | None = None) -> int:
    """A descriptor for reading; raises :class:`OSError`, also where ``path`` is not a regular file.

    :param follow: whether ``path`` may be a symbolic link.
    :param folder: the descriptor of the folder that a relative ``path`` is in.
    """
    # Looked at before it is opened, since opening a device may have effects; and again afterwards, since it may have been replaced.
    _check(os.stat(path, dir_fd=folder, follow_symlinks=follow), path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags, dir_fd=folder)
    try:
        _check(os.fstat(handle), path)
    except OSError:
        os.close(handle)
        raise
    return handle


def open_stream(path: str) -> BinaryIO:
    """The same as a stream."""
    return os.fdopen(open_regular(path), "rb")


def read_regular(path: str, most: int) -> bytes:
    """The content, at most ``most`` bytes of it; raises :class:`OSError`."""
    handle = open_regular(path)
    try:
        return read_descriptor(handle, most)
    finally:
        os.close(handle)


def read_descriptor(handle: int, most: int) -> bytes:
    """The rest of an open file, at most ``most`` bytes; raises :class:`OSError`."""
    pieces = []
    while most > 0:
        piece = os.read(handle, min(most, _PIECE))
        if not piece:
            break
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _check(status: os.stat_result, path: str) -> None:
    if stat.S_ISREG(status.st_mode) or (stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "It is a symbolic link", path)
    raise OSError(errno.EINVAL, "It is not a regular file", path)
