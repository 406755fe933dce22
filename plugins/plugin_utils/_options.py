# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every plugin on the controller that decrypts or seals values, from the same sources: the call, the environment, ansible.cfg.

Ansible's variables are not read: any managed host can set them as facts, which take precedence over the inventory, and so could choose the file,
program, endpoint, proxy, principal, certificate authority or trusted key that the controller uses.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import CONNECTION_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ENDPOINT_VARIABLES, REGION_VARIABLES, ConnectionOptions

SECTION = "awskms"
ENVIRONMENT_PREFIX = "ANSIBLE_AWSKMS_"
VARIABLE_PREFIX = "ansible_awskms_"
# Further environment variables, after the one with the option's name. The AWS SDK reads more of them itself if no option is set.
_AWS_VARIABLES: dict[str, tuple[str, ...]] = {
    "region": REGION_VARIABLES,
    "endpoint": ENDPOINT_VARIABLES,
    "sts_endpoint": ("AWS_ENDPOINT_URL_STS",),
    "ca_bundle": ("AWS_CA_BUNDLE",),
    "kms_key_id": ("VAULT_AWSKMS_SEAL_KEY_ID", "AWSKMS_WRAPPER_KEY_ID"),
}
_KEYS = ("access_key", "secret_key", "session_token")
_PROFILE = ("shared_creds_profile", "shared_creds_filename")
# No defaults, which could not be distinguished from options that are set.
CONTROLLER_SPEC: dict[str, dict[str, Any]] = {
    **{name: {key: value for key, value in spec.items() if key != "default"} for name, spec in CONNECTION_SPEC.items()},
    "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "cache_data_keys": {"type": "bool", "no_log": False},
}
SEALING_SPEC: dict[str, dict[str, Any]] = {
    **CONTROLLER_SPEC,
    "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
}
_CALL, _ENVIRONMENT, _INI = range(3)


class OptionSources(NamedTuple):
    """Where an option can be set: environment variables, of which the first that is set counts, and the key in ansible.cfg (empty: none)."""

    environment: tuple[str, ...]
    ini: str


SOURCES: dict[str, OptionSources] = {
    name: OptionSources((ENVIRONMENT_PREFIX + name.upper(), *_AWS_VARIABLES.get(name, ())), "" if name in _KEYS else name)
    for name in SEALING_SPEC
}


@dataclasses.dataclass(frozen=True)
class ControllerOptions:
    """The options in effect. ``allowed_key_ids`` is None where no source pins a key.

    :param sources: the description of the source of each option that was not set in the call itself.
    """

    connection: ConnectionOptions
    allowed_key_ids: list[str] | None
    cache_data_keys: bool
    kms_key_id: str | None
    sources: Mapping[str, str]

    def source(self, name: str) -> str:
        """The source of an option."""
        return self.sources.get(name, f"option {name}")


def controller_options(given: Mapping[str, Any]) -> ControllerOptions:
    """The options in effect for one call; raises :class:`SettingError` (``invalid_option``) for a value of the wrong type, with its source.

    :param given: what the call itself sets: a lookup's or filter's keywords, a task's options. None counts as not set. Other names are ignored.
    """
    effective: dict[str, tuple[int, str, Any]] = {}
    for name, spec in SEALING_SPEC.items():
        entry = _given(name, spec, given) or _in_environment(name) or _in_ansible_cfg(name)
        if entry:
            effective[name] = (entry[0], entry[1], _converted(name, spec, *entry[1:]))
    _drop_other_principal(effective)
    sources = {name: source for name, (rank, source, _value) in effective.items() if rank != _CALL}
    values = {name: value for name, (_rank, _source, value) in effective.items()}
    fields = {field.name for field in dataclasses.fields(ConnectionOptions)}
    return ControllerOptions(
        ConnectionOptions(**{name: value for name, value in values.items() if name in fields}, sources=sources),
        values.get("allowed_key_ids"),
        values.get("cache_data_keys", True),
        values.get("kms_key_id"),
        sources,
    )


def refuse_variables(variables: Mapping[str, Any] | None, given: Mapping[str, Any]) -> None:
    """Reject variables that name an option which the call does not set; raises :class:`SettingError` (``invalid_option``).

    They are never used. Ignoring them would silently drop a restriction to trusted keys.
    """
    for variable in sorted(variables or ()):
        if not variable.startswith(VARIABLE_PREFIX):
            continue
        name = variable[len(VARIABLE_PREFIX) :]
        if name in SOURCES and _given(name, SEALING_SPEC[name], given) is None:
            ini = f", or {SOURCES[name].ini} in section [{SECTION}] of ansible.cfg" if SOURCES[name].ini else ""
            raise SettingError(
                f"The variable {variable} is set, but options are not read from variables: any managed host could set them as facts.",
                reason="invalid_option",
                remedy=f"Set {name} in the call, the environment variable {SOURCES[name].environment[0]}{ini}, and remove the variable. "
                "If you did not set it, a host returned it as a fact: do not trust that host.",
            )


def _given(name: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[int, str, Any] | None:
    for each in (name, *spec.get("aliases", ())):
        if given.get(each) is not None:
            return _CALL, f"option {each}", given[each]
    return None


def _in_environment(name: str) -> tuple[int, str, Any] | None:
    for variable in SOURCES[name].environment:
        value = os.environ.get(variable)
        # An empty list of trusted keys differs from an unset one: it is rejected when it is used.
        if value or (value is not None and name == "allowed_key_ids"):
            return _ENVIRONMENT, f"environment variable {variable}", value
    return None


def _in_ansible_cfg(name: str) -> tuple[int, str, Any] | None:
    key = SOURCES[name].ini
    if not key:
        return None
    config = constants.config
    # As text, except for paths: relative ones are relative to ansible.cfg.
    kind = "path" if SEALING_SPEC[name]["type"] == "path" else "str"
    config.initialize_plugin_configuration_definitions(
        SECTION, name, {key: {"type": kind, "default": None, "ini": [{"section": SECTION, "key": key}]}}
    )
    value, origin = config.get_config_value_and_origin(key, plugin_type=SECTION, plugin_name=name)
    if value is None or (not value and name != "allowed_key_ids"):
        return None
    return _INI, f"{key} in section [{SECTION}] of {origin}", value


def _converted(name: str, spec: Mapping[str, Any], source: str, value: Any) -> Any:
    if spec["type"] == "list" and isinstance(value, str):
        value = [each.strip() for each in value.split(",")] if value.strip() else []
    checked = ArgumentSpecValidator({name: {**spec, "aliases": []}}).validate({name: value})
    if checked.errors.messages:
        raise SettingError(
            f"The value of {source} must be of type {spec['type']}.", reason="invalid_option", remedy="Correct it, or remove it."
        )
    return checked.validated_parameters[name]


def _drop_other_principal(effective: dict[str, tuple[int, str, Any]]) -> None:
    """Credentials come from one source: keys of two sources are not mixed, and the source nearer to the call takes precedence."""
    keys = min((effective[name][0] for name in _KEYS if name in effective), default=None)
    profile = min((effective[name][0] for name in _PROFILE if name in effective), default=None)
    for name in (*_KEYS, *_PROFILE):
        other, own = (profile, keys) if name in _KEYS else (keys, None)
        if name in effective and ((other is not None and other < effective[name][0]) or (own is not None and own < effective[name][0])):
            del effective[name]
