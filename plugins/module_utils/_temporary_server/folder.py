# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a temporary server. It belongs to the user that starts it, usually root; the server's user owns only three folders in it.

``config.json`` and ``log`` are written by descriptor, and what is in the server's folders is never opened by path: the server's user controls
their content. All of it is removed by descriptor too.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pwd
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular

PREFIX, JUDGE_PREFIX = "sealwright-drill-", "sealwright-judge-"
_PREFIXES = (PREFIX, JUDGE_PREFIX)
CONFIG, DATA, TEMPORARY, SOCKETS = "config.json", "raft", "tmp", "run"
_LOCK, _LOG = "lock", "log"
_ATTEMPTS = 10  # to make a folder while other runs remove left-overs
_LOG_SHOWN = 256 * 1024  # bytes at its end
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """One folder with its lock, held by descriptors from :meth:`make` to :meth:`close`. A process that is forked meanwhile holds them too."""

    def __init__(self, parent: str, account: pwd.struct_passwd | None, prefix: str = PREFIX) -> None:
        """:param account: the server's user; None where that is the user of this process."""
        self._parent_path = parent
        self._prefix = prefix
        self._account = account
        self.path = ""
        self.handles: list[int] = []

    def make(self, config: Mapping[str, Any]) -> None:
        """Make the folder and all that is in it; raises OSError."""
        with held_folder(self._parent_path) as parent:
            self._parent = self._keep(os.open(".", _FOLDER, dir_fd=parent))
        for _attempt in range(_ATTEMPTS):
            if self._make_locked():
                break
        else:
            raise OSError(errno.ESTALE, "Another process removes every new directory", self._parent_path)
        if self._account:
            os.fchmod(self._handle, 0o711)  # the server has to reach what is its own, by name
        self.log = self._keep(os.open(_LOG, os.O_WRONLY | os.O_APPEND | _NEW, 0o600, dir_fd=self._handle))
        self._log_read = self._keep(open_regular(_LOG, follow=False, folder=self._handle))
        for name in (DATA, TEMPORARY, SOCKETS):
            self._give(name)
        self._sockets = self._keep(os.open(SOCKETS, _FOLDER, dir_fd=self._handle))
        self._write_config(config)

    def _make_locked(self) -> bool:
        """Make the folder and lock it; False where another run took it, before it was locked, for one whose run is gone."""
        self._name = f"{self._prefix}{os.urandom(5).hex()}"
        os.mkdir(self._name, 0o700, dir_fd=self._parent)
        self.path = os.path.join(os.path.abspath(self._parent_path), self._name)
        try:
            self._handle = self._keep(os.open(self._name, _FOLDER, dir_fd=self._parent))
            if os.fstat(self._handle).st_uid != os.geteuid():
                raise OSError(errno.ESTALE, "Another process replaced the new directory", self.path)
            lock = self._keep(os.open(_LOCK, os.O_RDWR | _NEW, 0o600, dir_fd=self._handle))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except FileNotFoundError:
            return False
        return _has_name(self._handle, _LOCK, lock) and _has_name(self._parent, self._name, self._handle)

    @property
    def sockets(self) -> int:
        """The descriptor of the folder in which the server makes its sockets."""
        return self._sockets

    def socket_path(self, name: str) -> str:
        """The path of a socket of the server, short enough for a socket address, without components that another user may replace."""
        return f"/proc/self/fd/{self._sockets}/{name}"

    def working_folder(self) -> str:
        """The path for a child that is forked."""
        return f"/proc/self/fd/{self._handle}"

    def log_size(self) -> int:
        return os.fstat(self._log_read).st_size

    def read_log(self, begin: int = 0) -> str:
        """The server's output from there on; only the end if it is long."""
        begin = max(begin, self.log_size() - _LOG_SHOWN)
        return os.pread(self._log_read, _LOG_SHOWN, begin).decode("utf-8", "replace")

    def renew_data(self, seconds: float) -> None:
        """Replace the server's data by none; raises OSError."""
        remove_tree(self._handle, DATA, seconds)
        self._give(DATA)

    def remove(self, seconds: float) -> bool:
        """Remove all of it; returns whether that succeeded."""
        return remove_made(self._parent, self._name, self._handle, seconds)

    def close(self) -> None:
        while self.handles:
            with suppress(OSError):
                os.close(self.handles.pop())

    def _keep(self, handle: int) -> int:
        self.handles.append(handle)
        return handle

    def _give(self, name: str) -> None:
        """Make a folder of the server's user."""
        os.mkdir(name, 0o700, dir_fd=self._handle)
        handle = os.open(name, _FOLDER, dir_fd=self._handle)
        try:
            if self._account:
                os.fchown(handle, self._account.pw_uid, self._account.pw_gid)
        finally:
            os.close(handle)

    def _write_config(self, config: Mapping[str, Any]) -> None:
        """Read by the server's user through its group, and written by nobody but us."""
        handle = os.open(CONFIG, os.O_WRONLY | _NEW, 0o600, dir_fd=self._handle)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(config, stream)
            if self._account:
                os.fchown(handle, os.geteuid(), self._account.pw_gid)
                os.fchmod(handle, 0o640)


def left_behind(parent: str) -> Iterator[tuple[int, str, int]]:
    """Of this user's folders whose run is gone: the parent's descriptor, the name, and the folder's descriptor, locked while it is yielded."""
    with suppress(OSError), held_folder(parent) as held:
        readable = os.open(".", _FOLDER, dir_fd=held)
        try:
            for name in sorted(each for each in os.listdir(readable) if each.startswith(_PREFIXES)):
                with suppress(OSError):
                    yield from _unlocked(readable, name)
        finally:
            os.close(readable)


def remove_made(parent: int, name: str, handle: int, seconds: float) -> bool:
    """Remove a folder and its content, if it is still the one that is held; returns whether that succeeded."""
    with suppress(OSError):
        _empty(handle, time.monotonic() + seconds)
        if _has_name(parent, name, handle):
            os.rmdir(name, dir_fd=parent)
    return not _has_name(parent, name, handle)


def remove_tree(parent: int, name: str, seconds: float) -> None:
    """Remove a folder to which another user may still write; raises OSError, also on timeout."""
    handle = os.open(name, _FOLDER, dir_fd=parent)
    try:
        _empty(handle, time.monotonic() + seconds)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)


def _has_name(parent: int, name: str, handle: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.stat(name, dir_fd=parent, follow_symlinks=False), os.fstat(handle))
    return False


def _unlocked(parent: int, name: str) -> Iterator[tuple[int, str, int]]:
    handle = os.open(name, _FOLDER, dir_fd=parent)
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            return
        try:
            lock = open_regular(_LOCK, follow=False, folder=handle)
        except FileNotFoundError:
            os.rmdir(name, dir_fd=parent)  # of a run that was killed before it had its lock; only an empty one goes
            return
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield parent, name, handle
        finally:
            os.close(lock)
    finally:
        os.close(handle)


def _empty(top: int, end: float) -> None:
    """Remove all that is in a folder, however deep: what is in a folder below is moved up before that is removed.

    So no path is ever followed, and no more than two folders are open.
    """
    while True:
        entries = os.listdir(top)
        if not entries:
            return
        for name in entries:
            if time.monotonic() > end:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), name)
            _remove_entry(top, name)


def _remove_entry(top: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=top)
            return
        handle = os.open(name, _FOLDER, dir_fd=top)
        try:
            for below in os.listdir(handle):
                with suppress(FileNotFoundError):
                    if stat.S_ISDIR(os.stat(below, dir_fd=handle, follow_symlinks=False).st_mode):
                        os.rename(below, os.urandom(16).hex(), src_dir_fd=handle, dst_dir_fd=top)
                    else:
                        os.unlink(below, dir_fd=handle)
        finally:
            os.close(handle)
        with suppress(OSError):  # the folder was written to meanwhile: the next round removes it
            os.rmdir(name, dir_fd=top)
