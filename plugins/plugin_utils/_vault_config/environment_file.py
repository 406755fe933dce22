# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats environment files of systemd. Values that such a file cannot represent are rejected, because systemd would drop the value or the file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_syntax import is_name, is_text


def environment_text(variables: Mapping[str, Any]) -> str:
    """An environment file in the syntax of systemd.exec(5), which a shell reads alike; raises :class:`SettingError`."""
    if not isinstance(variables, Mapping):
        raise SettingError("The variables must be a dictionary.", reason="invalid_option", remedy="Use a dictionary of names and values.")
    lines = ["# Managed by Ansible (sealwright.vault_seal.vault_config).\n"]
    for name, value in sorted(environment_values(variables, "The variable ").items()):
        lines.append(f'{name}="' + re.sub(r'([\\"$`])', r"\\\1", value) + '"\n')
    return "".join(lines)


def environment_values(variables: Mapping[Any, Any], place: str) -> dict[str, str]:
    """The variables as strings: numbers and booleans are converted, null is omitted.

    :param place: the prefix of the variable's name in messages.
    :raises SettingError: an invalid name or value.
    """
    values: dict[str, str] = {}
    for name, value in variables.items():
        if not isinstance(name, str) or not is_name(name.encode("utf-8", "surrogatepass")):
            raise _wrong(f"{place}{name!r} has an invalid name.", "Use ASCII letters, digits and _; the first character must not be a digit.")
        text = environment_value(value, f"{place}{name}")
        if text is not None:
            values[str(name)] = text
    return values


def environment_value(value: Any, place: str) -> str | None:
    """The text of one value; None for null. Raises :class:`SettingError`, which never shows the value."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value + 0)
    if not isinstance(value, str):
        kind = "number that is not finite" if isinstance(value, float) else type(value).__name__
        raise _wrong(f"{place} must be a string, a number or a boolean, not a {kind}.", "Convert it to a string.")
    text = str(value)
    if re.search(r"[\0\n\r]", text):
        raise _wrong(
            f"{place} has a line break or NUL character in its value, which an environment file cannot represent.",
            "Remove it, for example with the filter trim: a value read from a file ends with a line break.",
        )
    if not is_text(text.encode("utf-8", "surrogatepass")):
        raise _wrong(
            f"{place} has a character in its value that systemd considers invalid, such as U+FFFE; it would reject the whole file.", "Remove it."
        )
    return text


def _wrong(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
