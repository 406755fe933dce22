# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials that the server's SDK takes.

Source: the behaviour of ``GenerateCredentialChain`` of awsutil 0.3.0 and 2.1.2 (hashicorp/go-secure-stdlib), of ``aws/credentials`` and ``aws/defaults`` of
aws/aws-sdk-go v1.55.6, and of ``config`` of aws/aws-sdk-go-v2. With v1 the order is: the stanza, the environment, static keys of the shared
credentials file, a role, the container's endpoint or else the instance's metadata. credential_process, source_profile and keys in
``~/.aws/config`` are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import MalformedProfiles, Sections, cannot_tell, refuse_relative
from .releases import Sdk
from .session_files import SessionProfile, role_session

_FULL, _RELATIVE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_OF_OTHER_SDKS = ("credential_process", "source_profile", "credential_source", "sso_session", "sso_start_url", "web_identity_token_file")
_GIVE = "Give the server keys in its environment or in the shared credentials file, or an instance profile."


@dataclass(frozen=True)
class StaticKeys:
    """A pair of keys and its source."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    source: str


@dataclass(frozen=True)
class Role:
    """A role that the server assumes at its start; where that fails, it goes on to the next source."""

    arn: Sourced
    session_name: str
    token_file: Sourced | None


@dataclass(frozen=True)
class CredentialPlan:
    """The source of the credentials: keys, otherwise a role, otherwise the endpoint of the container or instance.

    ``container`` is the variable that names the container's endpoint. ``remote`` is false if no endpoint can be asked. ``passed_over`` describes
    the sources without usable keys.
    """

    keys: StaticKeys | None = None
    role: Role | None = None
    remote: bool = False
    container: str = ""
    passed_over: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.keys or self.role or self.remote)


def plan_credentials(inputs: ServerInputs) -> CredentialPlan:
    """The source of the server's credentials; raises :class:`SettingError` if the server rejects its settings, or if it is unknown."""
    own = _stanza_keys(inputs)
    if inputs.sdk is Sdk.V2:
        return _plan_of_v2(inputs, own)
    if not inputs.settled_order and (_role(inputs) and not own):
        raise cannot_tell("this release tries the role in another order than later ones.", "Give the server keys in its environment.")
    missed: list[str] = []
    keys = own or _environment_keys(inputs, missed) or _file_keys(inputs, missed)
    role = _role(inputs)
    profile = role_session(inputs) if role else None
    if keys:
        return CredentialPlan(keys=keys)
    if profile:
        _refuse_unknown_source(profile)
    return CredentialPlan(None, role, *_remote(inputs), (*missed, *_passed_over(inputs)))


def _stanza_keys(inputs: ServerInputs) -> StaticKeys | None:
    access, secret = inputs.setting("access_key"), inputs.setting("secret_key")
    if bool(access) != bool(secret):
        given, missing = ("access_key", "secret_key") if access else ("secret_key", "access_key")
        raise SettingError(
            f"The {given} (from {inputs.settings[given].source}) is set without {missing}.",
            reason="incomplete_credentials", remedy="Set both, or neither.",
        )
    if not access:
        return None
    return StaticKeys(access, secret, inputs.setting("session_token"), inputs.settings["access_key"].source)


def _environment_keys(inputs: ServerInputs, missed: list[str]) -> StaticKeys | None:
    access, secret = inputs.key_pair()
    if access and secret:
        return StaticKeys(access.value, secret.value, inputs.text("AWS_SESSION_TOKEN"), access.source)
    if access or secret:
        half = access or secret
        missed.append(f"the environment has only one of the two keys ({half.source if half else ''})")
    return None


def _file_keys(inputs: ServerInputs, missed: list[str]) -> StaticKeys | None:
    """The keys of the shared credentials file, whose profile has the name and no prefix."""
    path = inputs.setting("shared_creds_filename") or inputs.credentials_file
    profile = inputs.text("AWS_PROFILE") or inputs.setting("shared_creds_profile") or "default"
    if not path:
        return None
    try:
        sections = inputs.profiles(path)
    except MalformedProfiles as error:
        missed.append(f"{path} is not valid ({error})")
        return None
    if sections is None:
        missed.append(f"{path} does not exist or may not be read")
        return None
    section = sections.get(profile)
    if section is None:
        missed.append(f"{path} has no profile {profile}")
        return None
    access, secret = section.get("aws_access_key_id", ""), section.get("aws_secret_access_key", "")
    if access and secret:
        return StaticKeys(access, secret, section.get("aws_session_token", ""), f"profile {profile} in {path}")
    missed.append(f"profile {profile} in {path} has no aws_access_key_id and aws_secret_access_key")
    return None


def _passed_over(inputs: ServerInputs) -> list[str]:
    """The profile settings that other AWS SDKs would use, and this one ignores."""
    name = inputs.text("AWS_PROFILE") or "default"
    ignored = []
    for path in filter(None, (inputs.config_file, inputs.credentials_file)):
        try:
            sections: Sections = inputs.profiles(path) or {}
        except (MalformedProfiles, SettingError):
            continue
        section = {**sections.get(f"profile {name}", {}), **sections.get(name, {})}
        names = [key for key in _OF_OTHER_SDKS if section.get(key)]
        names += ["aws_access_key_id"] if path == inputs.config_file and section.get("aws_access_key_id") else []
        if names:
            ignored.append(f"{inputs.sdk.value} does not look at {' and '.join(names)} of profile {name} in {path}")
    return ignored


def _role(inputs: ServerInputs) -> Role | None:
    arn = inputs.settings.get("role_arn") or inputs.variable("AWS_ROLE_ARN")
    if not arn:
        return None
    token = inputs.settings.get("web_identity_token_file") or inputs.variable("AWS_WEB_IDENTITY_TOKEN_FILE")
    refuse_relative(token.value if token else "")
    name = inputs.setting("role_session_name") or inputs.text("AWS_ROLE_SESSION_NAME")
    return Role(arn, name, token)


def _refuse_unknown_source(profile: SessionProfile) -> None:
    """A role is assumed with the credentials of a session, which has more sources than the server itself."""
    if profile.gives_credentials:
        raise cannot_tell(f"the role would be assumed with what profile {profile.name} says in a way that is not followed here.", _GIVE)


def _plan_of_v2(inputs: ServerInputs, own: StaticKeys | None) -> CredentialPlan:
    """With aws-sdk-go-v2 as awsutil uses it a profile takes precedence over the environment; without a profile the result is known."""
    named = inputs.variable("AWS_PROFILE") or inputs.settings.get("shared_creds_profile")
    if named:
        raise cannot_tell(f"{inputs.sdk.value} takes the profile {named.value} (from {named.source}) in an order that is not followed here.", _GIVE)
    paths = [inputs.setting("shared_creds_filename"), inputs.config_file, inputs.credentials_file]
    for path in filter(None, paths):
        try:
            sections: Sections = inputs.profiles(path) or {}
        except MalformedProfiles as error:
            raise cannot_tell(f"{path} is not valid ({error}).", "Correct the file.") from None
        if "default" in sections or "profile default" in sections:
            raise cannot_tell(f"{inputs.sdk.value} takes the profile default of {path} in an order that is not followed here.", _GIVE)
    if own:
        return CredentialPlan(keys=own)
    missed: list[str] = []
    keys = _environment_keys(inputs, missed)
    if keys:
        return CredentialPlan(keys=keys)
    if _role(inputs):
        raise cannot_tell(f"whether {inputs.sdk.value} assumes the role is not followed here.", _GIVE)
    return CredentialPlan(None, None, *_remote(inputs), tuple(missed))


def _remote(inputs: ServerInputs) -> tuple[bool, str]:
    """Whether an endpoint of the container or the instance is asked, and the variable that names the container's."""
    container = next((name for name in (_FULL, _RELATIVE) if inputs.text(name)), "")
    return bool(container) or inputs.text("AWS_EC2_METADATA_DISABLED").lower() != "true", container
