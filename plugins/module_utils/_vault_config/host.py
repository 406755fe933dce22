# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a server on its host: unit, configuration, environment, data and response. Only an unreadable unit raises an error."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer, read_server
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.service_start import unclear_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import Service, read_unit

from .environment_owner import Run, why_foreign
from .initialised import Answer, ask, has_data
from .options import Wanted
from .restart_marker import ServiceState
from .same_key import awskms_seals, seals_with_key
from .seal_change import Present

_ENVIRONMENT_FILE = re.compile(r"^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(.+?)[ \t]*$", re.MULTILINE)
_LARGEST = 4 * 1024 * 1024
# They win over the path of the stanza; OpenBao reads both.
_RAFT_PATHS = ("BAO_RAFT_PATH", "VAULT_RAFT_PATH")


@dataclass(frozen=True)
class Host:
    """The state of the host. ``server`` is None if it could not be read, and ``unread`` then contains the reasons."""

    service: Service | None
    reads: list[str]
    server: ConfiguredServer | None
    unread: list[SettingError]
    answer: Answer
    environment_there: bool
    data: bool | None = None
    """Whether the server's present or new storage contains data; None if unknown."""
    foreign: str = ""
    """Why the existing environment file does not belong to this collection; empty if it does, or if it does not exist."""
    _params: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def initialised(self) -> bool | None:
        """None if unknown."""
        if self.answer.initialised is not None:
            return self.answer.initialised
        return None if self.answer.doubt else self.data

    def is_new(self, state: ServiceState) -> bool:
        """Whether the service is one that nobody has started yet, of a server that certainly has no data."""
        return self.service is not None and state.never_started and self.initialised is False and self.data is False

    @property
    def configured(self) -> bool:
        """Whether there is anything of a server: a configuration file, or an environment that names a seal."""
        return bool(self.unread or self.server and (self.server.in_force.config.files or awskms_seals(self.server)))

    def with_data(self, new: ConfiguredServer) -> Host:
        """The same, with the data in the present and the new storage. An unreadable file may name a third one."""
        present = _storages(self.server) if self.server else []
        data = has_data([*present, *_storages(new)])
        return replace(self, data=None if data is False and self.unread else data)

    def present(self, unchanged: bool) -> Present:
        """The facts for the decision."""
        seals = seals_with_key(self.server) if self.server else []
        enabled = [seal.type for seal in self.server.in_force.seals if seal.enabled] if self.server and self.configured else []
        of_files = enabled[0] if enabled and not self.unread else ""
        doubts = [self.answer.doubt] if self.answer.doubt else []
        doubts += [error.message.rstrip(".") for error in self.unread]
        kind = self.answer.type or of_files
        address = self._params["address"]
        return Present(
            initialised=self.initialised, type=kind, answered=bool(self.answer.type),
            has_key=any(seal.value("kms_key_id") for seal in seals), fresh=not self.configured,
            server=f"The server at {address}" if self.answer.type else "The server", doubts=doubts,
            unchanged=unchanged and not self.unread and kind == of_files,
        )


def inspect(wanted: Wanted, params: dict[str, Any], run: Run) -> Host:
    """Inspect the whole host; raises :class:`SettingError` if the unit cannot be read."""
    service = _service(wanted)
    # A product's release that is not known is an error of the variables, before anything is read.
    Product.parse(params["product"], params["version"] or "")
    reads = wanted.reads(service.config if service else [])
    there = os.path.lexists(wanted.environment_file)
    unread = [_untold(path, wanted.unit) for path in service.config if not wanted.of_unit([path])] if service else []
    if service and service.unclear:
        unread.append(unclear_unit(service.unclear))
    server: ConfiguredServer | None = None
    try:
        server = read_server(server_params(wanted, params, service is not None, reads, {}, there and service is None), unread)
    except SettingError as error:
        unread.append(error)
    return Host(
        service, reads, server, unread, ask(params["address"], params["ca_path"]), there,
        foreign=foreign_environment(wanted, service, run), _params=params,
    )


def server_params(
    wanted: Wanted, params: dict[str, Any], has_unit: bool, reads: list[str], candidates: dict[str, str], environment: bool
) -> dict[str, Any]:
    """The options of a server as :func:`read_server` takes them."""
    places = dict(candidates)
    if os.path.normpath(wanted.environment_file) not in places and not os.path.lexists(wanted.environment_file):
        # A run that was killed may have left a drop-in without its file.
        places[os.path.normpath(wanted.environment_file)] = os.devnull
    if os.path.normpath(wanted.path) not in places and not os.path.lexists(wanted.path):
        places[os.path.normpath(wanted.path)] = ""
    folder = os.path.normpath(wanted.directory)
    return {
        "product": params["product"], "version": params["version"], "environment": None, "service_user": None,
        "unit": wanted.unit if has_unit else None, "unit_directories": wanted.unit_directories,
        "config": [path for path in reads if path != folder or os.path.isdir(folder) or _makes(folder, places)],
        "environment_files": [wanted.environment_file] if environment else [],
        "candidates": [{"path": path, "src": place} for path, place in places.items()],
    }


def _untold(path: str, unit: str) -> SettingError:
    message = f"The unit {unit} starts the server with -config={path}, which cannot be resolved."
    return SettingError(message, reason="unclear_unit", remedy="Specify the file or directory in the unit itself.")


def foreign_environment(wanted: Wanted, service: Service | None, run: Run) -> str:
    """Why the existing environment file must not be replaced; empty if it may be, has the text already, or does not exist."""
    try:
        content = read_regular(wanted.environment_file, _LARGEST)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if content == wanted.environment_text.encode("utf-8", "surrogateescape"):
        return ""
    return why_foreign(wanted.environment_file, content, _naming(wanted, service), run)


def _naming(wanted: Wanted, service: Service | None) -> list[str]:
    """The unit's own file and drop-ins that name the environment file, but for the role's drop-in."""
    paths = []
    for path in service.files if service else []:
        if path == wanted.drop_in or not path.endswith((".service", ".conf")):
            continue
        try:
            text = read_regular(path, _LARGEST).decode("utf-8", "surrogateescape")
        except OSError:
            continue
        if any(fnmatch.fnmatch(wanted.environment_file, os.path.normpath(each)) for each in _ENVIRONMENT_FILE.findall(text)):
            paths.append(path)
    return paths


def _storages(server: ConfiguredServer) -> list[tuple[str, str]]:
    """Type and path of each storage; one of raft also where a variable of the service puts it."""
    storages = server.in_force.config.storages
    variables = [server.in_force.environment[name].value for name in _RAFT_PATHS if name in server.in_force.environment]
    elsewhere = [("raft", path) for path in variables if path] if any(kind == "raft" for kind, _path in storages) else []
    return [*elsewhere, *((kind, path) for kind, path in storages if path or kind != "raft" or not elsewhere)]


def _service(wanted: Wanted) -> Service | None:
    if not wanted.systemd:
        return None
    places = {} if os.path.lexists(wanted.environment_file) else {os.path.normpath(wanted.environment_file): os.devnull}
    try:
        return read_unit(wanted.unit, wanted.unit_directories, places)
    except SettingError as error:
        if error.reason == "unit_not_found":
            return None
        raise


def _makes(folder: str, places: dict[str, str]) -> bool:
    return any(place and os.path.dirname(path) == folder for path, place in places.items())
