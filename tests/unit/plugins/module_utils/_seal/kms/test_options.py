# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, check_region, key_in_force, parse_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import (
    ConnectionOptions,
    endpoint_in_force,
    profile_in_force,
    sts_endpoint_in_force,
    unknown_profile,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced, first

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
MRK_ARN = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def refusal(call, *arguments, **options):
    with pytest.raises(SettingError) as raised:
        call(*arguments, **options)
    return raised.value.reason, str(raised.value)


# The key

BOTH = {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/vault", "AWSKMS_WRAPPER_KEY_ID": "alias/wrapper"}


@pytest.mark.parametrize(
    ("option", "environ", "value", "source"),
    [
        (ID, BOTH, ID, "option kms_key_id"),
        (None, BOTH, "alias/vault", "environment variable VAULT_AWSKMS_SEAL_KEY_ID"),
        ("", BOTH, "alias/vault", "environment variable VAULT_AWSKMS_SEAL_KEY_ID"),
        (None, {**BOTH, "VAULT_AWSKMS_SEAL_KEY_ID": ""}, "alias/wrapper", "environment variable AWSKMS_WRAPPER_KEY_ID"),
        (None, {"AWSKMS_WRAPPER_KEY_ID": ARN}, ARN, "environment variable AWSKMS_WRAPPER_KEY_ID"),
    ],
)
def test_which_key_is_in_force(option, environ, value, source):
    assert key_in_force(option, environ) == Key(KeyReference.parse(value), source)


@pytest.mark.parametrize("option", [None, ""])
@pytest.mark.parametrize("environ", [{}, {"VAULT_AWSKMS_SEAL_KEY_ID": "", "AWS_KMS_KEY_ID": ARN}])
def test_no_key_in_full(option, environ):
    assert refusal(key_in_force, option, environ) == (
        "no_key",
        "No KMS key is set. Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID.",
    )


FORMS = (
    "Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN (arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), "
    "an alias (alias/NAME) or an alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."
)


def test_a_malformed_key_in_full():
    assert refusal(key_in_force, "vault", BOTH) == (
        "malformed_key_id",
        f"The key from option kms_key_id is invalid: 'vault' is not a valid KMS key reference. {FORMS}",
    )
    assert refusal(key_in_force, None, {"VAULT_AWSKMS_SEAL_KEY_ID": ARN + " "}) == (
        "malformed_key_id",
        f"The key from environment variable VAULT_AWSKMS_SEAL_KEY_ID is invalid: '{ARN} ' is not a valid KMS key reference. {FORMS}",
    )


def test_a_key_is_read_with_its_source():
    assert parse_key(Sourced(ARN, "somewhere")) == KeyReference.parse(ARN)
    key = Key.parse(Sourced(ARN, "somewhere"))
    assert (key, str(key)) == (Key(KeyReference.parse(ARN), "somewhere"), f"{ARN} (from somewhere)")
    assert key.as_result() == {"value": ARN, "source": "somewhere"}


# The region


@pytest.mark.parametrize("key", [ID, ARN, MRK_ARN, MRK_ARN.replace("us-east-1", "eu-west-1"), "alias/vault"])
def test_a_key_of_the_region_in_force_passes(key):
    check_region(Sourced("us-east-1", "option region"), Key(KeyReference.parse(key), "option kms_key_id"))


def test_a_key_of_another_region_in_full():
    key = Key(KeyReference.parse(ARN), "option kms_key_id")
    assert refusal(check_region, Sourced("eu-west-1", "environment variable AWS_REGION"), key) == (
        "region_mismatch",
        f"The key {ARN} (from option kms_key_id) is in region us-east-1, but the region in effect is eu-west-1 (from environment variable AWS_REGION). "
        "Remove the region setting, or set it to us-east-1.",
    )
    alias = Key(KeyReference.parse("arn:aws:kms:us-east-1:111122223333:alias/vault"), "option kms_key_id")
    assert refusal(check_region, Sourced("eu-west-1", "option region"), alias)[0] == "region_mismatch"


# The endpoint

KMS_VARIABLES = ("AWS_KMS_ENDPOINT", "AWSKMS_ENDPOINT", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL")


def test_which_endpoint_is_in_force():
    environ = {name: f"https://{name.lower().replace('_', '-')}.example" for name in KMS_VARIABLES}
    given = ConnectionOptions(endpoint="https://option.example")
    assert endpoint_in_force(given, environ) == Sourced("https://option.example", "option endpoint")
    for name in KMS_VARIABLES:
        assert endpoint_in_force(ConnectionOptions(), environ) == Sourced(environ[name], f"environment variable {name}")
        environ[name] = ""
    assert endpoint_in_force(ConnectionOptions(), environ) is None


def test_which_sts_endpoint_is_in_force():
    environ = {
        "AWS_KMS_ENDPOINT": "https://kms.example",
        "AWS_ENDPOINT_URL_STS": "https://sts.example",
        "AWS_ENDPOINT_URL": "https://all.example",
    }
    given = ConnectionOptions(sts_endpoint="https://option.example")
    assert sts_endpoint_in_force(given, environ) == Sourced("https://option.example", "option sts_endpoint")
    for name in ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"):
        assert sts_endpoint_in_force(ConnectionOptions(), environ) == Sourced(environ[name], f"environment variable {name}")
        del environ[name]
    assert sts_endpoint_in_force(ConnectionOptions(), environ) is None


def test_the_sdks_endpoint_variables_can_be_switched_off():
    environ = {"AWS_ENDPOINT_URL": "https://all.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}
    assert endpoint_in_force(ConnectionOptions(), environ) is None
    assert sts_endpoint_in_force(ConnectionOptions(), environ) is None
    environ["AWS_KMS_ENDPOINT"] = "https://vault.example"  # the seal's own is none of the SDK's
    assert endpoint_in_force(ConnectionOptions(), environ) is not None


URLS = ["https://h", "https://h:1", "http://127.0.0.1:5000", "https://[::1]:8443/", "https://vpce-1.kms.us-east-1.vpce.amazonaws.com"]
NOT_URLS = ["h", "127.0.0.1:5000", "//h", "ftp://h", "https://", "https://:443", "https://h:0", "https://h:x", "https://h:99999", "https://[::1"]


@pytest.mark.parametrize("url", URLS)
def test_urls(url):
    ConnectionOptions(endpoint=url, sts_endpoint=url, proxy=url).check()
    assert endpoint_in_force(ConnectionOptions(), {"AWS_KMS_ENDPOINT": url}) is not None


@pytest.mark.parametrize("url", NOT_URLS)
@pytest.mark.parametrize("name", ["endpoint", "sts_endpoint", "proxy"])
def test_what_is_no_url_in_full(name, url):
    assert refusal(ConnectionOptions(**{name: url}).check) == (
        "invalid_option",
        f"{name} must be a URL of the form https://HOST or https://HOST:PORT. Specify the scheme (https, or http for tests) and the host.",
    )


def test_an_endpoint_from_the_environment_that_is_no_url_in_full():
    assert refusal(endpoint_in_force, ConnectionOptions(), {"AWS_KMS_ENDPOINT": "kms.example"}) == (
        "invalid_option",
        "environment variable AWS_KMS_ENDPOINT must be a URL of the form https://HOST or https://HOST:PORT. "
        "Specify the scheme (https, or http for tests) and the host.",
    )


# The rest of the options


@pytest.mark.parametrize(
    ("options", "reason", "message"),
    [
        (
            {"access_key": "AKIA"},
            "incomplete_credentials",
            "parameters are required together: access_key, secret_key. Set both, or neither.",
        ),
        (
            {"secret_key": "hush"},
            "incomplete_credentials",
            "parameters are required together: secret_key, access_key. Set both, or neither.",
        ),
        (
            {"session_token": "hush"},
            "incomplete_credentials",
            "missing parameter(s) required by 'session_token': access_key, secret_key. Set all three, or remove session_token.",
        ),
        (
            {"access_key": "AKIA", "secret_key": "hush", "shared_creds_profile": "vault"},
            "invalid_option",
            "parameters are mutually exclusive: access_key|shared_creds_profile. Set one of them.",
        ),
        ({"timeout": 0.0}, "invalid_option", "Option timeout is 0, which is out of range. Use a number of "
                                             "seconds greater than 0 and at most 3600."),
        ({"timeout": -1.5}, "invalid_option", "Option timeout is -1.5, which is out of range. Use a number "
                                              "of seconds greater than 0 and at most 3600."),
        ({"timeout": 3601}, "invalid_option", "Option timeout is 3601, which is out of range. Use a number "
                                              "of seconds greater than 0 and at most 3600."),
        ({"timeout": float("nan")}, "invalid_option", "Option timeout is nan, which is out of range. Use a "
                                                      "number of seconds greater than 0 and at most 3600."),
        ({"timeout": float("inf")}, "invalid_option", "Option timeout is inf, which is out of range. Use a "
                                                      "number of seconds greater than 0 and at most 3600."),
    ],
)
def test_options_that_cannot_work_in_full(options, reason, message):
    assert refusal(ConnectionOptions(**options).check) == (reason, message)


@pytest.mark.parametrize("name", ["shared_creds_filename", "web_identity_token_file", "ca_bundle"])
def test_a_file_that_is_not_there_in_full(name, tmp_path):
    there = tmp_path / "there"
    there.write_text("x", encoding="utf-8")
    ConnectionOptions(**{name: str(there)}).check()
    missing = str(tmp_path / "missing")
    assert refusal(ConnectionOptions(**{name: missing}).check) == (
        "file_error",
        f"The file {missing!r} of option {name} does not exist or is not readable. Check the path and its permissions on the host where this runs.",
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"access_key": "AKIA", "secret_key": "s"},
        {"access_key": "AKIA", "secret_key": "s", "session_token": "t", "timeout": 3600},
        {"shared_creds_profile": "vault", "timeout": 0.1},
    ],
)
def test_options_that_can_work(options):
    ConnectionOptions(**options).check()


def test_a_login_in_an_endpoint_in_full():
    for url in ("https://user@kms.example", "https://user:hush@kms.example:8443", "https://@kms.example", "https://:@kms.example"):
        for name in ("endpoint", "sts_endpoint"):
            assert refusal(ConnectionOptions(**{name: url}).check) == (
                "invalid_option", f"{name} must not contain a user name or password. Remove them: AWS authenticates requests by signatures only.",
            )
        assert refusal(sts_endpoint_in_force, ConnectionOptions(), {"AWS_ENDPOINT_URL_STS": url})[1].startswith(
            "environment variable AWS_ENDPOINT_URL_STS must not contain a user name or password."
        )
        ConnectionOptions(proxy=url).check()


def test_an_endpoint_of_the_aws_config_file_comes_last():
    configured = Sourced("https://configured.example", "AWS config file")
    for in_force, variable in ((endpoint_in_force, "AWS_ENDPOINT_URL_KMS"), (sts_endpoint_in_force, "AWS_ENDPOINT_URL_STS")):
        assert in_force(ConnectionOptions(), {}, configured) == configured
        assert in_force(ConnectionOptions(), {variable: "https://v.example"}, configured) == Sourced("https://v.example", f"environment variable {variable}")
        for switch, expected in (("true", None), ("TRUE", None), ("false", configured), ("", configured), ("1", configured)):
            assert in_force(ConnectionOptions(), {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": switch}, configured) == expected
        assert refusal(in_force, ConnectionOptions(), {}, Sourced("nothing", "AWS config file"))[1].startswith("AWS config file must be a URL of the form ")


PROFILES = {"AWS_DEFAULT_PROFILE": "older", "AWS_PROFILE": "newer"}


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        ({}, PROFILES, None),  # left to the AWS SDK
        ({"shared_creds_profile": "vault"}, PROFILES, ("vault", "option shared_creds_profile")),
        ({"shared_creds_profile": "vault", "shared_creds_filename": "/f"}, PROFILES, ("vault", "option shared_creds_profile")),
        ({"shared_creds_filename": "/f"}, PROFILES, ("older", "environment variable AWS_DEFAULT_PROFILE")),
        ({"shared_creds_filename": "/f"}, {"AWS_PROFILE": "newer"}, ("newer", "environment variable AWS_PROFILE")),
        ({"shared_creds_filename": "/f"}, {}, ("default", "option shared_creds_filename")),
    ],
)
def test_which_profile_is_in_force(options, environ, expected):
    assert profile_in_force(ConnectionOptions(**options), environ) == (Sourced(*expected) if expected else None)


FILES = {"AWS_CONFIG_FILE": "/etc/aws/config", "AWS_SHARED_CREDENTIALS_FILE": "/etc/aws/credentials"}


@pytest.mark.parametrize(
    ("options", "environ", "shown", "files"),
    [
        ({"shared_creds_profile": "vault"}, {}, "vault (from option shared_creds_profile)", "~/.aws/config and ~/.aws/credentials"),
        ({}, {"AWS_PROFILE": "vault"}, "vault (from environment variable AWS_PROFILE)", "~/.aws/config and ~/.aws/credentials"),
        (
            {}, {"AWS_DEFAULT_PROFILE": "vault", "AWS_PROFILE": "x"}, "vault (from environment variable AWS_DEFAULT_PROFILE)",
            "~/.aws/config and ~/.aws/credentials",
        ),
        # The profile that another one names as its source: nobody set it here.
        ({"shared_creds_profile": "other"}, {"AWS_PROFILE": "vault"}, "vault", "~/.aws/config and ~/.aws/credentials"),
        ({}, {}, "vault", "~/.aws/config and ~/.aws/credentials"),
        ({"shared_creds_profile": "vault"}, FILES, "vault (from option shared_creds_profile)", "/etc/aws/config and /etc/aws/credentials"),
        ({"shared_creds_profile": "vault", "shared_creds_filename": "/f"}, FILES, "vault (from option shared_creds_profile)", "/etc/aws/config and /f"),
        ({"shared_creds_filename": "/f"}, {"AWS_PROFILE": "vault"}, "vault (from environment variable AWS_PROFILE)", "~/.aws/config and /f"),
    ],
)
def test_a_profile_that_is_not_found_in_full(options, environ, shown, files):
    error = unknown_profile("vault", ConnectionOptions(**options), environ)
    assert (type(error), error.reason, error.message, error.remedy) == (
        SettingError, "no_credentials", f"The AWS profile {shown} was not found.", f"Check the profile's name, and the files {files}.",
    )


def test_a_profile_of_its_own_file_that_is_not_found():
    assert unknown_profile("default", ConnectionOptions(shared_creds_filename="/f"), {}).message == (
        "The AWS profile default (from option shared_creds_filename) was not found."
    )


def test_the_defaults_of_the_options():
    options = ConnectionOptions()
    assert (options.timeout, options.validate_certs, dict(options.sources)) == (30.0, True, {})
    texts = (
        "region access_key secret_key session_token endpoint shared_creds_profile shared_creds_filename role_arn role_session_name "
        "web_identity_token_file sts_endpoint ca_bundle proxy"
    )
    assert {getattr(options, name) for name in texts.split()} == {""}


def test_an_option_says_where_it_came_from():
    options = ConnectionOptions(region="us-east-1", endpoint="https://h", sources={"endpoint": "variable ansible_endpoint"})
    assert options.sourced("region") == Sourced("us-east-1", "option region")
    assert options.sourced("endpoint") == Sourced("https://h", "variable ansible_endpoint")
    assert options.sourced("proxy") is None
    assert str(options.sourced("region")) == "us-east-1 (from option region)"
    assert options.sourced("region").as_result() == {"value": "us-east-1", "source": "option region"}


def test_the_first_variable_that_is_set():
    assert first({"A": "", "B": "b", "C": "c"}, ("A", "B", "C")) == Sourced("b", "environment variable B")
    assert first({}, ("A",)) is None


def test_options_never_show_their_secrets():
    options = ConnectionOptions(access_key="AKIA", secret_key="SECRET-1", session_token="SECRET-2", proxy="http://user:SECRET-3@proxy.example:3128")
    options.check()
    assert "SECRET" not in repr(options)
    for wrong in ({"proxy": "user:SECRET@proxy.example:3128"}, {"secret_key": "SECRET"}, {"session_token": "SECRET"}):
        assert "SECRET" not in refusal(ConnectionOptions(**wrong).check)[1]
