# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are written by descriptor only, so that the owner of their folder cannot redirect the writer.

The folder is held by a descriptor, the new file has no name until it is complete (``O_TMPFILE`` of open(2)), and its owner, mode and attributes are set
on the descriptor. To replace a name, or if the file system has no unnamed files, the file has a temporary name that ends with ``PART`` for a
moment. A process that is killed then leaves it behind unlocked: the next run in the same folder removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular

PART = ".sealwright-part"
_TRIES = 8  # to make a file with a name: another run may take it for a left-over before it is locked
_LINKS = 40  # in one path, as the kernel has it
_WALK = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Attributes that widen or narrow who may read a file. Any other may be missing in the copy.
_OF_ACCESS = "system."
_NOT_KEPT = (errno.EPERM, errno.ENOTSUP, errno.ENODATA, errno.EINVAL, errno.EACCES)


@contextmanager
def held_folder(path: str) -> Iterator[int]:
    """The descriptor of a folder, for use as ``dir_fd``; raises :class:`OSError`.

    A symbolic link in the path is followed if it was made by root, the user of this process or the owner of its target.
    """
    handle = _walk(os.open("/", _WALK), os.path.abspath(path), _LINKS)
    try:
        yield handle
    finally:
        os.close(handle)


def followed(path: str) -> str:
    """The path of the file itself: symbolic links are followed by the rule of :func:`held_folder`; raises :class:`OSError`."""
    path = os.path.abspath(path)
    for _link_number in range(_LINKS):
        name = os.path.basename(path)
        with held_folder(os.path.dirname(path)) as folder:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISLNK(status.st_mode):
                return os.path.realpath(path)
            _check_link(name, status, os.stat(name, dir_fd=folder))
            path = os.path.join(os.path.dirname(path), os.readlink(name, dir_fd=folder))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def is_private(folder: int) -> bool:
    """Whether only root and the user of this process can change the content of a folder."""
    status = os.fstat(folder)
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def place(folder: int, name: str, write: Callable[[int], None], check: Callable[[], None] | None = None) -> None:
    """Create a file in a folder, replacing an existing one; raises :class:`OSError` without changing anything.

    :param write: writes content and attributes; called with the file's descriptor, once more if the file system requires it.
    :param check: called when the file is complete; raises if the name must not be replaced.
    """
    for make in (_unnamed, _named):
        handle, part = make(folder)
        if handle < 0:
            continue
        try:
            write(handle)
            os.fsync(handle)
            if check:
                check()
            if not part and _link(handle, folder, name):
                _check_same(handle, folder, name)
                _sync(folder)
                return
            part = part or _part_of(handle, folder)
            if part:
                _check_same(handle, folder, part)
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
                part = ""
                _check_same(handle, folder, name)
                _sync(folder)
                return
        finally:
            if part:
                with suppress(OSError):
                    os.unlink(part, dir_fd=folder)
            os.close(handle)
    raise OSError(errno.EIO, "No file can be created in its directory")


def place_new(folder: int, name: str, write: Callable[[int], None]) -> None:
    """Create a file in a folder; raises :class:`FileExistsError` if the name exists, and :class:`OSError`."""
    for make in (_unnamed, _named):
        handle, part = make(folder)
        if handle < 0:
            continue
        try:
            write(handle)
            os.fsync(handle)
            if part:
                os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            elif not _link(handle, folder, name):
                if _is_taken(folder, name):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
                continue
            _check_same(handle, folder, name)
            _sync(folder)
            return
        finally:
            if part:
                with suppress(OSError):
                    os.unlink(part, dir_fd=folder)
            os.close(handle)
    raise OSError(errno.EIO, "No file can be created in its directory")


def copy_attributes(source: int, target: int, of_access: bool = True) -> None:
    """Copy extended attributes from one open file to another, and with ``of_access`` mode and ACLs too; raises :class:`OSError`."""
    if of_access:
        os.fchmod(target, stat.S_IMODE(os.fstat(source).st_mode))
    for name in _attributes_of(source):
        if of_access or not name.startswith(_OF_ACCESS):
            _copy_attribute(source, target, name)


def remove_parts(folder: int) -> None:
    """Remove the temporary names of runs that were killed; one that another run is writing is locked, and stays.

    Those of this user; root removes all, since it gives a new file to its owner before that takes its name. Only a name is ever removed.
    """
    with suppress(OSError):
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            names = [name for name in os.listdir(readable) if name.startswith(".") and name.endswith(PART)]
        finally:
            os.close(readable)
        for name in names:
            with suppress(OSError):
                _remove_unlocked(folder, name)


def _walk(base: int, path: str, links: int) -> int:
    """The descriptor of ``path`` below ``base``, which is closed."""
    for name in filter(lambda each: each not in ("", "."), path.split("/")):
        try:
            following = os.open(name, _WALK, dir_fd=base)
        except NotADirectoryError:
            following = _linked(base, name, links)
        except OSError as error:
            # Some systems reject a link immediately.
            if error.errno != errno.ELOOP:
                os.close(base)
                raise
            following = _linked(base, name, links)
        os.close(base)
        base = following
    return base


def _linked(base: int, name: str, links: int) -> int:
    """Where a symbolic link leads; ``base`` is closed where that is nowhere."""
    try:
        status = os.stat(name, dir_fd=base, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
        if not links:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        target = os.readlink(name, dir_fd=base)
        handle = _walk(os.open("/", _WALK) if target.startswith("/") else os.dup(base), target, links - 1)
        try:
            _check_link(name, status, os.fstat(handle))
        except OSError:
            os.close(handle)
            raise
        return handle
    except OSError:
        os.close(base)
        raise


def _check_link(name: str, link: os.stat_result, target: os.stat_result) -> None:
    if link.st_uid not in (0, os.geteuid(), target.st_uid):
        raise PermissionError(errno.EACCES, f"The symbolic link {name} in its path is owned by user {link.st_uid}", name)


def _unnamed(folder: int) -> tuple[int, str]:
    """An unnamed file; a negative descriptor if the file system does not support it, or it could not be linked."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not os.path.isdir("/proc/self/fd"):
        return -1, ""
    try:
        handle = os.open(".", flag | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL):
            return -1, ""
        raise
    _lock(handle)
    return handle, ""


def _named(folder: int) -> tuple[int, str]:
    """A locked file with a temporary name."""
    for _try in range(_TRIES):
        part = _new_name()
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
        _lock(handle)
        with suppress(FileNotFoundError):
            if _is_same(handle, folder, part):
                return handle, part
        os.close(handle)
    raise OSError(errno.ESTALE, "Another process replaces every new file")


def _link(handle: int, folder: int, name: str) -> bool:
    """Give an unnamed file its name, unless something has that."""
    with suppress(OSError):
        os.link(f"/proc/self/fd/{handle}", name, dst_dir_fd=folder)
        return True
    return False


def _is_taken(folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def _part_of(handle: int, folder: int) -> str:
    """The temporary name of an unnamed file; empty if it cannot be linked."""
    part = _new_name()
    return part if _link(handle, folder, part) else ""


def _new_name() -> str:
    return f".{os.urandom(8).hex()}{PART}"


def _is_same(handle: int, folder: int, name: str) -> bool:
    return os.path.samestat(os.fstat(handle), os.stat(name, dir_fd=folder, follow_symlinks=False))


def _check_same(handle: int, folder: int, name: str) -> None:
    if not _is_same(handle, folder, name):
        raise OSError(errno.ESTALE, "Another process replaced the new file", name)


def _attributes_of(handle: int) -> list[str]:
    with suppress(OSError, AttributeError):  # a file system, or a system, without any
        return os.listxattr(handle)
    return []


def _copy_attribute(source: int, target: int, name: str) -> None:
    try:
        os.setxattr(target, name, os.getxattr(source, name))
    except OSError as error:
        if name.startswith(_OF_ACCESS):
            raise PermissionError(errno.EACCES, f"Its attribute {name} cannot be kept", name) from None
        if error.errno not in _NOT_KEPT:
            raise


def _remove_unlocked(folder: int, name: str) -> None:
    handle = open_regular(name, follow=False, folder=folder)
    try:
        if os.geteuid() in (0, os.fstat(handle).st_uid):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(handle, folder, name):
                os.unlink(name, dir_fd=folder)
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    with suppress(OSError):  # not every file system has locks
        fcntl.flock(handle, fcntl.LOCK_EX)


def _sync(folder: int) -> None:
    """Write the directory entry to disk."""
    with suppress(OSError):
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
