# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds in a server's log why it rejects its seal: the log entry, and the reason in one word.

The patterns match messages of aws-sdk-go v1 and v2, of awsutil, and of Go's net, net/http, crypto/tls and crypto/x509, as the servers log them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import BLANK, Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import MAX_MESSAGE
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import meaning

REFUSED = "server_refused"
"""The reason where the server's words are not known."""

_LONGEST_SHOWN = 1500
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
# An entry begins with a time, or with the word of a command that ends; what does not begin so continues it.
_CONTINUED = re.compile(r"\s|\||caused by:|For verbose messaging|\tstatus code")
# What a client of another server's API adds, after empty lines; the seal transit is one.
_API_ERROR, _OF_API_ERROR = "Error making API request", re.compile(r"URL: |Code: \d+|\* ")
_PROBLEM = re.compile(r"\S+ \[(?:ERROR|WARN)\]|error\b|panic:|fatal error:|unsupported|failed|\* ", re.IGNORECASE)
_ERROR = re.compile(r"\S+ \[ERROR\]|error\b(?! closing listeners)|panic:|fatal error:|\* ", re.IGNORECASE)
# Of every new server that works.
_HARMLESS = re.compile(
    r"stored unseal keys are supported, but none were found|no recovery key found|no `api_addr` value|moved into an external plugin"
    r"|unknown or unsupported field \w+ found in configuration at /proc/self/fd|[Ee]rror closing listeners"
)
_CODE = re.compile(r"\b([A-Z][A-Za-z]{3,60}):")
# A session token, which AWS repeats in the canonical request where a signature does not match, and whatever else is as long.
_TOKEN_HEADER = re.compile(r"(x-amz-security-token[:=]\s*)\S+", re.IGNORECASE)
_LONG = re.compile(r"[A-Za-z0-9+/=_%-]{100,}")

_NETWORK = "Check the endpoint's name and port, DNS, route and proxy, in the environment of the service."
_SOURCES = "Check the stanza, the environment of the service, and the AWS files of its user: this is what the server's own SDK reads."
# The first that matches counts. Words of the SDKs before those of the network, which may be quoted in them.
_PATTERNS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), reason, remedy)
    for pattern, reason, remedy in (
        (
            r"NoCredentialProviders|no valid providers in chain|failed to refresh cached credentials|failed to retrieve credentials|EC2RoleRequestError"
            r"|EmptyStaticCreds|static credentials are empty|CredentialsEndpointError|ProcessProvider\w+Error|credential_process|WebIdentityErr"
            r"|failed to get (?:credentials|shared config profile)|SharedCreds\w+|Shared[Cc]onfig\w+|failed to load (?:shared )?config"
            r"|[Ss]taticCredentials\w*|at least one of aws_access|failed to load credentials",
            "no_credentials", _SOURCES,
        ),
        (
            r"MissingRegion|could not find region configuration|[Mm]issing Region|an AWS region is required|InvalidRegion|not a valid host label",
            "no_region", "Set region in the stanza, or AWS_REGION in the environment of the service.",
        ),
        (
            r"InvalidEndpointURL|UnknownEndpoint|unsupported protocol scheme|MissingEndpoint|first path segment in URL|invalid control character in URL"
            r"|missing protocol scheme|no Host in request URL|Custom endpoint|ResolveEndpoint",
            "wrong_endpoint", "Correct the endpoint of the stanza, or the variable that names it.",
        ),
        (r"proxyconnect|Proxy Authentication Required", "unreachable", "Check the proxy of the service's environment: its address, login and rules."),
        (r"x509: |tls: |certificate signed by|HTTP response to HTTPS client|LoadCustomCABundle|custom CA bundle", "tls_failed",
         "Check SSL_CERT_FILE, SSL_CERT_DIR and AWS_CA_BUNDLE of the service's environment, the system's certificates, the proxy, and the endpoint."),
        (r"i/o timeout|context deadline exceeded|Client\.Timeout|TLS handshake timeout|RequestCanceled|request canceled", "timed_out",
         "Check route, firewall, security group and VPC endpoint on the way to KMS."),
        (r"connection refused|no such host|server misbehaving|no route to host|network is unreachable|connection reset|\bEOF\b|RequestError|"
         r"request send failed", "unreachable", _NETWORK),
        (r"SerializationError|failed to (?:unmarshal|decode)|deserialization failed|invalid character", "wrong_endpoint",
         "What answers is not AWS KMS: check the endpoint, and the proxy."),
        (r"(?:key_id|kms_key_id)\W+not (?:found|set)|not found for AWS KMS|KMS key ID", "no_key", "Set kms_key_id in the stanza."),
        (r"[Ll]icens", "no_license", "Give the server its license, by license_path or VAULT_LICENSE_PATH."),
        (r"plugin", "missing_plugin", "Check the stanza of the plugin, plugin_directory, and that the user of the service may run it."),
        (r"parsing 'seal'|loading configuration|parsing (?:config|Seal)|unknown (?:seal|wrapper) type|unknown or unsupported", "malformed_config",
         "Correct the configuration."),
        (r"permission denied|no such file or directory|operation not permitted", "file_error", "Check the file and its permissions for the service's user."),
    )
)


class Cause(NamedTuple):
    """Why, in one word; the server's own words on one line; and what to do."""

    reason: str
    line: str
    remedy: str


def entries(log: str) -> list[str]:
    """The log's entries, each on one line: what continues an entry is joined to it."""
    problem_entries: list[str] = []
    for line in _COLOURS.sub("", log).splitlines():
        if problem_entries and problem_entries[-1] and _CONTINUED.match(line) and line.strip():
            problem_entries[-1] += " " + line.strip().lstrip("| ")
        elif problem_entries and _API_ERROR in problem_entries[-1] and (not line.strip() or _OF_API_ERROR.match(line)):
            problem_entries[-1] += " " + line.strip()
        else:
            problem_entries.append(line.rstrip())
    return [" ".join(_UNPRINTABLE.sub(" ", entry).replace("\\t", " ").replace("\\n", " ").split()) for entry in problem_entries if entry.strip()]


def problems(log: str) -> list[str]:
    """The entries that describe a problem, without those of every new server."""
    return [entry for entry in entries(log) if _PROBLEM.match(entry) and not _HARMLESS.search(entry)]


def cause(log: str, answer: str = "") -> Cause | None:
    """Why the server rejects its seal: the last entry with a known reason, else the last error. None without errors.

    :param answer: the response of its API, used if the log contains no reason.
    """
    candidates = [*([answer] if answer else []), *problems(log)]
    for entry in reversed(candidates):
        known = _meaning(entry)
        if known:
            return Cause(known[0], entry, known[1])
    errors = [entry for entry in candidates if entry == answer or _ERROR.match(entry)]
    return Cause(REFUSED, errors[-1], "See the server's words.") if errors else None


def shown(text: str, secrets: Secrets) -> str:
    """The server's words as a result may show them: verbatim, without secrets and what could be one."""
    text = _LONG.sub(BLANK, _TOKEN_HEADER.sub(rf"\1{BLANK}", secrets.blank(text)))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def shown_all(texts: Iterable[str], secrets: Secrets) -> list[str]:
    return [shown(text, secrets) for text in texts]


def _meaning(entry: str) -> tuple[str, str] | None:
    entry = entry[:MAX_MESSAGE]
    for code in _CODE.finditer(entry):
        known = meaning(code.group(1), entry[code.end() :])
        if known.reason != "aws_error":
            return known.reason, known.remedy
    return next(((reason, remedy) for pattern, reason, remedy in _PATTERNS if pattern.search(entry)), None)
