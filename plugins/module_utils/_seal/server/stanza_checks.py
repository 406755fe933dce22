# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of one seal stanza: unknown and overridden settings, credentials, the key and its region, the endpoint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from urllib.parse import urlsplit

from ..errors import SettingError
from ..key_reference import KeyReference, is_region_name
from ..partitions import partition_of_endpoint
from ..server_sdk.releases import Sdk
from .products import CREDENTIALS, SECRETS, VAULT, Product
from .seal_settings import EffectiveSettings, Seal, Setting

ERROR, WARNING = "error", "warning"
_TEMPLATE = re.compile(r"\{\{|\{%|<%|[$#]\{")
"""What another template engine should have replaced. HCL 1 replaces nothing in a text, not even ``${NAME}``."""
_MOST_UNKNOWN = 20
_ZONE = re.compile(r"(?P<region>[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2})(?:[a-z]|-[a-z0-9-]+)")
_ACCESS_KEY = re.compile(r"[A-Za-z0-9_]+")
_ENDPOINT = re.compile(
    r"(?:vpce-[a-z0-9-]+\.)?kms(?:-fips)?\.(?P<region>[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2})\.(?:vpce\.)?(?P<domain>[a-z0-9.-]+)\Z"
)


@dataclass(frozen=True)
class SettingProblem:
    """One finding. An ``error``: the server does not start or does not use the settings; a ``warning``: an unexpected effect."""

    level: str
    reason: str
    setting: str
    msg: str
    remedy: str

    @property
    def blocks(self) -> bool:
        """Whether it stops what will be proven by a server anyway: what cannot be told here, the server tells, and a folder may be made until then."""
        return self.level == ERROR and self.reason not in ("cannot_tell", "missing_plugin_directory")

    def as_result(self) -> dict[str, str]:
        return asdict(self)


def stanza_problems(effective: EffectiveSettings, seal: Seal) -> Iterator[SettingProblem]:
    yield from _unknown(effective.product, seal)
    yield from _overrides(effective, seal)
    yield from _blanks(seal)
    yield from _templates(seal)
    yield from _credentials(effective, seal)
    yield from _key_and_region(effective, seal)


def _unknown(product: Product, seal: Seal) -> Iterator[SettingProblem]:
    known = [*product.settings(), "disabled"]
    for name in islice((name for name in seal.stanza.settings if not product.known(name)), _MOST_UNKNOWN):
        stranger = product.stranger(name)
        if stranger:
            yield SettingProblem(
                WARNING, "other_product", name,
                f"{product} does not know the setting {name} ({seal.stanza.source}) and drops it silently; {stranger} knows it.",
                "Remove it.",
            )
            continue
        near = difflib.get_close_matches(name, known, 1, 0.5)
        yield SettingProblem(
            ERROR, "unknown_setting", name,
            f"{product} does not know the setting {name} ({seal.stanza.source}) and drops it silently.",
            f"Did you mean {near[0]}?" if near else "Remove it.",
        )


def _overrides(effective: EffectiveSettings, seal: Seal) -> Iterator[SettingProblem]:
    """Variables that win over the stanza, and those that disagree among themselves."""
    for name in effective.product.settings():
        origin = effective.product.origin(name)
        variables = [effective.environment[each] for each in (*origin.before, *origin.after) if each in effective.environment]
        variables = [variable for variable in variables if variable.value]
        names = [each for each in (*origin.before, *origin.after) if each in effective.environment and effective.environment[each].value]
        if len({variable.value for variable in variables}) > 1:
            undefined = effective.product.undefined_order(name)
            yield SettingProblem(
                ERROR if undefined else WARNING, "conflicting_variables", name,
                f"{' and '.join(names)} differ; " + ("which of them counts is not defined." if undefined else "the first counts."),
                "Set one of them, or both alike.",
            )
        inside = seal.stanza.settings.get(name, "")
        setting = seal.settings.get(name)
        if inside and setting and setting.value != inside and _place(setting) != "stanza":
            yield SettingProblem(
                WARNING, "overridden_setting", name,
                f"The {name} of the stanza ({seal.stanza.source}) is not used: {setting.source} wins.",
                "Remove the variable, or the setting.",
            )


def _blanks(seal: Seal) -> Iterator[SettingProblem]:
    for name, setting in seal.settings.items():
        if name == "session_token" and setting.value != setting.value.strip(" \t") and setting.value.strip(" \t").isprintable():
            yield SettingProblem(
                WARNING, "surrounding_blanks", name, f"The {name} (from {setting.source}) has blanks around it, or nothing else, which are not sent to AWS.",
                "Write it without them, or remove it.",
            )
        elif setting.value != setting.value.strip():
            what = "a line break at its end" if setting.value.endswith(("\n", "\r")) else "blanks around it"
            yield SettingProblem(
                ERROR, "surrounding_blanks", name, f"The {name} (from {setting.source}) has {what}, which the server does not take off.",
                "Write it without, such as by printf %s VALUE > FILE.",
            )


def _templates(seal: Seal) -> Iterator[SettingProblem]:
    """Expressions that should have been replaced before the server reads them."""
    for name, setting in seal.settings.items():
        if _TEMPLATE.search(setting.value):
            yield SettingProblem(
                ERROR, "template_expression", name,
                f"The {name} (from {setting.source}) holds an expression of a template, such as {{{{ ... }}}} or ${{...}}, which the server takes as it is.",
                "Deploy the file that the template makes, or write env://NAME where the server is to read a variable.",
            )
        elif name == "access_key" and setting.value and not setting.failure and not _ACCESS_KEY.fullmatch(setting.value.strip()):
            yield SettingProblem(
                ERROR, "invalid_credentials", name, f"The access_key (from {setting.source}) does not have the form of an access key ID.",
                "An access key ID has letters and digits only, such as AKIAIOSFODNN7EXAMPLE.",
            )


def _credentials(effective: EffectiveSettings, seal: Seal) -> Iterator[SettingProblem]:
    settings = {name: seal.settings.get(name) for name in CREDENTIALS}
    for name, setting in settings.items():
        if setting is None:
            continue
        if setting.failure == "unset_variable":
            yield SettingProblem(
                ERROR, "unset_variable", name, f"The {name} is taken from {setting.source}, and that variable is not set.",
                "Set the variable in the service's environment. The server does not start without it.",
            )
        elif setting.failure == "file_error":
            yield SettingProblem(
                ERROR, "file_error", name, f"The {name} is taken from {setting.source}, which cannot be read.",
                "Check the path and its permissions.",
            )
    # OpenBao leaves the variables to the SDK, which ignores half a pair.
    of_server = {name: setting for name, setting in settings.items() if setting and (effective.product.name == VAULT or setting.in_stanza)}
    given = [name for name in ("access_key", "secret_key") if name in of_server]
    if len(given) == 1:
        only = settings[given[0]]
        missing = "secret_key" if given[0] == "access_key" else "access_key"
        yield SettingProblem(
            ERROR, "incomplete_credentials", missing, f"The {given[0]} (from {_source(only)}) is set without {missing}.",
            "Set both, or neither.",
        )
    elif len(given) == 2 and effective.product.name == VAULT:
        sources = {_place(settings[name]) for name in ("access_key", "secret_key")}
        if len(sources) > 1:
            yield SettingProblem(
                ERROR, "incomplete_credentials", "secret_key",
                f"The access_key comes from {_source(settings['access_key'])}, but the secret_key from {_source(settings['secret_key'])}.",
                "Take both from the same place.",
            )
    if not given and ("session_token" in of_server or seal.stanza.settings.get("session_token")):
        # OpenBao starts, and searches for credentials elsewhere.
        yield SettingProblem(
            ERROR if effective.product.name == VAULT else WARNING, "incomplete_credentials", "session_token",
            "The session_token is set without access_key and secret_key.",
            "Set all three, or leave it out.",
        )
    for name in SECRETS:
        value = seal.stanza.settings.get(name, "")
        if value and not value.lower().startswith(("env://", "file://")):
            yield SettingProblem(
                WARNING, "secret_in_stanza", name, f"The {name} stands in the configuration file ({seal.stanza.source}).",
                "Prefer an instance profile, a web identity, or an environment file that only root may read.",
            )


def _key_and_region(effective: EffectiveSettings, seal: Seal) -> Iterator[SettingProblem]:
    key, region, endpoint = (seal.settings.get(name) for name in ("kms_key_id", "region", "endpoint"))
    if key is None:
        yield SettingProblem(
            ERROR, "no_key", "kms_key_id", f"No KMS key is named ({seal.stanza.source}).",
            "Set kms_key_id, or VAULT_AWSKMS_SEAL_KEY_ID in the service's environment.",
        )
        return
    try:
        reference = KeyReference.parse(key.value)
    except SettingError as error:
        yield SettingProblem(ERROR, error.reason, "kms_key_id", f"The key from {key.source} is malformed: {error.message}", error.remedy)
        return
    zone = _ZONE.fullmatch(region.value) if region else None
    if region and zone:
        yield SettingProblem(
            ERROR, "invalid_option", "region", f"The region (from {region.source}) is an availability zone, {region.value}.",
            f"Give the zone's region, {zone.group('region')}.",
        )
    elif reference.is_arn and region and region.value and reference.region != region.value:
        replica = f", or name the replica of region {region.value} by its own ARN" if reference.is_multi_region else ""
        yield SettingProblem(
            ERROR, "region_mismatch", "region",
            f"The key is in region {reference.region}, but the region in effect is {region.value} (from {region.source}).",
            f"Set the region to {reference.region}{replica}.",
        )
    elif region and region.value and not is_region_name(region.value) and not _TEMPLATE.search(region.value):
        yield SettingProblem(
            ERROR, "invalid_option", "region", f"What {region.source} says is not the name of an AWS region.", "Give a name such as us-east-1."
        )
    elif (region is None or not region.value) and not (region and region.failure):
        yield SettingProblem(
            WARNING, "no_region", "region", "No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing.",
            f"Set the region{' to ' + reference.region if reference.is_arn else ''}.",
        )
    if endpoint:
        yield from _endpoint(endpoint, region, reference, effective.sdk_inputs(seal).sdk)


def _endpoint(endpoint: Setting, region: Setting | None, reference: KeyReference, sdk: Sdk) -> Iterator[SettingProblem]:
    has_scheme = "://" in endpoint.value
    try:
        parts = urlsplit(endpoint.value if has_scheme else f"https://{endpoint.value}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        yield SettingProblem(
            ERROR, "invalid_option", "endpoint", f"The endpoint (from {endpoint.source}) is not a URL of the form https://HOST or https://HOST:PORT.",
            "Give the scheme (https, or http for a test) and the host.",
        )
        return
    if parts.username is not None:
        yield SettingProblem(
            WARNING, "ignored_login", "endpoint",
            f"The endpoint (from {endpoint.source}) has a user name or password, which the server does not send to AWS KMS, and shows when it starts.",
            "Remove them: AWS authenticates requests by signatures only.",
        )
    if not has_scheme and sdk is Sdk.V1:
        yield SettingProblem(
            WARNING, "invalid_option", "endpoint",
            f"The endpoint (from {endpoint.source}) has no scheme; {sdk.value} puts https:// before it, and later SDKs refuse it.", "Begin it with https://.",
        )
    host = _ENDPOINT.match(parts.hostname or "")
    if not host:
        return  # a private name or a proxy: it cannot be checked
    if region and region.value and host.group("region") != region.value:
        yield SettingProblem(
            ERROR, "region_mismatch", "endpoint",
            f"The endpoint (from {endpoint.source}) is one of region {host.group('region')}, but region {region.value} is in force "
            f"(from {region.source}).",
            "Let both name the same region.",
        )
    partition = partition_of_endpoint(host.group("region"), host.group("domain"))
    if partition and reference.is_arn and reference.partition != partition:
        yield SettingProblem(
            ERROR, "partition_mismatch", "endpoint",
            f"The endpoint (from {endpoint.source}) is one of partition {partition}, but the key's ARN of {reference.partition}.",
            "Let both name the same partition.",
        )


def _source(setting: Setting | None) -> str:
    return setting.source if setting else ""


def _place(setting: Setting | None) -> str:
    """The kind of place that a setting comes from."""
    return "stanza" if setting and setting.in_stanza else "environment"
