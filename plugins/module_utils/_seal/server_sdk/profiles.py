# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How aws-sdk-go v1 reads ``~/.aws/config`` and ``~/.aws/credentials``.

Source: the behaviour of ``internal/ini`` of aws/aws-sdk-go v1.55.6. It differs from botocore's configparser: names are case-sensitive, a section
that comes again starts anew, a value ends at `` #``, a lone word on a line is skipped, and indented lines belong to an empty or skipped one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import SettingError
from ..regular_files import read_regular

_MAX_FILE = 1 << 20
_LITERAL, _SEPARATOR, _COMMA, _OPERATOR, _SPACE, _LINE, _COMMENT = range(7)
_END_OF_LITERAL = ":=[] \n"
_ESCAPES = {"'": "'", '"': '"', "n": "\n", "t": "\t", "\\": "\\"}

Sections = dict[str, dict[str, str]]


class MalformedProfiles(ValueError):
    """A file that the SDK refuses as a whole."""


class _Token(NamedTuple):
    kind: int
    text: str
    quoted: bool = False


def read_profiles(path: str) -> Sections | None:
    """The sections of a file; None for one that cannot be read. Raises :class:`MalformedProfiles` and, for a pipe or device, :class:`SettingError`."""
    if not path:
        return None
    try:
        content = read_regular(path, _MAX_FILE + 1)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EINVAL:
            raise cannot_tell(f"{path} is not a regular file.", "Name a regular file.") from None
        return None
    if len(content) > _MAX_FILE:
        raise cannot_tell(f"{path} has more than {_MAX_FILE} bytes.", "Name a file of profiles only.")
    return parse_profiles(content.decode("utf-8", "replace"))


def cannot_tell(why: str, remedy: str) -> SettingError:
    """The error for behaviour of the server that this collection cannot determine."""
    return SettingError(f"What the server does cannot be told: {why}", reason="cannot_tell", remedy=remedy)


def refuse_relative(path: str) -> None:
    """Raise :class:`SettingError` for a path that the server takes from its working directory."""
    if path and not path.startswith("/"):
        raise cannot_tell(f"the path {path} is relative, and so depends on its working directory.", "Give an absolute path.")


def parse_profiles(text: str) -> Sections:
    """The sections with their settings, by name; raises :class:`MalformedProfiles`."""
    return _Reader(list(_tokens(text))).read()


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text)
    while place < end:
        start, first = place, text[place]
        if _is_space(first):
            while place < end and _is_space(text[place]):
                place += 1
            yield _Token(_SPACE, text[start:place])
        elif first in "#;":
            place = text.find("\n", start)
            place = end if place < 0 else place
            yield _Token(_COMMENT, "")
        elif first == "\n" or text.startswith("\r\n", place):
            place += 1 if first == "\n" else 2
            yield _Token(_LINE, "")
        elif first in ",[]=:":
            place += 1
            yield _Token({",": _COMMA, "[": _SEPARATOR, "]": _SEPARATOR}.get(first, _OPERATOR), first)
        elif first == '"':
            place = _end_of_quotes(text, start)
            yield _Token(_LITERAL, text[start:place], True)
        else:
            while place < end and text[place] not in _END_OF_LITERAL and not text.startswith("\r\n", place):
                place += 1
            yield _Token(_LITERAL, text[start:place])


def _is_space(character: str) -> bool:
    return character.isspace() and character not in "\n\r\x1c\x1d\x1e\x1f"


def _end_of_quotes(text: str, start: int) -> int:
    for place in range(start + 1, len(text)):
        if text[place] == '"' and text[place - 1] != "\\":
            return place + 1
    raise MalformedProfiles("a quoted value has no end")


class _Reader:
    """Reads the tokens of one file from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._sections: Sections = {}
        self._section = ""

    def read(self) -> Sections:
        while True:
            token = self._next()
            if token is None:
                return self._sections
            if token.kind in (_SPACE, _LINE, _COMMENT):
                continue
            if token.text == "[" and token.kind == _SEPARATOR:
                self._open_section()
            elif token.kind == _LITERAL:
                self._setting(token)
            else:
                raise MalformedProfiles(f"unexpected {token.text!r}")

    def _next(self) -> _Token | None:
        if self._place == len(self._tokens):
            return None
        self._place += 1
        return self._tokens[self._place - 1]

    def _open_section(self) -> None:
        name: list[str] = []
        while True:
            token = self._next()
            if token is None or token.kind == _COMMA or token.text == "[" or (token.kind == _COMMENT and name):
                raise MalformedProfiles("the name of a section has no ]")
            if token.text == "]" and token.kind == _SEPARATOR:
                break
            if not name and (token.kind in (_SPACE, _LINE)):
                continue
            if not name and token.kind != _LITERAL:
                raise MalformedProfiles("a section has no valid name")
            name.append(token.text)
        if not name:
            raise MalformedProfiles("a section has no name")
        self._section = "".join(name).strip()
        self._sections[self._section] = {}

    def _setting(self, first: _Token) -> None:
        name = [first.text]
        while True:
            token = self._next()
            if token is not None and token.kind == _OPERATOR:
                break
            if token is not None and token.kind == _LINE:
                self._skip(True)  # a lone word, with the indented lines below it
                return
            if token is None or token.kind not in (_LITERAL, _SPACE):
                raise MalformedProfiles(f"{first.text[:40]!r} has no value")
            name.append(token.text)
        self._value("".join(name).strip())

    def _value(self, name: str) -> None:
        token = self._next()
        while token is not None and token.kind == _SPACE:
            token = self._next()
        if token is None:
            return
        if token.kind == _LINE:
            self._skip(True)  # no value: indented lines below form a nested block
            return
        if token.kind in (_COMMENT, _COMMA):
            raise MalformedProfiles(f"{name[:40]!r} has no value")
        quoted, parts = token.quoted, [token.text]
        while True:
            token = self._next()
            if token is None or token.kind in (_LINE, _COMMENT):
                break
            if token.kind == _COMMA:
                self._skip(False)  # the whole setting is dropped
                return
            parts.append(token.text)
        value = _unescaped(parts[0][1:-1]) if quoted else "".join(parts).strip(" \n")
        self._sections.setdefault(self._section, {})[name] = value

    def _skip(self, at_line: bool) -> None:
        """Pass over the rest of a line, and the indented lines that follow it."""
        while self._place < len(self._tokens):
            kind = self._tokens[self._place].kind
            if at_line and kind != _SPACE:
                return
            at_line = kind == _LINE
            self._place += 1


def _unescaped(text: str) -> str:
    characters: list[str] = []
    for character in text:
        if characters and characters[-1] == "\\" and character in _ESCAPES:
            characters[-1] = _ESCAPES[character]
        else:
            characters.append(character)
    return "".join(characters)
