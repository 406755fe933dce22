# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever botocore raises becomes words: settings that it refuses, credentials that it cannot get or renew. With real processes and files."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from types import FunctionType

import botocore
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.credential_errors import Origin, credentials_error, set_up_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import Request
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_settings import invalid_setting
from botocore import exceptions
from hypothesis import given
from hypothesis import strategies as st

SECRET = "hush-hush-hush"
NEWER = [int(part) for part in botocore.__version__.split(".")[:2]] >= [1, 36]
PAST = "2020-01-01T00:00:00Z"
NOT_JSON = "The output of the credential process of profile vault is not JSON. Check credential_process in the AWS config file."
CHECK = "Check credential_process in the AWS config file by running it as the same user."


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Sets the variables that are given, and no others."""

    def set_all(**variables):
        for name in list(os.environ):
            if name.startswith(("AWS", "VAULT", "BAO", "http", "HTTP")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path))
        usual = {"AWS_REGION": "us-east-1", "AWS_KMS_ENDPOINT": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}
        for name, value in {**usual, **variables}.items():
            monkeypatch.setenv(name, value)

    return set_all


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SECRET}


def failure(**options):
    """Reason and message of opening the adapter and asking; nothing secret is in them."""
    with pytest.raises(SealError) as raised:
        open_kms(ConnectionOptions(timeout=1, **options)).describe_key("alias/vault")
    error = raised.value
    assert SECRET not in f"{error!s} {error.details} {error!r}"
    assert error.__cause__ is None
    return error.reason, str(error)


# Settings that the SDK refuses

REFUSED = {
    "AWS_DEFAULTS_MODE": ("x", "one of legacy, auto, standard, in-region, cross-region, mobile"),
    "AWS_STS_REGIONAL_ENDPOINTS": ("x", "one of legacy, regional"),
    "AWS_METADATA_SERVICE_TIMEOUT": ("abc", "an integer from 1 to 3600"),
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": ("abc", "an integer from 1 to 100"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ("x", "one of ipv4, ipv6"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": ("x", "a URL (http://HOST)"),
    "AWS_CREDENTIAL_EXPIRATION": ("soon", "a time with a time zone, such as 2026-01-31T12:00:00Z"),
}
REFUSED_BY_NEWER = {
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": ("x", "one of preferred, disabled, required"),
    "AWS_REQUEST_CHECKSUM_CALCULATION": ("never", "one of when_supported, when_required"),
    "AWS_RESPONSE_CHECKSUM_VALIDATION": ("never", "one of when_supported, when_required"),
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": ("abc", "an integer from 0 to 10485760"),
}


@pytest.mark.parametrize("name", [*REFUSED, *(REFUSED_BY_NEWER if NEWER else ())])
def test_a_setting_that_the_sdk_refuses_is_named(environment, name):
    value, valid = {**REFUSED, **REFUSED_BY_NEWER}[name]
    environment(**KEYS, **{name: value})
    assert failure() == (
        "invalid_option", f"Environment variable {name} is set to {value!r}, which the AWS SDK does not accept. Set it to {valid}, or unset it."
    )


@pytest.mark.parametrize("name", ["AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_SDK_UA_APP_ID"])
def test_a_setting_that_the_sdk_does_not_look_at_is_not_blamed(environment, name):
    environment(**KEYS, **{name: "x"})
    assert failure()[0] == "unreachable"


@pytest.mark.parametrize("entry", ["defaults_mode = x", "sts_regional_endpoints = x", "metadata_service_num_attempts = x"])
def test_a_setting_of_the_config_file_is_named_with_its_profile(environment, tmp_path, entry):
    path = tmp_path / "config"
    path.write_text(f"[profile vault]\n{entry}\n", encoding="utf-8")
    environment(**KEYS, AWS_CONFIG_FILE=str(path), AWS_PROFILE="vault")
    reason, message = failure()
    assert (reason, message.partition(",")[0]) == ("invalid_option", f"{entry.partition(' ')[0]} of AWS profile vault is set to 'x'")


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "1e9"])
def test_a_timeout_of_the_metadata_service_that_is_none(environment, seconds):
    environment(AWS_METADATA_SERVICE_TIMEOUT=seconds)
    assert failure()[1].startswith(f"Environment variable AWS_METADATA_SERVICE_TIMEOUT is set to '{seconds}', ")


def test_the_setting_whose_value_the_error_shows_is_the_one():
    environ = {"AWS_RETRY_MODE": "odd", "AWS_DEFAULTS_MODE": "strange"}
    error = invalid_setting(Exception("the mode strange is unknown"), environ, {}, "default")
    assert error is not None
    assert error.message.startswith("Environment variable AWS_DEFAULTS_MODE is set to 'strange'")
    assert invalid_setting(Exception("the network is down"), environ, {}, "default") is None
    assert invalid_setting(ValueError("?"), {"AWS_MAX_ATTEMPTS": "3", "AWS_DEFAULTS_MODE": "Auto"}, {"max_attempts": "x"}, "default") is None


# Credentials that have expired


def test_keys_of_the_environment_that_have_expired(environment):
    environment(**KEYS, AWS_CREDENTIAL_EXPIRATION=PAST)
    assert failure() == (
        "expired_credentials",
        f"The AWS credentials from environment variable AWS_ACCESS_KEY_ID have expired: environment variable AWS_CREDENTIAL_EXPIRATION says {PAST}. "
        "Export new temporary credentials together with their AWS_CREDENTIAL_EXPIRATION; unset that variable if they are long-term keys.",
    )


@pytest.mark.parametrize("expiration", ["2020-01-01T00:00:00", "99999-01-01T00:00:00Z", "1", "\u0663"])
def test_a_time_of_expiry_that_is_none(environment, expiration):
    environment(**KEYS, AWS_CREDENTIAL_EXPIRATION=expiration)
    assert failure()[1].startswith(f"Environment variable AWS_CREDENTIAL_EXPIRATION is set to {expiration!r}, ")


def process(tmp_path, script):
    """The config file of a profile whose credential process is this shell script."""
    program = tmp_path / "process"
    program.write_text(script, encoding="utf-8")
    path = tmp_path / "config"
    path.write_text(f"[profile vault]\ncredential_process = /bin/sh {program}\n", encoding="utf-8")
    return str(path)


def document(**changes):
    entries = {"Version": 1, "AccessKeyId": "AKIAEXAMPLEEXAMPLE00", "SecretAccessKey": SECRET, "SessionToken": SECRET, **changes}
    inner = ", ".join(f'"{name}": {value if isinstance(value, int) else chr(34) + value + chr(34)}' for name, value in entries.items() if value is not None)
    return f"echo '{{{inner}}}'"


OF_PROFILE = "The credential process of profile vault"


@pytest.mark.parametrize(
    ("script", "reason", "message"),
    [
        (f"echo {SECRET} >&2; exit 3", "no_credentials", f"{OF_PROFILE} exited with code 3; its output is not shown, because it may contain a secret. {CHECK}"),
        (f"echo {SECRET}; kill -9 $$", "no_credentials",
         f"{OF_PROFILE} was terminated by signal 9; its output is not shown, because it may contain a secret. {CHECK}"),
        (document(Version=2), "no_credentials", f"{OF_PROFILE} returned Version 2; the AWS SDK requires Version 1. {CHECK}"),
        (document(Version=None), "no_credentials", f"{OF_PROFILE} returned no Version; the AWS SDK requires Version 1. {CHECK}"),
        (document(Version=SECRET), "no_credentials", f"{OF_PROFILE} returned no valid Version; the AWS SDK requires Version 1. {CHECK}"),
        (document(AccessKeyId=None), "no_credentials", f"{OF_PROFILE} did not return AccessKeyId. {CHECK}"),
        (document(SecretAccessKey=None), "no_credentials", f"{OF_PROFILE} did not return SecretAccessKey. {CHECK}"),
        (f"echo {SECRET}", "no_credentials", NOT_JSON),
        ("printf '\\377'", "no_credentials", NOT_JSON),
        (f"echo '[\"{SECRET}\"]'", "no_credentials", f"The output of the credential process of profile vault does not contain credentials. {CHECK}"),
        ("echo 1", "no_credentials", f"The output of the credential process of profile vault does not contain credentials. {CHECK}"),
        (document(Expiration="2020-01-01T00:00:00"), "no_credentials", f"{OF_PROFILE} returned an Expiration that is not a time with a time zone. {CHECK}"),
        (document(Expiration="soon"), "no_credentials", f"{OF_PROFILE} returned an Expiration that is not a time with a time zone. {CHECK}"),
        (
            document(Expiration=PAST), "expired_credentials",
            "The AWS credentials from the credential process of profile vault have expired. Renew the credentials of the credential process, such as its "
            "login or its cache.",
        ),
    ],
)
def test_a_credential_process_that_fails_in_full(environment, tmp_path, script, reason, message):
    environment(AWS_CONFIG_FILE=process(tmp_path, script))
    assert failure(shared_creds_profile="vault") == (reason, message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/no/such/program", f"{OF_PROFILE} cannot be started '/no/such/program': No such file or directory. {CHECK}"),
        ('/bin/echo "', "credential_process of profile vault is not a valid command line. Check its quotes."),
    ],
)
def test_a_credential_process_that_cannot_be_started(environment, tmp_path, command, message):
    path = tmp_path / "config"
    path.write_text(f"[profile vault]\ncredential_process = {command}\n", encoding="utf-8")
    environment(AWS_CONFIG_FILE=str(path))
    assert failure(shared_creds_profile="vault") == ("no_credentials", message)


def test_a_credential_process_of_a_roles_source_profile(environment, tmp_path):
    path = process(tmp_path, f"echo {SECRET} >&2; exit 3")
    with open(path, "a", encoding="utf-8") as file:
        file.write("[profile role]\nrole_arn = arn:aws:iam::111122223333:role/vault\nsource_profile = vault\n")
    environment(AWS_CONFIG_FILE=path)
    assert failure(shared_creds_profile="role")[1].startswith(f"{OF_PROFILE} exited with code 3; ")


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("exit 3", "no_credentials"), (f"echo {SECRET}", "no_credentials"), (document(Expiration=PAST), "expired_credentials"),
        (document(Expiration="soon"), "no_credentials"), ("echo '[]'", "no_credentials"), ("kill -15 $$", "no_credentials"),
    ],
)
def test_a_renewal_that_fails_in_the_middle_of_a_run(environment, tmp_path, after, reason):
    later = f"{datetime.now(timezone.utc) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    environment(AWS_CONFIG_FILE=process(tmp_path, document(Expiration=later)))
    kms = open_kms(ConnectionOptions(timeout=1, shared_creds_profile="vault"))
    process(tmp_path, after)
    kms._session.get_credentials()._expiry_time = datetime(2020, 1, 1, tzinfo=timezone.utc)
    for ask in (lambda: kms.describe_key("alias/vault"), lambda: kms.encrypt("alias/vault", b"x"), lambda: kms.facts("list_aliases", "alias/vault")):
        with pytest.raises(SealError) as raised:
            ask()
        assert raised.value.reason == reason
        assert "credential process of profile vault" in str(raised.value)
        assert SECRET not in str(raised.value)


# Anything else


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
@pytest.mark.parametrize("value", [f"{SECRET}\nX-Other: 1", f"\u20ac{SECRET}", f"{SECRET}\x7f"])
def test_a_credential_that_no_request_can_carry(environment, name, value):
    """The HTTP library would show the header that it refuses."""
    environment(**{**KEYS, name: value})
    options = {"role_arn": "arn:aws:iam::111122223333:role/vault", "sts_endpoint": "http://127.0.0.1:9"}
    assert failure(**options)[0] in ("invalid_option", "invalid_credentials", "unreachable")
    assert failure()[0] in ("invalid_option", "invalid_credentials", "unreachable", "wrong_endpoint")


class Odd(Exception):
    """Of no kind that is known."""


ERRORS = st.sampled_from(
    [ValueError, TypeError, KeyError, RuntimeError, OSError, AttributeError, IndexError, UnicodeError, OverflowError, AssertionError, Odd, RecursionError]
)
METHODS = st.sampled_from(["", "env", "custom-process", "container-role", "iam-role", "assume-role", "sso", "a method to come"])


@given(ERRORS, METHODS, st.sampled_from([credentials_error, set_up_error]))
def test_whatever_is_raised_becomes_an_error_without_its_text(kind, method, translate):
    origin = Origin(method, "vault", {}, {})
    error = kind(f"invalid header value {SECRET}")
    arguments = (error, origin, Request("AWS STS", "AssumeRole", "here")) if translate is credentials_error else (error, origin)
    result = translate(*arguments)
    assert isinstance(result, SealError)
    assert result.reason
    assert result.remedy
    assert SECRET not in str(result)
    assert translate(result, *arguments[1:]) is result


# Errors as the SDK raises them, without a process


SOURCE = "Check the source of the credentials in the AWS configuration."
ASKED = Request("AWS STS", "AssumeRole", "in region us-east-1 at http://sts")
STILL_EXPIRED = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
FAILED = "Check the AWS configuration files, the environment variables whose names begin with AWS_, and the version of boto3."


def translated(error, method="", environ=None, settings=None, by=credentials_error):
    origin = Origin(method, "vault", environ or {}, settings or {})
    result = by(error, origin, ASKED) if by is credentials_error else by(error, origin)
    return result.message, result.reason, result.remedy


def _with_process(error, self, p):
    raise error


def _without_process(error, self):
    raise error


def raised_in(name, error, self=None, **process):
    """The error as it comes out of a function of this name, which may have started a process ``p``."""
    code = (_with_process if process else _without_process).__code__
    try:
        FunctionType(code.replace(co_name=name), {})(error, self, **process)
    except Exception as caught:
        return caught


@pytest.mark.parametrize("by", [credentials_error, set_up_error])
@pytest.mark.parametrize(
    ("method", "source", "remedy"),
    [
        ("env", "environment variable AWS_ACCESS_KEY_ID",
         "Export new temporary credentials together with their AWS_CREDENTIAL_EXPIRATION; unset that variable if they are long-term keys."),
        ("custom-process", "the credential process of profile vault", "Renew the credentials of the credential process, such as its login or its cache."),
        ("container-role", "the container's credentials endpoint", "Check the container's credentials endpoint, and this host's clock."),
        ("iam-role", "the instance profile", "Check the metadata service, and this host's clock."),
        ("sso", "AWS IAM Identity Center by profile vault", "Log in again (aws sso login)."),
        ("login", "login", "Log in again (aws login)."),
        ("assume-role", "the role of profile vault", "Get new temporary credentials from this source, and check this host's clock."),
        ("", "the AWS configuration", "Get new temporary credentials from this source, and check this host's clock."),
    ],
)
def test_credentials_that_are_expired_when_they_come(by, method, source, remedy):
    expected = (f"The AWS credentials from {source} have expired.", "expired_credentials", remedy)
    assert translated(STILL_EXPIRED, method, by=by) == expected
    assert translated(STILL_EXPIRED, method, {"AWS_DEFAULTS_MODE": "still"}, by=by) == expected
    if method != "env":
        assert translated(STILL_EXPIRED, method, {"AWS_CREDENTIAL_EXPIRATION": PAST}, by=by) == expected


def test_the_time_of_expiry_is_shown_as_far_as_it_is_one():
    assert translated(STILL_EXPIRED, "env", {"AWS_CREDENTIAL_EXPIRATION": "2" * 50})[0] == (
        "The AWS credentials from environment variable AWS_ACCESS_KEY_ID have expired: environment variable AWS_CREDENTIAL_EXPIRATION says "
        f"{'2' * 40}."
    )


@pytest.mark.parametrize("by", [credentials_error, set_up_error])
def test_other_failures_are_shown_by_their_kind(by):
    assert translated(RuntimeError(SECRET), by=by) == ("The AWS SDK failed with RuntimeError.", "aws_error", FAILED)
    assert translated(ConnectionRefusedError(SECRET), by=by) == ("The AWS SDK failed with ConnectionRefusedError.", "aws_error", FAILED)
    assert translated(TypeError("still expired"), by=by)[1] == "aws_error"


def test_a_service_that_refuses_or_does_not_answer():
    refusal = exceptions.ClientError({"Error": {"Code": "ExpiredToken", "Message": "m"}}, "AssumeRole")
    assert translated(refusal)[:2] == ("AWS rejected AssumeRole in region us-east-1 at http://sts: ExpiredToken: m.", "expired_credentials")
    closed = exceptions.ConnectionClosedError(endpoint_url="u")
    assert translated(closed)[0] == "AWS STS cannot be reached in region us-east-1 at http://sts: the connection was closed without a response."
    assert translated(closed, by=set_up_error)[0] == "AWS KMS cannot be reached : the connection was closed without a response."
    # The network is not to blame on a setting whose value happens to be in the text.
    network = exceptions.HTTPClientError(error="the x of it")
    for by in (credentials_error, set_up_error):
        assert translated(network, environ={"AWS_DEFAULTS_MODE": "x"}, by=by)[1] == "unreachable"


@pytest.mark.parametrize("by", [credentials_error, set_up_error])
def test_a_setting_that_explains_the_error(by):
    refused = ("Environment variable AWS_DEFAULTS_MODE is set to 'x', which the AWS SDK does not accept.", "invalid_option")
    assert translated(ValueError("x"), environ={"AWS_DEFAULTS_MODE": "x"}, by=by)[:2] == refused
    named = "defaults_mode of AWS profile vault is set to 'x', which the AWS SDK does not accept."
    assert translated(ValueError("x"), settings={"defaults_mode": "x"}, by=by)[0] == named


@pytest.mark.parametrize("name", ["_expiry_datetime", "_seconds_remaining", "_is_expired", "refresh_needed"])
@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_a_time_of_expiry_that_the_sdk_cannot_read(name, kind):
    assert translated(raised_in(name, kind("x")), "container-role") == (
        "The AWS credentials from the container's credentials endpoint have an invalid expiration time.",
        "no_credentials", "It must be a time with a time zone (2026-01-31T12:00:00Z).",
    )
    assert translated(raised_in(name, RuntimeError("x")), "container-role")[1] == "aws_error"
    assert translated(raised_in("another", ValueError("x")), "container-role")[1] == "invalid_option"
    chained = kind("x")
    chained.__cause__ = raised_in(name, RuntimeError("x"))
    assert translated(chained)[1] == "no_credentials"
    chained.__cause__, chained.__context__ = None, raised_in(name, RuntimeError("x"))
    assert translated(chained)[1] == "no_credentials"


def test_an_answer_without_credentials():
    assert translated(KeyError("SecretAccessKey"), "container-role") == (
        "The response of the container's credentials endpoint does not contain credentials: 'SecretAccessKey' is missing.",
        "no_credentials", "Check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.",
    )
    assert translated(KeyError("Access_Key 1!" + "x" * 50), "iam-role") == (
        f"The response of the instance profile does not contain credentials: 'Access_Key{'x' * 30}' is missing.", "no_credentials", SOURCE
    )


def test_the_sdks_own_errors_keep_their_words():
    assert translated(exceptions.SSOTokenLoadError(error_msg="m"))[0] == "No AWS IAM Identity Center session exists."
    for by in (credentials_error, set_up_error):
        result = by(exceptions.NoRegionError(), *((Origin("", "v", {}, {}), ASKED) if by is credentials_error else (Origin("", "v", {}, {}),)))
        assert result.message == "No AWS region is set."
        assert result.details == {"operation": "AssumeRole" if by is credentials_error else "connect"}


@pytest.mark.parametrize("by", [credentials_error, set_up_error])
def test_a_file_that_cannot_be_read(by):
    error = PermissionError(13, "Permission denied", "/token")
    assert translated(error, by=by) == (
        "The file '/token' of the AWS configuration cannot be read: Permission denied.",
        "file_error", "Check the path and its permissions on the host where this runs.",
    )
    assert translated(OSError(5, "Input/output error"), by=by)[0] == "The AWS SDK failed with OSError."


CARRY = "A value of the AWS configuration is invalid: a setting or credential contains a character that is not allowed in a request."


@pytest.mark.parametrize("by", [credentials_error, set_up_error])
def test_a_value_that_is_not_valid(by):
    assert translated(ValueError(" Invalid\n endpoint: X.. "), by=by) == (
        "A value of the AWS configuration is invalid: Invalid endpoint: X.",
        "invalid_option", "Check the AWS config file and the environment variables whose names begin with AWS_.",
    )
    assert translated(ValueError("v" * 400), by=by)[0] == f"A value of the AWS configuration is invalid: {'v' * 300}."
    assert translated(ValueError(".v"), by=by)[0] == "A value of the AWS configuration is invalid: .v."


@pytest.mark.parametrize(
    ("error", "environ"),
    [
        (UnicodeEncodeError("latin-1", "x", 0, 1, "ordinal not in range"), {}),
        (ValueError("Invalid Header value"), {}),
        (ValueError(f"odd: {SECRET}"), {"AWS_SECRET_ACCESS_KEY": SECRET}),
        (ValueError(f"odd: {SECRET}"), {"AWS_REGION": "us-east-1", "AWS_SESSION_TOKEN": SECRET}),
        (ValueError(f"odd: {SECRET}"), {"PROXY_PASSWORD": SECRET}),
    ],
)
def test_a_value_that_may_be_secret_is_not_shown(error, environ):
    assert translated(error, environ=environ, by=set_up_error)[0] == CARRY


def test_a_value_that_is_no_secret_is_shown():
    environ = {"AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "", "AWS_REGION": "there"}
    assert translated(ValueError("odd: there"), environ=environ, by=set_up_error)[0] == "A value of the AWS configuration is invalid: odd: there."


# Credential processes


class Process:
    def __init__(self, returncode):
        self.returncode = returncode


class Provider:
    def __init__(self, profile):
        self._profile_name = profile


def of_process(error, **variables):
    return translated(raised_in("_retrieve_credentials_using", error, **variables), "custom-process")


@pytest.mark.parametrize(
    ("error", "message", "remedy"),
    [
        (FileNotFoundError(2, "No such file or directory", "/p"), f"{OF_PROFILE} cannot be started '/p': No such file or directory.", CHECK),
        (OSError(8, "Exec format error"), f"{OF_PROFILE} cannot be started: Exec format error.", CHECK),
        (
            json.JSONDecodeError("m", SECRET, 0),
            "The output of the credential process of profile vault is not JSON.", "Check credential_process in the AWS config file.",
        ),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "m"),
            "The output of the credential process of profile vault is not JSON.", "Check credential_process in the AWS config file.",
        ),
        (AttributeError(SECRET), "The output of the credential process of profile vault does not contain credentials.", CHECK),
    ],
)
def test_a_credential_process_that_fails(error, message, remedy):
    assert of_process(error, p=Process(0)) == (message, "no_credentials", remedy)
    assert translated(error, "custom-process") == (message, "no_credentials", remedy)


def retrieval(text):
    return exceptions.CredentialRetrievalError(provider="custom-process", error_msg=text)


UNSUPPORTED = "Unsupported version '{}' for credential process provider, supported versions: 1"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (SECRET, 3, "exited with code 3; its output is not shown, because it may contain a secret."),
        (SECRET, 1, "exited with code 1; its output is not shown, because it may contain a secret."),
        (SECRET, -9, "was terminated by signal 9; its output is not shown, because it may contain a secret."),
        (UNSUPPORTED.format(2), 0, "returned Version 2; the AWS SDK requires Version 1."),
        (UNSUPPORTED.format("2.0000000"), 0, "returned Version 2.0000000; the AWS SDK requires Version 1."),
        (UNSUPPORTED.format("2.00000000"), 0, "returned no valid Version; the AWS SDK requires Version 1."),
        (UNSUPPORTED.format("<Version key not provided>"), 0, "returned no Version; the AWS SDK requires Version 1."),
        (UNSUPPORTED.format("two").replace("v", "V", 1), 0, "returned no valid Version; the AWS SDK requires Version 1."),
        ("Missing required key in response: 'AccessKeyId'", 0, "did not return AccessKeyId."),
        ("Missing required key in response: 'SecretAccessKey'", 0, "did not return SecretAccessKey."),
    ],
)
def test_a_credential_process_whose_output_the_sdk_refuses(text, code, message):
    assert of_process(retrieval(text), p=Process(code)) == (f"{OF_PROFILE} {message}", "no_credentials", CHECK)
    if not code:
        assert translated(retrieval(text)) == (f"{OF_PROFILE} {message}", "no_credentials", CHECK)


def test_a_credential_process_is_that_of_the_provider_which_started_it():
    error = raised_in("_retrieve_credentials_using", retrieval("x"), p=Process(3), self=Provider("base"))
    assert translated(error, "assume-role")[0].startswith("The credential process of profile base exited with code 3; ")
    error = raised_in("_retrieve_credentials_using", retrieval("x"), p=Process(3), self=Provider(None))
    assert translated(error)[0].startswith("The credential process of profile vault exited with code 3; ")


def test_a_credential_process_that_is_no_command_line():
    assert of_process(ValueError("No closing quotation")) == (
        "credential_process of profile vault is not a valid command line.", "no_credentials", "Check its quotes."
    )
    assert of_process(ValueError("x"), p=Process(0))[0] == "The output of the credential process of profile vault does not contain credentials."
    assert of_process(TypeError("x"))[0] == "The output of the credential process of profile vault does not contain credentials."
    assert translated(ValueError("x"), "custom-process")[0] == "The output of the credential process of profile vault does not contain credentials."


def test_a_credential_process_whose_expiration_cannot_be_read():
    assert translated(raised_in("_expiry_datetime", ValueError("x")), "custom-process") == (
        f"{OF_PROFILE} returned an Expiration that is not a time with a time zone.", "no_credentials", CHECK
    )


def test_an_error_of_another_provider_is_not_the_process_fault():
    other = exceptions.CredentialRetrievalError(provider="container-role", error_msg="Missing required key in response: 'AccessKeyId'")
    assert translated(other, "container-role")[0].startswith("The AWS credentials could not be retrieved from the container's credentials endpoint: ")
