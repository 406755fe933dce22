# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever botocore raises becomes words: settings that it refuses, credentials that it cannot get or renew. With real processes and files."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

import botocore
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.credential_errors import Origin, credentials_error, set_up_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import Request
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_settings import invalid_setting
from hypothesis import given
from hypothesis import strategies as st

SECRET = "hush-hush-hush"
NEWER = [int(part) for part in botocore.__version__.split(".")[:2]] >= [1, 36]
PAST = "2020-01-01T00:00:00Z"
NOT_JSON = "What the credential process of profile vault prints is not JSON. Check credential_process in the AWS config file."
CHECK = "Check credential_process in the AWS config file, by running it as the user that this runs as."


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
    "AWS_CREDENTIAL_EXPIRATION": ("soon", "a time with its zone, such as 2026-01-31T12:00:00Z"),
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
        "Export fresh temporary credentials together with their AWS_CREDENTIAL_EXPIRATION; unset that variable if they are long-term keys.",
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
        (f"echo {SECRET} >&2; exit 3", "no_credentials", f"{OF_PROFILE} ended with exit code 3; what it prints is not shown, as it may be a secret. {CHECK}"),
        (f"echo {SECRET}; kill -9 $$", "no_credentials", f"{OF_PROFILE} was ended by signal 9; what it prints is not shown, as it may be a secret. {CHECK}"),
        (document(Version=2), "no_credentials", f"{OF_PROFILE} prints Version 2; the AWS SDK knows Version 1. {CHECK}"),
        (document(Version=None), "no_credentials", f"{OF_PROFILE} prints no Version; the AWS SDK knows Version 1. {CHECK}"),
        (document(Version=SECRET), "no_credentials", f"{OF_PROFILE} prints no valid Version; the AWS SDK knows Version 1. {CHECK}"),
        (document(AccessKeyId=None), "no_credentials", f"{OF_PROFILE} prints no AccessKeyId. {CHECK}"),
        (document(SecretAccessKey=None), "no_credentials", f"{OF_PROFILE} prints no SecretAccessKey. {CHECK}"),
        (f"echo {SECRET}", "no_credentials", NOT_JSON),
        ("printf '\\377'", "no_credentials", NOT_JSON),
        (f"echo '[\"{SECRET}\"]'", "no_credentials", f"What the credential process of profile vault prints are no credentials. {CHECK}"),
        ("echo 1", "no_credentials", f"What the credential process of profile vault prints are no credentials. {CHECK}"),
        (document(Expiration="2020-01-01T00:00:00"), "no_credentials", f"{OF_PROFILE} prints an Expiration that is not a time with its zone. {CHECK}"),
        (document(Expiration="soon"), "no_credentials", f"{OF_PROFILE} prints an Expiration that is not a time with its zone. {CHECK}"),
        (
            document(Expiration=PAST), "expired_credentials",
            "The AWS credentials from the credential process of profile vault have expired. Renew what the credential process hands out, such as its "
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
    assert failure(shared_creds_profile="role")[1].startswith(f"{OF_PROFILE} ended with exit code 3; ")


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
    found = translate(*arguments)
    assert isinstance(found, SealError)
    assert found.reason
    assert found.remedy
    assert SECRET not in str(found)
    assert translate(found, *arguments[1:]) is found
