# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translates errors that the AWS SDK raises while it is set up or gets or renews credentials into errors with their source and a remedy.

Texts of exceptions are shown only where they cannot hold a secret: what a credential process prints or a header carries may be one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import KmsError, SealError, SettingError
from .sdk_errors import CREDENTIAL_SOURCES, Request, to_error
from .sdk_settings import EXPIRATION_VARIABLE, invalid_setting

_PROCESS = "custom-process"
_SOURCE = "Check the source of the credentials in the AWS configuration."
_NETWORK = ("ClientError", "ConnectionError", "HTTPClientError", "ResponseParserError", "AnswerError")
_CHECK_PROCESS = "Check credential_process in the AWS config file by running it as the same user."
_EXPIRY_FRAMES = {"_expiry_datetime", "_seconds_remaining", "_is_expired", "refresh_needed"}
_VERSION = re.compile(r"[Vv]ersion '([^']*)'")
_MISSING_KEY = re.compile(r"Missing required key in response: '(AccessKeyId|SecretAccessKey)'")
_RENEW = {
    "env": f"Export new temporary credentials together with their {EXPIRATION_VARIABLE}; unset that variable if they are long-term keys.",
    _PROCESS: "Renew the credentials of the credential process, such as its login or its cache.",
    "container-role": "Check the container's credentials endpoint, and this host's clock.",
    "iam-role": "Check the metadata service, and this host's clock.",
    "sso": "Log in again (aws sso login).",
    "login": "Log in again (aws login).",
}
_SECRET_NAMES = ("SECRET", "TOKEN", "PASSWORD")
_RENEW_OTHER = "Get new temporary credentials from this source, and check this host's clock."


class Origin(NamedTuple):
    """The source from which the SDK gets credentials: ``method`` is its own name of the provider, empty if no provider was reached."""

    method: str
    profile: str
    environ: Mapping[str, str]
    settings: Mapping[str, Any]
    """Entries of the profile in the AWS config file."""

    def __str__(self) -> str:
        return CREDENTIAL_SOURCES.get(self.method, self.method or "the AWS configuration").format(profile=self.profile)


def is_expired(error: Exception) -> bool:
    """Whether the SDK reports credentials as expired although it has just renewed them."""
    return isinstance(error, RuntimeError) and "still expired" in str(error)


def credentials_error(error: Exception, origin: Origin, asked: Request) -> SealError:
    """The error to raise for any exception while credentials were fetched or renewed; ``asked`` describes the request to the service."""
    if isinstance(error, SealError):
        return error
    if is_expired(error):
        return _expired(origin)
    if _is_network(error):
        return to_error(error, asked) or sdk_failure(error)
    setting = invalid_setting(error, origin.environ, origin.settings, origin.profile)
    if setting is not None:
        return setting
    process = _of_process(error, origin)
    if process is not None:
        return process
    if isinstance(error, (TypeError, ValueError)) and any(frame.f_code.co_name in _EXPIRY_FRAMES for frame in _frames(error)):
        return _no_credentials(
            f"The AWS credentials from {origin} have an invalid expiration time.", "It must be a time with a time zone (2026-01-31T12:00:00Z)."
        )
    if isinstance(error, KeyError):
        return _of_key_error(error, origin, asked)
    return to_error(error, asked) or set_up_error(error, origin)


def set_up_error(error: Exception, origin: Origin) -> SealError:
    """The error to raise for any exception while a session or a client was created."""
    if isinstance(error, SealError):
        return error
    if is_expired(error):
        return _expired(origin)
    if not _is_network(error):
        setting = invalid_setting(error, origin.environ, origin.settings, origin.profile)
        if setting is not None:
            return setting
    if isinstance(error, OSError) and error.filename:
        return SettingError(
            f"The file {error.filename!r} of the AWS configuration cannot be read: {error.strerror}.",
            reason="file_error",
            remedy="Check the path and its permissions on the host where this runs.",
        )
    known = to_error(error, Request("AWS KMS", "connect", ""))
    if known is not None:
        return known
    if isinstance(error, ValueError):
        return _invalid_value(error, origin.environ)
    return sdk_failure(error)


def sdk_failure(error: Exception) -> KmsError:
    """Of an exception that nothing else explains, the kind; its text could hold anything."""
    return KmsError(
        f"The AWS SDK failed with {type(error).__name__}.",
        reason="aws_error",
        remedy="Check the AWS configuration files, the environment variables whose names begin with AWS_, and the version of boto3.",
    )


def _is_network(error: Exception) -> bool:
    return any(kind.__name__ in _NETWORK for kind in type(error).__mro__)


def _expired(origin: Origin) -> KmsError:
    expiration = origin.environ.get(EXPIRATION_VARIABLE, "") if origin.method == "env" else ""
    when = f": environment variable {EXPIRATION_VARIABLE} says {expiration[:40]}" if expiration else ""
    return KmsError(
        f"The AWS credentials from {origin} have expired{when}.",
        reason="expired_credentials",
        remedy=_RENEW.get(origin.method, _RENEW_OTHER),
    )


def _of_process(error: Exception, origin: Origin) -> SealError | None:
    """The error of a credential process, which may be that of a role's source profile; None for any other."""
    facts = getattr(error, "kwargs", {})
    frame = next((frame for frame in _frames(error) if frame.f_code.co_name == "_retrieve_credentials_using"), None)
    if facts.get("provider") != _PROCESS and origin.method != _PROCESS and frame is None:
        return None
    profile = _profile_of_process(frame, origin)
    subject = f"The credential process of profile {profile}"
    printed = f"The output of the credential process of profile {profile}"
    if isinstance(error, OSError):
        name = f" {error.filename!r}" if error.filename else ""
        return _no_credentials(f"{subject} cannot be started{name}: {error.strerror}.", _CHECK_PROCESS)
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return _no_credentials(f"{printed} is not JSON.", "Check credential_process in the AWS config file.")
    status = getattr(frame.f_locals.get("p"), "returncode", None) if frame is not None else None
    if status:
        ended = f"exited with code {status}" if status > 0 else f"was terminated by signal {abs(status)}"
        return _no_credentials(f"{subject} {ended}; its output is not shown, because it may contain a secret.", _CHECK_PROCESS)
    text = str(facts.get("error_msg", ""))
    version, missing = _VERSION.search(text), _MISSING_KEY.search(text)
    if missing:
        return _no_credentials(f"{subject} did not return {missing.group(1)}.", _CHECK_PROCESS)
    if version:
        number = version.group(1)
        shown = f"Version {number}" if re.fullmatch(r"[0-9.]{1,9}", number) else "no valid Version" if "not provided" not in number else "no Version"
        return _no_credentials(f"{subject} returned {shown}; the AWS SDK requires Version 1.", _CHECK_PROCESS)
    if is_expired(error) or any(frame.f_code.co_name in _EXPIRY_FRAMES for frame in _frames(error)):
        return None if is_expired(error) else _no_credentials(f"{subject} returned an Expiration that is not a time with a time zone.", _CHECK_PROCESS)
    if isinstance(error, ValueError) and frame is not None and "p" not in frame.f_locals:
        return _no_credentials(f"credential_process of profile {profile} is not a valid command line.", "Check its quotes.")
    return _no_credentials(f"{printed} does not contain credentials.", _CHECK_PROCESS)


def _profile_of_process(frame: Any, origin: Origin) -> str:
    provider = frame.f_locals.get("self") if frame is not None else None
    return str(getattr(provider, "_profile_name", None) or origin.profile)


def _of_key_error(error: KeyError, origin: Origin, asked: Request) -> SealError:
    # So botocore fails on well-formed JSON that holds no credentials.
    name = re.sub(r"[^A-Za-z_]", "", str(error))[:40]
    if origin.method == "container-role":
        return _no_credentials(
            f"The response of the container's credentials endpoint does not contain credentials: {name!r} is missing.",
            "Check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.",
        )
    return _no_credentials(f"The response of {origin} does not contain credentials: {name!r} is missing.", _SOURCE)


def _no_credentials(message: str, remedy: str) -> KmsError:
    return KmsError(message, reason="no_credentials", remedy=remedy)


def _invalid_value(error: ValueError, environ: Mapping[str, str]) -> SettingError:
    text = " ".join(str(error).split()).rstrip(".")
    secrets = [value for name, value in environ.items() if any(word in name for word in _SECRET_NAMES) and value]
    if isinstance(error, UnicodeError) or "header" in text.lower() or any(secret in text for secret in secrets):
        # The HTTP library shows the header, which may be a session token.
        text = "a setting or credential contains a character that is not allowed in a request"
    return SettingError(
        f"A value of the AWS configuration is invalid: {text[:300]}.",
        reason="invalid_option",
        remedy="Check the AWS config file and the environment variables whose names begin with AWS_.",
    )


def _frames(error: BaseException) -> Iterator[Any]:
    """The frames that the exception, or what it was raised from, came through."""
    seen: BaseException | None = error
    while seen is not None:
        trace = seen.__traceback__
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next
        seen = seen.__cause__ or seen.__context__
