# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with sealed values: searched for in a folder, read with their encoding, and replaced in the same encoding.

A file is replaced by a rename and keeps owner, group, mode, and extended attributes with their ACLs and labels. All of it is done on
descriptors, so that the owner of the folder cannot redirect the writer to another file. If the process is killed, the file contains the old or the
new value; the next run removes temporary files.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fnmatch
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import (
    copy_attributes,
    followed,
    held_folder,
    place,
    remove_parts,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import about
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.foreign_formats import without_bom
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue, is_base64, read_content
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.protobuf import Buffer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_descriptor

_INODE = ("st_dev", "st_ino")
_CONTENT = (*_INODE, "st_size", "st_mtime_ns")


class FileForm(NamedTuple):
    """The encoding of a file: binary, or base64 in lines of ``width`` (0: one line) with ``line_end``, also at the end if ``ends``.

    ``bom`` is the byte order mark that the text begins with, or empty.
    """

    base64: bool
    width: int = 0
    line_end: bytes = b"\n"
    ends: bool = True
    bom: bytes = b""

    def pieces(self, value: SealedValue) -> list[Buffer]:
        """The value in this encoding."""
        if not self.base64:
            return value.pieces()
        text = base64.b64encode(value.encode())
        width = self.width or len(text)
        lines = [text[start : start + width] for start in range(0, len(text), width)]
        return [self.bom, self.line_end.join(lines), self.line_end if self.ends else b""]


class SealedFile:
    """One file. ``path`` is as specified; a symbolic link is followed and kept.

    :param limit: the maximum size of the sealed value in bytes.
    """

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._refused: OSError | None = None
        try:
            self._target = followed(path)
        except OSError as error:
            self._target, self._refused = os.path.realpath(path), error
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
        """Reject, before any call, a file that cannot be replaced; raises :class:`SettingError` (``file_error``)."""
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise file_error(f"The file {self.path} cannot be replaced: its directory {self.folder} is not writable.", "Run the task as its owner (become).")

    def replace(self, value: SealedValue) -> None:
        """Replace the file atomically; raises :class:`SettingError` (``file_error``)."""
        name = os.path.basename(self._target)
        try:
            with held_folder(self.folder) as folder:
                source = open_regular(name, follow=False, folder=folder)
                try:
                    seen = self._seen or os.fstat(source)
                    # Attributes are copied from the file that was read: the path may name another file now.
                    self._check_unchanged(os.fstat(source), seen, of=_INODE)
                    place(
                        folder, name, lambda handle: self._write(handle, value, source, seen),
                        lambda: self._check_unchanged(os.stat(name, dir_fd=folder, follow_symlinks=False), seen),
                    )
                finally:
                    os.close(source)
        except OSError as error:
            raise file_error(
                f"The file {self.path} cannot be replaced: {error.strerror}. It was not changed.", "Check the space, quota and limits of its file system."
            ) from None

    def _content(self) -> bytes:
        most = self._limit * 3 // 2
        try:
            if self._refused:
                raise self._refused
            handle = open_regular(self._target, follow=False)
            try:
                self._seen = os.fstat(handle)
                content = read_descriptor(handle, most + 1)
            finally:
                os.close(handle)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise file_error(f"The file {self.path} is not a regular file.", "Use the path of a file.") from None
            raise file_error(f"The file {self.path} cannot be read: {error.strerror}.") from None
        if len(content) > most:
            raise file_error(f"The file {self.path} is larger than {most} bytes.", "If it is the right file, increase max_size.")
        return content

    def _write(self, handle: int, value: SealedValue, source: int, seen: os.stat_result) -> None:
        """Write the new file with the attributes of the old one."""
        with os.fdopen(handle, "wb", closefd=False) as stream:
            stream.seek(0)
            stream.writelines(self.form.pieces(value))
        mine = os.fstat(handle)
        if (mine.st_uid, mine.st_gid) != (seen.st_uid, seen.st_gid):
            try:
                os.chown(handle, seen.st_uid, seen.st_gid)
            except OSError:
                owner = f"user {seen.st_uid} and group {seen.st_gid}"
                raise file_error(
                    f"The file {self.path} is owned by {owner}, which this task cannot keep. It was not changed.",
                    "Run the task as its owner, or as root (become).",
                ) from None
        copy_attributes(source, handle)

    def _check_unchanged(self, now: os.stat_result, seen: os.stat_result, of: Sequence[str] = _CONTENT) -> None:
        """Raise if the file was changed since it was read."""
        if any(getattr(now, name) != getattr(seen, name) for name in of):
            raise file_error(f"The file {self.path} was changed by another process in the meantime. It was not replaced.", "Run the task again.")


def files_in(folder: str, patterns: Sequence[str], recurse: bool) -> list[str]:
    """The regular files whose names match one of the shell patterns, in order; raises :class:`SettingError` (``file_error``).

    Symbolic links, and files and folders whose names begin with a dot, are ignored.
    """
    paths = [path for path in _walk(folder, recurse) if any(fnmatch.fnmatchcase(os.path.basename(path), pattern) for pattern in patterns)]
    return sorted(paths)


def remove_left_overs(folder: str) -> None:
    """Remove temporary files of killed runs in a folder; those of other running tasks are locked, and kept."""
    with contextlib.suppress(OSError), held_folder(folder) as held:
        remove_parts(held)


def _walk(folder: str, recurse: bool) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise file_error(f"The directory {folder} cannot be read: {error.strerror}.") from None
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
