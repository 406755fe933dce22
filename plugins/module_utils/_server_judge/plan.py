# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The temporary server that judges: the real one's seal, environment, user, plugins and working folder, and nothing else of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import rights_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import OPENBAO, VARIABLES
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import AWSKMS, SHAMIR, Seal
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import Service
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.folder import JUDGE_PREFIX
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.inputs import (
    base_environment,
    check_owner,
    environment_of_seal,
    same_settings,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import Plan

# In memory if possible: the folder contains only the log and the sockets.
_FOLDERS = ("/dev/shm", "/run")
# Settings of the stanza that options of the task have too.
_FROM_OPTIONS = (
    *("region", "endpoint", "access_key", "secret_key", "session_token", "shared_creds_profile", "shared_creds_filename"),
    *("role_arn", "role_session_name", "web_identity_token_file"),
)
_CREDENTIALS = "/run/credentials/"  # below it, a folder for each unit: systemd.exec(5)
# Vault Enterprise 1.12 otherwise accepts only raft and consul storage.
_ANY_STORAGE = {"VAULT_DISABLE_SUPPORTED_STORAGE_CHECK": "true"}
_MOST_SEALS = 3  # of one file
MOST_SECONDS = 3600.0


@dataclass(frozen=True)
class Judge:
    """The server to start, the seals that it should report, and the secrets that messages must not contain."""

    plan: Plan
    product: str
    seal_types: frozenset[str]
    secrets: Secrets


def planned(server: ConfiguredServer, executable: str, overrides: Mapping[str, str], seconds: float) -> Judge:
    """The plan of a temporary server; raises :class:`SealError` if it cannot be started.

    :param overrides: settings of the seal that the task itself names, which win over the stanza and over variables.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise SettingError(
            f"Option judge_timeout is {seconds:g}.", reason="invalid_option", remedy=f"Give seconds, above 0 and at most {MOST_SECONDS:.0f}."
        )
    user = server.service.user
    any_storage = {} if server.in_force.product.name == OPENBAO else _ANY_STORAGE
    # The disabled seals too: a server sets them up when it starts, and does not start without their services.
    given = _in_one_file([seal for seal in server.in_force.seals if seal.stanza.block or (overrides and seal.enabled and seal.type == AWSKMS)])
    of_service = environment_of_seal(server, {seal.type for seal in given})
    environment = {**base_environment(server), **any_storage, **_login(user), **_without(of_service, overrides)}
    config: dict[str, Any] = same_settings(server.in_force)
    _check_credentials(environment)
    seals = [_block(seal, overrides if seal.enabled else {}) for seal in given]
    if seals:
        config["seal"] = seals[0] if len(seals) == 1 else seals
    secrets = Secrets()
    secrets.add_settings(environment)
    secrets.add_settings(config)
    for plugin in server.in_force.config.plugins:
        secrets.add_settings(plugin.settings)
    for seal in server.in_force.seals:
        secrets.add_settings(seal.stanza.settings)
        secrets.add_settings({name: setting.value for name, setting in seal.settings.items()})
    plan = Plan(
        executable=executable,
        config={"storage": {"inmem": {}}},
        environment=environment,
        reachable=None,
        user=user,
        group=server.service.group,
        groups=server.service.groups,
        parent=_folder(server.service),
        seconds=seconds,
        in_memory=config,
        working_folder=working_folder(server),
        prefix=JUDGE_PREFIX,
    )
    product = server.in_force.product.title
    return Judge(plan, product, frozenset(seal.type for seal in server.in_force.seals if seal.enabled), secrets)


def overrides_of(key: str | None, options: ConnectionOptions) -> dict[str, str]:
    """The settings that the task itself names, by the names of the stanza."""
    overrides = {"kms_key_id": key or "", **{name: getattr(options, name) for name in _FROM_OPTIONS}}
    return {name: value for name, value in overrides.items() if value}


def working_folder(server: ConfiguredServer) -> str:
    """The service's WorkingDirectory if it is known, otherwise systemd's default."""
    named = str(getattr(server.service, "directory", "") or "/")
    return named if os.path.isdir(named) else "/"


def _in_one_file(seals: list[Seal]) -> list[Seal]:
    """The seals without disabled shamir seals, for which there is nothing to set up, if one file may not hold all; raises :class:`SealError` if it still may not."""
    if len(seals) > _MOST_SEALS:
        seals = [seal for seal in seals if seal.enabled or seal.type != SHAMIR]
    if len(seals) > _MOST_SEALS:
        raise SealError(
            f"The configuration has {len(seals)} seals in several files, and a temporary server is given one file, which may have {_MOST_SEALS}.",
            reason="judge_failed", remedy="Remove the stanzas of seals that are no longer used, or set judge to sdk.",
        )
    return seals


def _block(seal: Seal, overrides: Mapping[str, str]) -> dict[str, dict[str, str]]:
    kind = seal.stanza.type if seal.stanza.block else seal.type
    settings = dict(seal.stanza.settings)
    if seal.type == AWSKMS:
        settings = {**settings, **_given_by_systemd(seal), **overrides}
    if not seal.enabled:
        settings["disabled"] = "true"
    _check_references(kind, settings)
    return {kind: settings}


def _given_by_systemd(seal: Seal) -> dict[str, str]:
    """The values of settings that refer to credentials of the unit: systemd makes their files only while the service runs."""
    named = {name: value for name, value in seal.stanza.settings.items() if value.lower().startswith(f"file://{_CREDENTIALS}")}
    return {name: seal.value(name) for name, value in named.items() if seal.value(name) and not os.path.exists(value[len("file://"):])}


def _check_references(kind: str, settings: Mapping[str, str]) -> None:
    """Raise :class:`SealError` if a setting refers to a credential of the unit that cannot be read now."""
    for name, value in settings.items():
        path = value[len("file://"):] if value.lower().startswith("file://") else value
        if path.startswith(_CREDENTIALS) and not os.path.exists(path):
            raise _missing_credential(f"The setting {name} of the {kind} seal", path)


def _check_credentials(environment: Mapping[str, str]) -> None:
    """Raise :class:`SealError` where a variable names a credential of the unit that is not there now: the judge would miss what the service has."""
    for name, value in environment.items():
        if value.startswith(_CREDENTIALS) and not os.path.exists(value):
            raise _missing_credential(f"The variable {name}", value)


def _missing_credential(what: str, path: str) -> SealError:
    return SealError(
        f"{what} names a credential of the unit, {path}, which systemd makes only while the service runs.", reason="file_error",
        remedy="Ask while the service runs, or set judge to sdk.",
    )


def _without(environment: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables that the task's own settings replace; with several seals, their names end with the seal's name."""
    names = tuple(variable for name in overrides for variable in VARIABLES.get(name, ()))
    longer = tuple(f"{name}_" for name in names)
    return {name: value for name, value in environment.items() if name not in names and not (longer and name.startswith(longer))}


def _login(user: str) -> dict[str, str]:
    """The variables that systemd sets for a unit with User=."""
    return {"USER": user, "LOGNAME": user} if user else {}


def _folder(service: Service) -> str:
    """Where the temporary server's folder is made: in memory if possible, and where the server's user may enter."""
    wrong: SealError | None = None
    for parent in (*_FOLDERS, tempfile.gettempdir()):
        try:
            if not os.access(parent, os.W_OK | os.X_OK):
                continue
            check_owner(parent, service.user, "Give the folder to root.")
            with rights_of(service):
                os.stat(os.path.join(parent, "."))
            return parent
        except OSError:
            continue
        except SealError as error:
            wrong = wrong or error
    raise wrong or SealError(
        f"There is no folder for a temporary server: none of {', '.join(_FOLDERS)} and {tempfile.gettempdir()} can be written.", reason="file_error",
        remedy="Make one of them writable for the user of the task.",
    )
