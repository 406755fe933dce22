# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server whose seal is asked about: the options that describe it, and its settings in force, read on its host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import is_closed
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import CREDENTIALS, PRODUCTS, Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import (
    UNREAD,
    EffectiveSettings,
    Seal,
    Setting,
    settings_in_force,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.server_arguments import product_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.service_files import ServiceFiles
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.service_start import Start, unclear_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.staged_files import Candidates
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.stanza_checks import SettingProblem
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.start_checks import LOCAL_CONFIG, start_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import (
    UNIT_DIRECTORIES,
    Service,
    given,
    home_of,
    read_environment_file,
    read_unit,
    start_of,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

from .service_rights import readable_as, sees_as_service

# What this process has of the variables that the AWS SDK, the servers or HTTP clients read is not the service's.
OF_A_SERVICE = ("AWS_", "AWSKMS_", "BAO_", "VAULT_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUEST_METHOD")
_NO_HOME = "/run/systemd/inaccessible/dir"
# Settings and variables that are the paths of files which the AWS SDK reads.
_FILE_SETTINGS = ("shared_creds_filename", "web_identity_token_file")
_FILE_VARIABLES = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")

# Documented in the fragment awskms_server.
SERVER_SETTINGS_SPEC: dict[str, dict[str, Any]] = {
    "product": {"type": "str", "choices": list(PRODUCTS)},
    "version": {"type": "str"},
    "config": {"type": "list", "elements": "path"},
    "unit": {"type": "str"},
    "unit_directories": {"type": "list", "elements": "path"},
    "environment_files": {"type": "list", "elements": "path"},
    "environment": {"type": "dict", "no_log": True},  # may hold credentials
    "candidates": {
        "type": "list",
        "elements": "dict",
        "options": {"path": {"type": "path", "required": True}, "src": {"type": "path"}},
    },
}


@dataclass(frozen=True)
class ConfiguredServer:
    """A server's settings in force, the service that it runs as, the home folder of its user (empty: not known), and what it is started with."""

    in_force: EffectiveSettings
    service: Service
    home: str
    config: list[str]
    problems: list[SettingProblem] = field(default_factory=list)
    """Problems of how the server is started."""

    def all_problems(self) -> list[SettingProblem]:
        """Problems of how the server is started, followed by problems of its settings; files are read with the rights of the service's user."""
        with readable_as(self.service):
            return [*self.problems, *seal_problems(self.in_force)]


def read_server(params: dict[str, Any], unread: list[SettingError] | None = None) -> ConfiguredServer:
    """Read the server that the options name; raises :class:`SettingError` if it cannot be read.

    :param unread: if set, it receives the errors of configuration files, and the other files are read.
    """
    directories = params["unit_directories"] or UNIT_DIRECTORIES
    candidates = {os.path.normpath(each["path"]): each["src"] or "" for each in params["candidates"] or []}
    service = read_unit(params["unit"], directories, candidates) if params["unit"] else Service()
    environment = dict(service.environment)
    for path in params["environment_files"] or []:
        environment.update(read_environment_file(path, candidates))
        service.files.append(path)
    variables = {str(name): str(value) for name, value in (params["environment"] or {}).items() if value is not None}
    environment.update(given(variables, "option environment,"))
    start = start_of(service, environment) if params["unit"] else Start()
    service.config, service.unclear = start.config, start.unclear
    if params["unit"] and params["config"] is None and start.unclear:
        raise unclear_unit(start.unclear)
    product = _product(params, service)
    _refuse_unknown(service, environment)
    service.user = params.get("service_user") or service.user
    home = _home(environment, service)
    paths = service.config if params["config"] is None else params["config"]
    exact = sees_as_service(service)
    files = ServiceFiles(service, candidates, exact)
    local = "" if params["unit"] else _local_config(product, environment)
    config = files.read_config(paths, _without_local(paths, files.candidates) if local else files.candidates, unread)
    if local:
        parse_config(environment[local].value, environment[local].source, config)
    started_with = service.config if params["unit"] else params["config"] or []
    with readable_as(service):
        effective = settings_in_force(product, config, environment, home, files.read, exact, files.loaded)
        closed = files.closed(config.files)
    problems = start_problems(effective, service, list(paths), start.development, bool(local), closed)
    return ConfiguredServer(effective, service, home, started_with, problems)


def _local_config(product: Product, environment: Mapping[str, Sourced]) -> str:
    """The variable whose text a container's entry point writes to ``local.json``; empty if it is not set."""
    name = LOCAL_CONFIG[product.name]
    return name if name in environment and environment[name].value else ""


def _without_local(paths: list[str], candidates: Candidates) -> dict[str, str]:
    """The same candidates, without the file of the folder of configurations that the entry point replaces."""
    return {**candidates, **{os.path.normpath(os.path.join(path, "local.json")): "" for path in paths if os.path.isdir(path)}}


def names_server(params: dict[str, Any]) -> bool:
    """Whether the options name a server at all."""
    return any(params[name] for name in SERVER_SETTINGS_SPEC)


def seal_of(server: ConfiguredServer) -> Seal:
    """The seal whose settings count; raises :class:`SettingError` (``no_seal``) where the server has no awskms seal."""
    seal = server.in_force.awskms
    if seal is None:
        kinds = ", ".join(seal.type for seal in server.in_force.seals if seal.enabled) or "none"
        raise SettingError(
            f"The server has no awskms seal (its seal: {kinds}).",
            reason="no_seal",
            remedy="Check config, unit and environment_files: they should be those that the service has.",
        )
    return seal


def _refuse_unknown(service: Service, environment: dict[str, Sourced]) -> None:
    """Raise :class:`SettingError` if a variable that may concern the seal has a value that cannot be determined."""
    for name, source in service.unknown.items():
        if name not in environment and (name.upper().startswith(OF_A_SERVICE) or name == "HOME"):
            raise SettingError(
                f"The value of the variable {name} cannot be told: in {source}, it depends on the host or on the service manager.",
                reason="unclear_environment",
                remedy="Give its value in the option environment.",
            )


def _token_files(settings: Mapping[str, Setting], environment: Mapping[str, Sourced]) -> set[str]:
    """The paths of tokens of a web identity."""
    values = [settings["web_identity_token_file"].value] if "web_identity_token_file" in settings else []
    variable = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    return {os.path.normpath(value) for value in [*values, variable.value if variable else ""] if value}


def refuse_unread(server: ConfiguredServer) -> None:
    """Raise :class:`SettingError` where the seal needs a credential of systemd's that cannot be read here: with others, it would prove another principal."""
    settings, environment = seal_of(server).settings, server.in_force.environment
    credentials = server.service.credentials
    unread = [(f"The {name} of {settings[name].source}", settings[name].why) for name in CREDENTIALS if name in settings and settings[name].failure == UNREAD]
    paths = [(f"The {name} of {settings[name].source}", settings[name].value) for name in _FILE_SETTINGS if name in settings]
    paths += [(f"The file of {name} ({environment[name].source})", environment[name].value) for name in _FILE_VARIABLES if name in environment]
    # The SDK that asks here reads a token by its path.
    loaded = set(server.in_force.loaded) - _token_files(settings, environment)
    missing = [(what, path) for what, path in paths if credentials.has(path) and not os.path.exists(path) and os.path.normpath(path) not in loaded]
    unread += [(what, credentials.why_unread(path)) for what, path in missing]
    hides = server.service.view.hides
    unread += [(what, f"the unit {server.service.name} has {hides(path)}, and the service does not see it") for what, path in paths if hides(path)]
    if not server.in_force.exact:
        unread += [(what, f"the user of this task may not read {path}, and the service's user may") for what, path in paths if is_closed(path)]
    for what, why in unread:
        raise SettingError(
            f"{what} cannot be read here: {why}.", reason=UNREAD,
            remedy="Run this while the service runs, or as root (become), so that the source of the credential can be read.",
        )


def _product(params: dict[str, Any], service: Service) -> Product:
    name = params["product"] or product_of(service.executable)
    if not name:
        raise SettingError(
            "It is not known whether the server is Vault or OpenBao.",
            reason="invalid_option",
            remedy="Set product to vault or openbao.",
        )
    return Product.parse(name, params["version"] or "")


def _home(environment: dict[str, Sourced], service: Service) -> str:
    """The home folder that the server finds: the variable's, or else that of its user. One that the service does not see has no files."""
    home = environment.get("HOME", Sourced("", "")).value
    if not home:
        user = service.home_of or service.user or ("root" if service.name else "")
        home = home_of(user) if user else ""
    return _NO_HOME if home and service.view.hides(f"{home}/.aws") else home
