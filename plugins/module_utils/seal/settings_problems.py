# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the settings of a seal, or will surprise: in words, before a server is started with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from .arn import KeyReference
from .connection import is_region_name
from .errors import SettingError
from .products import CREDENTIALS, OPENBAO, SECRETS, VAULT, Product
from .server_config import truth
from .settings import AWSKMS, InForce, Seal, Setting

ERROR, WARNING = "error", "warning"
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_ENDPOINT = re.compile(
    r"(?:vpce-[a-z0-9-]+\.)?kms(?:-fips)?\.(?P<region>[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2})\.(?:vpce\.)?(?P<domain>[a-z0-9.-]+)\Z"
)
_PARTITIONS = {"amazonaws.com.cn": "aws-cn", "c2s.ic.gov": "aws-iso", "sc2s.sgov.gov": "aws-iso-b"}
_KNOWN_TYPES = ("alicloudkms", "awskms", "azurekeyvault", "gcpckms", "kmip", "ocikms", "pkcs11", "shamir", "static", "transit")


@dataclass(frozen=True)
class Problem:
    """One finding. An ``error`` keeps the server from starting or from doing what is said; a ``warning`` only surprises."""

    level: str
    reason: str
    setting: str
    msg: str
    remedy: str

    def as_result(self) -> dict[str, str]:
        return asdict(self)


def problems(found: InForce) -> list[Problem]:
    """All that is wrong, errors first."""
    said = list(dict.fromkeys([*_seals(found), *_plugins(found), *_variables(found)]))
    for seal in found.seals:
        if seal.type == AWSKMS:
            said += [problem for problem in _of_one_seal(found, seal) if problem not in said]
    return sorted(said, key=lambda problem: problem.level != ERROR)


def _seals(found: InForce) -> Iterator[Problem]:
    """How many seals there are, and of which types."""
    variable = found.type_variable
    stanzas = found.config.stanzas
    if variable:
        for stanza in stanzas:
            if not stanza.disabled and stanza.type != variable.value:
                yield Problem(
                    ERROR, "stray_seal_type", "type",
                    f"{variable.value!r} (from {variable.source}) overrides the type {stanza.type!r} of the stanza ({stanza.source}).",
                    "Remove the variable, or the stanza.",
                )
    enabled = [seal for seal in found.seals if seal.enabled]
    for seal in found.seals:
        if seal.type not in _KNOWN_TYPES:
            near = difflib.get_close_matches(seal.type, _KNOWN_TYPES, 1)
            yield Problem(
                ERROR, "unknown_seal_type", "type", f"{found.product} knows no seal {seal.type!r} ({seal.stanza.source}).",
                f"Did you mean {near[0]!r}?" if near else "Name the seal awskms.",
            )
    if len(stanzas) > 1 and not enabled:
        yield Problem(
            ERROR, "no_seal_enabled", "disabled", f"All {len(stanzas)} seals are disabled.",
            "Enable the seal that is to be used from now on; disabled is for the one that is left.",
        )
    if len(enabled) > 1:
        yield from _several(found, enabled)
    disabled = [seal for seal in found.seals if not seal.enabled]
    if any(seal.type == AWSKMS for seal in enabled) and any(seal.type == AWSKMS for seal in disabled):
        yield Problem(
            ERROR, "awskms_to_awskms", "disabled",
            f"A change from one awskms seal to another is supported by neither product ({disabled[0].stanza.source}).",
            "Keep one stanza, and let its alias lead to the new key; or change to shamir first, and then to awskms with the new key.",
        )


def _several(found: InForce, enabled: list[Seal]) -> Iterator[Problem]:
    places = ", ".join(seal.stanza.source for seal in enabled)
    multi = found.config.values.get("enable_multiseal")
    if found.product.name == OPENBAO:
        yield Problem(
            ERROR, "several_seals", "disabled", f"{len(enabled)} seals are enabled where OpenBao takes one ({places}).",
            "Disable the one that is left, or remove it.",
        )
        return
    if not multi or not truth(multi[0]):
        yield Problem(
            ERROR, "several_seals", "enable_multiseal", f"{len(enabled)} seals are enabled without enable_multiseal ({places}).",
            "Set enable_multiseal = true (Vault Enterprise 1.16 and later), or disable all but one.",
        )
    if len(enabled) > 3:
        yield Problem(ERROR, "several_seals", "name", f"{len(enabled)} seals are enabled, and 3 are the most ({places}).", "Remove some.")
    for key in ("name", "priority"):
        said = [seal.stanza.settings.get(key, "") for seal in enabled]
        if len(set(said)) < len(said) or "" in said:
            yield Problem(
                ERROR, "several_seals", key, f"Of several seals each needs a {key} of its own ({places}).",
                f"Give each stanza another {key}.",
            )


def _plugins(found: InForce) -> Iterator[Problem]:
    if found.product.name != OPENBAO or not any(seal.type == AWSKMS for seal in found.seals):
        return
    own = [plugin for plugin in found.config.plugins if plugin.type == "kms"]
    ours = [plugin for plugin in own if plugin.name == AWSKMS]
    if own and not found.product.takes_plugin:
        yield Problem(
            ERROR, "unknown_setting", "plugin", f"{found.product} takes no plugin of type kms ({own[0].source}).",
            "Remove the stanza, or use OpenBao 2.6 or later.",
        )
        return
    if found.product.needs_plugin and not ours:
        others = f"; that of {own[0].source} has the name {own[0].name!r}" if own else ""
        yield Problem(
            ERROR, "missing_plugin", "plugin", f"{found.product} has no awskms seal built in, and no plugin brings it{others}.",
            'Add a stanza plugin "kms" "awskms" with command and sha256sum, and set plugin_directory.',
        )
    for plugin in ours:
        for what, wrong in (
            ("plugin_directory", "plugin_directory" not in found.config.values),
            ("sha256sum", not re.match(r"[0-9A-Fa-f]{64}\Z", str(plugin.settings.get("sha256sum", "")))),
            ("command", bool(plugin.settings.get("command")) == bool(plugin.settings.get("image"))),
            ("binary_name", bool(plugin.settings.get("image")) and not plugin.settings.get("binary_name")),
            ("version", bool(plugin.settings.get("image")) and not plugin.settings.get("version")),
        ):
            if wrong:
                yield Problem(ERROR, "missing_plugin", what, f"The plugin of {plugin.source} is not complete: {_PLUGIN[what]}", _PLUGIN_REMEDY)


_PLUGIN = {
    "plugin_directory": "plugin_directory is not set.",
    "sha256sum": "sha256sum is not the 64 hexadecimal digits of the file's checksum.",
    "command": "it needs either a command or an image.",
    "binary_name": "an image needs a binary_name.",
    "version": "an image needs a version.",
}
_PLUGIN_REMEDY = "Complete the stanza as OpenBao's documentation of plugins has it."


def _variables(found: InForce) -> Iterator[Problem]:
    """Variables that belong to the other product, or to no seal."""
    stray = [name for name in ("BAO_SEAL_TYPE",) if found.product.name == VAULT]
    for name in stray:
        if name in found.environment:
            yield Problem(
                WARNING, "other_product", name, f"{name} (from {found.environment[name].source}) is not read by Vault.", "Use VAULT_SEAL_TYPE."
            )
    values = {name: found.environment[name] for name in ("BAO_SEAL_TYPE", "VAULT_SEAL_TYPE") if name in found.environment}
    if found.product.name == OPENBAO and len({value.value for value in values.values()}) > 1:
        yield Problem(
            ERROR, "conflicting_variables", "type",
            "BAO_SEAL_TYPE and VAULT_SEAL_TYPE differ; the first counts.", "Remove one of them.",
        )


def _of_one_seal(found: InForce, seal: Seal) -> Iterator[Problem]:
    yield from _unknown(found.product, seal)
    yield from _overrides(found, seal)
    yield from _blanks(seal)
    yield from _credentials(found, seal)
    yield from _key_and_region(seal)


def _unknown(product: Product, seal: Seal) -> Iterator[Problem]:
    known = [*product.settings(), "disabled"]
    for name in seal.stanza.settings:
        if product.known(name):
            continue
        stranger = product.stranger(name)
        if stranger:
            yield Problem(
                WARNING, "other_product", name,
                f"{product} does not know the setting {name} ({seal.stanza.source}) and drops it silently; {stranger} knows it.",
                "Remove it.",
            )
            continue
        near = difflib.get_close_matches(name, known, 1, 0.5)
        yield Problem(
            ERROR, "unknown_setting", name,
            f"{product} does not know the setting {name} ({seal.stanza.source}) and drops it silently.",
            f"Did you mean {near[0]}?" if near else "Remove it.",
        )
    name = seal.stanza.settings.get("name", "")
    if product.name == VAULT and name and not _NAME.match(name):
        yield Problem(
            ERROR, "invalid_option", "name", f"{name!r} ({seal.stanza.source}) cannot be the name of a seal.",
            "Use letters, digits, _ and - only.",
        )


def _overrides(found: InForce, seal: Seal) -> Iterator[Problem]:
    """Variables that win over the stanza, and those that disagree among themselves."""
    for name in found.product.settings():
        origin = found.product.origin(name)
        variables = [found.environment[each] for each in (*origin.before, *origin.after) if each in found.environment]
        variables = [variable for variable in variables if variable.value]
        names = [each for each in (*origin.before, *origin.after) if each in found.environment and found.environment[each].value]
        if len({variable.value for variable in variables}) > 1:
            undefined = found.product.undefined_order(name)
            yield Problem(
                ERROR if undefined else WARNING, "conflicting_variables", name,
                f"{' and '.join(names)} differ; " + ("which of them counts is not defined." if undefined else "the first counts."),
                "Set one of them, or both alike.",
            )
        inside = seal.stanza.settings.get(name, "")
        setting = seal.settings.get(name)
        if inside and setting and setting.value != inside and _place(setting) != "stanza":
            yield Problem(
                WARNING, "overridden_setting", name,
                f"The {name} of the stanza ({seal.stanza.source}) is not used: {setting.source} wins.",
                "Remove the variable, or the setting.",
            )


def _blanks(seal: Seal) -> Iterator[Problem]:
    for name, setting in seal.settings.items():
        if setting.value != setting.value.strip():
            what = "a line break at its end" if setting.value.endswith(("\n", "\r")) else "blanks around it"
            yield Problem(
                ERROR, "surrounding_blanks", name, f"The {name} (from {setting.source}) has {what}, which the server does not take off.",
                "Write it without, such as by printf %s VALUE > FILE.",
            )


def _credentials(found: InForce, seal: Seal) -> Iterator[Problem]:
    settings = {name: seal.settings.get(name) for name in CREDENTIALS}
    for name, setting in settings.items():
        if setting is None:
            continue
        if setting.failure == "unset_variable":
            yield Problem(
                ERROR, "unset_variable", name, f"The {name} is taken from {setting.source}, and that variable is not set.",
                "Set the variable in the service's environment. The server does not start without it.",
            )
        elif setting.failure == "file_error":
            yield Problem(
                ERROR, "file_error", name, f"The {name} is taken from {setting.source}, which cannot be read.",
                "Check the path and its permissions.",
            )
    given = [name for name in ("access_key", "secret_key") if settings[name]]
    if len(given) == 1:
        only = settings[given[0]]
        missing = "secret_key" if given[0] == "access_key" else "access_key"
        yield Problem(
            ERROR, "incomplete_credentials", missing, f"The {given[0]} (from {_source(only)}) is set without {missing}.",
            "Set both, or neither.",
        )
    elif len(given) == 2 and found.product.name == VAULT:
        sources = {_place(settings[name]) for name in ("access_key", "secret_key")}
        if len(sources) > 1:
            yield Problem(
                ERROR, "incomplete_credentials", "secret_key",
                f"The access_key comes from {_source(settings['access_key'])}, but the secret_key from {_source(settings['secret_key'])}.",
                "Take both from the same place.",
            )
    if not given and (settings["session_token"] or seal.stanza.settings.get("session_token")):
        yield Problem(
            ERROR, "incomplete_credentials", "session_token", "The session_token is set without access_key and secret_key.",
            "Set all three, or leave it out.",
        )
    for name in SECRETS:
        value = seal.stanza.settings.get(name, "")
        if value and not value.lower().startswith(("env://", "file://")):
            yield Problem(
                WARNING, "secret_in_stanza", name, f"The {name} stands in the configuration file ({seal.stanza.source}).",
                "Prefer an instance profile, a web identity, or an environment file that only root may read.",
            )


def _key_and_region(seal: Seal) -> Iterator[Problem]:
    key, region, endpoint = (seal.settings.get(name) for name in ("kms_key_id", "region", "endpoint"))
    if key is None:
        yield Problem(
            ERROR, "no_key", "kms_key_id", f"No KMS key is named ({seal.stanza.source}).",
            "Set kms_key_id, or VAULT_AWSKMS_SEAL_KEY_ID in the service's environment.",
        )
        return
    try:
        reference = KeyReference.parse(key.value)
    except SettingError as error:
        yield Problem(ERROR, error.reason, "kms_key_id", f"The key from {key.source} is malformed: {error.message}", error.remedy)
        return
    if reference.is_arn and region and region.value and reference.region != region.value:
        level = WARNING if reference.is_multi_region else ERROR
        yield Problem(
            level, "region_mismatch", "region",
            f"The key lies in region {reference.region}, but region {region.value} is in force (from {region.source})."
            + (" Its replica there will be used." if reference.is_multi_region else ""),
            f"Set the region to {reference.region}.",
        )
    elif region and region.value and not is_region_name(region.value):
        yield Problem(
            ERROR, "invalid_option", "region", f"What {region.source} says is not the name of an AWS region.", "Give a name such as us-east-1."
        )
    elif region is None or not region.value:
        yield Problem(
            WARNING, "no_region", "region", "No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing.",
            f"Set the region{' to ' + reference.region if reference.is_arn else ''}.",
        )
    if endpoint:
        yield from _endpoint(endpoint, region, reference)


def _endpoint(endpoint: Setting, region: Setting | None, reference: KeyReference) -> Iterator[Problem]:
    parts = urlsplit(endpoint.value if "//" in endpoint.value else f"//{endpoint.value}")
    if parts.scheme not in ("http", "https"):
        yield Problem(
            ERROR, "invalid_option", "endpoint", f"The endpoint (from {endpoint.source}) has no scheme.", "Begin it with https://."
        )
    host = _ENDPOINT.match(parts.hostname or "")
    if not host:
        return  # a private name or a proxy: nothing can be told of it
    if region and region.value and host.group("region") != region.value:
        yield Problem(
            ERROR, "region_mismatch", "endpoint",
            f"The endpoint (from {endpoint.source}) is one of region {host.group('region')}, but region {region.value} is in force "
            f"(from {region.source}).",
            "Let both name the same region.",
        )
    partition = _PARTITIONS.get(host.group("domain"), "aws-us-gov" if host.group("region").startswith("us-gov-") else "aws")
    if reference.is_arn and reference.partition != partition:
        yield Problem(
            ERROR, "partition_mismatch", "endpoint",
            f"The endpoint (from {endpoint.source}) is one of partition {partition}, but the key's ARN of {reference.partition}.",
            "Let both name the same partition.",
        )


def _source(setting: Setting | None) -> str:
    return setting.source if setting else ""


def _place(setting: Setting | None) -> str:
    """The kind of place that a setting comes from."""
    return "stanza" if setting and (setting.source.startswith("stanza") or " in the stanza" in setting.source) else "environment"
