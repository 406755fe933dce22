# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server whose seal is asked about: the options that describe it, and its settings in force, read on its host."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import Sourced
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.products import OPENBAO, PRODUCTS, VAULT, Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.server_config import read_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.service_environment import (
    UNIT_DIRECTORIES,
    Service,
    given,
    read_environment_file,
    read_unit,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.settings import InForce, settings_in_force

_EXECUTABLES = {"bao": OPENBAO, "openbao": OPENBAO, "vault": VAULT}

# Documented in the fragment awskms_server.
SERVER_SPEC: dict[str, dict[str, Any]] = {
    "product": {"type": "str", "choices": list(PRODUCTS)},
    "version": {"type": "str"},
    "config": {"type": "list", "elements": "path"},
    "unit": {"type": "str"},
    "unit_directories": {"type": "list", "elements": "path"},
    "environment_files": {"type": "list", "elements": "path"},
    "environment": {"type": "dict", "no_log": True},  # may hold credentials
}


@dataclass(frozen=True)
class Server:
    """A server's settings in force, the service that it runs as, and the home folder of its user (empty: not known)."""

    in_force: InForce
    service: Service
    home: str


def read_server(params: dict[str, Any]) -> Server:
    """Read what the options name; raises :class:`SettingError` where it cannot be read."""
    directories = params["unit_directories"] or UNIT_DIRECTORIES
    service = read_unit(params["unit"], directories) if params["unit"] else Service()
    product = _product(params, service)
    environment = dict(service.environment)
    for path in params["environment_files"] or []:
        environment.update(read_environment_file(path))
        service.files.append(path)
    said = {str(name): str(value) for name, value in (params["environment"] or {}).items() if value is not None}
    environment.update(given(said, "option environment,"))
    home = _home(environment, service)
    config = read_config(service.config if params["config"] is None else params["config"])
    return Server(settings_in_force(product, config, environment, home), service, home)


def _product(params: dict[str, Any], service: Service) -> Product:
    name = params["product"] or _EXECUTABLES.get(os.path.basename(service.executable), "")
    if not name:
        raise SettingError(
            "It is not known whether the server is Vault or OpenBao.",
            reason="invalid_option",
            remedy="Set product to vault or openbao.",
        )
    return Product.parse(name, params["version"] or "")


def _home(environment: dict[str, Sourced], service: Service) -> str:
    if "HOME" in environment:
        return environment["HOME"].value
    try:
        return pwd.getpwnam(service.user).pw_dir if service.user else ""
    except KeyError:
        return ""
