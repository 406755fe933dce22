# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets in the files to be written, by the names of their settings: messages may contain other values, such as keys and paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.secret_names import holds_secret
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import Body, parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_json import parse_json
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import parse_environment_file

from .options import Wanted


def secrets_in(wanted: Wanted) -> list[Any]:
    """The values; of a text that cannot be read, the whole text."""
    secrets: list[Any] = []
    for text, values in ((wanted.config_text, _of_config), (wanted.environment_text, _of_environment)):
        try:
            secrets += values(text) if text else []
        except SettingError:
            secrets.append(text)
    return secrets


def _of_config(text: str) -> list[Any]:
    return list(_below(parse_json(text) if text.lstrip().startswith("{") else parse_hcl(text), ""))


def _of_environment(text: str) -> list[Any]:
    variables = parse_environment_file(text.encode("utf-8", "surrogateescape"), "environment")
    return [value for name, value, _line in variables if holds_secret(name, value)]


def _below(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, Body):
        for item in value:
            yield from _below(item.value, item.keys[-1])
    elif isinstance(value, list) and any(isinstance(each, (Body, list)) for each in value):
        for each in value:
            yield from _below(each, name)
    elif holds_secret(name, value):
        yield value
