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
from typing import Any, NamedTuple

from ..errors import SettingError
from .hcl_strings import InvalidString, end_of_string, heredoc, unquoted

DEEPEST = 64
"""Levels of blocks and lists that are read, each label one too: what lies within is named by all of them. The servers have no limit of their own."""

_SPACE = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(r"(?P<hex>-?0[xX][0-9a-fA-F]*)|(?P<float>-?[0-9]+(?:\.[0-9]*(?:[eE][+-]?[0-9]*)?|[eE][+-]?[0-9]*)|\.[0-9]+[eE]?)|(?P<int>-?[0-9]+)")
_FLOAT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ASCII_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_WORD_GOES_ON = re.compile(r"[A-Za-z0-9_.\-]*")


class Item(NamedTuple):
    """``key = value`` or ``key "label" { ... }``: one or more keys, and a string, number, boolean, list or :class:`Body`."""

    keys: tuple[str, ...]
    value: Any
    line: int


class Body(list):  # type: ignore[type-arg]  # a list of Item; Python 3.9 evaluates what it inherits from
    """The items between two braces, or of a whole file, in order."""


def parse_hcl(text: str) -> Body:
    """Read a whole file; raises :class:`SettingError` (``malformed_config``) that names the line and never quotes it."""
    return _Reader(text.replace("\r\n", "\n")).file()


def malformed(line: int, what: str, remedy: str = "Correct the file; the server would refuse it too.") -> SettingError:
    """What is wrong in which line."""
    return SettingError(f"line {line}: {what}", reason="malformed_config", remedy=remedy, details={"line": line})


def integer(digits: str) -> int:
    """A number as Go's ``strconv.ParseInt(digits, 0, 64)`` reads it; raises :class:`ValueError`.

    ``digits`` holds a sign and ASCII digits only; its length is checked first, as ``int()`` takes quadratic time.
    """
    sign, plain = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    base = 16 if plain[:2] in ("0x", "0X") else 8 if len(plain) > 1 and plain[0] == "0" else 10
    plain = plain[2:] if base == 16 else plain
    short = plain.lstrip("0") or plain[:1]
    if len(short) > 22:
        raise ValueError("more than 64 bits")
    value = int(sign + short, base)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("more than 64 bits")
    return value


def floating(text: str) -> float:
    """A number as Go's ``strconv.ParseFloat`` reads it; raises :class:`ValueError`."""
    if not _FLOAT.fullmatch(text):
        raise ValueError("digits are missing")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._counted, self._lines = 0, 1

    def file(self) -> Body:
        for sign, name in (("\0", "a NUL character"), ("\ue123", "the reserved character U+E123")):
            if sign in self._text:
                self._at = self._text.index(sign)
                raise self._wrong(name)
        body = self._items()
        if self._at < len(self._text):
            raise self._wrong("a closing brace without its opening one")
        return body

    def _items(self) -> Body:
        body = Body()
        while True:
            sign = self._skip()
            if not sign or sign == "}":
                return body
            body.append(self._item())
            if self._skip() == ",":
                self._at += 1

    def _item(self) -> Item:
        line = self._line()
        keys: list[str] = []
        while True:
            sign = self._skip()
            if sign == '"':
                keys.append(self._string())
            elif sign == "{" and keys:
                return Item(tuple(keys), self._object(len(keys)), line)
            elif sign == "=" and len(keys) == 1:
                self._at += 1
                return Item(tuple(keys), self._value(), line)
            else:
                word = self._word()
                if not word or word in ("true", "false"):
                    raise self._wrong("a name, an equals sign or an opening brace is missing")
                keys.append(word)
                self._at += len(word)

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
        number = _NUMBER.match(self._text, self._at)
        if number:
            return self._number(number)
        word = self._word()
        if word in ("true", "false"):
            self._at += len(word)
            return word == "true"
        raise self._wrong("a value is missing, or a text without quotes")

    def _number(self, number: re.Match[str]) -> Any:
        try:
            value = floating(number.group()) if number.lastgroup == "float" else integer(number.group())
        except ValueError:
            raise self._wrong("a number that is not valid or has more than 64 bits") from None
        self._at = number.end()
        return value

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
        """The identifier that begins here, empty where there is none; Go's letters and digits beyond ASCII belong to it."""
        text, begin = self._text, self._at
        found = _ASCII_WORD.match(text, begin)
        end = found.end() if found else begin
        while text[end : end + 1] > "\x7f" and (text[end].isalpha() or (end > begin and text[end].isdecimal())):
            more = _WORD_GOES_ON.match(text, end + 1)
            end = more.end() if more else end + 1
        return text[begin:end]

    def _skip(self) -> str:
        """Pass over blanks and comments; the character that follows, empty at the end."""
        text = self._text
        while True:
            found = _SPACE.match(text, self._at)
            if found:
                self._at = found.end()
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
            raise self._wrong(f"more than {DEEPEST} levels", "Write it with fewer levels.")

    def _line(self) -> int:
        if self._at > self._counted:  # counted on from the last time: from the beginning it would be quadratic
            self._lines += self._text.count("\n", self._counted, self._at)
            self._counted = self._at
        return self._lines

    def _wrong(self, what: str, *remedy: str) -> SettingError:
        return malformed(self._line(), what, *remedy)
