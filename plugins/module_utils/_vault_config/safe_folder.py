# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files replaced by descriptor, in folders that may belong to another user.

The service's user often owns the folder of the configuration. Whatever that user does to names in it, root writes no file elsewhere: a folder is
opened once, links that a user could have made are not followed, and every further step goes by the open folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass, field

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_LINKS = 40
_LARGEST = 4 * 1024 * 1024
_LABEL = "security.selinux"
_WALK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Attributes:
    """Owner, group and mode of a file or folder; ``label`` is its SELinux context, empty where SELinux decides."""

    uid: int
    gid: int
    mode: int
    label: str = ""


@dataclass(frozen=True)
class Existing:
    """A regular file that exists."""

    content: bytes = field(repr=False)
    attributes: Attributes

    def matches(self, content: bytes, attributes: Attributes) -> bool:
        """Whether it has this content, owner, group and mode."""
        have = self.attributes
        return self.content == content and (have.uid, have.gid, have.mode) == (attributes.uid, attributes.gid, attributes.mode)


class Folder:
    """A folder held open. Names are those of files in it."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: str) -> Folder:
        """Open a folder; raises :class:`SettingError` (``file_error``) if it does not exist or a link in the path could redirect root."""
        return cls(path, _descend(path))

    @classmethod
    def create(cls, path: str, attributes: Attributes) -> Folder:
        """Make a folder, and those above it, and open it."""
        above, name = os.path.split(os.path.normpath(os.path.abspath(path)))
        try:
            parent = _descend(above)
        except SettingError as error:
            if error.details.get("errno") != errno.ENOENT:
                raise
            cls.create(above, Attributes(os.geteuid(), os.getegid(), 0o755)).close()
            parent = _descend(above)
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
            folder = cls(path, os.open(name, _OPEN, dir_fd=parent))
            folder.take(attributes)
        except OSError as error:
            raise _failed(f"The directory {path} cannot be created", error) from None
        finally:
            os.close(parent)
        return folder

    def close(self) -> None:
        os.close(self._descriptor)

    def attributes(self) -> Attributes:
        return _attributes(os.fstat(self._descriptor))

    def take(self, attributes: Attributes) -> None:
        """Give the folder its owner, group and mode."""
        try:
            _give(self._descriptor, attributes)
        except OSError as error:
            raise _failed(f"Owner and mode of the directory {self.path} cannot be set", error) from None

    def read(self, name: str) -> Existing | None:
        """A file's content and attributes; None if it does not exist. Raises :class:`SettingError` for anything but a regular file."""
        path = os.path.join(self.path, name)
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            if error.errno == errno.ELOOP:
                raise SettingError(
                    f"{path} is a symbolic link; it was not replaced.", reason="file_error", remedy="Use the path of the file itself, or remove the link."
                ) from None
            raise _failed(f"{path} cannot be read", error) from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise SettingError(f"{path} is not a regular file.", reason="file_error", remedy="Remove it, or use another path.")
        with os.fdopen(descriptor, "rb") as stream:
            content = stream.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise SettingError(f"{path} is larger than {_LARGEST} bytes.", reason="file_error", remedy="Check that it is the right file.")
            return Existing(content, _attributes(status, _label(descriptor)))

    def prepare(self, name: str, content: bytes, attributes: Attributes) -> Part:
        """Create a file, complete on disk and private until :meth:`Part.commit` names it."""
        part = f".{name}.{secrets.token_hex(4)}.part"
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._descriptor)
            try:
                write_all(descriptor, content)
                _give(descriptor, attributes)
                os.fsync(descriptor)
            except OSError:
                os.close(descriptor)
                os.unlink(part, dir_fd=self._descriptor)
                raise
        except OSError as error:
            raise _failed(f"{os.path.join(self.path, name)} cannot be written", error, "Nothing was changed.") from None
        return Part(self._descriptor, self.path, part, name, descriptor)

    def keep(self, name: str, content: bytes, attributes: Attributes) -> str:
        """Write a backup under a name that is still free; returns its path."""
        part = self.prepare(name, content, attributes)
        try:
            for number in range(1000):
                free = f"{name}.{number}~" if number else f"{name}~"
                with contextlib.suppress(FileExistsError):
                    part.link(free)
                    return os.path.join(self.path, free)
        except OSError as error:
            raise _failed(f"The backup {self.path}/{name}~ cannot be written", error, "Nothing was changed.") from None
        finally:
            part.discard()
        raise SettingError(f"{self.path} contains too many backups of {name}.", reason="file_error", remedy="Remove some of them.")

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        try:
            os.unlink(name, dir_fd=self._descriptor)
            os.fsync(self._descriptor)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failed(f"{os.path.join(self.path, name)} cannot be removed", error) from None

    def remove_parts(self, name: str) -> None:
        """Remove the remains of a killed run's file, if it is a regular file of this process's user."""
        for each in self.parts(name):
            self.remove(each)

    def parts(self, name: str) -> list[str]:
        """The names of these remains."""
        names = [each for each in os.listdir(self._descriptor) if each.startswith(f".{name}.") and each.endswith(".part")]
        states = [os.stat(each, dir_fd=self._descriptor, follow_symlinks=False) for each in names]
        return [each for each, status in zip(names, states) if stat.S_ISREG(status.st_mode) and status.st_uid in (os.geteuid(), 0)]

    def has(self, name: str) -> bool:
        """Whether anything of this name exists, a link included."""
        try:
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def remove_folder(self, name: str) -> None:
        """Remove a folder of files, if it exists; links are not followed."""
        try:
            below = os.open(name, _OPEN, dir_fd=self._descriptor)
        except OSError:
            return
        try:
            for each in os.listdir(below):
                os.unlink(each, dir_fd=below)
            os.rmdir(name, dir_fd=self._descriptor)
        except OSError as error:
            raise _failed(f"{os.path.join(self.path, name)} cannot be removed", error) from None
        finally:
            os.close(below)


@dataclass
class Part:
    """A file that waits for its name."""

    folder: int
    path: str
    part: str
    name: str
    descriptor: int

    def commit(self) -> None:
        """Take the name. Raises :class:`SettingError` if another file was put in the place of this one."""
        place = os.path.join(self.path, self.name)
        try:
            self._check(self.part)
            os.rename(self.part, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
            self._check(self.name)
            os.fsync(self.folder)
        except OSError as error:
            raise _failed(f"{place} cannot be replaced", error) from None
        finally:
            os.close(self.descriptor)
            self.descriptor = -1

    def link(self, name: str) -> None:
        """Give the part an additional, unused name; raises :class:`OSError`."""
        os.link(self.part, name, src_dir_fd=self.folder, dst_dir_fd=self.folder, follow_symlinks=False)
        self._check(name)
        os.fsync(self.folder)

    def discard(self) -> None:
        """Remove the file, if it still waits."""
        if self.descriptor < 0:
            return
        os.close(self.descriptor)
        self.descriptor = -1
        with contextlib.suppress(OSError):
            os.unlink(self.part, dir_fd=self.folder)

    def _check(self, name: str) -> None:
        if not os.path.samestat(os.stat(name, dir_fd=self.folder, follow_symlinks=False), os.fstat(self.descriptor)):
            raise SettingError(
                f"{os.path.join(self.path, self.name)} was replaced by another process while it was written.", reason="file_error",
                remedy="Check who can write to this directory, then run the task again.",
            )


def _descend(path: str) -> int:
    """The descriptor of a folder, reached one name at a time. A link is followed only where nobody but root or this user can have made it."""
    todo = [name for name in os.path.normpath(os.path.abspath(path)).split("/") if name]
    here = os.open("/", _WALK)
    links = 0
    try:
        while todo:
            name = todo.pop(0)
            try:
                below = os.open(name, _WALK, dir_fd=here)
            except NotADirectoryError:
                status = os.stat(name, dir_fd=here, follow_symlinks=False)
                links += 1
                if not stat.S_ISLNK(status.st_mode) or links > _LINKS:
                    raise
                if not (status.st_uid in (0, os.geteuid()) and _only_ours(os.fstat(here))):
                    raise SettingError(
                        f"{name} in the path {path} is a symbolic link that another user can change.", reason="file_error",
                        remedy="Use the path of the directory itself.",
                    ) from None
                target = os.readlink(name, dir_fd=here)
                todo[:0] = [each for each in target.split("/") if each]
                if target.startswith("/"):
                    os.close(here)
                    here = os.open("/", _WALK)
                continue
            os.close(here)
            here = below
        return os.open(".", _OPEN, dir_fd=here)
    except OSError as error:
        raise _failed(f"The directory {path} cannot be opened", error) from None
    finally:
        os.close(here)


def _only_ours(status: os.stat_result) -> bool:
    return status.st_uid in (0, os.geteuid()) and (not status.st_mode & 0o022 or bool(status.st_mode & stat.S_ISVTX))


def _give(descriptor: int, attributes: Attributes) -> None:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (attributes.uid, attributes.gid):
        os.fchown(descriptor, attributes.uid, attributes.gid)
    if stat.S_IMODE(status.st_mode) != attributes.mode:
        os.fchmod(descriptor, attributes.mode)
    if attributes.label and _label(descriptor) != attributes.label:
        os.setxattr(descriptor, _LABEL, attributes.label.encode() + b"\0")


def _attributes(status: os.stat_result, label: str = "") -> Attributes:
    return Attributes(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), label)


def _label(descriptor: int) -> str:
    try:
        return os.getxattr(descriptor, _LABEL).rstrip(b"\0").decode()
    except OSError:
        return ""


def _failed(what: str, error: OSError, more: str = "") -> SettingError:
    message = f"{what}: {error.strerror or type(error).__name__}. {more}".rstrip()
    return SettingError(
        message, reason="file_error", remedy="Check the path, the permissions of the user of the task (become) and the space of its file system.",
        details={"errno": error.errno},
    )
