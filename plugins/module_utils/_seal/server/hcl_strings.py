# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strings of HCL 1 and of its JSON: quotes, escapes, ``${...}`` and heredocs.

Sources: hashicorp/hcl v1, ``hcl/scanner``, ``json/scanner``, ``hcl/strconv`` and ``hcl/token``; Go's ``strconv.Unquote`` for JSON.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r'[^"\\$\n]*')
_PLAIN_JSON = re.compile('[^"\\\\\n\0\ud800-\udfff]*')
_INSIDE = re.compile(r"[^{}\\]*")
_ESCAPE = re.compile(r'\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))')
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_SPECIAL = re.compile(r"[\\$]")
_BACKSLASH = re.compile(r"\\")
_BRACE = re.compile(r"[{}]")
_HEREDOC = re.compile(r"<<(-?)(\w+)(\r?)\n")
_REPLACEMENT = "\ufffd"
_UNKNOWN_EFFECT = "Write it in UTF-8; what the server makes of such bytes cannot be told here."


class InvalidString(Exception):
    """Why a string cannot be read; the caller knows the line. ``remedy`` is empty where the server refuses it too."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def end_of_string(text: str, begin: int) -> int:
    """Where the quote is that ends the string that begins at a place. Inside ``${...}`` quotes and line breaks do not end it."""
    at, braces = begin + 1, 0
    while True:
        match = (_INSIDE if braces else _PLAIN).match(text, at)
        at = match.end() if match else at
        sign = text[at : at + 1]
        if not sign or (sign == "\n" and not braces):
            raise InvalidString("a text is not ended by a quote")
        if sign == '"' and not braces:
            return at
        if sign == "\\":
            escape = _ESCAPE.match(text, at)
            if not escape:
                raise InvalidString("a backslash before a sign that it does not go with")
            at = escape.end()
            continue
        if sign == "$" and text.startswith("{", at + 1):
            braces, at = 1, at + 1
        elif sign in "{}" and braces:
            braces += 1 if sign == "{" else -1
        at += 1


def end_of_json_string(text: str, begin: int) -> int:
    """Where the quote is that ends the string that begins at a place, in JSON."""
    at = begin + 1
    while True:
        match = _PLAIN_JSON.match(text, at)
        at = match.end() if match else at
        sign = text[at : at + 1]
        if sign == '"':
            return at
        if sign != "\\":
            raise InvalidString("a byte that is not UTF-8" if "\ud800" <= sign <= "\udfff" else "a text is not ended by a quote")
        escape = _ESCAPE.match(text, at)
        if not escape:
            raise InvalidString("a backslash before a sign that it does not go with")
        at = escape.end()


def unquoted(raw: str, interpolation: bool = True) -> str:
    """The content between two quotes with resolved escapes; with ``interpolation`` except those inside ``${...}``."""
    if "\\" not in raw and not (interpolation and "${" in raw):
        return raw
    parts: list[bytes] = []
    at = 0
    while at < len(raw):
        if interpolation and raw.startswith("${", at):
            end = _end_of_interpolation(raw, at)
            parts.append(raw[at:end].encode())
            at = end
            # A second one that follows at once is not recognised as one: its escapes are resolved, a quote or line break is an error.
            if raw.startswith("${", at):
                parts.append(b"$")
                at += 1
            continue
        stop = _next(raw, at, _SPECIAL if interpolation else _BACKSLASH)
        plain = raw[at:stop]
        if '"' in plain or "\n" in plain:
            raise InvalidString("a quote or line break in a second ${...} that follows the first one at once")
        parts.append(plain.encode())
        at = stop
        if raw.startswith("\\", at):
            escape = _ESCAPE.match(raw, at)
            if not escape:
                raise InvalidString("a backslash before a sign that it does not go with")
            parts.append(_byte_or_character(escape, surrogates=interpolation))
            at = escape.end()
        elif at < len(raw) and not raw.startswith("${", at):
            parts.append(raw[at].encode())
            at += 1
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        raise InvalidString("a text whose escapes make bytes that are not UTF-8", _UNKNOWN_EFFECT) from None


def heredoc(text: str, begin: int) -> tuple[str, int]:
    """The text of a heredoc that begins at a place, and the place after its last line break.

    The end marker's own indentation stays in the text. With ``<<-`` it is taken off every line where all lines have it, and a marker
    at column 0 does not end the text. As in the servers, the text is cut by the length of its first line.
    """
    head = _HEREDOC.match(text, begin)
    name = head.group(2) if head else ""
    if not head or not all(sign == "_" or sign.isalpha() or sign.isdecimal() for sign in name):
        raise InvalidString("a text of several lines has no name at its beginning")
    indented = bool(head.group(1))
    marker = re.escape(name) + head.group(3)
    endings = re.compile(rf"^([ \t\v\f\r]*){marker}(\r*)\n", re.MULTILINE).finditer(text, head.end())
    end = next((each for each in endings if not indented or each.group(1) or each.group(2)), None)
    if not end:
        raise InvalidString("a text of several lines has no end")
    try:
        return _heredoc_value(text[begin : end.end()].encode("utf-8", "surrogateescape"), indented).decode(), end.end()
    except UnicodeDecodeError:
        raise InvalidString("a text of several lines that is cut inside of a character", _UNKNOWN_EFFECT) from None


def _heredoc_value(token: bytes, indented: bool) -> bytes:
    first = token.index(b"\n")
    begin, last = first + 1, len(token) - first + (2 if indented else 1)
    if begin > last:
        raise InvalidString("a text of several lines whose end is cut off by the length of its first line")
    if not indented:
        return token[begin:last]
    lines = token[begin:last].split(b"\n")
    prefix = lines[-1]
    if all(line.startswith(prefix) for line in lines):
        return b"".join(line[len(prefix) :] + b"\n" for line in lines[:-1])
    return token[begin : last - 1].rstrip(b" \t")


def _end_of_interpolation(raw: str, begin: int) -> int:
    at, braces = begin + 2, 1
    while braces:
        at = _next(raw, at, _BRACE)
        if at >= len(raw):
            raise InvalidString("a text is not ended by a quote")
        braces += 1 if raw[at] == "{" else -1
        at += 1
    if _REPLACEMENT in raw[begin:at]:
        raise InvalidString("the character U+FFFD inside ${...}")
    return at


def _next(raw: str, at: int, signs: re.Pattern[str]) -> int:
    """The place of the next of some characters, or the end."""
    match = signs.search(raw, at)
    return match.start() if match else len(raw)


def _byte_or_character(escape: re.Match[str], surrogates: bool) -> bytes:
    short, octal, byte, *points = escape.groups()
    if short:
        return _SHORT[short].encode()
    if octal or byte:
        value = int(octal, 8) if octal else int(byte, 16)
        if value > 255:
            raise InvalidString("an octal escape above 377")
        return bytes([value])  # a byte, which need not be a character on its own
    point = int(points[0] or points[1], 16)
    surrogate = 0xD800 <= point <= 0xDFFF
    if point > 0x10FFFF or (surrogate and not surrogates):
        raise InvalidString("an escape of a character that does not exist")
    return (_REPLACEMENT if surrogate else chr(point)).encode()
