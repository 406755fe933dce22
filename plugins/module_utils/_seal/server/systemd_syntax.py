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
_BLANKS = b" \t\n\r"
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_SHORT = {b"a": 7, b"b": 8, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11, b"\\": 92, b'"': 34, b"'": 39, b"s": 32}
_ESCAPE = re.compile(rb"([abfnrtv\\\"'s])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")
_PLAIN = re.compile(rb"[^ \t\n\r'\"\\]+")
_QUOTED = {quote: re.compile(rb"[^\\" + quote + rb"]+") for quote in (b"'", b'"')}
_VALUE = re.compile(rb"[^\\\n\r]+")
_COMMENT = re.compile(rb"[^\\\n\r]+")
_BEFORE = re.compile(rb"[ \t\n\r]*")
_KEY = re.compile(rb"[^\n\r][^=\n\r]*")  # an equals sign at the very beginning belongs to the name


class UnitLine(NamedTuple):
    """One assignment of a unit, continued lines joined."""

    line: int
    section: str
    key: str
    value: bytes


class Words(NamedTuple):
    """The words before the first fault; ``whole`` is whether there was none."""

    words: list[bytes]
    whole: bool


class InvalidUnit(Exception):
    """Why systemd does not load a unit at all."""


class InvalidFile(Exception):
    """Why systemd refuses an environment file as a whole."""


def is_text(value: bytes) -> bool:
    """Whether systemd takes it for UTF-8: no surrogates, and none of the code points that are no characters, such as U+FFFE."""
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
        if not last and line.lstrip(_BLANKS)[:1] in (b"#", b";"):
            continue  # also between lines that are continued
        begin = begin if held else number
        if not last and (len(line) - len(line.rstrip(b"\\"))) % 2:
            held.append(line[:-1] + b" ")
            continue
        whole, held = b"".join([*held, line]).strip(_BLANKS), []
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
            yield UnitLine(begin, section.decode(), key.strip(_BLANKS).decode(), value.strip(_BLANKS))


def split_words(value: bytes, relaxed: bool = False) -> Words:
    """Words with quotes and C escapes, as ``Environment=`` has them; ``relaxed`` keeps unknown escapes, as ``ExecStart=`` does."""
    words: list[bytes] = []
    at, end = 0, len(value)
    while True:
        while at < end and value[at] in _BLANKS:
            at += 1
        if at >= end:
            return Words(words, True)
        word, at = _word(value, at, relaxed)
        if word is None:
            return Words(words, False)
        words.append(word)


def environment_file(content: bytes, comments_continue: bool) -> list[tuple[bytes, bytes, int]]:
    """Name, value and line of each assignment; raises :class:`InvalidFile`.

    :param comments_continue: whether a backslash at the end of a comment makes the next line part of it, as until systemd 253.
    """
    if b"\0" in content:
        raise InvalidFile("it has a NUL character")
    found: list[tuple[bytes, bytes, int]] = []
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
        name = content[at:stop].rstrip(_BLANKS)
        value, at = _value(content, stop + 1)
        if not is_text(name) or not is_text(value):
            raise InvalidFile(f"line {line} has bytes or characters that systemd does not take for UTF-8")
        if is_name(name):
            found.append((name, value, line))
    return found


def _word(value: bytes, at: int, relaxed: bool) -> tuple[bytes | None, int]:
    parts: list[bytes] = []
    quote, end = b"", len(value)
    while at < end:
        found = (_QUOTED[quote] if quote else _PLAIN).match(value, at)
        if found:
            parts.append(found.group())
            at = found.end()
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
    """What stands for an escape whose backslash was passed, and its length; None where there is no such escape."""
    found = _ESCAPE.match(value, at)
    if not found:
        return None, 0
    short, byte, point, long_point, octal = found.groups()
    if short:
        return bytes([_SHORT[short]]), 1
    number = int(octal, 8) if octal else int(byte or point or long_point, 16)
    if not number or (octal and number > 255) or (long_point and not _is_code_point(number)):
        return None, 0
    return (bytes([number]) if octal or byte else chr(number).encode("utf-8", "surrogatepass")), found.end() - at


def _is_code_point(number: int) -> bool:
    return number < 0xD800 or (0xE000 <= number <= 0x10FFFF and number & 0xFFFE != 0xFFFE and not 0xFDD0 <= number <= 0xFDEF)


def _after_comment(content: bytes, at: int, continues: bool) -> int:
    """The place of the line end that ends a comment, or the end."""
    while at < len(content):
        found = _COMMENT.match(content, at)
        at = found.end() if found else at
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
        found = _VALUE.match(content, at)
        run = found.group() if found else b""
        plain = run.rstrip(_BLANKS)
        if plain:
            parts.extend((blanks, plain))
            blanks = b""
        blanks += run[len(plain) :]
        at += len(run)
    return b"".join(parts), at


def _double_quoted(content: bytes, at: int, parts: list[bytes]) -> int:
    """Add what stands up to the closing quote, and return the place after it."""
    while at < len(content):
        found = _QUOTED[b'"'].match(content, at)
        if found:
            parts.append(found.group())
            at = found.end()
            continue
        if content[at : at + 1] == b'"':
            return at + 1
        escaped = content[at + 1 : at + 2]
        parts.append(b"" if escaped in (b"\n", b"") else escaped if escaped in (b'"', b"\\", b"`", b"$") else b"\\" + escaped)
        at += 2
    return at
