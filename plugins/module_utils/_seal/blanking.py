# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blanks secrets in messages: as they are, in the encodings in which a server or proxy repeats them, and cut off in the middle.

Secrets of fewer than ``LEAST`` characters are left alone: blanking each ``a`` would ruin every message, ARN and blob.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from .errors import SealError
from .secret_names import is_secret

LEAST = 8
"""Characters of the shortest secret that is blanked."""
BLANK = "********"

_PART = 16  # characters of a secret without blanks that are recognised on their own, for secrets that were cut off
_LONGEST = 64 * 1024  # bytes of a secret that are searched for: no message repeats more
_MOST_PARTS = 500_000  # that are kept
_MOST_SPELT = 1024  # bytes of a secret whose bytes are searched for one by one
_DEEPEST = 20  # levels of lists and dictionaries


class Secrets:
    """The secrets of one task; its repr shows none."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # in order
        self._parts: set[str] | None = None  # made when first needed
        self._longest_first: list[str] = []

    def __repr__(self) -> str:
        return f"Secrets({len(self._texts)})"

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def texts(self) -> frozenset[str]:
        """Every text to be blanked, the encodings included."""
        return frozenset(self._texts)

    def add(self, *values: Any) -> None:
        """Blank these from now on: texts, bytes, and lists and dictionaries of them (their values, not their names)."""
        for value in values:
            for secret in _leaves(value):
                self._texts.update(dict.fromkeys(form for form in _forms(secret) if len(form) >= LEAST))
        self._parts = None

    def add_settings(self, settings: Mapping[str, Any] | None) -> None:
        """Blank those of these settings or variables that are secrets by their names, and logins in URLs."""
        for name, value in (settings or {}).items():
            if is_secret(str(name)):
                self.add(value)
            elif isinstance(value, Mapping):
                self.add_settings(value)
            elif isinstance(value, str):
                self.add_login(value)

    def add_login(self, url: str | None) -> None:
        """Blank the password of a URL, and the login in which a proxy gets it."""
        try:
            parts = urlsplit(url or "")
            user, password = parts.username, parts.password
        except ValueError:
            return
        if password:
            self.add(password, f"{user or ''}:{password}")

    def blank(self, text: str) -> str:
        """The text without the secrets."""
        if len(text) < LEAST or not self._texts:
            return text
        if self._parts is None:
            self._parts = _parts(self._texts)
            self._longest_first = sorted(self._texts, key=len, reverse=True)
        for secret in self._longest_first:
            if secret in text:
                text = text.replace(secret, BLANK)
        return _without(self._parts, text)

    def blank_all(self, value: Any, depth: int = _DEEPEST) -> Any:
        """The same of every text in lists, tuples and dictionaries; their names stay."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self.blank(value)
        if depth and isinstance(value, Mapping):
            return {name: self.blank_all(each, depth - 1) for name, each in value.items()}
        if depth and isinstance(value, (list, tuple)):
            return [self.blank_all(each, depth - 1) for each in value]
        return value

    def blank_error(self, error: SealError) -> None:
        """The same of an error's message, remedy and details."""
        error.message, error.remedy, error.details = self.blank(error.message), self.blank(error.remedy), self.blank_all(error.details)


def _parts(texts: Iterable[str]) -> set[str]:
    """Runs of characters of those secrets without blanks, which therefore are not ordinary words of a message."""
    parts: set[str] = set()
    for text in texts:
        if len(text) > _PART and len(parts) < _MOST_PARTS and not any(map(str.isspace, text)):
            parts.update(text[start : start + _PART] for start in range(len(text) - _PART + 1))
    return parts


def _without(parts: set[str], text: str) -> str:
    pieces, shown, covered = [], 0, 0
    for start in range(len(text) - _PART + 1):
        if text[start : start + _PART] in parts:
            if start >= covered:
                pieces += [text[shown:start], BLANK]
            shown = covered = start + _PART
    return "".join([*pieces, text[shown:]])


def _leaves(value: Any, depth: int = _DEEPEST) -> Iterator[bytes]:
    if isinstance(value, str):
        yield _as_bytes(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        yield bytes(value)
    elif depth and isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _leaves(each, depth - 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value).encode()


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _forms(secret: bytes) -> Iterator[str]:
    """A secret as a message may repeat it."""
    secret = secret[:_LONGEST].strip()
    if len(secret) < LEAST:
        return
    yield from _written(secret)
    yield from _encoded(secret)
    for raw in _decoded(secret):
        if len(raw) >= LEAST:
            yield from _encoded(raw)
    lines = secret.splitlines()
    if len(lines) > 1:
        for line in lines:
            if len(line.strip()) >= LEAST:
                yield from _written(line.strip())


def _written(secret: bytes) -> Iterator[str]:
    """As text, and as JSON, Python, Go, HTML and URLs have it."""
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        yield repr(secret)[2:-1]
        return
    yield text
    yield " ".join(text.split())
    as_json = json.dumps(text)[1:-1]
    yield from (as_json, json.dumps(text, ensure_ascii=False)[1:-1], as_json.replace("/", "\\/"), repr(text)[1:-1])
    escaped = as_json
    for character in "<>&":  # which Go escapes
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    yield escaped
    yield html.escape(text)
    yield text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;").replace("'", "&#39;")  # Go's
    for safe in ("", "/", "/+=:@"):
        yield quote(text, safe=safe)
    yield quote_plus(text)
    yield re.sub("%[0-9A-F]{2}", lambda escape: escape.group().lower(), quote(text, safe=""))


def _encoded(secret: bytes) -> Iterator[str]:
    """In hexadecimal digits and base64, also as a part of something longer that is encoded as a whole."""
    yield secret.hex()
    yield secret.hex().upper()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        # Digits that depend on the neighbours of the secret are left out.
        inner = text[(0, 2, 3)[before] :]
        if (before + len(secret)) % 3:
            inner = inner[:-1]
        yield from (inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe=""))
    if len(secret) <= _MOST_SPELT:
        yield from _spelt(secret)


def _spelt(secret: bytes) -> Iterator[str]:
    """Byte by byte, as Go's %v, %x, %#v and others have it, and in base32."""
    for between in (" ", ":", "-"):
        yield from (secret.hex(between), secret.hex(between).upper())
    for form in ("\\x{:02x}", "%{:02x}", "%{:02X}", "\\u{:04x}", "&#{};", "&#x{:x};"):
        yield "".join(map(form.format, secret))
    for form in ("{}", "0x{:x}", "0x{:02x}"):
        for between in (" ", ", ", ","):
            yield between.join(map(form.format, secret))
    yield base64.b32encode(secret).decode().rstrip("=")
    yield repr(secret)[2:-1]


def _decoded(secret: bytes) -> Iterator[bytes]:
    """The value that a secret encodes, for secrets that are hexadecimal or base64, such as key shares."""
    padded = secret.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    with suppress(ValueError):
        yield bytes.fromhex(secret.decode("ascii"))
    with suppress(ValueError):
        yield base64.b64decode(padded + b"=" * (-len(padded) % 4), validate=True)
