# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads HCL 1, the language of Vault's and OpenBao's configuration files, in linear time and to a depth of 64 levels.

The grammar is that of hashicorp/hcl v1 (``hcl/scanner``, ``hcl/parser``, ``hcl/token``), which both servers use. It is not HCL 2: there
are no expressions, numbers may be hexadecimal and octal, and ``${...}`` in a string stays as it is. The file is read on the host because
its secrets must not travel, and hosts have no parser for it. Strings are those of ``hcl_strings.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import SettingError
from .hcl_numbers import FLOAT_PATTERN, number
from .hcl_strings import InvalidString, end_of_string, heredoc, unquoted

DEEPEST = 64
"""The maximum depth of blocks and lists, including labels. The servers have no limit."""

_SPACE = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(rf"(?P<hex>-?0[xX][0-9a-fA-F]*)|(?P<float>{FLOAT_PATTERN})|(?P<int>-?[0-9]+)")
_ILLEGAL = re.compile(r"-?0[xX]|-?0[0-9][0-9]*[89][0-9]*")
"""Numbers that the scanner itself rejects; it skips the first digit after the zero of an octal number."""
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
_ASCII_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_WORD_GOES_ON = re.compile(r"[A-Za-z0-9_.\-]*")


class Item(NamedTuple):
    """``key = value`` or ``key "label" { ... }``: one or more keys, and a string, boolean, list, :class:`Body` or number.

    A number is a float, or a :class:`~.hcl_numbers.Number` or :class:`~.hcl_numbers.InvalidNumber`.
    """

    keys: tuple[str, ...]
    value: Any
    line: int


class Body(list):  # type: ignore[type-arg]  # a list of Item; Python 3.9 evaluates what it inherits from
    """The items between two braces, or of a whole file, in order."""

    repeated: Sequence[tuple[int, str]] = ()
    """Of a whole file: the line and name of each attribute that its block already has."""
    ignored_from: int = 0
    """For a whole file: the first line that the servers ignore silently; 0 for none."""


def parse_hcl(text: str) -> Body:
    """Read a whole file; raises :class:`SettingError` (``malformed_config``) that names the line and never quotes it."""
    return _Reader(text.replace("\r\n", "\n")).file()


def malformed(line: int, what: str, remedy: str = "Correct the file; the server would refuse it too.") -> SettingError:
    """The error and its line."""
    return SettingError(f"line {line}: {what}", reason="malformed_config", remedy=remedy, details={"line": line})


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._counted, self._lines = 0, 1
        self._repeated: list[tuple[int, str]] = []
        self._key = ""

    def file(self) -> Body:
        for sign, name in (("\0", "a NUL character"), ("\ue123", "the reserved character U+E123")):
            if sign in self._text:
                self._at = self._text.index(sign)
                raise self._wrong(name)
        broken = _NOT_UTF8.search(self._text)
        if broken:
            self._at = broken.start()
            raise self._wrong("a byte that is not UTF-8")
        body = self._items()
        if self._at < len(self._text):
            raise self._wrong("a closing brace without its opening one")
        body.repeated = self._repeated
        return body

    def _items(self) -> Body:
        body = Body()
        assigned: set[str] = set()
        while True:
            sign = self._skip()
            if not sign or sign == "}":
                return body
            item = self._item()
            if item is None:
                return body
            body.append(item)
            if self._key:
                if self._key in assigned:
                    self._repeated.append((item.line, item.keys[0]))
                assigned.add(self._key)
            if self._skip() == ",":
                self._at += 1

    def _item(self) -> Item | None:
        """One item; None if the text ends after an equals sign, which the servers ignore at the top level.

        ``_key`` becomes the key as it is written in an assignment: ``x`` and ``"x"`` differ.
        """
        line, begin = self._line(), self._at
        keys: list[str] = []
        written = ""
        while True:
            sign = self._skip()
            if sign == '"':
                keys.append(self._string())
            elif sign == "{" and keys:
                value = self._object(len(keys))
                self._key = ""
                return Item(tuple(keys), value, line)
            elif sign == "=" and len(keys) == 1:
                self._at += 1
                if not self._skip():
                    return None
                assigned = self._value()
                self._key = written
                return Item(tuple(keys), assigned, line)
            else:
                word = self._word()
                if not word or word in ("true", "false"):
                    raise self._wrong("a name, an equals sign or an opening brace is missing")
                keys.append(word)
                self._at += len(word)
            written = self._text[begin : self._at]

    def _value(self) -> Any:
        sign = self._skip()
        if sign == '"':
            return self._string()
        if sign == "{":
            return self._object()
        if sign == "[":
            return self._list()
        if sign == "<":
            value, self._at = self._checked(heredoc, self._text, self._at)
            return value
        match = _NUMBER.match(self._text, self._at)
        if match:
            return self._number(match)
        word = self._word()
        if word in ("true", "false"):
            self._at += len(word)
            return word == "true"
        raise self._wrong("a value is missing, or a text without quotes")

    def _number(self, match: re.Match[str]) -> Any:
        is_float = match.lastgroup == "float"
        if not is_float and _ILLEGAL.fullmatch(match.group()):
            raise self._wrong("a number that is not valid")
        self._at = match.end()
        return number(match.group(), not is_float)

    def _object(self, levels: int = 1) -> Body:
        self._deeper(levels)
        self._at += 1
        body = self._items()
        if self._at >= len(self._text):
            raise self._wrong("a closing brace is missing")
        self._at += 1
        self._depth -= levels
        return body

    def _list(self) -> list[Any]:
        self._deeper()
        self._at += 1
        values: list[Any] = []
        comma = True  # whether a value may follow; a list needs no comma before it
        while True:
            sign = self._skip()
            if sign == "]":
                self._at += 1
                self._depth -= 1
                return values
            if sign == ",":
                self._at += 1
                comma = True
            elif comma or sign == "[":
                values.append(self._value())
                comma = comma and sign == "["
            else:
                raise self._wrong("a comma or the end of a list is missing")

    def _string(self) -> str:
        """A quoted string: what is inside ``${...}`` stays as it is."""
        end = self._checked(end_of_string, self._text, self._at)
        value: str = self._checked(unquoted, self._text[self._at + 1 : end])
        self._at = end + 1
        return value

    def _checked(self, read: Any, *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except InvalidString as error:
            raise malformed(self._line(), error.what, *([error.remedy] if error.remedy else [])) from None

    def _word(self) -> str:
        """The identifier that begins here, or an empty text; it may contain Go's letters and digits beyond ASCII."""
        text, begin = self._text, self._at
        match = _ASCII_WORD.match(text, begin)
        end = match.end() if match else begin
        while text[end : end + 1] > "\x7f" and (text[end].isalpha() or (end > begin and text[end].isdecimal())):
            more = _WORD_GOES_ON.match(text, end + 1)
            end = more.end() if more else end + 1
        return text[begin:end]

    def _skip(self) -> str:
        """Pass over blanks and comments; the character that follows, empty at the end."""
        text = self._text
        while True:
            match = _SPACE.match(text, self._at)
            if match:
                self._at = match.end()
            sign = text[self._at : self._at + 1]
            if sign == "/" and text.startswith("/*", self._at):
                end = text.find("*/", self._at + 2)
                if end < 0:
                    raise self._wrong("a comment is not ended")
                self._at = end + 2
            elif sign == "#" or (sign == "/" and text.startswith("//", self._at)):
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            else:
                return sign

    def _deeper(self, levels: int = 1) -> None:
        self._depth += levels
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} levels, which cannot be read here", "Write it with fewer levels.")

    def _line(self) -> int:
        if self._at > self._counted:  # counted on from the last time: from the beginning it would be quadratic
            self._lines += self._text.count("\n", self._counted, self._at)
            self._counted = self._at
        return self._lines

    def _wrong(self, what: str, *remedy: str) -> SettingError:
        return malformed(self._line(), what, *remedy)
