# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's configuration files say of its seals: HCL or JSON, files and folders, read as the servers read them.

The facts are those of ``command/server/config.go`` and ``helper/configutil/kms.go`` of OpenBao 2.6.2; Vault's are alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ..errors import SettingError
from ..foreign_formats import CONFIG, identify
from ..secret_names import holds_secret
from .hcl import Body, malformed, parse_hcl
from .hcl_json import parse_json
from .staged_files import Candidates, exists, is_folder, names_in, read

SEAL_BLOCKS = ("hsm", "seal", "kms")
"""Blocks that the servers take for a seal, in the order in which they read them."""

STORAGE_BLOCKS = ("storage", "backend")

_MAX_FILE = 4 * 1024 * 1024
_LONGEST_SHOWN = 60
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


class Secret(NamedTuple):
    """Where something stands that its name gives away as a secret: file, line (0: not known) and the names that lead to it."""

    file: str
    line: int
    name: str


@dataclass
class ServerConfig:
    """All that the files say which concerns seals, and where secrets stand in them."""

    files: list[str] = field(default_factory=list)
    stanzas: list[Stanza] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Other settings of the top level that are no blocks, each with its source."""
    secrets: list[Secret] = field(default_factory=list)
    storages: list[tuple[str, str]] = field(default_factory=list)
    """Type and path of each storage; the path is empty where none is named, or more than one."""


def read_config(paths: Sequence[str], candidates: Candidates | None = None, unread: list[SettingError] | None = None) -> ServerConfig:
    """Read files, and the ``*.hcl`` and ``*.json`` files of folders.

    :param unread: where it is given, it takes the errors of files and folders that cannot be read, and the others are read.
    :raises SettingError: a file cannot be read (``file_error``) or is not of its form (``malformed_config``).
    """
    config = ServerConfig()
    places = candidates or {}
    for path in paths:
        try:
            names = _files(path, places)
        except SettingError as error:
            _keep_or_raise(error, unread)
            continue
        for name in names:
            if name in config.files:
                continue
            config.files.append(name)
            try:
                text = _text(name, places)
                try:
                    parse_config(text, name, config)
                except SettingError as error:
                    raise _foreign(name, text.encode()) or error from None
            except SettingError as error:
                _keep_or_raise(error, unread)
    return config


def _keep_or_raise(error: SettingError, unread: list[SettingError] | None) -> None:
    if unread is None:
        raise error
    unread.append(error)


def parse_config(text: str, name: str, config: ServerConfig) -> None:
    """Add what one file's text says; ``name`` is what sources and errors call it."""
    try:
        body = parse_json(text) if text.lstrip().startswith("{") else parse_hcl(text)
        for block in SEAL_BLOCKS:
            config.stanzas.extend(_stanza(block, labels, value, line, name) for labels, value, line in _blocks(body, block))
        for block in STORAGE_BLOCKS:
            config.storages.extend(_storage(labels, value) for labels, value, _line in _blocks(body, block))
        config.plugins.extend(_plugin(labels, value, line, name) for labels, value, line in _blocks(body, "plugin"))
    except SettingError as error:
        error.message = f"{name}: {error.message}."
        raise
    config.secrets.extend(_secrets(body, name, (), 0))
    for item in body:
        if len(item.keys) == 1 and not isinstance(item.value, (Body, list)):
            config.values[item.keys[0]] = (item.value, _source(name, item.line))


def truth(value: Any) -> bool | None:
    """A boolean as the servers' parseutil.ParseBool takes it: a number other than zero is true; None where it takes none."""
    if isinstance(value, (bool, int, float)):
        return bool(value)
    return True if value in _TRUE else False if value in _FALSE else None


def as_text(value: Any) -> str | None:
    """The text that the servers make of a value; None where they refuse it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        # Go's FormatFloat(value, 'f', -1, 64): the shortest digits that give the number again, without an exponent.
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value) if isinstance(value, (str, int)) else None


def is_temporary(name: str) -> bool:
    """Whether the servers skip a file of a folder by its name: ``isTemporaryFile`` of ``command/server/config.go``."""
    return name.endswith("~") or name.startswith(".#") or (name.startswith("#") and name.endswith("#"))


def _files(path: str, candidates: Candidates) -> list[str]:
    if not is_folder(path, candidates):
        # What is to be gone is not read; what is not there at all is an error.
        return [path] if exists(path, candidates) or os.path.normpath(path) not in candidates else []
    names = names_in(path, candidates)
    return [os.path.join(path, name) for name in names if name.endswith((".hcl", ".json")) and not is_temporary(name)]


def _text(path: str, candidates: Candidates) -> str:
    content = read(path, candidates, _MAX_FILE)
    if len(content) > _MAX_FILE:
        raise SettingError(
            f"{path} has more than {_MAX_FILE // 1024 // 1024} MiB.", reason="malformed_config", remedy="Name a configuration file."
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        error = SettingError(f"{path} is not UTF-8.", reason="malformed_config", remedy="Name a configuration file.")
        raise _foreign(path, content) or error from None


def _foreign(path: str, content: bytes) -> SettingError | None:
    """The error of a file of another format; None where nothing is known of it."""
    foreign = identify(content, CONFIG)
    if foreign is None:
        return None
    return SettingError(f"{path} is not a configuration of a server: {foreign.what}.", reason="malformed_config", remedy=foreign.remedy(CONFIG))


def _source(name: str, line: int) -> str:
    return f"{name}, line {line}" if line else name


def _shown(name: str) -> str:
    """A name of the file's, as much of it as a message may show."""
    return name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."


def _secrets(value: Any, file: str, above: tuple[str, ...], line: int) -> Iterator[Secret]:
    """What is a secret by its name, at any depth."""
    if isinstance(value, Body):
        for item in value:
            yield from _secrets(item.value, file, (*above, *item.keys), item.line or line)
    elif isinstance(value, list) and any(isinstance(each, (Body, list)) for each in value):
        for each in value:
            yield from _secrets(each, file, above, line)
    elif above and holds_secret(above[-1], value):
        yield Secret(file, line, ".".join(above))


def _blocks(body: Body, name: str) -> list[tuple[tuple[str, ...], Any, int]]:
    """All blocks of one name, each with its labels, body and line."""
    # Without case, as ObjectList.Filter of hashicorp/hcl v1 compares (strings.EqualFold).
    return [(item.keys[1:], item.value, item.line) for item in body if item.keys[0].casefold() == name]


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
                raise malformed(item.line or line, f"disabled of the {_shown(kind)} seal is neither true nor false")
            disabled = switch
            continue
        text = as_text(item.value) if len(item.keys) == 1 else None
        if text is None:
            raise malformed(item.line or line, f"{_shown(key)} of the {_shown(kind)} seal is neither a text nor a number")
        settings[key] = text  # of a name that comes twice, the last one counts
    return Stanza(block, kind.lower(), settings, disabled, _source(name, line))


def _storage(labels: tuple[str, ...], value: Any) -> tuple[str, str]:
    paths = [item.value for item in value if item.keys == ("path",)] if isinstance(value, Body) else []
    named = len(paths) == 1 and isinstance(paths[0], str)
    return (labels[0].lower() if labels else ""), paths[0] if named else ""


def _plugin(labels: tuple[str, ...], value: Any, line: int, name: str) -> Plugin:
    if not isinstance(value, Body):
        raise malformed(line, "plugin is no block")
    settings = {item.keys[0]: item.value for item in value}
    kind = settings.get("type") or (labels[0] if len(labels) == 2 else "")
    called = settings.get("name") or (labels[1] if len(labels) == 2 else "")
    return Plugin(str(kind), str(called), settings, _source(name, line))
