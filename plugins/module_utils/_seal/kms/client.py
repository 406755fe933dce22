# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of AWS KMS: the calls of ``api.Kms`` by botocore, with its errors and answers checked.

botocore is used without boto3's layer on top, because it starts sooner; boto3 brings it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from ..errors import KmsError, SealError, missing_library
from ..sourced import Sourced, first
from .answers import AnswerError, Pages
from .api import KmsCiphertext, KmsPlaintext, KmsReEncrypted
from .credential_errors import Origin, is_expired, set_up_error
from .credentials import check_region_name, find_region, load_credentials, session_credentials_error
from .options import PROFILE_VARIABLES, ConnectionOptions, profile_in_force, unknown_profile
from .sdk_errors import Request, to_error
from .sdk_files import check_sdk_files
from .session import SdkSession, profile_entries

try:
    from botocore import exceptions as _exceptions
    from botocore.parsers import ResponseParserError
    from botocore.session import Session
except ImportError as error:  # reported when it is first needed, so that documentation can be read without it
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_T = TypeVar("_T")
_LONGEST_LISTING = 10  # times the option timeout, for all pages of one listing


class Connected(NamedTuple):
    """A session with its region and credentials, for the client of any service."""

    session: SdkSession
    region: Sourced
    credentials: Sourced


class BotoKms:
    """The adapter: one botocore client for one region, and where its settings came from.

    ``key_in_environment`` may be set to the key from an environment variable; errors about the key then name the variable.
    """

    def __init__(self, session: SdkSession, region: Sourced, credentials: Sourced) -> None:
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

    def encrypt(self, key_id: str, plaintext: bytes) -> KmsCiphertext:
        answer = self._call("encrypt", key_id, KeyId=key_id, Plaintext=plaintext)
        return KmsCiphertext(answer["KeyId"], answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> KmsPlaintext:
        pinned = {"KeyId": key_id} if key_id else {}
        answer = self._call("decrypt", key_id, CiphertextBlob=ciphertext, **pinned)
        return KmsPlaintext(answer["KeyId"], answer["Plaintext"])

    def re_encrypt(self, ciphertext: bytes, key_id: str, source_key_id: str = "") -> KmsReEncrypted:
        pinned = {"SourceKeyId": source_key_id} if source_key_id else {}
        answer = self._call("re_encrypt", key_id, CiphertextBlob=ciphertext, DestinationKeyId=key_id, **pinned)
        return KmsReEncrypted(answer["SourceKeyId"], answer["KeyId"], answer["CiphertextBlob"])

    def describe_key(self, key_id: str) -> dict[str, Any]:
        metadata: dict[str, Any] = self._call("describe_key", key_id, KeyId=key_id)["KeyMetadata"]
        return metadata

    def update_alias(self, alias: str, key_id: str) -> None:
        self._call("update_alias", key_id, AliasName=alias, TargetKeyId=key_id)

    def rotate_key_on_demand(self, key_id: str) -> None:
        self._check_known("rotate_key_on_demand")
        self._call("rotate_key_on_demand", key_id, KeyId=key_id)

    def replicate_key(self, key_id: str, region: str, **settings: Any) -> dict[str, Any]:
        answer = self._call("replicate_key", key_id, KeyId=key_id, ReplicaRegion=region, **settings)
        metadata: dict[str, Any] = answer["ReplicaKeyMetadata"]
        return metadata

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
                raise self._translated(error, operation, key_id) from None
            if not extra["Marker"]:
                return pages
            if time.monotonic() > end:
                raise KmsError(
                    f"Timed out listing all pages of {_operation(operation)} for the key {key_id}.",
                    reason="timed_out",
                    remedy="Increase the option timeout.",
                )

    def _check_known(self, operation: str) -> None:
        if not hasattr(self._client, operation):
            raise KmsError(
                f"The installed botocore does not support {operation}.",
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
            raise self._translated(error, operation, key_id) from None
        return answer

    def _renew_credentials(self) -> None:
        """Renew temporary credentials that are about to expire, so that a failure is reported as a credentials error."""
        credentials = None
        try:
            credentials = self._session.get_credentials()
            if credentials is not None:
                credentials.get_frozen_credentials()
        except Exception as error:
            raise session_credentials_error(error, self._session, self.region, credentials) from None

    def _translated(self, error: Exception, operation: str, key_id: str) -> SealError:
        asked = Request("AWS KMS", _operation(operation), f"in region {self.region} at {self.endpoint}", key_id)
        if is_expired(error):
            return session_credentials_error(error, self._session, self.region, self._session.get_credentials())
        translated = to_error(error, asked)
        if translated is None:
            # botocore raises arbitrary Python errors for well-formed JSON that is not a response of KMS.
            translated = cast(SealError, to_error(ResponseParserError(), asked))
        self._session.sent.secrets.blank_error(translated)
        if translated.reason in ("invalid_credentials", "expired_credentials"):
            translated.message += f" The access key was {self._credentials}."
        if self.key_in_environment and self.key_in_environment.value == key_id:
            # The task does not show where this key came from.
            translated.message = translated.message.replace(f"with key {key_id} ", f"with key {self.key_in_environment} ", 1)
        return translated


def open_kms(
    options: ConnectionOptions, hints: tuple[Sourced, ...] = (), environ: Mapping[str, str] | None = None
) -> BotoKms:
    """Create the adapter: resolve region and credentials, and load no more than necessary.

    ``hints`` are regions from the key or the sealed value, used if no other source sets the region. Raises :class:`SealError`
    (``no_region``, ``no_credentials``, ...) before any call to KMS. The environment that botocore reads is the process's own.

    Limits of the oldest supported botocore, 1.29.27: it ignores AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and accepts only 169.254.170.2 and
    loopback hosts for container credentials, so EKS pod identity does not work; it also ignores AWS_EC2_METADATA_V1_DISABLED.
    """
    return open_sdk(options, hints, os.environ if environ is None else environ, BotoKms)


def open_session(options: ConnectionOptions, environ: Mapping[str, str] | None = None) -> Connected:
    """The session alone, for a client of another service; raises :class:`SealError` as :func:`open_kms`."""
    return open_sdk(options, (), os.environ if environ is None else environ, Connected)


def open_sdk(options: ConnectionOptions, hints: tuple[Sourced, ...], environ: Mapping[str, str], make: Callable[[SdkSession, Sourced, Sourced], _T]) -> _T:
    """What ``make`` returns for a session, its region and its credentials; what botocore raises becomes a :class:`SealError`."""
    if _MISSING is not None:
        raise missing_library("botocore", _MISSING, "boto3 1.26.27")
    options.check()
    check_sdk_files(options, environ)
    profile = profile_in_force(options, environ)
    session = None
    try:
        session = SdkSession(options, environ, profile.value if profile else None)
        region = find_region(session, options, environ, hints)
        check_region_name(region)
        session.set_config_variable("region", region.value)
        return make(session, region, load_credentials(session, region, options, environ))
    except _exceptions.ProfileNotFound as error:
        raise unknown_profile(error.kwargs["profile"], options, environ) from None
    except Exception as error:
        named = profile or first(environ, PROFILE_VARIABLES)
        entries = profile_entries(session or Session(profile=named.value if named else None))
        raise set_up_error(error, Origin("", named.value if named else "default", environ, entries)) from None


def _operation(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
