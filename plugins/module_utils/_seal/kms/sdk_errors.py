# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translates errors of the AWS SDK: responses of AWS, and why AWS could not be reached.

Exceptions are identified by their class names, so that this file does not import botocore. Source: ``botocore.exceptions``. Their texts
are used if they help; those of the HTTP library, with addresses of objects, headers and proxy passwords, are never shown.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import KmsError, SealError
from .denial import MAX_MESSAGE
from .error_codes import meaning

CREDENTIAL_SOURCES = {
    "env": "environment variable AWS_ACCESS_KEY_ID",
    "shared-credentials-file": "profile {profile} of the shared credentials file",
    "config-file": "profile {profile} of the AWS config file",
    "assume-role": "the role of profile {profile}",
    "assume-role-with-web-identity": "the web identity of profile {profile}",
    "container-role": "the container's credentials endpoint",
    "iam-role": "the instance profile",
    "custom-process": "the credential process of profile {profile}",
    "sso": "AWS IAM Identity Center by profile {profile}",
}
"""Descriptions of botocore's credential providers."""

_CONNECTION = "Check the endpoint's name and port, DNS, the route and the proxy."
_NO_NAME = "its name cannot be resolved"
_DNS = "Check the endpoint's name, the region and DNS; the name of a VPC endpoint can be resolved only in its VPC."
_SLOW = "Check the route, firewall, security group and VPC endpoint, or increase the option timeout."
_SOURCE = "Check the source of the credentials in the AWS configuration."
HALF_A_PAIR = "Set both, or neither."
NO_CREDENTIALS = (
    "Set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or use an instance profile, "
    "a container role or a web identity."
)
_TLS = "Check ca_bundle or AWS_CA_BUNDLE, the proxy, and that the endpoint supports TLS with this name."
_NOT_AWS = "Check the endpoint and the proxy."
_OTHER_SERVICE = "The response {where} does not come from {service}"
_UNREACHABLE = "{service} cannot be reached {where}: "
_TLS_REASON = re.compile(r"\[(?:SSL|X509):? ?[A-Z0-9_]*\] ([^(\n]+)|(certificate verify failed[^(\n]*)|(hostname [^\n]*)", re.IGNORECASE)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}[^'\")]*)")
# botocore nests its sentences; the inner one is what helps. An answer's body is left out: who knows what answers.
_OUTER = re.compile(r"^(?:Error (?:when )?retrieving [^:]*: |Received error when attempting to retrieve \w+ metadata: )+")
_BODY = re.compile(r"(non 200 response \(?\d{3}\)? from \w+ metadata): .*", re.DOTALL)
_LONGEST = 300
_LONGEST_CODE = 200


class Request(NamedTuple):
    """The request that failed: the service, the operation (``DescribeKey``), the location, the key and the profile."""

    service: str
    operation: str
    where: str
    key_id: str = ""
    profile: str = "default"


def to_error(error: Exception, asked: Request) -> SealError | None:
    """Any error of the AWS SDK or of the network as :class:`SealError`; None for other errors."""
    if isinstance(error, SealError):
        return error
    answer = getattr(error, "response", None)
    if _is_a(error, "ClientError") and answer is not None:
        return _refusal(answer.get("Error", {}), getattr(error, "operation_name", asked.operation), asked)
    for kind in type(error).__mro__:
        template = _TEMPLATES.get(kind.__name__)
        if template:
            what, reason, remedy = template
            message = f"{_filled(what, error, asked)}."
            if _NO_NAME in message:
                remedy = _DNS
            return KmsError(message, reason=reason, remedy=remedy, details={"operation": asked.operation})
    return None


def is_lasting(error: Exception) -> bool:
    """Whether a retry cannot help: TLS cannot be established, or the proxy rejects a tunnel."""
    return _is_a(error, "SSLError") or bool(_is_a(error, "ProxyConnectionError") and _TUNNEL.search(_cause(error)))


def _refusal(answer: dict[str, Any], operation: str, asked: Request) -> KmsError:
    # A response that is not from AWS may be of any length.
    code, message = str(answer.get("Code", ""))[:_LONGEST_CODE], str(answer.get("Message", ""))[:MAX_MESSAGE]
    details = {"operation": asked.operation, "aws_code": code, "aws_message": message, "aws_operation": operation}
    prefix = asked.service.rsplit(" ", 1)[-1].lower()
    reason, remedy = meaning(code, message, f"{prefix}:{operation}", asked.key_id)
    if code.isdigit() or not code:
        # An HTTP status without an AWS error: its page, if any, does not help.
        details["aws_message"] = ""
        status = f"HTTP status {code}{_phrase(code)}" if code else "an error without a code"
        if reason == "aws_error":
            text, reason, remedy = f"The response {asked.where} does not come from {asked.service}: {status}", "wrong_endpoint", _NOT_AWS
        else:
            text = _UNREACHABLE.format(service=asked.service, where=asked.where) + f"the response is {status}"
        return KmsError(f"{text}.", reason=reason, remedy=remedy, details=details)
    key = f" with key {asked.key_id}" if asked.key_id else ""
    text = f"{code}: {message.rstrip('. ')}." if message else f"{code}."
    return KmsError(f"AWS rejected {operation}{key} {asked.where}: {text}", reason=reason, remedy=remedy, details=details)


# Templates take the exception's own facts, the fields of Asked, and those of _filled.
_TEMPLATES = {
    "NoCredentialsError": ("No AWS credentials were found", "no_credentials", NO_CREDENTIALS),
    "PartialCredentialsError": (
        "The AWS credentials from {provider} are incomplete: {cred_var} is missing", "incomplete_credentials", HALF_A_PAIR,
    ),
    "CredentialRetrievalError": ("The AWS credentials could not be retrieved from {provider}{detail}", "no_credentials", _SOURCE),
    "MetadataRetrievalError": ("The AWS credentials could not be retrieved{detail}", "no_credentials", _SOURCE),
    "InvalidIMDSEndpointError": (
        "The metadata service's endpoint {endpoint} is not a URL", "invalid_option", "Correct AWS_EC2_METADATA_SERVICE_ENDPOINT.",
    ),
    "UnauthorizedSSOTokenError": ("The AWS IAM Identity Center session has expired", "expired_credentials", "Log in again (aws sso login)."),
    "SSOTokenLoadError": ("No AWS IAM Identity Center session exists", "no_credentials", "Log in (aws sso login)."),
    "TokenRetrievalError": ("The AWS token could not be retrieved from {provider}", "no_credentials", _SOURCE),
    "InvalidConfigError": ("The AWS configuration is invalid{detail}", "no_credentials", _SOURCE),
    "ConfigParseError": ("The AWS configuration file {path} cannot be read", "no_credentials", "Correct the file."),
    "ConfigNotFound": ("The AWS configuration file {path} does not exist", "no_credentials", "Check the path."),
    "InfiniteLoopConfigError": ("The AWS profile {source_profile} refers to itself", "no_credentials", _SOURCE),
    "UnknownCredentialError": ("The AWS configuration names an unknown credential source, {name}", "no_credentials", _SOURCE),
    "InvalidProxiesConfigError": ("The proxy settings are invalid", "invalid_option", "Correct the proxy's URL."),
    "SSLError": (
        _UNREACHABLE + "TLS failed: {tls}", "tls_failed", _TLS,
    ),
    "ProxyConnectionError": (
        _UNREACHABLE + "the proxy {proxy_url} {tunnel}", "unreachable", "Check the proxy's address, login and rules.",
    ),
    "ConnectTimeoutError": (_UNREACHABLE + "the connection timed out", "timed_out", _SLOW),
    "ReadTimeoutError": (_UNREACHABLE + "the response timed out", "timed_out", _SLOW),
    "ConnectionClosedError": (_UNREACHABLE + "the connection was closed without a response", "unreachable", _CONNECTION),
    "EndpointConnectionError": (_UNREACHABLE + "{connection}", "unreachable", _CONNECTION),
    "HTTPClientError": (_UNREACHABLE + "{connection}", "unreachable", _CONNECTION),
    "IncompleteReadError": (_UNREACHABLE + "the response is incomplete", "unreachable", _CONNECTION),
    "InvalidRegionError": ("{region_name!r} is not a valid AWS region name", "no_region", "Check the region's name."),
    "NoRegionError": ("No AWS region is set", "no_region", "Set the option region, or AWS_REGION."),
    "UnknownEndpointError": ("{service} has no endpoint in this region", "no_region", "Check the region's name."),
    "EndpointProviderError": ("{service} has no endpoint in this region{detail}", "no_region", "Check the region's name."),
    "ParamValidationError": ("The request is invalid{detail}", "invalid_request", "Check the options against the message."),
    "ResponseParserError": (_OTHER_SERVICE, "wrong_endpoint", _NOT_AWS),
    # Of answers.py.
    "MissingFieldError": (_OTHER_SERVICE, "wrong_endpoint", _NOT_AWS),
    "OtherKeyError": ("{service} returned the key {answered} instead of the requested key {asked} ({operation} {where})", "wrong_key", _NOT_AWS),
    "AnswerError": (_OTHER_SERVICE + ": invalid response to {operation}: {what}", "wrong_endpoint", _NOT_AWS),
    "BotoCoreError": ("The AWS SDK failed{detail}", "aws_error", "See the message."),
}


def _filled(what: str, error: Exception, asked: Request) -> str:
    facts: dict[str, Any] = getattr(error, "kwargs", {})
    cause = _cause(error)
    tunnel = _TUNNEL.search(cause)
    provider = str(facts.get("provider", ""))
    shown = {
        **asked._asdict(),
        "detail": f": {_short(str(error))}",
        "tls": _tls(str(error)),
        "tunnel": f"rejected the request ({tunnel.group(1).strip()})" if tunnel else "cannot be reached",
        "connection": _connection(cause),
        "proxy_url": _without_login(str(facts.get("proxy_url", ""))),
        "provider": CREDENTIAL_SOURCES.get(provider, provider).format(profile=asked.profile),
    }
    if provider == "custom-process":
        shown["detail"] = ""  # what a credential process prints may be a secret
    # A response that is not from AWS may be of any length here too.
    return what.format_map(_Known({**facts, **shown}))[:MAX_MESSAGE]


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "unknown"


def _is_a(error: Exception, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(error).__mro__)


def _cause(error: Exception) -> str:
    return str(getattr(error, "kwargs", {}).get("error", ""))


def _phrase(code: str) -> str:
    try:
        return f" ({HTTPStatus(int(code)).phrase})"
    except ValueError:
        return ""


def _tls(cause: str) -> str:
    if "No such file" in cause or "invalid path" in cause:
        return "the CA bundle does not exist"
    return _first(_TLS_REASON, cause) or "the endpoint does not support TLS"


def _connection(cause: str) -> str:
    if "refused" in cause:
        return "the connection was refused"
    if any(phrase in cause for phrase in ("resolve", "Name or service not known", "nodename", "getaddrinfo")):
        return _NO_NAME
    if "unreachable" in cause or "No route" in cause:
        return "there is no route to it"
    return "the connection failed"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.hostname else "that is set"


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return next((group.strip() for group in match.groups() if group), "") if match else ""


def _short(text: str) -> str:
    text = text[:MAX_MESSAGE]
    text = _BODY.sub(r"\1", _OUTER.sub("", text))
    text = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>:? ?", "", " ".join(text.split()))
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...").rstrip(". ")
