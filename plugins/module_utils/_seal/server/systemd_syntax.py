# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The syntax of systemd's units and environment files: bytes to lines, words and assignments, in linear time.

Sources: systemd.syntax(7), systemd.exec(5), and of systemd 252 ``src/shared/conf-parser.c``, ``src/basic/extract-word.c``,
``src/basic/escape.c`` and ``src/basic/env-file.c``. That systemd itself reads alike is held by ``tests/vectors/systemd_environment.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# A line ends with a line feed, a carriage return or both, or a NUL.
_LINE_END = re.compile(rb"(?:\r\n?|\n\r?)?\0|\r\n?|\n\r?")
BLANKS = b" \t\n\r"
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_SHORT = {b"a": 7, b"b": 8, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11, b"\\": 92, b'"': 34, b"'": 39, b"s": 32}
_ESCAPE = re.compile(rb"([abfnrtv\\\"'s])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")
_PLAIN = re.compile(rb"[^ \t\n\r'\"\\]+")
QUOTED = {quote: re.compile(rb"[^\\" + quote + rb"]+") for quote in (b"'", b'"')}
_SEMICOLON = re.compile(rb"(\\?);(?=[ \t\n\r]|\Z)")


class UnitLine(NamedTuple):
    """One assignment of a unit, continued lines joined."""

    line: int
    section: str
    key: str
    value: bytes


class Words(NamedTuple):
    """The words before the first syntax error; ``whole`` is whether there was no error."""

    words: list[bytes]
    whole: bool


class InvalidUnit(Exception):
    """Why systemd does not load a unit at all."""


def is_text(value: bytes) -> bool:
    """Whether systemd accepts it as UTF-8: without surrogates and noncharacters such as U+FFFE."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    return not any(sign >= "\ufdd0" and (sign <= "\ufdef" or ord(sign) & 0xFFFE == 0xFFFE) for sign in text)


def is_name(name: bytes) -> bool:
    """Whether it can be the name of a variable."""
    return _NAME.fullmatch(name) is not None


def unit_lines(content: bytes) -> Iterator[UnitLine]:
    """The assignments of a unit or drop-in; raises :class:`InvalidUnit`."""
    section, begin = b"", 0
    held: list[bytes] = []
    lines = _LINE_END.split(content[3:] if content.startswith(b"\xef\xbb\xbf") else content)
    for number, line in enumerate([*lines, b""], 1):
        last = number > len(lines)
        if last and not held:
            break
        if not last and line.lstrip(BLANKS)[:1] in (b"#", b";"):
            continue  # also between lines that are continued
        begin = begin if held else number
        if not last and (len(line) - len(line.rstrip(b"\\"))) % 2:
            held.append(line[:-1] + b" ")
            continue
        whole, held = b"".join([*held, line]).strip(BLANKS), []
        if not whole:
            continue
        if not is_text(whole):
            raise InvalidUnit(f"line {begin} has bytes or characters that systemd does not take for UTF-8")
        if whole.startswith(b"["):
            if not whole.endswith(b"]"):
                raise InvalidUnit(f"line {begin}: the name of a section has no closing bracket")
            section = whole[1:-1]
        elif section and b"=" in whole:
            key, _sign, value = whole.partition(b"=")
            yield UnitLine(begin, section.decode(), key.strip(BLANKS).decode(), value.strip(BLANKS))


def split_words(value: bytes, relaxed: bool = False) -> Words:
    """Words with quotes and C escapes, as ``Environment=`` has them; ``relaxed`` keeps unknown escapes, as ``ExecStart=`` does."""
    words: list[bytes] = []
    at, end = 0, len(value)
    while True:
        while at < end and value[at] in BLANKS:
            at += 1
        if at >= end:
            return Words(words, True)
        word, at = _word(value, at, relaxed)
        if word is None:
            return Words(words, False)
        words.append(word)


def command_words(value: bytes) -> list[list[bytes]] | None:
    """The words of each command of ``ExecStart=``, separated by a single semicolon; None if quotes are unbalanced.

    Of systemd 252: ``config_parse_exec`` of ``src/core/load-fragment.c``.
    """
    commands: list[list[bytes]] = [[]]
    at, end = 0, len(value)
    while True:
        while at < end and value[at] in BLANKS:
            at += 1
        if at >= end:
            return [words for words in commands if words]
        alone = _SEMICOLON.match(value, at) if commands[-1] else None
        if alone:
            at = alone.end()
            if alone.group(1):
                commands[-1].append(b";")
            else:
                commands.append([])
            continue
        word, at = _word(value, at, True)
        if word is None:
            return None
        commands[-1].append(word)


def words_of_variable(value: bytes) -> list[bytes]:
    """The words of ``$NAME`` in a command: quotes and backslashes are removed, and a quote may be left open."""
    words: list[bytes] = []
    at, end = 0, len(value)
    while True:
        while at < end and value[at] in BLANKS:
            at += 1
        if at >= end:
            return words
        parts: list[bytes] = []
        quote = b""
        while at < end:
            match = (QUOTED[quote] if quote else _PLAIN).match(value, at)
            if match:
                parts.append(match.group())
                at = match.end()
                continue
            sign = value[at : at + 1]
            at += 1
            if sign == b"\\":
                parts.append(value[at : at + 1])
                at += 1
            elif quote:
                quote = b""
            elif sign in (b"'", b'"'):
                quote = sign
            else:
                break
        words.append(b"".join(parts))


def unescaped(value: bytes) -> bytes | None:
    """A text with C escapes, as in ``SetCredential=``; None if one is malformed."""
    parts: list[bytes] = []
    at = 0
    while at < len(value):
        stop = value.find(b"\\", at)
        if stop < 0:
            stop = len(value)
        parts.append(value[at:stop])
        at = stop + 1
        if stop < len(value):
            plain, size = _unescaped(value, at)
            if plain is None:
                return None
            parts.append(plain)
            at += size
    return b"".join(parts)


def _word(value: bytes, at: int, relaxed: bool) -> tuple[bytes | None, int]:
    parts: list[bytes] = []
    quote, end = b"", len(value)
    while at < end:
        match = (QUOTED[quote] if quote else _PLAIN).match(value, at)
        if match:
            parts.append(match.group())
            at = match.end()
            continue
        sign = value[at : at + 1]
        at += 1
        if sign == b"\\":
            unescaped, size = _unescaped(value, at)
            if unescaped is None:
                if not relaxed or (quote and at >= end):
                    return None, at
                unescaped, size = value[at - 1 : at + 1], 1
            parts.append(unescaped)
            at += size
        elif quote:
            quote = b""
        elif sign in (b"'", b'"'):
            quote = sign
        else:
            break
    return (None if quote else b"".join(parts)), at


def _unescaped(value: bytes, at: int) -> tuple[bytes | None, int]:
    """The character of an escape whose backslash was read, and the escape's length; None if the escape does not exist."""
    match = _ESCAPE.match(value, at)
    if not match:
        return None, 0
    short, byte, point, long_point, octal = match.groups()
    if short:
        return bytes([_SHORT[short]]), 1
    number = int(octal, 8) if octal else int(byte or point or long_point, 16)
    if not number or (octal and number > 255) or (long_point and not _is_code_point(number)):
        return None, 0
    return (bytes([number]) if octal or byte else chr(number).encode("utf-8", "surrogatepass")), match.end() - at


def _is_code_point(number: int) -> bool:
    return number < 0xD800 or (0xE000 <= number <= 0x10FFFF and number & 0xFFFE != 0xFFFE and not 0xFDD0 <= number <= 0xFDEF)
