# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seals in a server's configuration files: HCL or JSON, files and folders, interpreted as by the servers.

Sources: ``command/server/config.go`` and ``helper/configutil/kms.go`` of OpenBao 2.6.2; Vault's are equivalent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import SettingError
from ..foreign_formats import CONFIG, identify
from ..secret_names import holds_secret
from .hcl import Body, malformed, parse_hcl
from .hcl_decode import as_field, check_numbers, truth
from .hcl_json import parse_json
from .hcl_numbers import InvalidNumber
from .other_settings import check_other_settings
from .seal_blocks import Place, Plugin, Refusal, Stanza, count_refusals, read_plugin, read_seal, repeated_refusals, top_level_refusals
from .staged_files import Candidates, exists, is_folder, names_in, read

SEAL_BLOCKS = ("hsm", "seal", "kms")
"""Blocks that the servers take for a seal, in the order in which they read them."""

STORAGE_BLOCKS = ("storage", "backend")

_MAX_FILE = 4 * 1024 * 1024
# Settings that both products decode, and reject if the type is wrong; unknown settings are ignored.
_BLOCKS = ("storage", "backend", "ha_storage", "ha_backend", "service_registration", "listener", "telemetry", "user_lockout")
_TEXTS = ("api_addr", "cluster_addr", "cluster_cipher_suites", "cluster_name", "detect_deadlocks", "log_format", "log_level", "pid_file", "plugin_directory")
_SWITCHES = (
    *("disable_cache", "disable_clustering", "disable_indexing", "disable_mlock", "disable_performance_standby", "disable_printable_check"),
    *("disable_sealwrap", "disable_sentinel_trace", "enable_response_header_hostname", "enable_response_header_raft_node_id"),
    *("introspection_endpoint", "raw_storage_endpoint", "ui"),
)
_LAST_COUNTS = (*_TEXTS, *STORAGE_BLOCKS, "enable_multiseal")


class Secret(NamedTuple):
    """The location of a setting that is secret by its name: file, line (0: unknown) and the names of its path."""

    file: str
    line: int
    name: str


@dataclass
class ServerConfig:
    """The content of the files that concerns seals, and the locations of secrets."""

    files: list[str] = field(default_factory=list)
    stanzas: list[Stanza] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Other top-level settings that are not blocks, each with its source."""
    secrets: list[Secret] = field(default_factory=list)
    storages: list[tuple[str, str]] = field(default_factory=list)
    """Type and path of each storage; the path is empty if none is set, or more than one."""
    refusals: list[Refusal] = field(default_factory=list)
    """Why only one product, or only some of its releases, refuse a file."""
    ignored: list[str] = field(default_factory=list)
    """The locations of text that the servers ignore silently."""
    undecided: dict[str, list[str]] = field(default_factory=dict)
    """Settings and storages that differ between the files of one folder, with these files: the servers read them in no fixed order."""

    def add(self, other: ServerConfig) -> None:
        """Add the content of a further file. Empty strings do not replace values."""
        self.stanzas.extend(other.stanzas)
        self.plugins.extend(other.plugins)
        self.secrets.extend(other.secrets)
        self.storages.extend(other.storages)
        self.refusals.extend(other.refusals)
        self.ignored.extend(other.ignored)
        self.values.update({name: value for name, value in other.values.items() if value[0] != "" or name not in self.values})


def read_config(paths: Sequence[str], candidates: Candidates | None = None, unread: list[SettingError] | None = None) -> ServerConfig:
    """Read files, and the ``*.hcl`` and ``*.json`` files of folders.

    :param unread: if set, it receives the errors of files and folders that cannot be read, and the others are read.
    :raises SettingError: a file cannot be read (``file_error``) or is malformed (``malformed_config``).
    """
    config = ServerConfig()
    places = candidates or {}
    for path in paths:
        try:
            names = _files(path, places)
        except SettingError as error:
            _keep_or_raise(error, unread)
            continue
        parts: dict[str, ServerConfig] = {}
        for name in names:
            if name in config.files:
                continue
            config.files.append(name)
            try:
                parts[name] = _part(name, places)
            except SettingError as error:
                _keep_or_raise(error, unread)
        for part in parts.values():
            config.add(part)
        config.undecided.update(_undecided(parts))
    return config


def _part(name: str, candidates: Candidates) -> ServerConfig:
    content = _content(name, candidates)
    text = content.decode("utf-8", "surrogateescape")
    config = ServerConfig()
    try:
        if not _is_json(text):
            content.decode()
        parse_config(text, name, config)
    except UnicodeDecodeError:
        error = SettingError(f"{name} is not UTF-8.", reason="malformed_config", remedy="Name a configuration file.")
        raise _foreign(name, content) or error from None
    except SettingError as error:
        raise _foreign(name, content) or error from None
    return config


def _undecided(parts: dict[str, ServerConfig]) -> Iterator[tuple[str, list[str]]]:
    """The differences between the files of one folder."""
    for name in _LAST_COUNTS:
        if name in STORAGE_BLOCKS:
            by_file = {file: part.storages for file, part in parts.items() if part.storages and name == STORAGE_BLOCKS[0]}
            differ = len(by_file) > 1
        else:
            by_file = {file: part.values[name][0] for file, part in parts.items() if name in part.values and part.values[name][0] != ""}
            differ = len({repr(value) for value in by_file.values()}) > 1
        if differ:
            yield name, list(by_file)


def _keep_or_raise(error: SettingError, unread: list[SettingError] | None) -> None:
    if unread is None:
        raise error
    unread.append(error)


def parse_config(text: str, name: str, config: ServerConfig) -> None:
    """Add the content of one file; ``name`` is its name in sources and errors.

    Bytes that are not UTF-8 are expected as surrogates, as Python's ``surrogateescape`` makes them.
    """
    part = ServerConfig()
    try:
        body = parse_json(text) if _is_json(text) else parse_hcl(text)
        part.refusals.extend(repeated_refusals(body, name))
        if body.ignored_from:
            part.ignored.append(str(Place(name, body.ignored_from)))
        _check_types(body)
        check_other_settings(body)
        for block in SEAL_BLOCKS:
            blocks = _blocks(body, block)
            if blocks:
                part.refusals.extend(count_refusals(block, len(blocks), Place(name, blocks[0][2])))
            for labels, value, line in blocks:
                stanza, refusals = read_seal(block, labels, value, Place(name, line))
                part.stanzas.append(stanza)
                part.refusals.extend(refusals)
        part.storages.extend(_storages(body))
        for labels, value, line in _blocks(body, "plugin"):
            plugin, refusals = read_plugin(labels, value, Place(name, line))
            part.plugins.append(plugin)
            part.refusals.extend(refusals)
    except SettingError as error:
        error.message = f"{name}: {error.message}."
        raise
    part.secrets.extend(_secrets(body, name, (), 0))
    for item in body:
        if len(item.keys) == 1 and not isinstance(item.value, (Body, list)):
            key = item.keys[0].casefold()
            value = as_field(item.value) if key in _TEXTS else item.value
            if not isinstance(value, InvalidNumber):
                part.values[key] = (value, str(Place(name, item.line)))
    part.refusals.extend(top_level_refusals(part.values))
    config.add(part)


def is_temporary(name: str) -> bool:
    """Whether the servers skip a file of a folder by its name: ``isTemporaryFile`` of ``command/server/config.go``."""
    return name.endswith("~") or name.startswith(".#") or (name.startswith("#") and name.endswith("#"))


def _files(path: str, candidates: Candidates) -> list[str]:
    if not is_folder(path, candidates):
        # A file that will be removed is skipped; a file that does not exist is an error.
        return [path] if exists(path, candidates) or os.path.normpath(path) not in candidates else []
    names = names_in(path, candidates)
    return [os.path.join(path, name) for name in names if name.endswith((".hcl", ".json")) and not is_temporary(name)]


def _content(path: str, candidates: Candidates) -> bytes:
    content = read(path, candidates, _MAX_FILE)
    if len(content) > _MAX_FILE:
        raise SettingError(
            f"{path} has more than {_MAX_FILE // 1024 // 1024} MiB.", reason="malformed_config", remedy="Name a configuration file."
        )
    return content


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _foreign(path: str, content: bytes) -> SettingError | None:
    """The error for a file of another format; None if the format is unknown."""
    foreign = identify(content, CONFIG)
    if foreign is None:
        return None
    return SettingError(f"{path} is not a configuration of a server: {foreign.what}.", reason="malformed_config", remedy=foreign.remedy(CONFIG))


def _secrets(value: Any, file: str, above: tuple[str, ...], line: int) -> Iterator[Secret]:
    """The settings that are secret by their name, at any depth."""
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


def _check_types(body: Body) -> None:
    """Raises :class:`SettingError` where a setting that both products know has a type that they refuse."""
    for item in body:
        key = item.keys[0].casefold()
        if key in _BLOCKS:
            if not isinstance(item.value, Body):
                raise malformed(item.line, f"{key} is no block")
            if key != "telemetry":  # of which the servers decode what they know only
                check_numbers(item.value, item.line)
        elif key in _TEXTS and (len(item.keys) > 1 or as_field(item.value) is None):
            raise malformed(item.line, f"{key} is no text")
        elif key in _SWITCHES and (len(item.keys) > 1 or isinstance(item.value, list) or truth(item.value) is None):
            raise malformed(item.line, f"{key} is neither true nor false")


def _storages(body: Body) -> Iterator[tuple[str, str]]:
    """Type and path of the storage. The servers use ``backend`` blocks if there are no ``storage`` blocks."""
    blocks = _blocks(body, STORAGE_BLOCKS[0]) or _blocks(body, STORAGE_BLOCKS[1])
    if len(blocks) > 1:
        raise malformed(blocks[1][2], "a second storage, where the server takes one in a file")
    for labels, value, _line in blocks:
        paths = [item.value for item in value if item.keys == ("path",)]
        named = len(paths) == 1 and isinstance(paths[0], str)
        yield (labels[0].lower() if labels else ""), paths[0] if named else ""
