# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS port: exactly the calls that the collection needs, and its adapter; the only file that imports botocore.

botocore is used without boto3's layer on top, because it starts sooner; boto3 brings it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from .aws_errors import meaning
from .connection import (
    REGION_VARIABLES,
    ConnectionOptions,
    Sourced,
    endpoint_in_force,
    first,
    sts_endpoint_in_force,
)
from .errors import KmsError, SealError, SettingError
from .sdk_errors import failure

try:
    from botocore import credentials as _credentials
    from botocore import exceptions as _exceptions
    from botocore import session as _session
    from botocore import utils as _utils
    from botocore.config import Config
    from botocore.parsers import ResponseParserError
except ImportError as error:  # said in words when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

MAX_CONNECTIONS = 16
"""Connections of one client, and so calls at a time: with more, botocore gains nothing."""

# An answer takes KMS some milliseconds, behind an external key store some hundred.
_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 10.0
# The metadata service answers within milliseconds where there is one; botocore waits one second, twice.
_METADATA_TIMEOUT = 0.5
_MOST_ATTEMPTS = 20  # the total time bounds the retries, not their number
_LONGEST_BACKOFF = 20.0  # of botocore's standard retry mode, in seconds; it doubles from 1 s up to this
_USER_AGENT = "sealwright.vault_seal"


class Encrypted(NamedTuple):
    key_arn: str
    ciphertext: bytes


class Decrypted(NamedTuple):
    key_arn: str
    plaintext: bytes

    def __repr__(self) -> str:
        return f"Decrypted(key_arn={self.key_arn!r})"


class Kms(Protocol):
    """What the seal core asks of KMS. Every method raises :class:`KmsError`."""

    @property
    def region(self) -> Sourced:
        """The region that is asked."""

    def encrypt(self, key_id: str, plaintext: bytes) -> Encrypted:
        """Encrypt at most 4096 bytes; the answer names the key by its ARN."""

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> Decrypted:
        """Decrypt; with ``key_id``, only if the ciphertext is that key's."""

    def describe_key(self, key_id: str) -> dict[str, Any]:
        """``KeyMetadata`` as KMS answers it."""

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        """All pages of one of the read-only operations about a key, such as ``list_grants``."""


class BotoKms:
    """The adapter: one botocore client for one region, and where its settings came from.

    ``key_in_environment`` may be set to the key that an environment variable named, for errors about it to say so.
    """

    def __init__(self, options: ConnectionOptions, region: Sourced, session: Any, environ: Mapping[str, str]) -> None:
        self.region = region
        self.key_in_environment: Sourced | None = None
        endpoint = endpoint_in_force(options, environ)
        self.endpoint = endpoint or Sourced("AWS's own", "the AWS SDK")
        self._timeout = options.timeout
        session.set_config_variable("region", region.value)
        self._found = _load_credentials(session, options, region, environ)
        try:
            self._client = session.create_client(
                "kms",
                region_name=region.value,
                endpoint_url=endpoint.value if endpoint else None,
                verify=_verify(options),
                config=_config(options),
            )
        except (_exceptions.BotoCoreError, ValueError) as error:
            raise self._translated(error, "connect", "") from None
        if endpoint is None:
            self.endpoint = Sourced(self._client.meta.endpoint_url, "the AWS SDK")
        self._client.meta.events.register("before-call.kms", self._note_start)
        self._client.meta.events.register_first("needs-retry.kms", self._stop_in_time)

    def connection(self) -> dict[str, dict[str, str]]:
        """Region, endpoint and credentials, each with its source; nothing secret."""
        return {
            "region": self.region.as_result(),
            "endpoint": self.endpoint.as_result(),
            "credentials": self._found.as_result(),
        }

    def encrypt(self, key_id: str, plaintext: bytes) -> Encrypted:
        answer = self._call("encrypt", key_id, ("KeyId", "CiphertextBlob"), KeyId=key_id, Plaintext=plaintext)
        return Encrypted(answer["KeyId"], answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> Decrypted:
        pinned = {"KeyId": key_id} if key_id else {}
        answer = self._call("decrypt", key_id, ("KeyId", "Plaintext"), CiphertextBlob=ciphertext, **pinned)
        return Decrypted(answer["KeyId"], answer["Plaintext"])

    def describe_key(self, key_id: str) -> dict[str, Any]:
        metadata: dict[str, Any] = self._call("describe_key", key_id, ("KeyMetadata",), KeyId=key_id)["KeyMetadata"]
        return metadata

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        if not hasattr(self._client, operation):
            raise KmsError(
                f"The botocore that runs here does not know {operation}.",
                reason="unsupported_by_sdk",
                remedy="Install a later boto3.",
                details={"operation": operation},
            )
        extra = {"PolicyName": "default"} if operation == "get_key_policy" else {}
        if not self._client.can_paginate(operation):
            return [self._call(operation, key_id, (), KeyId=key_id, **extra)]
        try:
            return list(self._client.get_paginator(operation).paginate(KeyId=key_id))
        except Exception as error:
            raise self._translated(error, operation, key_id) from None

    def _call(self, operation: str, key_id: str, needed: tuple[str, ...], **parameters: Any) -> dict[str, Any]:
        """Ask; ``needed`` are the fields without which an answer is none of KMS's."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except Exception as error:
            # Whatever botocore and the HTTP library raise becomes words; a fault of ours keeps its traceback.
            raise self._translated(error, operation, key_id) from None
        if any(name not in answer for name in needed):
            raise self._translated(ResponseParserError(), operation, key_id)
        return answer

    @staticmethod
    def _note_start(context: dict[str, Any], **_others: Any) -> None:
        context["sealwright_started"] = time.monotonic()

    def _stop_in_time(
        self, attempts: int, request_dict: dict[str, Any], response: Any, operation: Any, caught_exception: Any, **_others: Any
    ) -> None:
        # botocore's standard mode bounds attempts, not time. Raising is the one public way to end its loop.
        longest_wait = min(2.0 ** (attempts - 1), _LONGEST_BACKOFF)
        if caught_exception is not None:
            longest_wait += _attempt_timeout(self._timeout, _READ_TIMEOUT)
        spent = time.monotonic() - request_dict["context"]["sealwright_started"]
        if spent + longest_wait <= self._timeout:
            return
        if caught_exception is not None:
            raise caught_exception
        if response[0].status_code >= 300:
            raise _exceptions.ClientError(response[1], operation.name)

    def _translated(self, error: Exception, operation: str, key_id: str) -> SealError:
        name = "".join(word.capitalize() for word in operation.split("_"))
        found = _translated(error, name, key_id, f"in region {self.region} at {self.endpoint}")
        if self.key_in_environment and self.key_in_environment.value == key_id:
            # The task does not show where this key came from.
            found.message = found.message.replace(f"with key {key_id} ", f"with key {self.key_in_environment} ", 1)
        return found


def open_kms(
    options: ConnectionOptions, hints: tuple[Sourced, ...] = (), environ: Mapping[str, str] | None = None
) -> BotoKms:
    """Make the adapter: resolve region and credentials, and load no more than is needed.

    ``hints`` are regions that the key or the sealed value names, taken where nothing else says one.
    Raises :class:`SettingError` (``no_region``, ``no_credentials``, ...) before any call to KMS.
    """
    if _MISSING is not None:
        raise SettingError(
            f"The Python library botocore cannot be imported ({_MISSING}).",
            reason="missing_library",
            remedy="Install boto3 1.26.27 or later for the Python that runs this.",
        )
    options.check()
    environ = os.environ if environ is None else environ
    try:
        session = _new_session(options, environ)
        region = _region(options, environ, session, hints)
    except _exceptions.BotoCoreError as error:
        raise _translated(error, "connect", "", "") from None
    return BotoKms(options, region, session, environ)


def _new_session(options: ConnectionOptions, environ: Mapping[str, str]) -> Any:
    profile = options.shared_creds_profile
    if options.shared_creds_filename and not profile:
        # A profile that is named outright keeps botocore from preferring keys in the environment to the option.
        profile = environ.get("AWS_PROFILE") or "default"
    session = _session.Session(profile=profile or None)
    if options.shared_creds_filename:
        session.set_config_variable("credentials_file", options.shared_creds_filename)
    session.user_agent_extra = _USER_AGENT
    resolver = session.get_component("credential_provider")
    instance = _credentials.InstanceMetadataProvider(_metadata_fetcher(_utils.InstanceMetadataFetcher, session))
    resolver.insert_after("iam-role", instance)
    resolver.remove("iam-role")
    return session


def _metadata_fetcher(kind: Any, session: Any) -> Any:
    """botocore's own, made here because the session takes whole seconds only."""
    said = os.environ.get("AWS_METADATA_SERVICE_TIMEOUT") or session.get_scoped_config().get("metadata_service_timeout")
    config = {
        "ec2_metadata_service_endpoint": session.get_config_variable("ec2_metadata_service_endpoint"),
        "ec2_metadata_service_endpoint_mode": _utils.resolve_imds_endpoint_mode(session),
    }
    return kind(
        timeout=float(said or _METADATA_TIMEOUT),
        num_attempts=session.get_config_variable("metadata_service_num_attempts"),
        user_agent=session.user_agent(),
        config=config,
    )


def _region(
    options: ConnectionOptions, environ: Mapping[str, str], session: Any, hints: tuple[Sourced, ...]
) -> Sourced:
    said = options.sourced("region") or first(environ, REGION_VARIABLES)
    if said:
        return said
    configured = session.get_scoped_config().get("region")
    if configured:
        return Sourced(configured, f"AWS profile {session.get_config_variable('profile') or 'default'}")
    if hints:
        return hints[0]
    found = _metadata_fetcher(_utils.InstanceMetadataRegionFetcher, session).retrieve_region()
    if found:
        return Sourced(found, "instance metadata")
    raise SettingError(
        "No AWS region is known: no option, environment variable, AWS profile, key ARN or metadata service names one.",
        reason="no_region",
        remedy="Give region, set the environment variable AWS_REGION, or name the key by its ARN.",
    )


def _load_credentials(session: Any, options: ConnectionOptions, region: Sourced, environ: Mapping[str, str]) -> Sourced:
    """Put the credentials that the options ask for into the session; say (access key id, source) of those in force."""
    if options.access_key:
        session.set_credentials(options.access_key, options.secret_key, options.session_token or None)
    role = options.role_arn or (environ.get("AWS_ROLE_ARN", "") if _web_identity(options, environ) else "")
    if options.web_identity_token_file and not role:
        raise SettingError(
            "Option web_identity_token_file is given without a role.",
            reason="incomplete_credentials",
            remedy="Give role_arn too, or set the environment variable AWS_ROLE_ARN.",
        )
    try:
        assumed = _assume_role(session, options, role, environ) if role else ""
        found = session.get_credentials()
        if found is None:
            raise _exceptions.NoCredentialsError()
        frozen = found.get_frozen_credentials()
    except Exception as error:
        raise _translated(error, "find credentials", "", f"for region {region}") from None
    return Sourced(frozen.access_key, assumed or _source(session, found))


def _source(session: Any, found: Any) -> str:
    """In words, where the session's credentials came from."""
    if found.method == "explicit":
        return "options access_key and secret_key"
    profile = session.get_config_variable("profile") or "default"
    return _SOURCES.get(found.method, str(found.method)).format(profile=profile)


_SOURCES = {
    "env": "environment variable AWS_ACCESS_KEY_ID",
    "shared-credentials-file": "profile {profile} of the shared credentials file",
    "config-file": "profile {profile} of the AWS config file",
    "assume-role": "the role of profile {profile}",
    "assume-role-with-web-identity": "a web identity",
    "container-role": "the container's credentials endpoint",
    "iam-role": "the instance profile",
    "custom-process": "a credential process",
    "sso": "AWS IAM Identity Center",
}


def _assume_role(session: Any, options: ConnectionOptions, role: str, environ: Mapping[str, str]) -> str:
    """Put a role's credentials into the session; in words, where they came from.

    botocore looks for a web identity in the environment by itself, but before 1.31 it does not know the endpoint to ask there.
    """
    endpoint = sts_endpoint_in_force(options, environ)

    def new_client(service: str, **settings: Any) -> Any:
        config = settings.pop("config", None)
        config = _config(options).merge(config) if config else _config(options)
        url = endpoint.value if endpoint else None
        return session.create_client(service, endpoint_url=url, verify=_verify(options), config=config, **settings)

    extra = {"RoleSessionName": options.role_session_name or environ.get("AWS_ROLE_SESSION_NAME") or _USER_AGENT}
    token_file = _web_identity(options, environ)
    if token_file:
        source = "a web identity"
        fetcher: Any = _credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            new_client, _utils.FileWebIdentityTokenLoader(token_file), role, extra_args=extra
        )
    else:
        found = session.get_credentials()
        if found is None:
            raise _exceptions.NoCredentialsError()
        source = _source(session, found)
        fetcher = _credentials.AssumeRoleCredentialFetcher(new_client, found, role, extra_args=extra)
    answer = fetcher.fetch_credentials()
    session.set_credentials(answer["access_key"], answer["secret_key"], answer["token"])
    return f"role {role}, assumed with {source}"


def _web_identity(options: ConnectionOptions, environ: Mapping[str, str]) -> str:
    """The token file in force; one of the environment counts where nothing that wins over it is given."""
    if options.web_identity_token_file:
        return options.web_identity_token_file
    others = options.access_key or options.shared_creds_profile or options.shared_creds_filename or environ.get("AWS_ACCESS_KEY_ID")
    return "" if others else environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "")


def _verify(options: ConnectionOptions) -> bool | str | None:
    if not options.validate_certs:
        return False
    return options.ca_bundle or None


def _config(options: ConnectionOptions) -> Any:
    return Config(
        connect_timeout=_attempt_timeout(options.timeout, _CONNECT_TIMEOUT),
        read_timeout=_attempt_timeout(options.timeout, _READ_TIMEOUT),
        retries={"mode": "standard", "total_max_attempts": _MOST_ATTEMPTS},
        max_pool_connections=MAX_CONNECTIONS,
        parameter_validation=False,  # what is sent is of our making, and each call costs less
        proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
    )


def _attempt_timeout(total: float, longest: float) -> float:
    return min(longest, total)


def _translated(error: Exception, operation: str, key_id: str, where: str) -> SealError:
    """Any error on the way to KMS, in our words. An error that is not botocore's or the network's is given back."""
    details: dict[str, Any] = {"operation": operation}
    if isinstance(error, SealError):
        return error
    if isinstance(error, _exceptions.ClientError):
        answer = error.response.get("Error", {})
        code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
        details.update(aws_code=code, aws_message=message, aws_operation=error.operation_name)
        operation = error.operation_name or operation
        service = "sts" if operation.startswith("AssumeRole") else "kms"
        reason, remedy = meaning(code, message, f"{service}:{operation}", key_id)
        asked = f" with key {key_id}" if key_id else ""
        said = f"{code}: {message.rstrip('.')}." if message else f"{code}."
        return KmsError(
            f"AWS refused {operation}{asked} {where}: {said}", reason=reason, remedy=remedy, details=details
        )
    found = failure(error)
    if found is None:
        raise error
    return KmsError(f"{found.what} {where}".rstrip() + ".", reason=found.reason, remedy=found.remedy, details=details)
