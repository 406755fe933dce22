# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads HCL 1, the language of Vault's and OpenBao's configuration files, as far as a seal's settings need it.

The grammar is that of hashicorp/hcl v1 (``hcl/scanner``, ``hcl/parser``, ``hcl/strconv``), which both servers use. It is not that
of HCL 2: HCL 1 has no expressions, takes hexadecimal and octal numbers, and leaves ``${...}`` in a string as it stands. It is read
on the host, by this file, because the secrets in it must not travel to be read elsewhere, and hosts have no parser.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .errors import SettingError

_DEEPEST = 64
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)")
_WORD = re.compile(r"[^\W\d][\w.\-]*")
_HEREDOC = re.compile(r"<<(-?)(\w+)\r?\n")
_ESCAPE = re.compile(r'\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))')
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


class Item(NamedTuple):
    """``key = value`` or ``key "label" { ... }``: one or more keys, and a text, number, truth value, list or :class:`Body`."""

    keys: tuple[str, ...]
    value: Any
    line: int


class Body(list):  # type: ignore[type-arg]  # a list of Item; Python 3.9 evaluates what it inherits from
    """The items between two braces, or of a whole file, in order."""


def parse_hcl(text: str) -> Body:
    """Read a whole file; raises :class:`SettingError` (``malformed_config``) that names the line and never quotes it."""
    return _Reader(text.replace("\r\n", "\n")).file()


def malformed(line: int, what: str) -> SettingError:
    """What is wrong in which line."""
    return SettingError(
        f"line {line}: {what}", reason="malformed_config", remedy="Correct the file; the server would refuse it too.",
        details={"line": line},
    )


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def file(self) -> Body:
        body = self._items()
        if self._at < len(self._text):
            raise self._wrong("a closing brace without its opening one")
        return body

    def _items(self) -> Body:
        body = Body()
        while True:
            self._skip()
            if self._at >= len(self._text) or self._text[self._at] == "}":
                return body
            body.append(self._item())
            self._skip()
            if self._text.startswith(",", self._at):
                self._at += 1

    def _item(self) -> Item:
        line = self._line()
        keys: list[str] = []
        while True:
            self._skip()
            sign = self._text[self._at : self._at + 1]
            if sign == '"':
                keys.append(self._string())
            elif sign == "{" and keys:
                return Item(tuple(keys), self._object(), line)
            elif sign == "=" and len(keys) == 1:
                self._at += 1
                return Item(tuple(keys), self._value(), line)
            else:
                word = _WORD.match(self._text, self._at)
                if not word:
                    raise self._wrong("a name, an equals sign or an opening brace is missing")
                keys.append(word.group())
                self._at = word.end()

    def _value(self) -> Any:
        self._skip()
        sign = self._text[self._at : self._at + 1]
        if sign == '"':
            return self._string()
        if sign == "{":
            return self._object()
        if sign == "[":
            return self._list()
        if sign == "<":
            return self._heredoc()
        number = _NUMBER.match(self._text, self._at)
        if number:
            self._at = number.end()
            return self._number(number.group())
        word = _WORD.match(self._text, self._at)
        if word and word.group() in ("true", "false"):
            self._at = word.end()
            return word.group() == "true"
        raise self._wrong("a value is missing, or a text without quotes")

    def _number(self, text: str) -> Any:
        digits = text.lstrip("-")
        try:
            if re.match(r"0[xX]", digits):
                return int(text, 16)
            if re.search(r"[.eE]", digits):
                return float(text)
            return int(text, 8) if len(digits) > 1 and digits[0] == "0" else int(text)
        except ValueError:
            raise self._wrong("an octal number with the digit 8 or 9") from None

    def _object(self) -> Body:
        self._deeper()
        self._at += 1
        body = self._items()
        if self._at >= len(self._text):
            raise self._wrong("a closing brace is missing")
        self._at += 1
        self._depth -= 1
        return body

    def _list(self) -> list[Any]:
        self._deeper()
        self._at += 1
        values: list[Any] = []
        while True:
            self._skip()
            sign = self._text[self._at : self._at + 1]
            if sign == "]":
                self._at += 1
                self._depth -= 1
                return values
            values.append(self._value())
            self._skip()
            sign = self._text[self._at : self._at + 1]
            if sign == ",":
                self._at += 1
            elif sign != "]":
                raise self._wrong("a comma or the end of a list is missing")

    def _string(self) -> str:
        """A quoted text: what is inside ``${...}`` stays as it is written."""
        self._at += 1
        said: list[bytes] = []
        while True:
            sign = self._text[self._at : self._at + 1]
            if sign in ("", "\n"):
                raise self._wrong("a text is not ended by a quote")
            if sign == '"':
                self._at += 1
                return b"".join(said).decode("utf-8", "replace")
            if self._text.startswith("${", self._at):
                said.append(self._interpolation().encode())
            elif sign == "\\":
                said.append(self._escape())
            else:
                said.append(sign.encode("utf-8", "surrogatepass"))
                self._at += 1

    def _interpolation(self) -> str:
        begin, braces = self._at, 1
        self._at += 2
        while braces:
            sign = self._text[self._at : self._at + 1]
            if not sign:
                raise self._wrong("a text is not ended by a quote")
            braces += {"{": 1, "}": -1}.get(sign, 0)
            self._at += 1
        return self._text[begin : self._at]

    def _escape(self) -> bytes:
        found = _ESCAPE.match(self._text, self._at)
        if not found:
            raise self._wrong("a backslash before a sign that it does not go with")
        self._at = found.end()
        short, octal, byte, *points = found.groups()
        if short:
            return _SHORT[short].encode()
        if octal or byte:
            value = int(octal, 8) if octal else int(byte, 16)
            if value > 255:
                raise self._wrong("an octal escape above 377")
            return bytes([value])  # a byte, which need not be a character on its own
        point = int(points[0] or points[1], 16)
        if point > 0x10FFFF:
            raise self._wrong("an escape of a character that does not exist")
        return chr(point).encode("utf-8", "replace")

    def _heredoc(self) -> str:
        begin = _HEREDOC.match(self._text, self._at)
        if not begin:
            raise self._wrong("a text of several lines has no name at its beginning")
        ending = re.compile(rf"^[^\S\n]*{re.escape(begin.group(2))}\r*(?=\n)", re.MULTILINE)
        end = ending.search(self._text, begin.end())
        if not end:
            raise self._wrong("a text of several lines has no end")
        self._at = end.end()
        lines = self._text[begin.end() : end.start()]
        if not begin.group(1):
            return lines
        # With <<- the indentation of the closing name is taken off every line, where all have it.
        prefix = end.group()[: -len(end.group().lstrip())]
        split = lines.splitlines(keepends=True)
        if not all(line.startswith(prefix) for line in split):
            return lines
        return "".join(line[len(prefix) :] for line in split)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"more than {_DEEPEST} levels")

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _wrong(self, what: str) -> SettingError:
        return malformed(self._line(), what)
