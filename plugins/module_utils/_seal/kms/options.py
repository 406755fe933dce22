# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key, region and endpoint that this collection's own calls use, and their sources.

Precedence is Ansible's: an option of the task, then the environment (Vault's and AWS's names), then what the AWS SDK
finds. What a *server* will use is another question, with another answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import SettingError
from ..sourced import Sourced, first

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINT_VARIABLES = ("AWS_KMS_ENDPOINT", "AWSKMS_ENDPOINT")
PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order
IGNORE_ENDPOINTS_VARIABLE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
# botocore's own, read here too because botocore before 1.31 does not know them.
_SDK_ENDPOINT_VARIABLES = {
    "kms": ("AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"),
    "sts": ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"),
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
}


@dataclass(frozen=True)
class ConnectionOptions:
    """The task's options for the connection to AWS KMS; names are those of the seal stanza. Empty: not set.

    ``timeout`` bounds each KMS call with all its retries, in seconds. ``providers`` are botocore's names of the sources of
    credentials that may be used (empty: all of them); with ``role_may_fail`` they are used if the role cannot be assumed.
    ``empty_token``: requests to KMS have a session token that is empty, as those of a server whose token is blank.
    ``sources`` maps an option that was not set in the task itself to its source,
    such as a variable.
    """

    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    endpoint: str = ""
    shared_creds_profile: str = ""
    shared_creds_filename: str = ""
    role_arn: str = ""
    role_session_name: str = ""
    web_identity_token_file: str = ""
    sts_endpoint: str = ""
    ca_bundle: str = ""
    validate_certs: bool = True
    proxy: str = field(default="", repr=False)  # its URL may hold a password
    timeout: float = 30.0
    providers: tuple[str, ...] = ()
    role_may_fail: bool = False
    empty_token: bool = False
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    def sourced(self, name: str) -> Sourced | None:
        """The option with its source: the task itself, unless ``sources`` names another; None if empty."""
        value = getattr(self, name)
        return Sourced(value, self.sources.get(name, f"option {name}")) if value else None

    def check(self) -> None:
        """Refuse what cannot work, before any call; raises :class:`SettingError`."""
        if bool(self.access_key) != bool(self.secret_key):
            given, missing = ("access_key", "secret_key") if self.access_key else ("secret_key", "access_key")
            raise SettingError(
                f"parameters are required together: {given}, {missing}.",
                reason="incomplete_credentials",
                remedy="Set both, or neither.",
            )
        if self.session_token and not self.access_key:
            raise SettingError(
                "missing parameter(s) required by 'session_token': access_key, secret_key.",
                reason="incomplete_credentials",
                remedy="Set all three, or remove session_token.",
            )
        if self.access_key and self.shared_creds_profile:
            raise SettingError(
                "parameters are mutually exclusive: access_key|shared_creds_profile.",
                reason="invalid_option",
                remedy="Set one of them.",
            )
        for name in ("endpoint", "sts_endpoint", "proxy"):
            _check_url(name, getattr(self, name))
        for name in ("shared_creds_filename", "web_identity_token_file", "ca_bundle"):
            path = getattr(self, name)
            if path and not os.access(path, os.R_OK):
                raise SettingError(
                    f"The file {path!r} of option {name} does not exist or is not readable.",
                    reason="file_error",
                    remedy="Check the path and its permissions on the host where this runs.",
                )
        if not 0 < self.timeout <= 3600:
            raise SettingError(
                f"Option timeout is {self.timeout:g}, which is out of range.",
                reason="invalid_option",
                remedy="Use a number of seconds greater than 0 and at most 3600.",
            )


def endpoint_in_force(options: ConnectionOptions, environ: Mapping[str, str], configured: Sourced | None = None) -> Sourced | None:
    """The KMS endpoint's URL; None leaves it to the AWS SDK. ``configured`` is the setting of the AWS config file."""
    endpoint = options.sourced("endpoint") or first(environ, ENDPOINT_VARIABLES)
    return _checked(endpoint or _sdk_endpoint("kms", environ, configured))


def sts_endpoint_in_force(options: ConnectionOptions, environ: Mapping[str, str], configured: Sourced | None = None) -> Sourced | None:
    """The STS endpoint's URL; None leaves it to the AWS SDK. ``configured`` is the setting of the AWS config file."""
    return _checked(options.sourced("sts_endpoint") or _sdk_endpoint("sts", environ, configured))


def s3_endpoint_in_force(options: ConnectionOptions, environ: Mapping[str, str], configured: Sourced | None = None) -> Sourced | None:
    """The S3 endpoint's URL; None leaves it to the AWS SDK. ``options.endpoint`` is that of S3 here."""
    return _checked(options.sourced("endpoint") or _sdk_endpoint("s3", environ, configured))


def profile_in_force(options: ConnectionOptions, environ: Mapping[str, str]) -> Sourced | None:
    """The profile to name outright to the AWS SDK, which then prefers it to keys in the environment; None leaves it to the SDK."""
    profile = options.sourced("shared_creds_profile")
    if profile or not options.shared_creds_filename:
        return profile
    return first(environ, PROFILE_VARIABLES) or Sourced("default", "option shared_creds_filename")


def unknown_profile(name: str, options: ConnectionOptions, environ: Mapping[str, str]) -> SettingError:
    """The error for a profile that does not exist in the AWS files."""
    profile = profile_in_force(options, environ) or first(environ, PROFILE_VARIABLES)
    shown = profile if profile and profile.value == name else name
    config = environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    shared = options.shared_creds_filename or environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    return SettingError(
        f"The AWS profile {shown} was not found.",
        reason="no_credentials",
        remedy=f"Check the profile's name, and the files {config} and {shared}.",
    )


def _sdk_endpoint(service: str, environ: Mapping[str, str], configured: Sourced | None) -> Sourced | None:
    if environ.get(IGNORE_ENDPOINTS_VARIABLE, "").lower() == "true":
        return None
    return first(environ, _SDK_ENDPOINT_VARIABLES[service]) or configured


def _checked(endpoint: Sourced | None) -> Sourced | None:
    if endpoint:
        _check_url(endpoint.source, endpoint.value)
    return endpoint


def _check_url(name: str, url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise SettingError(
            f"{name} must be a URL of the form https://HOST or https://HOST:PORT.",
            reason="invalid_option",
            remedy="Specify the scheme (https, or http for tests) and the host.",
        )
    if parts.username is not None and name != "proxy":
        # It would be shown wherever the endpoint is.
        raise SettingError(
            f"{name} must not contain a user name or password.",
            reason="invalid_option",
            remedy="Remove them: AWS authenticates requests by signatures only.",
        )
