# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS port: exactly the calls that the collection needs, and its adapter; the only file that imports botocore.

botocore is used without boto3's layer on top, because it starts sooner; boto3 brings it.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

from .answers import AnswerError, Answers, Pages
from .aws_errors import is_throttling
from .connection import (
    IGNORE_ENDPOINTS_VARIABLE,
    PROFILE_VARIABLES,
    REGION_VARIABLES,
    ConnectionOptions,
    Sourced,
    check_region_name,
    endpoint_in_force,
    first,
    profile_in_force,
    sts_endpoint_in_force,
    unknown_profile,
)
from .errors import KmsError, SealError, SettingError
from .sdk_credentials import Origin, credentials_error, is_expired, set_up_error
from .sdk_errors import CREDENTIAL_SOURCES, HALF_A_PAIR, NO_CREDENTIALS, Asked, in_words, is_lasting
from .sdk_files import check_sdk_files
from .sent_secrets import SentSecrets

try:
    from botocore import credentials as _credentials
    from botocore import exceptions as _exceptions
    from botocore import utils as _utils
    from botocore.config import Config
    from botocore.loaders import Loader
    from botocore.parsers import ResponseParserError
    from botocore.session import Session
except ImportError as error:  # said in words when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
    Loader = Session = object
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
# Of botocore's standard retry mode, in seconds: waits double from 1 s (newer releases: from 50 ms, unless throttled) up to 20 s.
# Newer releases wait up to 5 s longer where the answer says so by a header.
_LONGEST_BACKOFF = 20.0
_LONGEST_RETRY_AFTER = 5.0
_RETRY_AFTER = "x-amz-retry-after"
_LONGEST_LISTING = 10  # times the option timeout, for all pages of one listing
_LAST_WAIT = 0.5  # seconds; with less time left, a throttled call is given up
_USER_AGENT = "sealwright.vault_seal"


class Encrypted(NamedTuple):
    key_arn: str
    ciphertext: bytes


class Decrypted(NamedTuple):
    key_arn: str
    plaintext: bytes

    def __repr__(self) -> str:
        return f"Decrypted(key_arn={self.key_arn!r})"


class ReEncrypted(NamedTuple):
    source_key_arn: str
    key_arn: str
    ciphertext: bytes


class Kms(Protocol):
    """What the seal core asks of KMS. Every method raises :class:`KmsError`."""

    @property
    def region(self) -> Sourced:
        """The region that is asked."""

    def encrypt(self, key_id: str, plaintext: bytes) -> Encrypted:
        """Encrypt at most 4096 bytes; the answer names the key by its ARN."""

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> Decrypted:
        """Decrypt; with ``key_id``, only if the ciphertext is that key's."""

    def re_encrypt(self, ciphertext: bytes, key_id: str, source_key_id: str = "") -> ReEncrypted:
        """Move a ciphertext to the key ``key_id`` inside KMS; with ``source_key_id``, only if it is that key's. Both lie in the region asked."""

    def describe_key(self, key_id: str) -> dict[str, Any]:
        """``KeyMetadata`` as KMS answers it."""

    def update_alias(self, alias: str, key_id: str) -> None:
        """Let an alias that is there lead to another key of the same account, region and kind."""

    def rotate_key_on_demand(self, key_id: str) -> None:
        """Ask for new material of a key, which KMS makes in the background."""

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        """All pages of one of the read-only operations about a key, such as ``list_grants``."""


class BotoKms:
    """The adapter: one botocore client for one region, and where its settings came from.

    ``key_in_environment`` may be set to the key that an environment variable named, for errors about it to say so.
    """

    def __init__(self, session: _Session, region: Sourced, credentials: Sourced) -> None:
        """Make the client. Raises what botocore raises."""
        self.region = region
        self.key_in_environment: Sourced | None = None
        self._credentials = credentials
        self._session = session
        self._client = session.create_client("kms", region_name=region.value)
        self.endpoint = session.endpoints["kms"]

    def connection(self) -> dict[str, dict[str, str]]:
        """Region, endpoint and credentials, each with its source; nothing secret."""
        return {
            "region": self.region.as_result(),
            "endpoint": self.endpoint.as_result(),
            "credentials": self._credentials.as_result(),
        }

    def encrypt(self, key_id: str, plaintext: bytes) -> Encrypted:
        answer = self._call("encrypt", key_id, KeyId=key_id, Plaintext=plaintext)
        return Encrypted(answer["KeyId"], answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> Decrypted:
        pinned = {"KeyId": key_id} if key_id else {}
        answer = self._call("decrypt", key_id, CiphertextBlob=ciphertext, **pinned)
        return Decrypted(answer["KeyId"], answer["Plaintext"])

    def re_encrypt(self, ciphertext: bytes, key_id: str, source_key_id: str = "") -> ReEncrypted:
        pinned = {"SourceKeyId": source_key_id} if source_key_id else {}
        answer = self._call("re_encrypt", key_id, CiphertextBlob=ciphertext, DestinationKeyId=key_id, **pinned)
        return ReEncrypted(answer["SourceKeyId"], answer["KeyId"], answer["CiphertextBlob"])

    def describe_key(self, key_id: str) -> dict[str, Any]:
        metadata: dict[str, Any] = self._call("describe_key", key_id, KeyId=key_id)["KeyMetadata"]
        return metadata

    def update_alias(self, alias: str, key_id: str) -> None:
        self._call("update_alias", key_id, AliasName=alias, TargetKeyId=key_id)

    def rotate_key_on_demand(self, key_id: str) -> None:
        self._check_known("rotate_key_on_demand")
        self._call("rotate_key_on_demand", key_id, KeyId=key_id)

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        self._check_known(operation)
        extra = {"PolicyName": "default"} if operation == "get_key_policy" else {}
        pages: list[dict[str, Any]] = []
        markers, end = Pages(), time.monotonic() + _LONGEST_LISTING * self._session.timeout
        while True:
            pages.append(self._call(operation, key_id, KeyId=key_id, **extra))
            try:
                extra["Marker"] = markers.next_marker(pages[-1])
            except AnswerError as error:
                raise self._in_words(error, operation, key_id) from None
            if not extra["Marker"]:
                return pages
            if time.monotonic() > end:
                raise KmsError(
                    f"KMS still answers {_operation(operation)} of the key {key_id} with one page after the other.",
                    reason="timed_out",
                    remedy="Raise the option timeout.",
                )

    def _check_known(self, operation: str) -> None:
        if not hasattr(self._client, operation):
            raise KmsError(
                f"The botocore that runs here does not know {operation}.",
                reason="unsupported_by_sdk",
                remedy="Install a later boto3.",
                details={"operation": operation},
            )

    def _call(self, operation: str, key_id: str, **parameters: Any) -> dict[str, Any]:
        """Ask; what is answered is checked. Whatever botocore and the HTTP library raise becomes a :class:`SealError`."""
        self._renew_credentials()
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except Exception as error:
            raise self._in_words(error, operation, key_id) from None
        return answer

    def _renew_credentials(self) -> None:
        """Temporary credentials are renewed here where they are due, so that a failure is known for what it is."""
        found = None
        try:
            found = self._session.get_credentials()
            if found is not None:
                found.get_frozen_credentials()
        except Exception as error:
            raise _credentials_error(error, self._session, self.region, found) from None

    def _in_words(self, error: Exception, operation: str, key_id: str) -> SealError:
        asked = Asked("AWS KMS", _operation(operation), f"in region {self.region} at {self.endpoint}", key_id)
        if is_expired(error):
            return _credentials_error(error, self._session, self.region, self._session.get_credentials())
        found = in_words(error, asked)
        if found is None:
            # So botocore fails on well-formed JSON that is no answer of KMS's, with whatever Python raises.
            found = cast(SealError, in_words(ResponseParserError(), asked))
        self._session.sent.secrets.blank_error(found)
        if found.reason in ("invalid_credentials", "expired_credentials"):
            found.message += f" Asked with access key {self._credentials}."
        if self.key_in_environment and self.key_in_environment.value == key_id:
            # The task does not show where this key came from.
            found.message = found.message.replace(f"with key {key_id} ", f"with key {self.key_in_environment} ", 1)
        return found


def open_kms(
    options: ConnectionOptions, hints: tuple[Sourced, ...] = (), environ: Mapping[str, str] | None = None
) -> BotoKms:
    """Make the adapter: resolve region and credentials, and load no more than is needed.

    ``hints`` are regions that the key or the sealed value names, taken where nothing else says one. Raises :class:`SealError`
    (``no_region``, ``no_credentials``, ...) before any call to KMS. The environment that botocore reads is the process's own.

    What the lowest botocore, 1.29.27, lacks: it knows no AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and, for container credentials, no other
    host than 169.254.170.2 and loopback, so no EKS pod identity; and it does not heed AWS_EC2_METADATA_V1_DISABLED.
    """
    if _MISSING is not None:
        raise SettingError(
            f"The Python library botocore cannot be imported ({_MISSING}).",
            reason="missing_library",
            remedy="Install boto3 1.26.27 or later for the Python that runs this.",
        )
    options.check()
    environ = os.environ if environ is None else environ
    check_sdk_files(options, environ)
    profile = profile_in_force(options, environ)
    session = None
    try:
        session = _Session(options, environ, profile.value if profile else None)
        region = _region(session, options, environ, hints)
        check_region_name(region)
        session.set_config_variable("region", region.value)
        return BotoKms(session, region, _load_credentials(session, region, options, environ))
    except _exceptions.ProfileNotFound as error:
        raise unknown_profile(error.kwargs["profile"], options, environ) from None
    except Exception as error:
        named = profile or first(environ, PROFILE_VARIABLES)
        entries = _entries(session or Session(profile=named.value if named else None))
        raise set_up_error(error, Origin("", named.value if named else "default", environ, entries)) from None


class _Session(Session):  # type: ignore[misc]
    """botocore's session. All its clients, KMS's own and those that botocore makes to get credentials, go the way that the options say and
    end in time; ``endpoints`` says which endpoint each service's client asks.
    """

    def __init__(self, options: ConnectionOptions, environ: Mapping[str, str], profile: str | None) -> None:
        """``profile`` wins over keys in the environment, as botocore has it."""
        super().__init__(profile=profile)
        self.endpoints: dict[str, Sourced] = {}
        self.sent = SentSecrets()
        self.answers = Answers()
        self.environ = environ
        self.provider = ""
        self._way = options
        self._environ_in_force = dict(environ)
        if options.shared_creds_filename:
            self.set_config_variable("credentials_file", options.shared_creds_filename)
        self._agent = f"{self.user_agent()} {_USER_AGENT}"
        everything = self.get_component("data_loader").search_paths
        self.register_component("data_loader", _Loader(everything, include_default_search_paths=False))
        if self.get_scoped_config().get("ignore_configured_endpoint_urls", "").lower() == "true":
            self._environ_in_force.setdefault(IGNORE_ENDPOINTS_VARIABLE, "true")
        resolver = self.get_component("credential_provider")
        resolver.insert_after("iam-role", _credentials.InstanceMetadataProvider(self.metadata(_utils.InstanceMetadataFetcher)))
        resolver.remove("iam-role")
        resolver.providers[:] = [_Provider(provider, self) for provider in resolver.providers]

    @property
    def timeout(self) -> float:
        return self._way.timeout

    @property
    def profile_name(self) -> str:
        return self.get_config_variable("profile") or "default"

    def create_client(self, service_name: str, *arguments: Any, **settings: Any) -> Any:
        endpoint = self._endpoint(service_name)
        config = settings.pop("config", None)
        way = _config(self._way, self._agent)
        settings.update(
            endpoint_url=endpoint.value if endpoint else None,
            verify=(self._way.ca_bundle or None) if self._way.validate_certs else False,
            config=way.merge(config) if config else way,
        )
        client = super().create_client(service_name, *arguments, **settings)
        self.endpoints[service_name] = endpoint or Sourced(client.meta.endpoint_url, "the AWS SDK")
        _Deadline(self._way.timeout).attach(client)
        self.sent.attach(client)
        self.answers.attach(client)
        return client

    def metadata(self, kind: Any) -> Any:
        """One of botocore's fetchers from the metadata service, made here because the session takes whole seconds only."""
        said = os.environ.get("AWS_METADATA_SERVICE_TIMEOUT") or self.get_scoped_config().get("metadata_service_timeout")
        config = {
            "ec2_metadata_service_endpoint": self.get_config_variable("ec2_metadata_service_endpoint"),
            "ec2_metadata_service_endpoint_mode": _utils.resolve_imds_endpoint_mode(self),
            "ec2_metadata_v1_disabled": self.get_config_variable("ec2_metadata_v1_disabled"),
        }
        timeout = float(said or _METADATA_TIMEOUT)
        if not 0 < timeout <= 3600:
            raise ValueError("metadata_service_timeout")
        return kind(
            timeout=timeout,
            num_attempts=self.get_config_variable("metadata_service_num_attempts"),
            user_agent=self._agent,
            config=config,
        )

    def _endpoint(self, service: str) -> Sourced | None:
        in_force = {"kms": endpoint_in_force, "sts": sts_endpoint_in_force}.get(service)
        return in_force(self._way, self._environ_in_force, self._configured_endpoint(service)) if in_force else None

    def _configured_endpoint(self, service: str) -> Sourced | None:
        """What the AWS config file says; read here because botocore before 1.31 does not, and newer ones do not tell."""
        profile, everything = self.get_scoped_config(), self.full_config
        name = profile.get("services")
        section = everything.get("services", {}).get(name) or everything.get(f"services {name}") or {}
        url = section.get(service, {}).get("endpoint_url") or profile.get("endpoint_url")
        return Sourced(url, f"AWS profile {self.profile_name}") if url else None


class _Provider:
    """One of botocore's providers of credentials, which notes in the session that it is the one that is asked."""

    def __init__(self, provider: Any, session: _Session) -> None:
        self._provider = provider
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def load(self) -> Any:
        self._session.provider = self._provider.METHOD
        return self._provider.load()


class _Loader(Loader):  # type: ignore[misc]
    """botocore's reader of its service models. It looks for the service that is asked for, not through the folders of all of them."""

    _service = ""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        self._service = service_name
        return super().load_service_model(service_name, type_name, api_version)

    def list_available_services(self, type_name: str) -> list[str]:
        return [self._service]


class _Deadline:
    """Ends a client's retries in time, and not before where KMS only asks to go slower.

    botocore's standard mode bounds attempts and, over all calls of a client, retries; it knows no time. What an event's handlers raise or
    answer first is the one public way into its loop.
    """

    def __init__(self, timeout: float) -> None:
        """``timeout``: seconds for each call."""
        self._timeout = timeout

    def attach(self, client: Any) -> None:
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-call.{service}", self._note_start)
        client.meta.events.register_first(f"needs-retry.{service}", self._stop_in_time)
        client.meta.events.register_last(f"needs-retry.{service}", self._wait_longer)

    @staticmethod
    def _note_start(context: dict[str, Any], **_others: Any) -> None:
        context["sealwright_started"] = time.monotonic()

    def _stop_in_time(
        self, attempts: int, request_dict: dict[str, Any], response: Any, operation: Any, caught_exception: Any, **_others: Any
    ) -> float | None:
        longest_wait = _longest_backoff(attempts)
        if caught_exception is not None:
            if is_lasting(caught_exception):
                raise caught_exception
            if not isinstance(caught_exception, _exceptions.ConnectionClosedError):
                longest_wait += _attempt_timeout(self._timeout, _READ_TIMEOUT)  # what hung may hang again
        elif _RETRY_AFTER in response[0].headers:
            longest_wait += _LONGEST_RETRY_AFTER
        left: float = self._timeout - (time.monotonic() - request_dict["context"]["sealwright_started"])
        if longest_wait <= left:
            return None
        if caught_exception is not None:
            raise caught_exception
        if response[0].status_code >= 300:
            if _throttled(response) and left > _LAST_WAIT:
                return left * random.uniform(0.3, 0.7)  # once more, and then again, until hardly anything is left
            raise _exceptions.ClientError(response[1], operation.name)
        return None

    def _wait_longer(self, attempts: int, response: Any, **_others: Any) -> float | None:
        """The same wait as botocore's, which counts only where it has used up its retries."""
        return random.random() * _longest_backoff(attempts) if _throttled(response) else None


def _operation(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _longest_backoff(attempts: int) -> float:
    return min(2.0 ** (attempts - 1), _LONGEST_BACKOFF)


def _throttled(response: Any) -> bool:
    return response is not None and response[0].status_code >= 300 and is_throttling(str(response[1].get("Error", {}).get("Code", "")))


def _config(options: ConnectionOptions, user_agent: str) -> Any:
    return Config(
        user_agent=user_agent,  # botocore would put its own together twice for each call, a fifth of what a call costs
        connect_timeout=_attempt_timeout(options.timeout, _CONNECT_TIMEOUT),
        read_timeout=_attempt_timeout(options.timeout, _READ_TIMEOUT),
        retries={"mode": "standard", "total_max_attempts": _MOST_ATTEMPTS},
        max_pool_connections=MAX_CONNECTIONS,
        proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
    )


def _attempt_timeout(total: float, longest: float) -> float:
    return min(longest, total)


def _region(
    session: _Session, options: ConnectionOptions, environ: Mapping[str, str], hints: tuple[Sourced, ...]
) -> Sourced:
    said = options.sourced("region") or first(environ, REGION_VARIABLES)
    if said:
        return said
    configured = session.get_scoped_config().get("region")
    if configured:
        return Sourced(configured, f"AWS profile {session.profile_name}")
    if hints:
        return hints[0]
    found = _instance_region(session)
    if found:
        return Sourced(found, "instance metadata")
    raise SettingError(
        "No AWS region is known: no option, environment variable, AWS profile, key ARN or metadata service names one.",
        reason="no_region",
        remedy="Give region, set the environment variable AWS_REGION, or name the key by its ARN.",
    )


# botocore takes the last letter off the availability zone; what is left of a local zone is none yet (us-west-2-lax-1).
_ZONES_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]+)+-\d{1,2}(?![0-9])")


def _instance_region(session: _Session) -> str:
    """The region of the EC2 instance where this runs; empty where no metadata service says it."""
    try:
        zone = session.metadata(_utils.InstanceMetadataRegionFetcher).retrieve_region()
    except _utils.BadIMDSRequestError:
        return ""
    found = _ZONES_REGION.match(zone or "")
    return found.group() if found else ""


def _load_credentials(session: _Session, region: Sourced, options: ConnectionOptions, environ: Mapping[str, str]) -> Sourced:
    """Put the credentials that the options ask for into the session; say (access key id, source) of those in force."""
    if options.access_key:
        session.set_credentials(options.access_key, options.secret_key, options.session_token or None)
    found = None
    try:
        source = _assume_role(session, options, environ)
        found = session.get_credentials()
        if found is None:
            raise _no_credentials(session, environ)
        frozen = found.get_frozen_credentials()
    except Exception as error:
        if isinstance(error, _exceptions.ProfileNotFound):
            raise
        raise _credentials_error(error, session, region, found) from None
    source = source or _source(session, found, options)
    for name in ("access_key", "secret_key", "token"):
        value = getattr(frozen, name) or ""
        if value != value.strip() or not value.isprintable():
            raise SettingError(
                f"The {name.replace('_', ' ')} from {source} begins or ends with white space or holds a control character.",
                reason="invalid_credentials",
                remedy="Give it without line breaks and blanks.",
            )
    return Sourced(frozen.access_key, source)


def _credentials_error(error: Exception, session: _Session, region: Sourced, found: Any) -> SealError:
    """``found`` are the credentials whose renewal failed; None while they are looked for."""
    # Clients made up to here are those of the services that hand out credentials.
    service, endpoint = next(((name, url) for name, url in reversed(list(session.endpoints.items())) if name != "kms"), ("sts", ""))
    asked = Asked(f"AWS {service.upper()}", "AssumeRole", f"in region {region} at {endpoint}", profile=session.profile_name)
    method = str(getattr(found, "method", "") or session.provider)
    told = credentials_error(error, Origin(method, session.profile_name, session.environ, _entries(session)), asked)
    session.sent.secrets.blank_error(told)
    return told


def _entries(session: Any) -> Mapping[str, Any]:
    """Those of the profile in force; none where that cannot be read."""
    try:
        entries: Mapping[str, Any] = session.get_scoped_config()
    except Exception:
        return {}
    return entries


def _no_credentials(session: _Session, environ: Mapping[str, str]) -> SettingError:
    if environ.get("AWS_SECRET_ACCESS_KEY") and not environ.get("AWS_ACCESS_KEY_ID"):
        # botocore says so of the other half only.
        what, reason = "Environment variable AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID.", "incomplete_credentials"
    else:
        profile = session.get_config_variable("profile")
        where = f", neither by profile {profile} nor elsewhere" if profile else ""
        what, reason = f"No AWS credentials are found{where}.", "no_credentials"
    return SettingError(what, reason=reason, remedy=HALF_A_PAIR if reason == "incomplete_credentials" else NO_CREDENTIALS)


def _source(session: _Session, found: Any, options: ConnectionOptions) -> str:
    """In words, where the session's credentials came from."""
    if found.method == "explicit":
        return options.sources.get("access_key", "options access_key and secret_key")
    return CREDENTIAL_SOURCES.get(found.method, str(found.method)).format(profile=session.profile_name)


def _assume_role(session: _Session, options: ConnectionOptions, environ: Mapping[str, str]) -> str:
    """Put the credentials of the role asked for, if any, into the session; in words, where they came from, or empty.

    A role that a profile asks for is left to botocore.
    """
    token_file = _web_identity(session, options, environ)
    role = options.role_arn or (environ.get("AWS_ROLE_ARN", "") if token_file else "")
    if not role:
        if token_file:
            raise SettingError(
                f"A web identity token file is given by {token_file.source}, but no role.",
                reason="incomplete_credentials",
                remedy="Give role_arn too, or set the environment variable AWS_ROLE_ARN.",
            )
        return ""
    extra = {"RoleSessionName": options.role_session_name or environ.get("AWS_ROLE_SESSION_NAME") or _USER_AGENT}
    if token_file:
        source = f"the web identity of {token_file.source}"
        fetcher: Any = _credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            session.create_client, _utils.FileWebIdentityTokenLoader(token_file.value), role, extra_args=extra
        )
    else:
        found = session.get_credentials()
        if found is None:
            raise _no_credentials(session, environ)
        source = _source(session, found, options)
        fetcher = _credentials.AssumeRoleCredentialFetcher(session.create_client, found, role, extra_args=extra)
    answer = fetcher.fetch_credentials()
    session.set_credentials(answer["access_key"], answer["secret_key"], answer["token"])
    return f"role {role}, assumed with {source}"


def _web_identity(session: _Session, options: ConnectionOptions, environ: Mapping[str, str]) -> Sourced | None:
    """The token file in force; one of the environment counts where nothing that wins over it is given."""
    said = options.sourced("web_identity_token_file")
    if said:
        return said
    if options.access_key or options.shared_creds_profile or options.shared_creds_filename or environ.get("AWS_ACCESS_KEY_ID"):
        return None
    profile = session.get_scoped_config()
    if "role_arn" in profile and "web_identity_token_file" not in profile:
        return None
    return first(environ, ("AWS_WEB_IDENTITY_TOKEN_FILE",))
