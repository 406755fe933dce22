# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that a session of aws-sdk-go v1 reads from the profile of its files, and why it rejects them.

Source: the behaviour of ``aws/session`` of aws/aws-sdk-go v1.55.6 (``env_config.go``, ``shared_config.go``, ``session.go``). A session is made three
times: to find a region that is not set elsewhere (with ``~/.aws/config``), for a role, and for KMS (both with the credentials file alone,
unless AWS_SDK_LOAD_CONFIG is true). A missing profile is ignored; a file that cannot be parsed or a profile that contradicts itself
keeps the server from starting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import MalformedProfiles, Sections

_SOURCES = ("source_profile", "credential_source", "credential_process", "web_identity_token_file")
_SSO = ("sso_session", "sso_account_id", "sso_region", "sso_role_name", "sso_start_url")
# Of a profile that is its own source, these count the first time only.
_OF_A_ROLE = ("role_arn", "external_id", "mfa_serial", "role_session_name", "source_profile")
# Without ~/.aws/config a session reads only these from the credentials file, in addition to the keys.
_ALWAYS = ("credential_process", "web_identity_token_file")
_EXTENDED = (
    *("role_arn", "external_id", "mfa_serial", "role_session_name", "source_profile", "credential_source", "region", "ca_bundle", *_SSO),
    *("use_dualstack_endpoint", "use_fips_endpoint", "ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode", "sts_regional_endpoints"),
)
_CHECK = "Correct the AWS files of the service's user, or remove what the server does not need."


@dataclass(frozen=True)
class SessionProfile:
    """The settings of the profile, each with its file; ``has_keys``: one file has both keys."""

    name: str
    entries: dict[str, Sourced] = field(default_factory=dict, repr=False)
    has_keys: bool = False

    def value(self, name: str) -> str:
        return self.entries[name].value if name in self.entries else ""

    @property
    def gives_credentials(self) -> bool:
        """Whether the session would get credentials from the profile, by whatever means."""
        return self.has_keys or any(self.value(name) for name in (*_SOURCES, *_SSO))


class _MissingProfile(Exception):
    pass


def region_session(inputs: ServerInputs) -> SessionProfile:
    """The session that determines the region: it reads both files, and has no credentials. Raises :class:`SettingError`."""
    return _with_own_credentials(inputs, True)


def role_session(inputs: ServerInputs) -> SessionProfile:
    """The session that assumes a role. Raises :class:`SettingError`."""
    return _with_own_credentials(inputs, inputs.loads_config)


def kms_session(inputs: ServerInputs) -> SessionProfile:
    """The session that asks KMS, with credentials that it is given. Raises :class:`SettingError`."""
    return _load_session(inputs, inputs.loads_config, True)


def _with_own_credentials(inputs: ServerInputs, extended: bool) -> SessionProfile:
    """A session without credentials searches for some, and rejects contradictions, whether or not it will need them."""
    has_pair = all(inputs.key_pair())
    profile = _load_session(inputs, extended, has_pair)
    if has_pair:
        return profile
    token = inputs.variable("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token:
        if not inputs.variable("AWS_ROLE_ARN"):
            raise SettingError(
                f"AWS_WEB_IDENTITY_TOKEN_FILE ({token.source}) is set without AWS_ROLE_ARN, which the server's AWS SDK refuses.",
                reason="incomplete_credentials", remedy="Set both, or set the region in the stanza.",
            )
        return profile
    source = profile.value("credential_source")
    if source and not profile.has_keys:
        if source not in ("Ec2InstanceMetadata", "Environment", "EcsContainer"):
            raise _refused(f"Profile {profile.name} has the unknown credential_source {source[:40]!r}.")
        if source == "EcsContainer" and not inputs.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
            raise _refused(f"Profile {profile.name} has credential_source = EcsContainer outside of ECS.")
    if profile.value("role_arn") and profile.value("mfa_serial"):
        raise _refused(f"Profile {profile.name} needs a one-time password (mfa_serial).")
    return profile


def _load_session(inputs: ServerInputs, extended: bool, has_credentials: bool) -> SessionProfile:
    """The profile of a session; raises :class:`SettingError` where the SDK refuses to make the session.

    :param extended: whether it reads ``~/.aws/config`` too.
    :param has_credentials: whether it is given credentials, or finds keys in the environment.
    """
    named = inputs.variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if extended else inputs.variable("AWS_PROFILE")
    name = named.value if named else "default"
    _check_variables(inputs)
    try:
        files = _files(inputs, extended)
        return _load(name, files, extended, set())
    except _MissingProfile:
        return SessionProfile(name)
    except SettingError as error:
        if error.reason != "cannot_tell" and not named and not extended and has_credentials:
            return SessionProfile(name)
        raise


def _files(inputs: ServerInputs, extended: bool) -> list[tuple[str, Sections]]:
    paths = [inputs.config_file, inputs.credentials_file] if extended else [inputs.credentials_file]
    files = []
    for path in paths:
        try:
            sections = inputs.profiles(path)
        except MalformedProfiles as error:
            raise _refused(f"{path} is not valid ({error}).") from None
        if sections is not None:
            files.append((path, sections))
    return files


def _load(name: str, files: list[tuple[str, Sections]], extended: bool, seen: set[str]) -> SessionProfile:
    sections = [(path, each[key]) for path, each in files for key in _section_names(name, each)]
    if files and not sections:
        raise _MissingProfile
    entries: dict[str, Sourced] = {}
    has_keys = False
    for path, section in sections:
        for key in (*_ALWAYS, *(_EXTENDED if extended else ())):
            if key in section:
                entries[key] = Sourced(section[key], f"profile {name} in {path}")
        has_keys = has_keys or bool(section.get("aws_access_key_id") and section.get("aws_secret_access_key"))
    if name in seen:
        entries = {key: entry for key, entry in entries.items() if key not in _OF_A_ROLE}
    profile = SessionProfile(name, entries, has_keys)
    _check_profile(profile, seen, files, extended)
    return profile


def _section_names(name: str, sections: Sections) -> list[str]:
    return [key for key in (name, f"profile {name}") if key in sections][:1]


def _check_profile(profile: SessionProfile, seen: set[str], files: list[tuple[str, Sections]], extended: bool) -> None:
    """Raise :class:`SettingError` for a profile that the SDK takes for contradictory."""
    needs_role = next((key for key in ("source_profile", "credential_source", "web_identity_token_file") if profile.value(key)), "")
    second_time = profile.name in seen
    if not second_time and needs_role and not profile.value("role_arn"):
        raise _refused(f"Profile {profile.name} has {needs_role} without role_arn.")
    sources = [key for key in _SOURCES if profile.value(key) and not (second_time and key == "source_profile")]
    if len(sources) > 1:
        raise _refused(f"Profile {profile.name} has {' and '.join(sources)}, of which only one may be set.")
    source = profile.value("source_profile")
    if source and not second_time:
        try:
            other = _load(source, files, extended, seen | {profile.name})
        except _MissingProfile:
            other = SessionProfile(source)
        if not other.gives_credentials:
            raise _refused(f"Profile {profile.name} takes its credentials from profile {source}, which has none.")
    session = profile.value("sso_session").strip()
    if session and not any(f"sso-session {session}" in sections for _path, sections in files):
        raise _refused(f"Profile {profile.name} names the SSO session {session}, which does not exist.")


def _check_variables(inputs: ServerInputs) -> None:
    """Raise :class:`SettingError` for variables whose value keeps the SDK from making any session."""
    for name, valid in (
        ("AWS_STS_REGIONAL_ENDPOINTS", ("legacy", "regional")),
        ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", ("legacy", "regional")),
        ("AWS_S3_USE_ARN_REGION", ("true", "false")),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", ("ipv4", "ipv6")),
        ("AWS_USE_DUALSTACK_ENDPOINT", ("true", "false")),
        ("AWS_USE_FIPS_ENDPOINT", ("true", "false")),
    ):
        variable = inputs.variable(name)
        if variable and variable.value.lower() not in valid:
            raise SettingError(
                f"{name} ({variable.source}) has the value {variable.value[:40]!r}, with which {inputs.sdk.value} refuses to work.",
                reason="invalid_option", remedy=f"Set it to {' or '.join(valid)}, or unset it.",
            )


def _refused(why: str) -> SettingError:
    return SettingError(f"The server's AWS SDK refuses its configuration files: {why}", reason="invalid_option", remedy=_CHECK)
