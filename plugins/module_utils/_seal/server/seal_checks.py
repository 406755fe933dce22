# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the settings of a seal for errors and unexpected effects before a server is started with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from .hcl_decode import truth
from .other_settings import nanoseconds
from .products import OPENBAO, VAULT
from .sdk_checks import sdk_problems
from .seal_blocks import DUPLICATE
from .seal_settings import AWSKMS, EffectiveSettings, Seal, has_plugin
from .stanza_checks import ERROR, WARNING, SettingProblem, stanza_problems

_SERVICES = ("alicloudkms", "azurekeyvault", "gcpckms", "kmip", "ocikms", "transit")
_LOCAL = ("pkcs11", "static")
_KNOWN_TYPES = ("alicloudkms", "awskms", "azurekeyvault", "gcpckms", "kmip", "ocikms", "pkcs11", "shamir", "static", "transit")


def seal_problems(effective: EffectiveSettings) -> list[SettingProblem]:
    """All that is wrong, errors first."""
    problems = dict.fromkeys([*_files(effective), *_core(effective), *_seals(effective), *_plugins(effective), *_variables(effective)])
    for seal in effective.seals:
        if seal.type == AWSKMS:
            problems.update(dict.fromkeys(stanza_problems(effective, seal)))
            if seal.enabled:
                problems.update(dict.fromkeys(sdk_problems(effective, seal, list(problems))))
    return sorted(problems, key=lambda problem: problem.level != ERROR)


def _files(effective: EffectiveSettings) -> Iterator[SettingProblem]:
    """Errors in the files, and content with unexpected effects."""
    for refusal in effective.config.refusals:
        if refusal.is_of(effective.product):
            spared = refusal.reason == DUPLICATE and _duplicates_pass(effective)
            yield SettingProblem(WARNING if spared else ERROR, refusal.reason, refusal.setting, refusal.msg, refusal.remedy)
        elif refusal.reason == DUPLICATE:
            yield SettingProblem(WARNING, refusal.reason, refusal.setting, refusal.msg, refusal.remedy)
    for place in effective.config.ignored:
        yield SettingProblem(
            WARNING, "ignored_text", "config", f"{place}: this is not JSON as the server reads it, which passes over it, or over what follows, without a word.",
            "Correct the file.",
        )
    for name, files in effective.config.undecided.items():
        yield SettingProblem(
            WARNING, "directory_order", name,
            f"{name} differs between {', '.join(files)}. The server reads the files of a folder in the order in which the file system lists them, "
            "so which of them counts is not defined.",
            "Write it in one file only.",
        )


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LEASE = 768 * 3600 * 10**9  # both by default


def _core(effective: EffectiveSettings) -> Iterator[SettingProblem]:
    """Settings with which the server does not start although it accepts each of them."""
    values = effective.config.values
    address, place = values.get("api_addr", ("", ""))
    variables = ("BAO_API_ADDR", "VAULT_API_ADDR") if effective.product.name == OPENBAO else ("VAULT_API_ADDR",)
    set_by_variable = any(name in effective.environment and effective.environment[name].value for name in variables)
    if isinstance(address, str) and address and "{{" not in address and not _SCHEME.match(address) and not set_by_variable:
        yield SettingProblem(
            ERROR, "invalid_option", "api_addr",
            f"api_addr ({place}) has no scheme, with which the server does not start.",
            "Begin it with https:// or http://.",
        )
    longest = nanoseconds(values.get("max_lease_ttl", ("", ""))[0]) or _LEASE
    default = nanoseconds(values.get("default_lease_ttl", ("", ""))[0]) or _LEASE
    if default > longest:
        yield SettingProblem(
            ERROR, "invalid_option", "default_lease_ttl",
            "default_lease_ttl is longer than max_lease_ttl (768 hours where one is not set), with which the server does not start.",
            "Raise max_lease_ttl, or lower default_lease_ttl.",
        )


def _duplicates_pass(effective: EffectiveSettings) -> bool:
    """Whether Vault accepts duplicate attributes, as releases before 2.0.4 do."""
    variable = effective.environment.get("VAULT_ALLOW_PENDING_REMOVAL_DUPLICATE_HCL_ATTRIBUTES")
    return effective.product.version < (2, 0, 4) and bool(variable) and truth(variable.value if variable else "") is True


def _seals(effective: EffectiveSettings) -> Iterator[SettingProblem]:
    """How many seals there are, and of which types."""
    variable = effective.type_variable
    stanzas = effective.config.stanzas
    if variable:
        for stanza in stanzas:
            if not stanza.disabled and stanza.type != variable.value:
                yield SettingProblem(
                    ERROR, "stray_seal_type", "type",
                    f"{variable.value!r} (from {variable.source}) overrides the type {stanza.type!r} of the stanza ({stanza.source}).",
                    "Remove the variable, or the stanza.",
                )
    enabled = [seal for seal in effective.seals if seal.enabled]
    for seal in effective.seals:
        if seal.type not in _KNOWN_TYPES and not (effective.product.takes_plugin and has_plugin(effective.config, seal.type)):
            near = difflib.get_close_matches(seal.type, _KNOWN_TYPES, 1)
            yield SettingProblem(
                ERROR, "unknown_seal_type", "type", f"{effective.product} knows no seal {seal.type!r} ({seal.stanza.source}).",
                f"Did you mean {near[0]!r}?" if near else "Name the seal awskms.",
            )
    if len(stanzas) > 1 and not enabled:
        yield SettingProblem(
            ERROR, "no_seal_enabled", "disabled", f"All {len(stanzas)} seals are disabled.",
            "Enable the seal that is to be used from now on; disabled is for the one that is left.",
        )
    if len(enabled) > 1:
        yield from _several(effective, enabled)
    disabled = [seal for seal in effective.seals if not seal.enabled]
    if any(seal.type == AWSKMS for seal in enabled) and any(seal.type == AWSKMS for seal in disabled):
        yield SettingProblem(
            ERROR, "awskms_to_awskms", "disabled",
            f"A change from one awskms seal to another is supported by neither product ({disabled[0].stanza.source}).",
            "Keep one stanza, and let its alias lead to the new key; or change to shamir first, and then to awskms with the new key.",
        )
    for seal in disabled:
        if seal.type in _LOCAL and any(other.type == AWSKMS for other in enabled):
            yield SettingProblem(
                WARNING, "unchecked_seal", "disabled",
                f"The server sets up its disabled {seal.type} seal too when it starts ({seal.stanza.source}), which is not checked here.",
                "Check that its key and settings are still there, or remove the stanza once the migration is complete.",
            )
        if seal.type in _SERVICES and any(other.type == AWSKMS for other in enabled):
            yield SettingProblem(
                WARNING, "unchecked_seal", "disabled",
                f"The server connects to its disabled {seal.type} seal too when it starts ({seal.stanza.source}), which is not checked here.",
                f"Check that the server can reach {seal.type}, or remove the stanza once the migration is complete.",
            )


def _several(effective: EffectiveSettings, enabled: list[Seal]) -> Iterator[SettingProblem]:
    places = ", ".join(seal.stanza.source for seal in enabled)
    multi = effective.config.values.get("enable_multiseal")
    if effective.product.name == OPENBAO:
        yield SettingProblem(
            ERROR, "several_seals", "disabled", f"{len(enabled)} seals are enabled where OpenBao takes one ({places}).",
            "Disable the one that is left, or remove it.",
        )
        return
    if not multi or not truth(multi[0]):
        yield SettingProblem(
            ERROR, "several_seals", "enable_multiseal", f"{len(enabled)} seals are enabled without enable_multiseal ({places}).",
            "Set enable_multiseal = true (Vault Enterprise 1.16 and later), or disable all but one.",
        )
    if len(enabled) > 3:
        yield SettingProblem(ERROR, "several_seals", "name", f"{len(enabled)} seals are enabled, and 3 are the most ({places}).", "Remove some.")
    for key in ("name", "priority"):
        values = [seal.stanza.settings.get(key, "") for seal in enabled]
        if len(set(values)) < len(values) or "" in values:
            yield SettingProblem(
                ERROR, "several_seals", key, f"Of several seals each needs a {key} of its own ({places}).",
                f"Give each stanza another {key}.",
            )


def _plugins(effective: EffectiveSettings) -> Iterator[SettingProblem]:
    own = [plugin for plugin in effective.config.plugins if plugin.type == "kms"]
    types = {seal.type for seal in effective.seals}
    ours = [plugin for plugin in own if plugin.name in types]
    if effective.product.name != OPENBAO or not (AWSKMS in types or ours):
        return
    if own and not effective.product.takes_plugin:
        yield SettingProblem(
            ERROR, "unknown_setting", "plugin", f"{effective.product} takes no plugin of type kms ({own[0].source}).",
            "Remove the stanza, or use OpenBao 2.6 or later.",
        )
        return
    if effective.product.needs_plugin and AWSKMS in types and not any(plugin.name == AWSKMS for plugin in own):
        others = f"; that of {own[0].source} has the name {own[0].name!r}" if own else ""
        yield SettingProblem(
            ERROR, "missing_plugin", "plugin", f"{effective.product} has no awskms seal built in, and no plugin brings it{others}.",
            'Add a stanza plugin "kms" "awskms" with command and sha256sum, and set plugin_directory.',
        )
    for plugin in ours:
        for what, wrong in (
            ("plugin_directory", "plugin_directory" not in effective.config.values),
            ("sha256sum", not re.match(r"[0-9A-Fa-f]{64}\Z", str(plugin.settings.get("sha256sum", "")))),
            ("command", bool(plugin.settings.get("command")) == bool(plugin.settings.get("image"))),
            ("binary_name", bool(plugin.settings.get("image")) and not plugin.settings.get("binary_name")),
            ("version", bool(plugin.settings.get("image")) and not plugin.settings.get("version")),
        ):
            if wrong:
                yield SettingProblem(ERROR, "missing_plugin", what, f"The plugin of {plugin.source} is not complete: {_PLUGIN[what]}", _PLUGIN_REMEDY)


_PLUGIN = {
    "plugin_directory": "plugin_directory is not set.",
    "sha256sum": "sha256sum is not the 64 hexadecimal digits of the file's checksum.",
    "command": "it needs either a command or an image.",
    "binary_name": "an image needs a binary_name.",
    "version": "an image needs a version.",
}
_PLUGIN_REMEDY = "Complete the stanza as OpenBao's documentation of plugins has it."


def _variables(effective: EffectiveSettings) -> Iterator[SettingProblem]:
    """Variables that belong to the other product, or to no seal."""
    stray = [name for name in ("BAO_SEAL_TYPE",) if effective.product.name == VAULT]
    for name in stray:
        if name in effective.environment:
            yield SettingProblem(
                WARNING, "other_product", name, f"{name} (from {effective.environment[name].source}) is not read by Vault.", "Use VAULT_SEAL_TYPE."
            )
    values = {name: effective.environment[name] for name in ("BAO_SEAL_TYPE", "VAULT_SEAL_TYPE") if name in effective.environment}
    if effective.product.name == OPENBAO and len({value.value for value in values.values()}) > 1:
        yield SettingProblem(
            ERROR, "conflicting_variables", "type",
            "BAO_SEAL_TYPE and VAULT_SEAL_TYPE differ; the first counts.", "Remove one of them.",
        )
