# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for an answer that comes once: created, with their space, owner and mode, before it is asked for, and filled by descriptor.

Until it is filled, such a file holds ``MARK`` and blank lines. A run that was killed leaves it so; the next run takes it over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError

MARK = b"Reserved by sealwright.vault_seal.vault_init for what the server answers to its initialisation. It holds nothing.\n"
_NOBODY = (1 << 32) - 1  # the number that stands for "as it is"
_SPACE = "Check the space, quota and limits of its file system, and that it is not read-only."


class FileAttributes(NamedTuple):
    """Owner, group (-1: as it comes) and mode of new files."""

    owner: int
    group: int
    mode: int

    @classmethod
    def of_task(cls, module: AnsibleModule) -> FileAttributes:
        """Those of the task's options, mode 0600 if not set; raises :class:`SettingError` (``invalid_option``)."""
        params = module.params
        if params["attributes"] and not module.get_bin_path("chattr"):
            raise _invalid("attributes is set, and this host has no chattr.", "Install e2fsprogs, or leave attributes out.")
        return cls(
            _identifier("owner", params["owner"], lambda name: pwd.getpwnam(name).pw_uid),
            _identifier("group", params["group"], lambda name: grp.getgrnam(name).gr_gid),
            _mode(module),
        )

    def apply(self, handle: int) -> None:
        """Give them to an open file; raises OSError."""
        if (self.owner, self.group) != (-1, -1):
            os.fchown(handle, self.owner, self.group)
        os.fchmod(handle, self.mode)  # after the owner, whose change takes bits away


def is_reservation(path: str) -> bool:
    """Whether ``path`` is a reserved file that was never filled."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as stream:
        return stat.S_ISREG(os.fstat(handle).st_mode) and stream.read(len(MARK)) == MARK


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
        self._handle = -1
        self.filled = False

    def reserve(self, size: int) -> None:
        """Create it with room for ``size`` bytes; raises :class:`SettingError`."""
        with _as_setting_error(self.path, self._attributes):
            self._remove_left_over()
            self._handle = _create(self._full)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # not every file system has locks
                    raise
            _reserve(self._handle, self._attributes, size)
            _sync_folder(self._full)
        arguments = self._module.load_file_common_arguments({**self._module.params, "path": self._full}, path=self._full)
        self._module.set_context_if_different(self._full, arguments["secontext"], False)

    def fill(self, content: bytes) -> None:
        """Make it hold ``content``; raises :class:`SettingError` (``file_error``) if it may not be there afterwards."""
        try:
            _write(self._handle, content)
            if not self._is_named():
                self._create_again(content)
        except OSError as error:
            raise _failed(f"{self.path} cannot be written: {error.strerror}.", _SPACE) from None
        self.filled = True
        self._change_flags()

    def discard(self) -> None:
        """Remove it, unless it was filled."""
        if self._handle < 0:
            return
        if not self.filled and self._is_named():
            with contextlib.suppress(OSError):
                os.unlink(self._full)
        os.close(self._handle)
        self._handle = -1

    def _remove_left_over(self) -> None:
        if not is_reservation(self._full):
            return
        handle = os.open(self._full, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(handle, self._full):
                os.unlink(self._full)
        except BlockingIOError:
            raise _failed(
                f"{self.path} is reserved by another run of vault_init, which is initialising a server now.", "Wait until that run has ended."
            ) from None
        finally:
            os.close(handle)

    def _is_named(self) -> bool:
        return _is_same(self._handle, self._full)

    def _create_again(self, content: bytes) -> None:
        """Somebody removed the file meanwhile; what stands in its place is left alone."""
        if os.path.lexists(self._full):
            raise _failed(f"{self.path} was replaced by somebody else meanwhile, and is left as it is.")
        handle = _create(self._full)
        try:
            with contextlib.suppress(OSError):
                self._attributes.apply(handle)
            _write(handle, content)
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


def _create(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


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


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_same(handle: int, path: str) -> bool:
    try:
        named = os.lstat(path)
    except OSError:
        return False
    return os.path.samestat(named, os.fstat(handle))


def _identifier(option: str, given: str | None, find: Callable[[str], int]) -> int:
    if given is None:
        return -1
    try:
        return find(given)
    except KeyError:
        pass
    if given.isascii() and given.isdigit() and int(given[:20]) < _NOBODY:
        return int(given)
    kind = "user" if option == "owner" else "group"
    raise _invalid(f"{option} is {given}, and this host has no such {kind}.", f"Name a {kind} of this host, or create it first.")


def _mode(module: AnsibleModule) -> int:
    given = module.params["mode"]
    if given is None:
        return 0o600
    try:
        mode: int = given if isinstance(given, int) else int(given, 8)
    except ValueError:
        mode = _symbolic(module, given)
    # Unquoted and without a leading zero, 600 is a number in decimal: 01130.
    meant = not isinstance(given, int) or (not mode & 0o7111 and mode & 0o400 and not mode & 0o222 & ~(mode >> 1))
    if not 0 <= mode <= 0o7777 or not meant:
        raise _invalid(f"mode is {given!r}, which is no mode of a file.", 'Give it in octal and quoted, such as "0600".')
    return mode


def _symbolic(module: AnsibleModule, given: str) -> int:
    with tempfile.TemporaryFile() as new:
        seen = os.fstat(new.fileno())
    try:
        mode: int = module._symbolic_mode_to_octal(seen, given)
    except ValueError:
        raise _invalid(f"mode is {given!r}, which is neither octal nor symbolic.", 'Give it in octal and quoted, such as "0600".') from None
    return mode


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


def _invalid(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
