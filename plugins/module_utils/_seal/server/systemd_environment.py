# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment files as systemd reads them: systemd.exec(5), and of systemd 252 ``src/basic/env-file.c``. In linear time.

Content that systemd ignores is ignored; content that it rejects, or that depends on an unknown release, is an error.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Mapping

from ..errors import SettingError
from ..sourced import Sourced
from .staged_files import Candidates, exists, read
from .systemd_syntax import BLANKS, QUOTED, is_name, is_text

_LIBRARIES = ("/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/usr/lib/*/systemd")
_COMMENTS_END = 254  # the first release of systemd whose environment files have no comments of several lines
_MAX_FILE = 4 * 1024 * 1024
_VALUE = re.compile(rb"[^\\\n\r]+")
_COMMENT = re.compile(rb"[^\\\n\r]+")
_BEFORE = re.compile(rb"[ \t\n\r]*")
_KEY = re.compile(rb"[^\n\r][^=\n\r]*")  # an equals sign at the very beginning belongs to the name


class InvalidFile(Exception):
    """Why systemd refuses an environment file as a whole."""


def given(variables: Mapping[str, str], source: str) -> dict[str, Sourced]:
    """Variables that all come from one place."""
    return {name: Sourced(value, f"{source} {name}") for name, value in variables.items()}


def read_environment_file(path: str, candidates: Candidates | None = None) -> dict[str, Sourced]:
    """The variables of one environment file.

    :raises SettingError: it cannot be read (``file_error``), or systemd refuses it (``malformed_environment``), or its
        interpretation is unknown (``unclear_environment``).
    """
    return {name: Sourced(value, f"{path}, line {line}") for name, value, line in parse_environment_file(content_of(path, candidates or {}), path)}


def parse_environment_file(content: bytes, path: str, release: int | None = None) -> list[tuple[str, str, int]]:
    """Name, value and line of each variable. ``release`` is that of systemd; if it matters and is not set, this host's is used."""
    reading, other = (_reading(content, comments_continue) for comments_continue in (True, False))
    if reading != other:
        release = release or systemd_release()
        if not release:
            raise SettingError(
                f"{path} has a comment that ends with a backslash. Whether the next line belongs to it depends on systemd's release, which is unknown.",
                reason="unclear_environment", remedy="Take the backslash off.",
            )
        reading = reading if release < _COMMENTS_END else other
    if isinstance(reading, str):
        raise SettingError(
            f"systemd refuses the environment file {path}: {reading}.", reason="malformed_environment",
            remedy="Correct the file; the service gets none of its variables.",
        )
    return [(name.decode(), value.decode(), line) for name, value, line in reading]


def _reading(content: bytes, comments_continue: bool) -> list[tuple[bytes, bytes, int]] | str:
    """The assignments, or why systemd refuses the file."""
    try:
        return environment_file(content, comments_continue)
    except InvalidFile as error:
        return str(error)


def systemd_release() -> int | None:
    """The release of systemd that is installed; None if it is not installed, or several are."""
    names = [os.path.basename(path) for folder in _LIBRARIES for path in glob.glob(f"{folder}/libsystemd-shared-*.so")]
    releases = {match.group(1) for match in (re.match(r"libsystemd-shared-([0-9]{1,4})[.-]", name) for name in names) if match}
    return int(releases.pop()) if len(releases) == 1 else None


def content_of(path: str, candidates: Candidates) -> bytes:
    """The content of a unit or environment file; raises :class:`SettingError`."""
    content = read(path, candidates, _MAX_FILE)
    if len(content) > _MAX_FILE:
        raise malformed_unit(path, f"it has more than {_MAX_FILE // 1024 // 1024} MiB")
    return content


def malformed_unit(path: str, what: str) -> SettingError:
    """The error for a file with an unknown effect."""
    return SettingError(f"{path}: {what}.", reason="malformed_unit", remedy="Correct it; what the service gets cannot be told otherwise.")


def matching(pattern: str, candidates: Candidates) -> list[str]:
    """The files that glob(3) will find, in order, once the candidates are in place."""
    if "\\" in pattern or "[^" in pattern or "[[" in pattern:
        raise malformed_unit(pattern, "a pattern of EnvironmentFile= has a backslash or a class, which cannot be told here")
    here = {path for path in glob.glob(pattern) if exists(path, candidates)}
    folder = os.path.dirname(pattern)
    new = {path for path, place in candidates.items() if place and os.path.dirname(path) == os.path.normpath(folder)}
    return sorted(here | {path for path in new if fnmatch.fnmatchcase(os.path.basename(path), os.path.basename(pattern))})


def is_absent(pattern: str, candidates: Candidates) -> bool:
    """Whether the file does not exist. False if that is unknown: systemd has the permissions of root."""
    folder = os.path.dirname(pattern)
    try:
        if os.path.normpath(pattern) not in candidates:
            os.listdir(folder) if glob.has_magic(pattern) else os.stat(pattern)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return glob.has_magic(pattern) or not exists(pattern, candidates)


def environment_file(content: bytes, comments_continue: bool) -> list[tuple[bytes, bytes, int]]:
    """Name, value and line of each assignment; raises :class:`InvalidFile`.

    :param comments_continue: whether a backslash at the end of a comment makes the next line part of it, as until systemd 253.
    """
    if b"\0" in content:
        raise InvalidFile("it has a NUL character")
    variables: list[tuple[bytes, bytes, int]] = []
    at, end, counted, line = 0, len(content), 0, 1
    while at < end:
        begin = _BEFORE.match(content, at)
        at = begin.end() if begin else at
        if at >= end:
            break
        if content[at : at + 1] in (b"#", b";"):
            at = _after_comment(content, at, comments_continue)
            continue
        key = _KEY.match(content, at)
        stop = key.end() if key else at
        if content[stop : stop + 1] != b"=":
            at = stop
            continue
        line += content.count(b"\n", counted, at)
        counted = at
        name = content[at:stop].rstrip(BLANKS)
        value, at = _value(content, stop + 1)
        if not is_text(name) or not is_text(value):
            raise InvalidFile(f"line {line} has bytes or characters that systemd does not take for UTF-8")
        if is_name(name):
            variables.append((name, value, line))
    return variables


def _after_comment(content: bytes, at: int, continues: bool) -> int:
    """The place of the line end that ends a comment, or the end."""
    while at < len(content):
        match = _COMMENT.match(content, at)
        at = match.end() if match else at
        if content[at : at + 1] != b"\\":
            break
        at += 2 if continues or content[at + 1 : at + 2] not in (b"\n", b"\r") else 1
    return at


def _value(content: bytes, at: int) -> tuple[bytes, int]:
    """The value that begins at a place, and the place of the line end after it. Quotes count at its beginning only."""
    parts: list[bytes] = []
    end = len(content)
    while at < end:
        sign = content[at : at + 1]
        if sign in (b" ", b"\t"):
            at += 1
        elif sign == b"'":
            stop = content.find(b"'", at + 1)
            stop = end if stop < 0 else stop
            parts.append(content[at + 1 : stop])
            at = stop + 1
        elif sign == b'"':
            at = _double_quoted(content, at + 1, parts)
        else:
            break
    blanks = b""  # at the end they go, unless one is escaped
    while at < end and content[at : at + 1] not in (b"\n", b"\r"):
        if content[at : at + 1] == b"\\":
            escaped = content[at + 1 : at + 2]
            parts.extend((blanks, b"" if escaped in (b"\n", b"\r") else escaped))
            blanks = b""
            at += 2
            continue
        match = _VALUE.match(content, at)
        run = match.group() if match else b""
        plain = run.rstrip(BLANKS)
        if plain:
            parts.extend((blanks, plain))
            blanks = b""
        blanks += run[len(plain) :]
        at += len(run)
    return b"".join(parts), at


def _double_quoted(content: bytes, at: int, parts: list[bytes]) -> int:
    """Add the characters up to the closing quote, and return the position after it."""
    while at < len(content):
        match = QUOTED[b'"'].match(content, at)
        if match:
            parts.append(match.group())
            at = match.end()
            continue
        if content[at : at + 1] == b'"':
            return at + 1
        escaped = content[at + 1 : at + 2]
        parts.append(b"" if escaped in (b"\n", b"") else escaped if escaped in (b'"', b"\\", b"`", b"$") else b"\\" + escaped)
        at += 2
    return at
