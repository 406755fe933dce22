# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values that the servers decode from a block: ``hcl.DecodeObject`` into a map, and ``parseutil`` for its values.

Sources: ``decoder.go`` of hashicorp/hcl v1; ``parseutil`` of hashicorp/go-secure-stdlib and mapstructure's weak decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from .hcl import Body, malformed
from .hcl_numbers import InvalidNumber, Number, floating

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("", "0", "f", "F", "false", "FALSE", "False")
_PLAIN_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_UNKNOWN_EFFECT = "Give it once; what the server makes of it cannot be told here."
_LONGEST_SHOWN = 60


class Decoded(NamedTuple):
    """A value of a block, and its line."""

    value: Any
    line: int


def decoded(body: Body) -> dict[str, Decoded]:
    """The values of a block by their names; raises :class:`SettingError` where the servers refuse them.

    A name that comes again is decoded into the type that it had before. A name with labels is a block, whatever else it is.
    """
    values: dict[str, Decoded] = {}
    for item in body:
        name, line = item.keys[0], item.line
        check_numbers(item.value, line)
        value = Body([item]) if len(item.keys) > 1 else item.value
        before = values.get(name)
        if before is not None:
            value = _again(before.value, value, line, shown(name))
        values[name] = Decoded(value, line)
    return values


def check_numbers(value: Any, line: int) -> None:
    """Raises :class:`SettingError` where a number is not valid at any depth, or names of one block do not go together."""
    if isinstance(value, InvalidNumber):
        raise malformed(line, "a number that is not valid or has more than 64 bits")
    if isinstance(value, Body):
        decoded(value)
    elif isinstance(value, list):
        for each in value:
            check_numbers(each, line)


def _again(before: Any, value: Any, line: int, name: str) -> Any:
    if isinstance(before, list) or isinstance(value, list):
        raise malformed(line, f"{name} comes twice, once as a list or block", _UNKNOWN_EFFECT)
    if isinstance(before, str) and isinstance(value, (str, Number)):
        return value if isinstance(value, str) else value.text
    if isinstance(before, bool) and isinstance(value, bool):
        return value
    if isinstance(before, float) and isinstance(value, (float, Number)):
        try:
            return value if isinstance(value, float) else floating(value.text)
        except ValueError:
            pass
    if isinstance(before, Number) and isinstance(value, Number):
        return value
    if isinstance(before, Number) and isinstance(value, str):
        if _PLAIN_INTEGER.fullmatch(value):
            return Number(value.lstrip("+"))
        raise malformed(line, f"{name} comes twice, first as a number and then as a text", _UNKNOWN_EFFECT)
    raise malformed(line, f"{name} comes twice, with values of different types")


def truth(value: Any) -> bool | None:
    """A boolean as by the servers' parseutil.ParseBool: numbers other than zero are true; None if it is rejected."""
    if isinstance(value, (bool, int, float)):
        return bool(value)
    return True if value in _TRUE else False if value in _FALSE else None


def as_text(value: Any) -> str | None:
    """The string that the servers decode from a value; None if they reject it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        # Go's FormatFloat(value, 'f', -1, 64): the shortest digits that give the number again, without an exponent.
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value) if isinstance(value, (str, int)) else None


def as_field(value: Any) -> str | None:
    """The string that the servers decode for a setting of type string; None if they reject it."""
    if isinstance(value, (Number, InvalidNumber)):
        return value.text if isinstance(value, Number) or value.is_whole else None
    return value if isinstance(value, str) else None


def texts_of(value: Any) -> Iterator[str | None]:
    """The strings of ParseCommaStringSlice, None for each that it rejects; a single value counts as a list of one."""
    for each in value if isinstance(value, list) and not isinstance(value, Body) else [value]:
        yield as_text(each)


def shown(name: str) -> str:
    """A name of the file's, as much of it as a message may show."""
    return name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
