# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of HCL 1 and of its JSON.

The servers parse a number only when they decode it: a number that is invalid, or has more than 64 bits, is rejected in a known block,
and accepted in an unknown one. Sources: hashicorp/hcl v1, ``hcl/scanner``, ``json/scanner`` and ``decoder.go``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FLOAT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

# An exponent without digits takes the character that follows it into the number.
FLOAT_PATTERN = r"-?[0-9]+(?:\.[0-9]*(?:[eE][+-]?(?:[0-9]+|[^0-9])?)?|[eE][+-]?(?:[0-9]+|[^0-9])?)|\.[0-9]+[eE]?"


class Number(int):
    """A whole number, and the text that it has in the file."""

    text: str

    def __new__(cls, text: str) -> Number:
        """Raises :class:`ValueError`."""
        self = super().__new__(cls, integer(text))
        self.text = text
        return self


@dataclass(frozen=True)
class InvalidNumber:
    """A number that the servers reject when they decode it as a number."""

    text: str
    is_whole: bool


def number(text: str, is_whole: bool) -> Number | float | InvalidNumber:
    """The value of a number's text."""
    try:
        return Number(text) if is_whole else floating(text)
    except ValueError:
        return InvalidNumber(text, is_whole)


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
