# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS region and credentials in effect, and where they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import SealError, SettingError
from ..key_reference import is_region_name
from ..sourced import Sourced, first
from .credential_errors import Origin, credentials_error
from .options import REGION_VARIABLES, ConnectionOptions
from .sdk_errors import CREDENTIAL_SOURCES, HALF_A_PAIR, NO_CREDENTIALS, Request
from .session import USER_AGENT, SdkSession, profile_entries

try:
    from botocore import credentials as _credentials
    from botocore import exceptions as _exceptions
    from botocore import utils as _utils
except ImportError:  # reported by open_kms
    pass


def find_region(
    session: SdkSession, options: ConnectionOptions, environ: Mapping[str, str], hints: tuple[Sourced, ...]
) -> Sourced:
    configured_region = options.sourced("region") or first(environ, REGION_VARIABLES)
    if configured_region:
        return configured_region
    configured = session.get_scoped_config().get("region")
    if configured:
        return Sourced(configured, f"AWS profile {session.profile_name}")
    if hints:
        return hints[0]
    instance_region = _instance_region(session)
    if instance_region:
        return Sourced(instance_region, "instance metadata")
    raise SettingError(
        "No AWS region is set by an option, environment variable, AWS profile, key ARN or the metadata service.",
        reason="no_region",
        remedy="Set the option region or the environment variable AWS_REGION, or use a key ARN.",
    )


def check_region_name(region: Sourced) -> None:
    """Refuse what cannot be a region's name, as it becomes part of a host's name; raises :class:`SettingError`."""
    if not is_region_name(region.value):
        raise SettingError(
            f"{region.value!r} (from {region.source}) is not a valid AWS region name.",
            reason="invalid_option",
            remedy="Use a name such as us-east-1.",
        )


# botocore removes the last letter of the availability zone. For a local zone the rest is not a region yet (us-west-2-lax-1).
_ZONES_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]+)+-\d{1,2}(?![0-9])")


def _instance_region(session: SdkSession) -> str:
    """The region of the EC2 instance that runs this; empty without a metadata service."""
    try:
        zone = session.metadata(_utils.InstanceMetadataRegionFetcher).retrieve_region()
    except _utils.BadIMDSRequestError:
        return ""
    match = _ZONES_REGION.match(zone or "")
    return match.group() if match else ""


def load_credentials(session: SdkSession, region: Sourced, options: ConnectionOptions, environ: Mapping[str, str]) -> Sourced:
    """Load the credentials that the options select into the session; return (access key ID, source) of the credentials in effect."""
    if options.access_key:
        session.set_credentials(options.access_key, options.secret_key, options.session_token or None)
    credentials = None
    try:
        source = _role_or_none(session, options, environ)
        credentials = session.get_credentials()
        if credentials is None:
            raise _no_credentials(session, environ)
        frozen = credentials.get_frozen_credentials()
    except Exception as error:
        if isinstance(error, _exceptions.ProfileNotFound):
            raise
        raise session_credentials_error(error, session, region, credentials) from None
    source = source or _source(session, credentials, options)
    for name in ("access_key", "secret_key", "token"):
        value = getattr(frozen, name) or ""
        if value != value.strip() or not value.isprintable():
            raise SettingError(
                f"The {name.replace('_', ' ')} from {source} begins or ends with whitespace or contains a control character.",
                reason="invalid_credentials",
                remedy="Remove line breaks and spaces.",
            )
    return Sourced(frozen.access_key, source)


def session_credentials_error(error: Exception, session: SdkSession, region: Sourced, credentials: Any) -> SealError:
    """Translate an error; ``credentials`` are those whose renewal failed, None if they were not loaded yet."""
    # Clients made up to here are those of the services that hand out credentials.
    service, endpoint = next(((name, url) for name, url in reversed(list(session.endpoints.items())) if name != "kms"), ("sts", ""))
    asked = Request(f"AWS {service.upper()}", "AssumeRole", f"in region {region} at {endpoint}", profile=session.profile_name)
    method = str(getattr(credentials, "method", "") or session.provider)
    translated = credentials_error(error, Origin(method, session.profile_name, session.environ, profile_entries(session)), asked)
    session.sent.secrets.blank_error(translated)
    return translated


def _no_credentials(session: SdkSession, environ: Mapping[str, str]) -> SettingError:
    if environ.get("AWS_SECRET_ACCESS_KEY") and not environ.get("AWS_ACCESS_KEY_ID"):
        # botocore reports only a missing secret key.
        what, reason = "Environment variable AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID.", "incomplete_credentials"
    else:
        profile = session.get_config_variable("profile")
        where = f", neither in profile {profile} nor in other sources" if profile else ""
        what, reason = f"No AWS credentials were found{where}.", "no_credentials"
    return SettingError(what, reason=reason, remedy=HALF_A_PAIR if reason == "incomplete_credentials" else NO_CREDENTIALS)


def _source(session: SdkSession, credentials: Any, options: ConnectionOptions) -> str:
    """The source of the session's credentials, for messages."""
    if credentials.method == "explicit":
        return options.sources.get("access_key", "options access_key and secret_key")
    return CREDENTIAL_SOURCES.get(credentials.method, str(credentials.method)).format(profile=session.profile_name)


def _role_or_none(session: SdkSession, options: ConnectionOptions, environ: Mapping[str, str]) -> str:
    """As :func:`_assume_role`; empty if the role cannot be assumed and ``role_may_fail`` is set."""
    try:
        return _assume_role(session, options, environ)
    except Exception:
        if not options.role_may_fail:
            raise
        return ""


def _assume_role(session: SdkSession, options: ConnectionOptions, environ: Mapping[str, str]) -> str:
    """Load the credentials of the requested role, if any, into the session; return their source, or an empty string.

    botocore itself assumes a role that is set in a profile.
    """
    token_file = _web_identity(session, options, environ)
    role = options.role_arn or (environ.get("AWS_ROLE_ARN", "") if token_file else "")
    if not role:
        if token_file:
            raise SettingError(
                f"A web identity token file is set by {token_file.source}, but no role.",
                reason="incomplete_credentials",
                remedy="Set role_arn, or the environment variable AWS_ROLE_ARN.",
            )
        return ""
    extra = {"RoleSessionName": options.role_session_name or environ.get("AWS_ROLE_SESSION_NAME") or USER_AGENT}
    if token_file:
        source = f"the web identity of {token_file.source}"
        fetcher: Any = _credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            session.create_client, _utils.FileWebIdentityTokenLoader(token_file.value), role, extra_args=extra
        )
    else:
        credentials = session.get_credentials()
        if credentials is None:
            raise _no_credentials(session, environ)
        source = _source(session, credentials, options)
        fetcher = _credentials.AssumeRoleCredentialFetcher(session.create_client, credentials, role, extra_args=extra)
    answer = fetcher.fetch_credentials()
    session.set_credentials(answer["access_key"], answer["secret_key"], answer["token"])
    return f"role {role}, assumed with {source}"


def _web_identity(session: SdkSession, options: ConnectionOptions, environ: Mapping[str, str]) -> Sourced | None:
    """The token file in effect; the environment variable counts only without settings that take precedence over it."""
    token_file = options.sourced("web_identity_token_file")
    if token_file:
        return token_file
    if options.access_key or options.shared_creds_profile or options.shared_creds_filename or environ.get("AWS_ACCESS_KEY_ID"):
        return None
    profile = session.get_scoped_config()
    if "role_arn" in profile and "web_identity_token_file" not in profile:
        return None
    return first(environ, ("AWS_WEB_IDENTITY_TOKEN_FILE",))
