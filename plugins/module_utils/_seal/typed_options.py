# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options from a JSON file, of which nobody has checked the types yet: those that the fields of a dataclass have."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from .errors import SettingError

_NAMES = {"str": "a string", "int": "an integer", "float": "a number", "bool": "true or false", "tuple[str, ...]": "a list of strings"}
_LARGEST = 1 << 63


def checked_types(options: type, given: Mapping[str, Any], prefix: str = "", where: str = "") -> dict[str, Any]:
    """The options that the dataclass has fields for and that are not null; lists become tuples. Fields of other types are left out.

    Raises :class:`SettingError` (``invalid_option``) for a value of another type: neither a text nor a boolean is a number.

    :param prefix: what the names of the options have before those of the fields.
    :param where: where the options are, such as `` of s3``.
    """
    checked = {}
    for field in dataclasses.fields(options):
        wanted = str(field.type).replace(" | None", "")
        value = given.get(field.name)
        if value is None or wanted not in _NAMES:
            continue
        if not _is(value, wanted):
            raise SettingError(
                f"Option {prefix}{field.name}{where} must be {_NAMES[wanted]}, not {_kind(value)}.", reason="invalid_option", remedy="Correct its value."
            )
        checked[field.name] = tuple(value) if isinstance(value, (list, tuple)) else value
    return checked


def _is(value: object, wanted: str) -> bool:
    if wanted == "str":
        return isinstance(value, str) and "\0" not in value
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "tuple[str, ...]":
        return isinstance(value, (list, tuple)) and all(_is(each, "str") for each in value)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) and abs(value) < _LARGEST or wanted == "float" and isinstance(value, float) and math.isfinite(value)


def _kind(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "a list" if all(isinstance(each, str) for each in value) else "a list with other values"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, float) and not math.isfinite(value) or isinstance(value, int) and abs(value) >= _LARGEST:
        return "a number beyond all limits"
    if isinstance(value, str) and "\0" in value:
        return "a string with a NUL character"
    named = {str: "a string", int: "an integer", float: "a number with a fraction", dict: "an object"}
    return next((name for kind, name in named.items() if isinstance(value, kind)), type(value).__name__)
