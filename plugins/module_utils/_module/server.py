# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server whose seal is asked about: the options that describe it, and its settings in force, read on its host."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import read_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import OPENBAO, PRODUCTS, VAULT, Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import EffectiveSettings, Seal, settings_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import (
    UNIT_DIRECTORIES,
    Service,
    given,
    read_environment_file,
    read_unit,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

# What this process has of the variables that the AWS SDK, the servers or HTTP clients read is not the service's.
OF_A_SERVICE = ("AWS_", "AWSKMS_", "BAO_", "VAULT_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUEST_METHOD")
_EXECUTABLES = {"bao": OPENBAO, "openbao": OPENBAO, "vault": VAULT}

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


def read_server(params: dict[str, Any], unread: list[SettingError] | None = None) -> ConfiguredServer:
    """Read what the options name; raises :class:`SettingError` where it cannot be read.

    :param unread: where it is given, it takes the errors of configuration files, and the others are read.
    """
    directories = params["unit_directories"] or UNIT_DIRECTORIES
    candidates = {os.path.normpath(each["path"]): each["src"] or "" for each in params["candidates"] or []}
    service = read_unit(params["unit"], directories, candidates) if params["unit"] else Service()
    product = _product(params, service)
    environment = dict(service.environment)
    for path in params["environment_files"] or []:
        environment.update(read_environment_file(path, candidates))
        service.files.append(path)
    said = {str(name): str(value) for name, value in (params["environment"] or {}).items() if value is not None}
    environment.update(given(said, "option environment,"))
    _refuse_unknown(service, environment)
    service.user = params.get("service_user") or service.user
    home = _home(environment, service.user or ("root" if params["unit"] else ""))
    config = read_config(service.config if params["config"] is None else params["config"], candidates, unread)
    started_with = service.config if params["unit"] else params["config"] or []
    return ConfiguredServer(settings_in_force(product, config, environment, home), service, home, started_with)


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


@contextmanager
def service_user(name: str) -> Iterator[None]:
    """Have the rights of the service's user while this lasts, where this runs as root: systemd reads files as root, the service does not.

    Raises :class:`SettingError` where there is no such user, or this runs as a third one.
    """
    if not name:
        yield
        return
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise SettingError(
            f"There is no user {name} on this host.", reason="unknown_user", remedy="Check the unit's User= and the option service_user."
        ) from None
    if os.geteuid() == user.pw_uid:
        yield
        return
    if os.geteuid() != 0:
        raise SettingError(
            f"This runs as user {os.geteuid()} and cannot take the rights of {name}.",
            reason="unknown_user",
            remedy=f"Run it as root or as {name} (become).",
        )
    groups, group = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextmanager
def readable_as(name: str) -> Iterator[None]:
    """As :func:`service_user` where this runs as root and the user exists; else as whoever this runs as."""
    try:
        known = bool(name) and os.geteuid() == 0 and bool(pwd.getpwnam(name))
    except KeyError:
        known = False
    with service_user(name if known else ""):
        yield


def _refuse_unknown(service: Service, environment: dict[str, Sourced]) -> None:
    """Raise :class:`SettingError` where a variable that may concern the seal has a value that cannot be told."""
    for name, source in service.unknown.items():
        if name not in environment and (name.upper().startswith(OF_A_SERVICE) or name == "HOME"):
            raise SettingError(
                f"The value of the variable {name} cannot be told: in {source}, it depends on the host or on the service manager.",
                reason="unclear_environment",
                remedy="Give its value in the option environment.",
            )


def _product(params: dict[str, Any], service: Service) -> Product:
    name = params["product"] or _EXECUTABLES.get(os.path.basename(service.executable), "")
    if not name:
        raise SettingError(
            "It is not known whether the server is Vault or OpenBao.",
            reason="invalid_option",
            remedy="Set product to vault or openbao.",
        )
    return Product.parse(name, params["version"] or "")


def _home(environment: dict[str, Sourced], user: str) -> str:
    """The home folder that the server finds: the variable's, or else that of its user."""
    if environment.get("HOME", Sourced("", "")).value:
        return environment["HOME"].value
    try:
        return pwd.getpwnam(user).pw_dir if user else ""
    except KeyError:
        return ""
