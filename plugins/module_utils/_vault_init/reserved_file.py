# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for a response that is sent only once: created before the request, with space, owner and mode, and filled by descriptor.

Until it is filled, such a file holds ``MARK`` and blank lines. A killed run leaves it so, and the next run takes it over. The run that fills it
holds its lock until the end, so the state of a file is only determined under that lock. Its folder is held by a descriptor, so that the owner of the
folder cannot redirect the writer.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_attributes import wanted_attributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.new_file_attributes import FileAttributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder, place, place_new, remove_parts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_descriptor

MARK = b"Reserved by sealwright.vault_seal.vault_init for what the server answers to its initialisation. It holds nothing.\n"
_SPACE = "Check the space, quota and limits of its file system, and that it is not read-only."
_ATTEMPTS = 10  # to create a file while other runs create and remove theirs


class FileState(enum.Enum):
    """The state of the path of a reserved file."""

    NOTHING = "nothing"
    LEFT_OVER = "a reservation of a run that was killed"
    HELD = "a reservation of a run that is at work"
    OTHER = "something else: the answer, or somebody else's file"


def find(path: str, folder: int | None = None) -> FileState:
    """The state of ``path``.

    An empty file of this user counts as a reservation too: a killed run had not marked it yet, and it contains no data.

    :param folder: the descriptor of the folder that a relative ``path`` is in.
    """
    with _opened(path, folder) as (state, _handle):
        return state


def try_to_reserve(paths: Sequence[str], attributes: FileAttributes, size: int) -> None:
    """Prove that all of these files could be reserved, and leave nothing behind; raises :class:`SettingError`."""
    with contextlib.ExitStack() as stack:
        for path in paths:
            with _as_setting_error(path, attributes):
                handle = _unnamed(os.path.dirname(os.path.abspath(path)))
                stack.callback(os.close, handle)
                _reserve(handle, attributes, size)


class ReservedFile:
    """A new file at ``path``; an existing file is never replaced, except for a reservation that a killed run left."""

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

        def write(handle: int) -> None:
            wanted_attributes(self._module, self._full).apply(handle)  # for the SELinux context; the mode of this file may be another
            _reserve(handle, self._attributes, size)

        with _as_setting_error(self.path, self._attributes):
            self._folder = self._held.enter_context(held_folder(os.path.dirname(self._full)))
            remove_parts(self._folder)
            for _attempt in range(_ATTEMPTS):
                # Other runs may create or remove theirs in any moment.
                self._remove_left_over()
                try:
                    self._place(write)
                    return
                except FileExistsError:
                    if find(self._name, self._folder) is FileState.OTHER:
                        raise _created_meanwhile(self.path) from None
            raise reserved_by_another(self.path)

    def fill(self, content: bytes) -> None:
        """Make it hold ``content``; raises :class:`SettingError` (``file_error``) if it may not be there afterwards."""
        try:
            _write(self._handle, content)
            if not self._is_named():
                self._create_again(content)
            if not _is_same(self._handle, self._full):
                raise OSError(errno.ESTALE, "Another process moved its directory")
        except OSError as error:
            raise file_error(f"{self.path} cannot be written: {error.strerror}.", _SPACE) from None
        self.filled = True

    def replace(self, content: bytes) -> None:
        """Make the filled file hold ``content``, and keep what it holds until the new content is on disk; raises :class:`SettingError`."""

        def write(handle: int) -> None:
            wanted_attributes(self._module, self._full).apply(handle)
            self._attributes.apply(handle)
            _write(handle, content)

        def check() -> None:
            if not self._is_named():
                raise OSError(errno.ESTALE, "Another process replaced it")

        try:
            place(self._folder, self._name, write, check)
        except OSError as error:
            raise file_error(f"{self.path} cannot be replaced: {error.strerror}.", _SPACE) from None

    def finish(self) -> None:
        """The last step, which no longer fails the task: the option attributes, since an immutable file cannot be written."""
        if self.filled:
            self._change_flags()

    def remove_left_over(self) -> None:
        """Remove what a killed run left of it and in its folder; raises :class:`SettingError`."""
        with _as_setting_error(self.path, self._attributes), held_folder(os.path.dirname(self._full)) as self._folder:
            remove_parts(self._folder)
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

    def _place(self, write: Callable[[int], None]) -> None:
        """Give its name to a new file, which is locked and written before it has that; raises :class:`OSError`."""
        handles: list[int] = []

        def keep(handle: int) -> None:
            handles.append(os.dup(handle))  # has the same lock
            write(handle)

        try:
            place_new(self._folder, self._name, keep)
            self._handle, handles[-1] = handles[-1], self._handle
        finally:
            for handle in handles:
                if handle >= 0:
                    os.close(handle)

    def _remove_left_over(self) -> None:
        with _opened(self._name, self._folder) as (state, handle):
            if state is FileState.HELD:
                raise reserved_by_another(self.path)
            if state is FileState.LEFT_OVER:
                os.unlink(self._name, dir_fd=self._folder)

    def _is_named(self) -> bool:
        return _is_same(self._handle, self._name, self._folder)

    def _create_again(self, content: bytes) -> None:
        """The file was removed meanwhile; its replacement is not touched."""

        def write(handle: int) -> None:
            with contextlib.suppress(OSError):
                self._attributes.apply(handle)
            _write(handle, content)

        try:
            self._place(write)
        except FileExistsError:
            raise file_error(f"{self.path} was replaced by another process in the meantime, and was not changed.") from None

    def _change_flags(self) -> None:
        flags = self._module.params["attributes"]
        if not flags:
            return
        flags = flags if flags[0] in "+-=" else f"={flags}"
        code, _output, errors = self._module.run_command([self._module.get_bin_path("chattr") or "chattr", flags, self._full])
        if code:
            self._module.warn(f"{self.path} was written, but its attributes {flags} could not be set: {errors.strip()}")


def reserved_by_another(path: str) -> SettingError:
    """The error of a file that another run holds."""
    return file_error(
        f"{path} is reserved by another run of vault_init, which is initialising a server now.",
        "Wait until that run has ended. If there is none, its file system does not support locks: remove the file, which contains no data.",
    )


def _created_meanwhile(path: str) -> SettingError:
    return file_error(
        f"{path} was created while this task ran, and was not changed. It may contain the response of a server to another run of vault_init.",
        "Run the task again to check whether the server is initialised and recorded in the file. Otherwise use another path.",
    )


@contextlib.contextmanager
def _opened(path: str, folder: int | None = None) -> Iterator[tuple[FileState, int]]:
    """The state of ``path``, and its descriptor (-1: none). A reservation that no run holds is locked, so that it cannot be filled."""
    for _attempt in range(_ATTEMPTS):
        try:
            handle = open_regular(path, follow=False, folder=folder)
        except FileNotFoundError:
            yield FileState.NOTHING, -1
            return
        except OSError:
            break
        try:
            free = _locked(handle)
            if _is_same(handle, path, folder):  # else it was removed or replaced before it was locked
                yield _judged(handle, free), handle
                return
        finally:
            os.close(handle)
    yield FileState.OTHER, -1


def _judged(handle: int, free: bool) -> FileState:
    seen = os.fstat(handle)
    if read_descriptor(handle, len(MARK)) == MARK or (not seen.st_size and seen.st_uid == os.geteuid()):
        return FileState.LEFT_OVER if free else FileState.HELD
    return FileState.OTHER


def _locked(handle: int) -> bool:
    """Lock it; returns False where another run has the lock, or may have it since the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


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
            wanted = f"owner {attributes.owner} and group {attributes.group}".replace(" -1", " unchanged")
            raise file_error(
                f"{path} cannot be created with {wanted}: {error.strerror}.", "Run the task as root (become), or remove owner and group."
            ) from None
        raise file_error(f"{path} cannot be created: {error.strerror}.", _SPACE) from None
