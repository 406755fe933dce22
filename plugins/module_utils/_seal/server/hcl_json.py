# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the JSON of HCL 1, in linear time and to a depth of 64 levels. It differs from RFC 8259.

``null`` is an empty string, ``\\/`` and escapes of surrogates are rejected, numbers may be ``.5``. Commas may be missing or too many, and the
text may end early: an object ends at the first thing that cannot follow, and in a list booleans and opening brackets are ignored.
Objects whose values are all objects, and lists of objects, become blocks with labels.
Source: hashicorp/hcl v1, ``json/scanner``, ``json/parser`` and ``json/parser/flatten.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import SettingError
from .hcl import DEEPEST, Body, Item, malformed
from .hcl_numbers import FLOAT_PATTERN, number
from .hcl_strings import InvalidString, end_of_json_string, unquoted

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<sign>[{}\[\]:,])|(?P<quote>\")"
    rf"|(?P<float>{FLOAT_PATTERN})|(?P<int>-?[0-9]+)|(?P<word>[A-Za-z_][A-Za-z0-9_\-]*)|(?P<dot>\.)|(?P<end>\Z|\0))"
)
_TRAILING = re.compile(r"[ \t\r\n]*")
_WORDS = {"true": True, "false": False, "null": ""}
_STRING, _LITERAL, _WORD, _END = "string", "literal", "word", "end"
_NO_NAME, _NO_COLON = "a name in quotes is missing", "a colon is missing"


class _Token(NamedTuple):
    """``kind`` is a sign, ``string``, ``literal``, ``word`` (true, false or null) or ``end``."""

    kind: str
    value: Any
    line: int


class _Unexpected(Exception):
    """A token in an invalid place. The servers ignore it if it is a closing brace or the end of the text."""

    def __init__(self, token: _Token, what: str, in_list: bool = False) -> None:
        super().__init__(what)
        self.token = token
        self.what = what
        self.passes = token.kind == "}" or (token.kind == _END and not in_list)


def parse_json(text: str) -> Body:
    """Read a whole file; raises :class:`SettingError` (``malformed_config``) that names the line and never quotes it."""
    return _Reader(text).file()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._counted, self._lines = 0, 1
        self._ignored_from = 0

    def file(self) -> Body:
        token = self._next()
        try:
            if token.kind != "{":
                raise _Unexpected(token, "this is no JSON object", in_list=True)
            body = _flattened(self._object())
        except _Unexpected as error:
            raise malformed(error.token.line, error.what) from None
        match = _TRAILING.match(self._text, self._at)
        if match and match.end() < len(self._text):
            self._ignore(self._line(match.end()))
        body.ignored_from = self._ignored_from
        return body

    def _object(self, levels: int = 1) -> list[Item]:
        """The items up to the closing brace, or up to where the servers stop."""
        depth = self._depth
        self._deeper(levels)
        items: list[Item] = []
        try:
            self._items(items)
        except _Unexpected as error:
            if not error.passes:
                raise
            if error.token.kind == _END or error.what != _NO_NAME:  # a comma before a closing brace is harmless
                self._ignore(error.token.line)
        self._depth = depth
        return items

    def _items(self, items: list[Item]) -> None:
        while True:
            token = self._next()
            if token.kind == "}" and not items:
                return
            keys, line = [], token.line
            while token.kind == _STRING:
                keys.append(token.value)
                token = self._next()
            if not keys or token.kind != ":":
                raise _Unexpected(token, _NO_COLON if keys else _NO_NAME)
            items.append(Item(tuple(keys), self._value(self._next(), len(keys)), line))
            token = self._next()
            if token.kind != ",":
                if token.kind != "}":
                    self._ignore(token.line)
                return

    def _value(self, token: _Token, levels: int = 1) -> Any:
        if token.kind in (_STRING, _LITERAL, _WORD):
            return token.value
        if token.kind == "{":
            return _Object(self._object(levels))
        if token.kind == "[":
            return self._list()
        raise _Unexpected(token, "a value is missing")

    def _list(self) -> list[Any]:
        values: list[Any] = []
        while True:
            token = self._next()
            if token.kind == "]":
                return values
            if token.kind == "{":
                values.append(_Object(self._object()))
            elif token.kind in (_STRING, _LITERAL):
                values.append(token.value)
            elif token.kind == "[" or (token.kind == _WORD and token.value != ""):
                self._ignore(token.line)
            elif token.kind != ",":
                raise _Unexpected(token, "a comma or the end of a list is missing", in_list=True)

    def _next(self) -> _Token:
        match = _TOKEN.match(self._text, self._at)
        if not match:
            raise self._wrong("a character that has no meaning in JSON")
        kind = match.lastgroup or ""
        begin, self._at = match.start(kind), match.end()
        line = self._line(begin)
        text = match.group(kind)
        if kind in ("sign", "dot"):
            return _Token(text, None, line)
        if kind == "end":
            return _Token(_END, None, line)
        if kind == "quote":
            return _Token(_STRING, self._string(begin), line)
        if kind == "word":
            if text not in _WORDS:
                raise self._wrong("a word without quotes")
            return _Token(_WORD, _WORDS[text], line)
        if kind == "int" and text.lstrip("-").startswith("0") and (len(text.lstrip("-")) > 1 or self._at == len(self._text)):
            raise self._wrong("a number that begins with a zero")
        return _Token(_LITERAL, number(text, kind == "int"), line)

    def _string(self, begin: int) -> str:
        try:
            end = end_of_json_string(self._text, begin)
            value = unquoted(self._text[begin + 1 : end], interpolation=False)
        except InvalidString as error:
            raise malformed(self._line(begin), error.what, *([error.remedy] if error.remedy else [])) from None
        self._at = end + 1
        return value

    def _deeper(self, levels: int) -> None:
        self._depth += levels
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} levels, which cannot be read here", "Write it with fewer levels.")

    def _ignore(self, line: int) -> None:
        self._ignored_from = self._ignored_from or line

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
    """One item, or the blocks that it contains."""
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
