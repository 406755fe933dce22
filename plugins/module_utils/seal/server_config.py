# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's configuration files say of its seals: HCL or JSON, files and folders, read as the servers read them.

The facts are those of ``command/server/config.go`` and ``helper/configutil/kms.go`` of OpenBao 2.6.2; Vault's are alike.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import SettingError
from .hcl import Body, Item, malformed, parse_hcl

SEAL_BLOCKS = ("hsm", "seal", "kms")
"""Blocks that the servers take for a seal, in the order in which they read them."""

_MAX_FILE = 4 * 1024 * 1024
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("", "0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True)
class Stanza:
    """One seal: its type in lower case, its settings as the texts that the server makes of them, and where it is."""

    block: str
    type: str
    settings: dict[str, str] = field(repr=False)
    disabled: bool
    source: str


@dataclass(frozen=True)
class Plugin:
    """One ``plugin "TYPE" "NAME"`` block."""

    type: str
    name: str
    settings: dict[str, Any] = field(repr=False)
    source: str


@dataclass
class ServerConfig:
    """All that the files say which concerns seals."""

    files: list[str] = field(default_factory=list)
    stanzas: list[Stanza] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Other settings of the top level that are no blocks, each with its source."""


def read_config(paths: Sequence[str]) -> ServerConfig:
    """Read files, and the ``*.hcl`` and ``*.json`` files of folders.

    :raises SettingError: a file cannot be read (``file_error``) or is not of its form (``malformed_config``).
    """
    config = ServerConfig()
    for path in paths:
        for name in _files(path):
            if name not in config.files:
                config.files.append(name)
                parse_config(_text(name), name, config)
    return config


def parse_config(text: str, name: str, config: ServerConfig) -> None:
    """Add what one file's text says; ``name`` is what sources and errors call it."""
    try:
        body = _json_body(text) if text.lstrip().startswith("{") else parse_hcl(text)
        for block in SEAL_BLOCKS:
            config.stanzas.extend(_stanza(block, labels, value, line, name) for labels, value, line in _blocks(body, block))
        config.plugins.extend(_plugin(labels, value, line, name) for labels, value, line in _blocks(body, "plugin"))
    except SettingError as error:
        error.message = f"{name}: {error.message}."
        raise
    for item in body:
        if len(item.keys) == 1 and not isinstance(item.value, (Body, list)):
            config.values[item.keys[0]] = (item.value, _source(name, item.line))


def truth(value: Any) -> bool | None:
    """A truth value as Go's strconv.ParseBool takes it; None where it takes none."""
    text = as_text(value)
    return True if text in _TRUE else False if text in _FALSE else None


def as_text(value: Any) -> str | None:
    """The text that the servers make of a value; None where they refuse it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return str(value) if isinstance(value, (str, int)) else None


def _files(path: str) -> list[str]:
    try:
        if not os.path.isdir(path):
            return [path]
        names = sorted(os.listdir(path))
    except OSError as error:
        raise _unreadable(path, error) from None
    chosen = [name for name in names if name.endswith((".hcl", ".json")) and not name.startswith((".#", "#"))]
    return [file for file in (os.path.join(path, name) for name in chosen) if not os.path.isdir(file)]


def _text(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MAX_FILE + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(content) > _MAX_FILE:
        raise SettingError(
            f"{path} has more than {_MAX_FILE // 1024 // 1024} MiB.", reason="malformed_config", remedy="Name a configuration file."
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SettingError(f"{path} is not UTF-8.", reason="malformed_config", remedy="Name a configuration file.") from None


def _unreadable(path: str, error: OSError) -> SettingError:
    return SettingError(
        f"{path} cannot be read: {error.strerror}.",
        reason="file_error",
        remedy="Check the path, and that the user who runs this may read it (become).",
    )


def _source(name: str, line: int) -> str:
    return f"{name}, line {line}" if line else name


def _json_body(text: str) -> Body:
    try:
        body = json.loads(text, object_pairs_hook=lambda pairs: Body(Item((key,), value, 0) for key, value in pairs))
    except json.JSONDecodeError as error:
        raise malformed(error.lineno, "this is no JSON") from None
    except RecursionError:
        raise malformed(1, "too many levels") from None
    if not isinstance(body, Body):
        raise malformed(1, "this is no JSON object")
    return body


def _blocks(body: Body, name: str) -> list[tuple[tuple[str, ...], Any, int]]:
    """All blocks of one name, each with its labels, body and line."""
    found = [(item.keys[1:], item.value, item.line) for item in body if item.keys[0] == name]
    return [each for keys, value, line in found for each in ([(keys, value, line)] if line else _flattened(keys, value))]


def _flattened(keys: tuple[str, ...], value: Any) -> list[tuple[tuple[str, ...], Any, int]]:
    """The blocks of JSON, where labels are keys: ``json/parser/flatten.go`` of hashicorp/hcl v1."""
    if isinstance(value, list) and not isinstance(value, Body) and all(isinstance(element, Body) for element in value):
        return [each for element in value for each in _flattened(keys, element)]
    if isinstance(value, Body) and value and all(isinstance(item.value, Body) for item in value):
        return [each for item in value for each in _flattened((*keys, item.keys[0]), item.value)]
    return [(keys, value, 0)]


def _stanza(block: str, labels: tuple[str, ...], value: Any, line: int, name: str) -> Stanza:
    kind = labels[0] if labels else block
    if not isinstance(value, Body):
        raise malformed(line, f"{block} is no block")
    settings: dict[str, str] = {}
    disabled = False
    for item in value:
        key = item.keys[0]
        if key == "purpose":
            continue
        if key == "disabled":
            switch = truth(item.value)
            if switch is None:
                raise malformed(item.line or line, f"disabled of the {kind} seal is neither true nor false")
            disabled = switch
            continue
        text = as_text(item.value) if len(item.keys) == 1 else None
        if text is None:
            raise malformed(item.line or line, f"{key} of the {kind} seal is neither a text nor a number")
        settings[key] = text  # of a name that comes twice, the last one counts
    return Stanza(block, kind.lower(), settings, disabled, _source(name, line))


def _plugin(labels: tuple[str, ...], value: Any, line: int, name: str) -> Plugin:
    if not isinstance(value, Body):
        raise malformed(line, "plugin is no block")
    settings = {item.keys[0]: item.value for item in value}
    kind = settings.get("type") or (labels[0] if len(labels) == 2 else "")
    called = settings.get("name") or (labels[1] if len(labels) == 2 else "")
    return Plugin(str(kind), str(called), settings, _source(name, line))
