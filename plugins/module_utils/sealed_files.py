# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that hold sealed values: found in a folder, read with the form that they stand in, and replaced in the same form.

A file is replaced by a rename, with what the old one had: owner, group, mode, and extended attributes with their ACLs and labels. Whenever the
process is killed, the file holds the old value or the new one; a part that was being written stays behind, and the next run removes it.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import fnmatch
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.foreign import without_bom
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.protowire import Buffer
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealed_value import SealedValue, is_base64, read_content
from ansible_collections.sealwright.vault_seal.plugins.module_utils.sealed_input import about

_PART = ".sealwright-part"
_PATHS = "Check the path and its permissions on the host where the task runs."


class FileForm(NamedTuple):
    """How a value stands in a file: as bytes, or as base64 in lines of ``width`` (0: one line) with ``line_end``, at the end too where ``ends``.

    ``bom`` is the byte order mark that the text begins with, or empty.
    """

    base64: bool
    width: int = 0
    line_end: bytes = b"\n"
    ends: bool = True
    bom: bytes = b""

    def pieces(self, value: SealedValue) -> list[Buffer]:
        """The value's bytes in this form."""
        if not self.base64:
            return value.pieces()
        text = base64.b64encode(value.encode())
        width = self.width or len(text)
        lines = [text[start : start + width] for start in range(0, len(text), width)]
        return [self.bom, self.line_end.join(lines), self.line_end if self.ends else b""]


class SealedFile:
    """One file. ``path`` is as it was named; of a symbolic link the file that it names is meant, and the link stays.

    :param limit: the most bytes that the sealed value may have.
    """

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._target = os.path.realpath(path)
        self._seen: os.stat_result | None = None
        self.form = FileForm(base64=False)

    @property
    def folder(self) -> str:
        """The folder that the file itself is in."""
        return os.path.dirname(self._target)

    def read(self) -> SealedValue:
        """The value; raises :class:`SettingError` (``file_error``) or :class:`BlobError`, with the file's name."""
        content = self._content()
        with about(f"The file {self.path}"):
            value = read_content(content, self._limit)
        self.form = _form(content)
        return value

    def check_writable(self) -> None:
        """Refuse, before any call, what cannot be replaced; raises :class:`SettingError` (``file_error``)."""
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise _failed(f"The file {self.path} cannot be replaced: its folder {self.folder} may not be written.", "Run the task as its owner (become).")

    def replace(self, value: SealedValue) -> None:
        """Replace what was read, whole or not at all; raises :class:`SettingError` (``file_error``)."""
        part = ""
        try:
            seen = self._seen or os.stat(self._target)
            handle, part = tempfile.mkstemp(prefix=f".{os.path.basename(self._target)}.", suffix=_PART, dir=self.folder)
            with os.fdopen(handle, "wb") as stream:
                _lock(stream.fileno())
                stream.writelines(self.form.pieces(value))
                stream.flush()
                self._take_attributes(part, seen)
                os.fsync(stream.fileno())
                self._check_unchanged(seen)
                os.rename(part, self._target)
                part = ""
        except OSError as error:
            raise _failed(
                f"The file {self.path} cannot be replaced: {error.strerror}. It was not changed.", "Check the space, quota and limits of its file system."
            ) from None
        finally:
            if part:
                with contextlib.suppress(OSError):
                    os.unlink(part)

    def _content(self) -> bytes:
        most = self._limit * 3 // 2
        try:
            # A pipe or a device would be waited for.
            with open(self._target, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
                self._seen = os.fstat(stream.fileno())
                if not stat.S_ISREG(self._seen.st_mode):
                    raise _failed(f"The file {self.path} is no regular file.", "Name a file.")
                content = stream.read(most + 1)
        except OSError as error:
            raise _failed(f"The file {self.path} cannot be read: {error.strerror}.") from None
        if len(content) > most:
            raise _failed(f"The file {self.path} has more than {most} bytes.", "Raise max_size, if it is the right file.")
        return content

    def _take_attributes(self, part: str, seen: os.stat_result) -> None:
        mine = os.stat(part)
        if (mine.st_uid, mine.st_gid) != (seen.st_uid, seen.st_gid):
            try:
                os.chown(part, seen.st_uid, seen.st_gid)
            except OSError:
                owner = f"user {seen.st_uid} and group {seen.st_gid}"
                raise _failed(
                    f"The file {self.path} is owned by {owner}, which this task cannot keep. It was not changed.",
                    "Run the task as its owner, or as root (become).",
                ) from None
        shutil.copystat(self._target, part)
        os.utime(part)

    def _check_unchanged(self, seen: os.stat_result) -> None:
        """What somebody else wrote since it was read must not be lost."""
        now = os.stat(self._target)
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (seen.st_ino, seen.st_size, seen.st_mtime_ns):
            raise _failed(f"The file {self.path} was changed by somebody else meanwhile. It was left as it is now.", "Run the task again.")


def files_in(folder: str, patterns: Sequence[str], recurse: bool) -> list[str]:
    """The regular files whose names match one of the shell patterns, in order; raises :class:`SettingError` (``file_error``).

    Symbolic links and what begins with a dot are passed over, folders too.
    """
    found = [path for path in _walk(folder, recurse) if any(fnmatch.fnmatchcase(os.path.basename(path), pattern) for pattern in patterns)]
    return sorted(found)


def remove_left_overs(folder: str) -> None:
    """Remove the parts that killed runs left in a folder; one that another run is writing now is locked, and stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_PART) and entry.is_file(follow_symlinks=False):
                _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)


def _lock(handle: int) -> None:
    with contextlib.suppress(OSError):  # not every file system has locks
        fcntl.flock(handle, fcntl.LOCK_EX)


def _walk(folder: str, recurse: bool) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise _failed(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for entry in listed:
        if entry.is_file(follow_symlinks=False):
            yield entry.path
        elif recurse and entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, recurse)


def _form(content: bytes) -> FileForm:
    if not is_base64(content):
        return FileForm(base64=False)
    line_end = b"\r\n" if b"\r\n" in content else b"\n"
    text = without_bom(content)
    lines = text.split()
    return FileForm(True, len(lines[0]) if len(lines) > 1 else 0, line_end, text.endswith(b"\n"), content[: len(content) - len(text)])


def _failed(message: str, remedy: str = _PATHS) -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
