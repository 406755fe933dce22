# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore's own exceptions mean: why KMS could not be asked at all.

Exceptions are known by their classes' names, so that this file needs no botocore. Source: ``botocore.exceptions``. Their own words are
used where they help; those of the HTTP library, with addresses of objects and proxy passwords, never.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_WAY = "Check the endpoint's name and port, DNS, route and proxy."
_SLOW = "Check route, firewall, security group and VPC endpoint on the way to KMS, or raise the option timeout."
_SOURCE = "Check what the AWS configuration says where the credentials come from."
_NO_CREDENTIALS = (
    "Give access_key and secret_key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or run where an instance profile, "
    "a container role or a web identity gives them."
)
_TLS_REASON = re.compile(r"\[SSL:? ?[A-Z0-9_]*\] ([^(\n]+)|(certificate verify failed[^(\n]*)|(hostname [^\n]*)", re.IGNORECASE)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}[^'\")]*)")
_LONGEST = 300


class Failure(NamedTuple):
    """``what`` failed, as a sentence without its end; the reason in one word; what to do."""

    what: str
    reason: str
    remedy: str


def failure(error: Exception) -> Failure | None:
    """What an exception of botocore means; None where it is none."""
    facts: dict[str, Any] = getattr(error, "kwargs", {})
    for kind in type(error).__mro__:
        words = _WORDS.get(kind.__name__)
        if words:
            what, reason, remedy = words
            return Failure(_filled(what, facts, error), reason, remedy)
    return None


_WORDS = {
    "NoCredentialsError": ("No AWS credentials are found", "no_credentials", _NO_CREDENTIALS),
    "PartialCredentialsError": (
        "Half a pair of AWS credentials is set ({provider}: {cred_var} is missing)",
        "incomplete_credentials",
        "Set both halves of the credential pair, or neither.",
    ),
    "ProfileNotFound": (
        "The AWS profile {profile} is not found", "no_credentials", "Check the profile's name and the files it is looked for in.",
    ),
    "CredentialRetrievalError": ("The AWS credentials could not be fetched by {provider}{detail}", "no_credentials", _SOURCE),
    "MetadataRetrievalError": ("The AWS credentials could not be fetched{detail}", "no_credentials", _SOURCE),
    "InvalidIMDSEndpointError": ("The metadata service's endpoint {endpoint} is no URL", "invalid_option", "Correct AWS_EC2_METADATA_SERVICE_ENDPOINT."),
    "UnauthorizedSSOTokenError": ("The AWS IAM Identity Center session has expired", "expired_credentials", "Log in again (aws sso login)."),
    "SSOTokenLoadError": ("There is no AWS IAM Identity Center session", "no_credentials", "Log in (aws sso login)."),
    "TokenRetrievalError": ("The AWS token could not be fetched by {provider}", "no_credentials", _SOURCE),
    "InvalidConfigError": ("The AWS configuration is not valid{detail}", "no_credentials", _SOURCE),
    "ConfigParseError": ("The AWS configuration file {path} cannot be read", "no_credentials", "Correct the file."),
    "ConfigNotFound": ("The AWS configuration file {path} is not found", "no_credentials", "Check the path."),
    "InfiniteLoopConfigError": ("The AWS profile {source_profile} refers to itself", "no_credentials", _SOURCE),
    "UnknownCredentialError": ("The AWS configuration names an unknown source of credentials, {name}", "no_credentials", _SOURCE),
    "InvalidProxiesConfigError": ("The proxy settings are not valid", "invalid_option", "Correct the proxy's URL."),
    "SSLError": (
        "TLS with {endpoint_url} failed: {tls}", "tls_failed", "Check ca_bundle, the proxy, and that the endpoint speaks TLS under this name.",
    ),
    "ProxyConnectionError": (
        "The proxy {proxy_url} cannot be reached or does not let the request pass{tunnel}",
        "unreachable",
        "Check the proxy's address, login and rules.",
    ),
    "ConnectTimeoutError": ("{endpoint_url} takes no connection in time", "timed_out", _SLOW),
    "ReadTimeoutError": ("{endpoint_url} does not answer in time", "timed_out", _SLOW),
    "ConnectionClosedError": ("{endpoint_url} closed the connection without an answer", "unreachable", _WAY),
    "EndpointConnectionError": ("{endpoint_url} cannot be reached: {connection}", "unreachable", _WAY),
    "IncompleteReadError": ("The answer broke off", "unreachable", _WAY),
    "HTTPClientError": ("The connection to KMS failed{detail}", "unreachable", _WAY),
    "InvalidRegionError": ("{region_name!r} is no name of an AWS region", "no_region", "Check the region's name."),
    "NoRegionError": ("No AWS region is known", "no_region", "Give region, or set AWS_REGION."),
    "UnknownEndpointError": ("AWS KMS has no endpoint there", "no_region", "Check the region's name."),
    "EndpointProviderError": ("AWS KMS has no endpoint there{detail}", "no_region", "Check the region's name."),
    "ParamValidationError": ("The request is not valid{detail}", "invalid_request", "Check the options against the message."),
    "ResponseParserError": ("What answers there is not AWS KMS", "wrong_endpoint", "Check the endpoint, and the proxy."),
    "BotoCoreError": ("The AWS SDK failed{detail}", "aws_error", "See the message."),
}


def _filled(what: str, facts: dict[str, Any], error: Exception) -> str:
    cause = str(facts.get("error", ""))
    shown = {
        "detail": f": {_short(str(error))}",
        "tls": _first(_TLS_REASON, str(error)) or "the endpoint does not speak it",
        "tunnel": f" ({_first(_TUNNEL, cause).strip()})" if _TUNNEL.search(cause) else "",
        "connection": _connection(cause),
        "proxy_url": _without_login(str(facts.get("proxy_url", ""))),
    }
    if facts.get("provider") == "custom-process":
        shown["detail"] = ""  # what a credential process prints may be a secret
    return what.format_map(_Known({**facts, **shown}))


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "unknown"


def _connection(cause: str) -> str:
    if "refused" in cause:
        return "the connection is refused"
    if any(words in cause for words in ("resolve", "Name or service not known", "nodename", "getaddrinfo")):
        return "its name cannot be resolved"
    if "unreachable" in cause or "No route" in cause:
        return "there is no route to it"
    return "the connection fails"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.hostname else "that is set"


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next((group.strip() for group in found.groups() if group), "") if found else ""


def _short(text: str) -> str:
    text = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>:? ?", "", " ".join(text.split()))
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...").rstrip(". ")
