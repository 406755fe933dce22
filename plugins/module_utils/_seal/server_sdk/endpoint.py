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
from urllib.parse import urlsplit

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import cannot_tell
from .releases import Sdk
from .session_files import SessionProfile

_LOGIN = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*\Z")
_NUMBERS = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+))*\Z")
_ADDRESS = re.compile(r"(?:(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?!\Z)|\Z)){4}\Z")
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
    """The endpoint as a URL without a login, which the SDK does not send, since it signs its requests: v1 puts https:// before one without a scheme.

    Raises :class:`SettingError` for one that v2 refuses.
    """
    if _SCHEME.match(endpoint.value) or sdk is Sdk.V1:
        url = endpoint.value if _SCHEME.match(endpoint.value) else f"https://{endpoint.value}"
        _check_parts(url, endpoint.source)
        return Sourced(without_login(url), endpoint.source)
    raise SettingError(
        f"The endpoint (from {endpoint.source}) has no scheme, and {sdk.value} does not put one before it.",
        reason="invalid_option", remedy="Begin it with https://.",
    )


def _check_parts(url: str, source: str) -> None:
    """Raise :class:`SettingError` for what Go and Python take for different requests."""
    rest = url.partition("://")[2]
    place, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    login, sign, address = place.rpartition("@")
    if sign and not _LOGIN.match(login):
        raise SettingError(
            f"The endpoint (from {source}) has a login that is not valid in a URL, and the server does not start.", reason="invalid_option",
            remedy="Remove the login: AWS authenticates requests by signatures only.",
        )
    try:
        _port = urlsplit(url).port
    except ValueError:
        raise SettingError(
            f"The endpoint (from {source}) is not a URL.", reason="invalid_option", remedy="Give it in the form https://HOST or https://HOST:PORT."
        ) from None
    host = address.partition(":")[0]
    if _NUMBERS.match(host) and not _ADDRESS.match(host):
        raise SettingError(
            f"The host of the endpoint (from {source}) is a number, which the server takes for a name.", reason="invalid_option",
            remedy="Write the address as four numbers from 0 to 255.",
        )
    if host.endswith("."):
        raise cannot_tell(f"the host of the endpoint (from {source}) ends with a dot.", "Take the dot off.")
    if slash and {".", ".."} & set(path.split("/")):
        raise cannot_tell(f"the path of the endpoint (from {source}) has a part . or .., which is signed in another way.", "Give a path without such parts.")


def without_login(url: str) -> str:
    """The same URL, with or without a scheme, without user name and password."""
    scheme, sign, rest = url.partition("://") if "://" in url else ("", "", url)
    end = min((place for place in map(rest.find, "/?#") if place >= 0), default=len(rest))
    return f"{scheme}{sign}{rest[:end].rpartition('@')[2]}{rest[end:]}"


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
