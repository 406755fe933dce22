# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for an answer that comes once: created, with their space, owner and mode, before it is asked for, and filled by descriptor.

Until it is filled, such a file holds ``MARK`` and blank lines. A run that was killed leaves it so; the next run takes it over. Its folder is held by a
descriptor, so that whoever owns that cannot lead the writer elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_attributes import wanted_attributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.new_file_attributes import FileAttributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_descriptor

MARK = b"Reserved by sealwright.vault_seal.vault_init for what the server answers to its initialisation. It holds nothing.\n"
_SPACE = "Check the space, quota and limits of its file system, and that it is not read-only."


def is_reservation(path: str, folder: int | None = None) -> bool:
    """Whether ``path`` is a reserved file that was never filled.

    One that a killed run had created, and not yet marked, is taken for one too: an empty file of this user, which nothing can be lost of.
    """
    try:
        handle = open_regular(path, follow=False, folder=folder)
    except OSError:
        return False
    try:
        found = os.fstat(handle)
        return read_descriptor(handle, len(MARK)) == MARK or (not found.st_size and found.st_uid == os.geteuid())
    finally:
        os.close(handle)


def is_being_filled(path: str) -> bool:
    """Whether another run holds the reserved file at ``path``: it is initialising a server now."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
    return False


def try_to_reserve(paths: Sequence[str], attributes: FileAttributes, size: int) -> None:
    """Prove that all of these files could be reserved, and leave nothing behind; raises :class:`SettingError`."""
    with contextlib.ExitStack() as stack:
        for path in paths:
            with _as_setting_error(path, attributes):
                handle = _unnamed(os.path.dirname(os.path.abspath(path)))
                stack.callback(os.close, handle)
                _reserve(handle, attributes, size)


class ReservedFile:
    """A new file at ``path``; a file that is there is never replaced, except for a reservation that a killed run left."""

    def __init__(self, module: AnsibleModule, path: str, attributes: FileAttributes) -> None:
        self.path = path
        self._module = module
        self._attributes = attributes
        self._full = os.path.abspath(path)
        self._name = os.path.basename(self._full)
        self._held = contextlib.ExitStack()
        self._folder = self._handle = -1
        self.filled = False

    def reserve(self, size: int) -> None:
        """Create it with room for ``size`` bytes; raises :class:`SettingError`."""
        with _as_setting_error(self.path, self._attributes):
            self._folder = self._held.enter_context(held_folder(os.path.dirname(self._full)))
            self._remove_left_over()
            self._handle = _create(self._name, self._folder)
            self._lock()
            wanted_attributes(self._module, self._full).apply(self._handle)  # for the SELinux context; the mode of this file may be another
            _reserve(self._handle, self._attributes, size)
            self._sync_folder()

    def fill(self, content: bytes) -> None:
        """Make it hold ``content``; raises :class:`SettingError` (``file_error``) if it may not be there afterwards."""
        try:
            _write(self._handle, content)
            if not self._is_named():
                self._create_again(content)
            if not _is_same(self._handle, self._full):
                raise OSError(errno.ESTALE, "Somebody else moved its folder meanwhile")
        except OSError as error:
            raise _failed(f"{self.path} cannot be written: {error.strerror}.", _SPACE) from None
        self.filled = True
        self._change_flags()

    def remove_left_over(self) -> None:
        """Remove what a killed run left reserved; raises :class:`SettingError`."""
        with _as_setting_error(self.path, self._attributes), held_folder(os.path.dirname(self._full)) as self._folder:
            self._remove_left_over()

    def discard(self) -> None:
        """Remove it, unless it was filled."""
        if self._handle >= 0:
            if not self.filled and self._is_named():
                with contextlib.suppress(OSError):
                    os.unlink(self._name, dir_fd=self._folder)
            os.close(self._handle)
            self._handle = -1
        self._held.close()

    def _remove_left_over(self) -> None:
        if not is_reservation(self._name, self._folder):
            return
        handle = os.open(self._name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(handle, self._name, self._folder):
                os.unlink(self._name, dir_fd=self._folder)
        except BlockingIOError:
            raise reserved_by_another(self.path) from None
        finally:
            os.close(handle)

    def _lock(self) -> None:
        """Before that, another run may have taken the new file for what a killed one left."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise reserved_by_another(self.path) from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # not every file system has locks
                raise
        if not self._is_named():
            raise reserved_by_another(self.path)

    def _is_named(self) -> bool:
        return _is_same(self._handle, self._name, self._folder)

    def _create_again(self, content: bytes) -> None:
        """Somebody removed the file meanwhile; what stands in its place is left alone."""
        try:
            handle = _create(self._name, self._folder)
        except FileExistsError:
            raise _failed(f"{self.path} was replaced by somebody else meanwhile, and is left as it is.") from None
        os.close(self._handle)
        self._handle = handle
        with contextlib.suppress(OSError):
            self._attributes.apply(handle)
        _write(handle, content)

    def _sync_folder(self) -> None:
        with contextlib.suppress(OSError):
            handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _change_flags(self) -> None:
        """The option attributes comes last, since an immutable file cannot be written; it fails no task any more."""
        flags = self._module.params["attributes"]
        if not flags:
            return
        flags = flags if flags[0] in "+-=" else f"={flags}"
        code, _output, errors = self._module.run_command([self._module.get_bin_path("chattr") or "chattr", flags, self._full])
        if code:
            self._module.warn(f"{self.path} is written, but its attributes {flags} could not be set: {errors.strip()}")


def reserved_by_another(path: str) -> SettingError:
    """The error of a file that another run holds."""
    return _failed(f"{path} is reserved by another run of vault_init, which is initialising a server now.", "Wait until that run has ended.")


def _create(name: str, folder: int) -> int:
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)


def _unnamed(folder: str) -> int:
    """A file in ``folder`` that goes with its descriptor."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
    handle, path = tempfile.mkstemp(dir=folder)
    os.unlink(path)
    return handle


def _reserve(handle: int, attributes: FileAttributes, size: int) -> None:
    # Written, not only allocated: quotas and file systems that allocate late count what is written.
    _write(handle, MARK + b"\n" * max(size - len(MARK), 0))
    attributes.apply(handle)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    done = 0
    while done < len(view):
        done += os.pwrite(handle, view[done:], done)
    os.ftruncate(handle, len(view))
    os.fsync(handle)


def _is_same(handle: int, path: str, folder: int | None = None) -> bool:
    try:
        named = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(named, os.fstat(handle))


@contextlib.contextmanager
def _as_setting_error(path: str, attributes: FileAttributes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPERM:
            wanted = f"owner {attributes.owner} and group {attributes.group}".replace(" -1", " as it is")
            raise _failed(
                f"{path} cannot be created with {wanted}: {error.strerror}.", "Run the task as root (become), or leave owner and group out."
            ) from None
        if error.errno == errno.EEXIST:
            raise _failed(f"{path} was created by somebody else just now, and is left as it is.", "Name another file.") from None
        raise _failed(f"{path} cannot be created: {error.strerror}.", _SPACE) from None


def _failed(message: str, remedy: str = "Check the path and its permissions on the host where the task runs.") -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
