# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the JSON of HCL 1, in linear time and to a depth of 64 levels: what the servers read, which is not RFC 8259.

``null`` is an empty string, trailing commas and text after the end pass, ``\\/`` and escapes of surrogates do not, numbers may be
``.5``. Objects whose values are all objects, and lists of objects, become blocks with labels.
Source: hashicorp/hcl v1, ``json/scanner``, ``json/parser`` and ``json/parser/flatten.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import SettingError
from .hcl import DEEPEST, Body, Item, floating, integer, malformed
from .hcl_strings import InvalidString, end_of_json_string, unquoted

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<sign>[{}\[\]:,])|(?P<quote>\")"
    r"|(?P<float>-?[0-9]+(?:\.[0-9]*(?:[eE][+-]?[0-9]*)?|[eE][+-]?[0-9]*)|\.[0-9]+[eE]?)|(?P<int>-?[0-9]+)|(?P<word>[A-Za-z_][A-Za-z0-9_\-]*)|(?P<end>\Z))"
)
_WORDS = {"true": True, "false": False, "null": ""}
_LITERAL, _END = "literal", "end"


class _Token(NamedTuple):
    """``kind`` is a sign, ``string``, ``literal`` or ``end``."""

    kind: str
    value: Any
    line: int


def parse_json(text: str) -> Body:
    """Read a whole file; raises :class:`SettingError` (``malformed_config``) that names the line and never quotes it."""
    return _Reader(text).file()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._counted, self._lines = 0, 1

    def file(self) -> Body:
        if self._next().kind != "{":
            raise self._wrong("this is no JSON object")
        return _flattened(self._object())

    def _object(self, levels: int = 1) -> list[Item]:
        """The items up to the closing brace; a comma before it passes."""
        self._deeper(levels)
        items: list[Item] = []
        while True:
            token = self._next()
            if token.kind == "}":
                self._depth -= levels
                return items
            keys, line = [], token.line
            while token.kind == "string":
                keys.append(token.value)
                token = self._next()
            if not keys or token.kind != ":":
                raise self._wrong("a name in quotes or a colon is missing")
            items.append(Item(tuple(keys), self._value(self._next(), len(keys)), line))
            token = self._next()
            if token.kind == "}":
                self._depth -= levels
                return items
            if token.kind != ",":
                raise self._wrong("a comma or the end of an object is missing")

    def _value(self, token: _Token, levels: int = 1) -> Any:
        if token.kind in ("string", _LITERAL):
            return token.value
        if token.kind == "{":
            return _Object(self._object(levels))
        if token.kind == "[":
            return self._list()
        raise self._wrong("a value is missing")

    def _list(self) -> list[Any]:
        self._deeper()
        values: list[Any] = []
        while True:
            token = self._next()
            if token.kind == "]":
                self._depth -= 1
                return values
            if token.kind == ",":
                continue
            values.append(self._value(token))

    def _next(self) -> _Token:
        found = _TOKEN.match(self._text, self._at)
        if not found:
            raise self._wrong("a character that has no meaning in JSON")
        kind = found.lastgroup or ""
        begin, self._at = found.start(kind), found.end()
        line = self._line(begin)
        if kind == "sign":
            return _Token(found.group(kind), None, line)
        if kind == "end":
            return _Token(_END, None, line)
        if kind == "quote":
            return _Token("string", self._string(begin), line)
        if kind == "word":
            if found.group(kind) not in _WORDS:
                raise self._wrong("a word without quotes")
            return _Token(_LITERAL, _WORDS[found.group(kind)], line)
        return _Token(_LITERAL, self._number(kind, found.group(kind)), line)

    def _number(self, kind: str, digits: str) -> Any:
        try:
            if kind == "float":
                return floating(digits)
            if len(digits.lstrip("-")) > 1 and digits.lstrip("-")[0] == "0":
                raise ValueError("a leading zero")
            return integer(digits)
        except ValueError:
            raise self._wrong("a number that is not valid or has more than 64 bits") from None

    def _string(self, begin: int) -> str:
        try:
            end = end_of_json_string(self._text, begin)
            value = unquoted(self._text[begin + 1 : end], interpolation=False)
        except InvalidString as error:
            raise malformed(self._line(begin), error.what, *([error.remedy] if error.remedy else [])) from None
        self._at = end + 1
        return value

    def _deeper(self, levels: int = 1) -> None:
        self._depth += levels
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} levels", "Write it with fewer levels.")

    def _line(self, at: int) -> int:
        if at > self._counted:
            self._lines += self._text.count("\n", self._counted, at)
            self._counted = at
        return self._lines

    def _wrong(self, what: str, *remedy: str) -> SettingError:
        return malformed(self._line(self._at), what, *remedy)


class _Object(list):  # type: ignore[type-arg]  # a list of Item, whose values are not flattened yet
    """An object as it is written."""


def _flattened(items: list[Item]) -> Body:
    body = Body()
    for item in items:
        body.extend(Item(keys, _finished(value), item.line) for keys, value in _blocks(item.keys, item.value))
    return body


def _blocks(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """One item, or the blocks that it stands for."""
    if isinstance(value, _Object) and value and all(isinstance(item.value, _Object) for item in value):
        for item in value:
            yield from _blocks((*keys, *item.keys), item.value)
    elif isinstance(value, list) and not isinstance(value, _Object) and value and all(isinstance(each, _Object) for each in value):
        for each in value:
            yield from _blocks(keys, each)
    else:
        yield keys, value


def _finished(value: Any) -> Any:
    if isinstance(value, _Object):
        return _flattened(value)
    return [_finished(each) for each in value] if isinstance(value, list) else value
