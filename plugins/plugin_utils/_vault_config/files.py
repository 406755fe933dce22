# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the role vault_config: the server's configuration as structured data, and the environment of its service."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.secret_names import holds_secret
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import CREDENTIALS, SECRETS, VARIABLES, Product
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.environment_file import environment_value, environment_values

STANZA, ENVIRONMENT = "stanza", "environment"
# Blocks and settings that vault_config_extra must not contain: the servers ignore the case of names, and treat hsm and kms as a seal.
_RESERVED = ("seal", "hsm", "kms", "plugin", "plugin_directory", "enable_multiseal", "storage", "backend", "listener")
_PLUGIN = ("command", "image", "version", "sha256sum", "binary_name", "args", "env")
_TRUTHS = ("ui", "multiseal", "allow_secrets_in_stanza")
_MANY_BLOCKS = "listener"


@dataclass
class ServerFiles:
    """``config`` has the form of the servers' JSON; ``environment`` contains the variables to add to the service."""

    config: dict[str, Any] = field(default_factory=dict, repr=False)
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    secret: bool = False
    """Whether ``config`` holds a secret, of the seal or by its name of anything else, such as a storage's password."""
    warnings: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        return {"config": self.config, "environment": self.environment, "secret": self.secret, "warnings": self.warnings}


def server_files(variables: Mapping[str, Any]) -> ServerFiles:
    """Build the files from the role's variables; raises :class:`SettingError` that names the variable.

    :param variables: the role's variables, without their prefix ``vault_config_``.
    """
    product = Product.parse(variables["product"], str(variables.get("version") or ""))
    variables = {**variables, **{name: _truth(f"vault_config_{name}", variables[name]) for name in _TRUTHS if variables.get(name) not in (None, "")}}
    files = ServerFiles()
    seals = [_seal(product, index, seal) for index, seal in enumerate(variables.get("seals") or [])]
    if variables["state"] == "present":
        _check_seals(product, variables, seals)
    if variables["manage"] == "server":
        files.config.update(_server(variables))
    if variables["state"] == "present":
        _add_seals(product, variables, seals, files)
        _add_plugin(product, variables, files)
    _add_environment(variables.get("environment") or {}, files)
    files.secret = _secret(files.config)
    return files


def _seal(product: Product, index: int, seal: Any) -> dict[str, Any]:
    place = f"vault_config_seals[{index}]"
    if not isinstance(seal, Mapping):
        raise _wrong(f"{place} must be a dictionary.", "Use the names of the stanza's settings as keys.")
    known = [*product.settings(), "disabled"]
    for name in seal:
        if name in known:
            continue
        stranger = product.stranger(str(name))
        near = difflib.get_close_matches(str(name), known, 1, 0.5)
        raise _wrong(
            f"{place} has the setting {name}, which {product} does not support and would ignore silently.",
            f"{stranger} supports it." if stranger else f"Did you mean {near[0]}?" if near else f"The settings are {', '.join(known)}.",
        )
    settings = {str(name): value for name, value in seal.items() if value is not None and value != ""}
    if "disabled" in settings:
        settings["disabled"] = _truth(f"{place}.disabled", settings["disabled"])
    return settings


def _truth(place: str, value: Any) -> bool:
    """A boolean, which may also be a string; raises :class:`SettingError` for other values."""
    try:
        return bool(boolean(value, strict=True))
    except TypeError:
        raise _wrong(f"{place} must be a boolean, not {value!r}.", "Use true or false.") from None


def _check_seals(product: Product, variables: Mapping[str, Any], seals: list[dict[str, Any]]) -> None:
    if not seals:
        raise _wrong("vault_config_seals is empty.", "Add a seal with its key, or set vault_config_state to absent.")
    enabled = [seal for seal in seals if not seal.get("disabled")]
    if variables["activation"] == ENVIRONMENT:
        if len(seals) != 1 or seals[0].get("disabled"):
            raise _wrong("The environment can configure only one seal, which must be enabled.", "Use vault_config_activation: stanza.")
        for name in seals[0]:
            if name not in VARIABLES and name != "disabled":
                raise _wrong(f"{name} cannot be set by an environment variable.", "Use vault_config_activation: stanza.")
    if len(enabled) > 1 and not variables.get("multiseal"):
        raise _wrong(
            f"vault_config_seals has {len(enabled)} enabled seals.",
            "Disable the old one" + (", or set vault_config_multiseal for Vault Enterprise." if product.name == "vault" else "."),
        )
    if variables.get("multiseal") and product.name != "vault":
        raise _wrong("vault_config_multiseal requires Vault Enterprise; OpenBao supports one seal.", "Remove it.")
    if len(seals) > len(enabled) and enabled:
        raise _wrong(
            "vault_config_seals would change from one awskms seal to another, which neither product supports.",
            "Keep one stanza and point its alias to the new key; or migrate to shamir first, and then to awskms with the new key.",
        )
    where = variables["credentials_in"]
    for index, seal in enumerate(seals):
        given = [name for name in CREDENTIALS if name in seal]
        if given and where == "none":
            raise _wrong(
                f"vault_config_seals[{index}] has {', '.join(given)}, but vault_config_credentials_in is none, so credentials are not written.",
                "Use an instance profile or a web identity, or set vault_config_credentials_in to environment_file.",
            )
        if ("access_key" in seal) != ("secret_key" in seal):
            raise _wrong(f"vault_config_seals[{index}] has only one of access_key and secret_key.", "Set both, or neither.")
        if "session_token" in seal and "access_key" not in seal:
            raise _wrong(f"vault_config_seals[{index}] has session_token without access_key and secret_key.", "Set all three.")
        if given and where == STANZA and variables["activation"] == ENVIRONMENT:
            raise _wrong("vault_config_credentials_in is stanza, but with this vault_config_activation no stanza is written.", "Use environment_file.")
        if any(name in seal for name in SECRETS) and where == STANZA and not variables.get("allow_secrets_in_stanza"):
            raise _wrong(
                f"vault_config_seals[{index}] would write a secret to the configuration file, which can be read by others and is part of backups.",
                "Use vault_config_credentials_in: environment_file, or set vault_config_allow_secrets_in_stanza to allow it.",
            )
    if where == "environment_file" and len(enabled) > 1 and any("access_key" in seal for seal in enabled):
        raise _wrong("One environment file cannot contain the credentials of several seals.", "Use an instance profile.")


def _server(variables: Mapping[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if not variables.get("storage"):
        raise _wrong("vault_config_storage is empty.", "Set the storage, such as raft with its path, or set vault_config_manage to seal.")
    config["storage"] = dict(variables["storage"])
    config[_MANY_BLOCKS] = list(variables.get("listeners") or [])
    if not config[_MANY_BLOCKS]:
        raise _wrong("vault_config_listeners is empty.", "Add a listener, such as tcp with its address.")
    for name in ("api_addr", "cluster_addr", "cluster_name", "log_level", "telemetry", "ui"):
        if variables.get(name) not in (None, "", {}):
            config[name] = variables[name]
    reserved = {*_RESERVED, *config}
    seen: dict[str, str] = {}
    for name, value in (variables.get("extra") or {}).items():
        folded = str(name).casefold()
        if folded in reserved:
            raise _wrong(f"vault_config_extra has {name}, for which there is a separate variable.", "Use that variable.")
        if folded in seen:
            raise _wrong(f"vault_config_extra has {seen[folded]} and {name}, which are the same setting for the server.", "Remove one of them.")
        seen[folded] = str(name)
        config[name] = value
    return config


def _add_seals(product: Product, variables: Mapping[str, Any], seals: list[dict[str, Any]], files: ServerFiles) -> None:
    if variables["activation"] == ENVIRONMENT:
        files.environment["VAULT_SEAL_TYPE"] = "awskms"
        files.environment.update(_variables(0, {name: value for name, value in seals[0].items() if name != "disabled"}))
        return
    stanzas = []
    for index, seal in enumerate(seals):
        inside = {name: value for name, value in seal.items() if name not in CREDENTIALS or variables["credentials_in"] == STANZA}
        if variables["credentials_in"] == "environment_file":
            files.environment.update(_variables(index, {name: seal[name] for name in CREDENTIALS if name in seal}))
        secrets = [name for name in SECRETS if name in inside]
        if secrets:
            files.warnings.append(
                f"The configuration file contains {', '.join(secrets)} of the seal, as vault_config_allow_secrets_in_stanza allows: anyone who can read the "
                "file or its backups can use the key."
            )
        stanzas.append({"awskms": inside})
    if variables.get("multiseal"):
        files.config["enable_multiseal"] = True
    files.config["seal"] = stanzas


def _add_plugin(product: Product, variables: Mapping[str, Any], files: ServerFiles) -> None:
    plugin = variables.get("plugin") or {}
    if not plugin:
        if product.needs_plugin:
            raise _wrong(
                f"{product} has no awskms seal built in, and vault_config_plugin is empty.",
                "Set the plugin's command and sha256sum, and vault_config_plugin_directory.",
            )
        return
    if not product.takes_plugin:
        raise _wrong(f"{product} does not support seal plugins.", "Remove vault_config_plugin.")
    for name in plugin:
        if name not in _PLUGIN:
            raise _wrong(f"vault_config_plugin has {name}, which OpenBao does not support.", f"The settings are {', '.join(_PLUGIN)}.")
    if not re.match(r"[0-9A-Fa-f]{64}\Z", str(plugin.get("sha256sum", ""))):
        raise _wrong("vault_config_plugin.sha256sum must have 64 hexadecimal digits.", "Set it to the checksum of the plugin's file.")
    if bool(plugin.get("command")) == bool(plugin.get("image")):
        raise _wrong("vault_config_plugin requires either a command or an image.", "Set one of them.")
    if not variables.get("plugin_directory"):
        raise _wrong("vault_config_plugin requires vault_config_plugin_directory.", "Set both.")
    files.config["plugin_directory"] = variables["plugin_directory"]
    files.config["plugin"] = {"kms": {"awskms": dict(plugin)}}


def _variables(index: int, settings: Mapping[str, Any]) -> dict[str, str]:
    """The variables that set these settings of a seal."""
    values = {VARIABLES[name][0]: environment_value(value, f"vault_config_seals[{index}].{name}") for name, value in settings.items()}
    return {name: value for name, value in values.items() if value is not None}


def _add_environment(given: Mapping[str, Any], files: ServerFiles) -> None:
    for name, value in environment_values(given, "vault_config_environment: the variable ").items():
        if files.environment.get(name, value) != value:
            raise _wrong(f"vault_config_environment and vault_config_seals set {name} to different values.", "Set it in vault_config_seals only.")
        files.environment[name] = value


def _secret(data: Any) -> bool:
    """Whether something below is a secret by its name."""
    if isinstance(data, Mapping):
        return any(holds_secret(str(name), value) or _secret(value) for name, value in data.items())
    return isinstance(data, (list, tuple)) and any(_secret(each) for each in data)


def _wrong(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
