# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint of the server's SDK: a configured one, or the default of the region.

Source: the behaviour of ``aws/session``, ``aws/endpoints`` and their model of regions in aws/aws-sdk-go v1.55.6; "Service-specific endpoints" of the AWS
SDKs and Tools Reference Guide for aws-sdk-go-v2. v1 knows none of AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_KMS and endpoint_url.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import cannot_tell
from .releases import Sdk
from .session_files import SessionProfile

_SCHEME = re.compile(r"[^:]+://")
_VALID_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")


class _Partition(NamedTuple):
    """A region of aws-sdk-go v1; an empty ``dual_stack`` means that it has none."""

    regions: str
    suffix: str
    dual_stack: str


# In the SDK's order. Unknown regions belong to the first one.
_PARTITIONS_OF_V1 = (
    _Partition(r"(us|eu|ap|sa|ca|me|af|il)-\w+-\d+\Z", "amazonaws.com", "api.aws"),
    _Partition(r"cn-\w+-\d+\Z", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    _Partition(r"us-gov-\w+-\d+\Z", "amazonaws.com", "api.aws"),
    _Partition(r"us-iso-\w+-\d+\Z", "c2s.ic.gov", ""),
    _Partition(r"us-isob-\w+-\d+\Z", "sc2s.sgov.gov", ""),
    _Partition(r"eu-isoe-\w+-\d+\Z", "cloud.adc-e.uk", ""),
    _Partition(r"us-isof-\w+-\d+\Z", "csp.hci.ic.gov", ""),
)


def configured_endpoint(inputs: ServerInputs) -> Sourced | None:
    """The endpoint that is configured, as it is written; None leaves it to the region. Raises :class:`SettingError`."""
    own = inputs.settings.get("endpoint")
    if inputs.sdk is Sdk.V1:
        return own
    ignored = inputs.text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").lower() == "true"
    others = None if ignored else inputs.variable("AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL")
    if own and others:
        raise cannot_tell(
            f"{inputs.sdk.value} is given the endpoint by {own.source} and by {others.source}.", "Set the endpoint in one place only."
        )
    return own or others


def url_of(endpoint: Sourced, sdk: Sdk) -> Sourced:
    """The endpoint as a URL: v1 puts https:// before one without a scheme. Raises :class:`SettingError` for one that v2 refuses."""
    if _SCHEME.match(endpoint.value):
        return endpoint
    if sdk is Sdk.V1:
        return Sourced(f"https://{endpoint.value}", endpoint.source)
    raise SettingError(
        f"The endpoint (from {endpoint.source}) has no scheme, and {sdk.value} does not put one before it.",
        reason="invalid_option", remedy="Begin it with https://.",
    )


def default_endpoint(inputs: ServerInputs, region: str, profile: SessionProfile) -> Sourced | None:
    """The region's own endpoint; None leaves it to the SDK that asks. Raises :class:`SettingError`."""
    if inputs.sdk is Sdk.V2:
        return None  # its data has all partitions, as botocore's has
    if not _VALID_REGION.match(region):
        raise SettingError(f"{region!r} is not the name of an AWS region.", reason="invalid_option", remedy="Give a name such as us-east-1.")
    partition = next((each for each in _PARTITIONS_OF_V1 if re.match(each.regions, region)), _PARTITIONS_OF_V1[0])
    fips, dual_stack = _enabled(inputs, profile, "FIPS"), _enabled(inputs, profile, "DUALSTACK")
    if dual_stack and not partition.dual_stack:
        raise SettingError(
            f"A dual-stack endpoint is asked for, and region {region} has none.", reason="no_region", remedy="Unset AWS_USE_DUALSTACK_ENDPOINT."
        )
    host = f"kms{'-fips' if fips else ''}.{region}.{partition.dual_stack if dual_stack else partition.suffix}"
    return Sourced(f"https://{host}", inputs.sdk.value)


def _enabled(inputs: ServerInputs, profile: SessionProfile, what: str) -> bool:
    variable = inputs.text(f"AWS_USE_{what}_ENDPOINT")
    return (variable or profile.value(f"use_{what.lower()}_endpoint")).lower().startswith("true")
