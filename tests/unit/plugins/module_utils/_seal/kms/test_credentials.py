# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The region and the credentials in effect, with the real botocore, STS and a metadata service on loopback."""

from __future__ import annotations

import os

import botocore.exceptions
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.credentials import find_region, load_credentials, session_credentials_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.session import SdkSession
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    clear_environment,
    container_document,
    instance_answers,
    role_answer,
)

ROLE = "arn:aws:iam::111122223333:role/vault"
REGION = Sourced("us-east-1", "option region")
PAIR = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
PAIR_OF_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
OF_OPTIONS = "options access_key and secret_key"
GIVE_THEM = (
    "Set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or use an instance profile, "
    "a container role or a web identity."
)
HALF = "Set both, or neither."


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Sets further variables."""
    clear_environment(monkeypatch, tmp_path, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"))

    def set_all(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def config(tmp_path):
    """Writes the AWS config file."""
    return lambda text: (tmp_path / "config").write_text(text, encoding="utf-8")


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("a-web-identity-token", encoding="utf-8")
    return str(path)


def region(hints=(), profile=None, **options):
    given = ConnectionOptions(**options)
    return find_region(SdkSession(given, os.environ, profile), given, os.environ, tuple(hints))


def loaded(profile=None, **options):
    """The session after its credentials were loaded, and what is said of them."""
    given = ConnectionOptions(timeout=10, **options)
    session = SdkSession(given, os.environ, profile)
    session.set_config_variable("region", REGION.value)
    return session, load_credentials(session, REGION, given, os.environ)


def source(profile=None, **options):
    return loaded(profile, **options)[1]


def failure(kind=SettingError, **options):
    with pytest.raises(kind) as raised:
        loaded(**options)
    error = raised.value
    assert isinstance(error, kind)
    assert error.__cause__ is None
    return error.message, error.reason, error.remedy


# Region


def test_the_region_of_options_and_environment(environment, config):
    config("[default]\nregion = eu-west-3\n")
    hints = [Sourced("eu-west-4", "a hint")]
    assert region(hints) == Sourced("eu-west-3", "AWS profile default")
    environment(AWS_DEFAULT_REGION="eu-west-2")
    assert region(hints) == Sourced("eu-west-2", "environment variable AWS_DEFAULT_REGION")
    environment(AWS_REGION="eu-west-1")
    assert region(hints) == Sourced("eu-west-1", "environment variable AWS_REGION")
    assert region(hints, region="us-east-1") == Sourced("us-east-1", "option region")
    assert region(hints, region="us-east-1", sources={"region": "variable vault_region"}) == Sourced("us-east-1", "variable vault_region")


def test_the_region_of_a_profile_and_of_hints(config):
    config("[default]\nregion = eu-west-3\n[profile a]\nregion = eu-west-5\n[profile b]\n")
    hints = [Sourced("eu-west-4", "a hint"), Sourced("eu-west-6", "another")]
    assert region(hints, profile="a") == Sourced("eu-west-5", "AWS profile a")
    assert region(hints, profile="b") == Sourced("eu-west-4", "a hint")


@pytest.mark.parametrize(
    ("zone", "result"),
    [
        ("us-east-1a", "us-east-1"), ("us-gov-west-1b", "us-gov-west-1"), ("ap-southeast-2c", "ap-southeast-2"),
        ("us-west-2-lax-1a", "us-west-2"), ("us-east-1-wl1-bos-wlz-1", "us-east-1"), ("eu-isoe-west-11a", "eu-isoe-west-11"),
    ],
)
def test_the_region_of_the_instance(aws, environment, zone, result):
    environment(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url)
    instance_answers(aws)
    aws.answer("GET /latest/meta-data/placement/availability-zone/", zone)
    assert region() == Sourced(result, "instance metadata")


@pytest.mark.parametrize("zone", ["mars", Answer(404), Answer(400), "us-east-1234"])
def test_no_region(aws, environment, zone):
    environment(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url)
    instance_answers(aws)
    aws.answer("GET /latest/meta-data/placement/availability-zone/", zone)
    with pytest.raises(SettingError) as raised:
        region()
    assert (raised.value.message, raised.value.reason, raised.value.remedy) == (
        "No AWS region is set by an option, environment variable, AWS profile, key ARN or the metadata service.",
        "no_region",
        "Set the option region or the environment variable AWS_REGION, or use a key ARN.",
    )


def test_a_metadata_service_that_refuses_the_request_names_no_region(aws, environment):
    environment(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url)
    aws.answer("PUT /latest/api/token", Answer(400))
    with pytest.raises(SettingError, match="^No AWS region is set by "):
        region()


# Credentials


def frozen(session):
    result = session.get_credentials().get_frozen_credentials()
    return result.access_key, result.secret_key, result.token


def test_options(environment):
    environment(AWS_ACCESS_KEY_ID="other", AWS_SECRET_ACCESS_KEY="other")
    session, message = loaded(**PAIR)
    assert message == Sourced(ACCESS_KEY, OF_OPTIONS)
    assert frozen(session) == (ACCESS_KEY, SECRET_KEY, None)
    session, message = loaded(**PAIR, session_token=SESSION_TOKEN, sources={"access_key": "variable vault_key"})
    assert message == Sourced(ACCESS_KEY, "variable vault_key")
    assert frozen(session) == (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)


def test_the_environment(environment):
    environment(**PAIR_OF_ENVIRONMENT)
    assert source() == Sourced(ACCESS_KEY, "environment variable AWS_ACCESS_KEY_ID")


def test_files(config, tmp_path):
    pair = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    config(f"[profile vault]\n{pair}")
    assert source("vault") == Sourced(ACCESS_KEY, "profile vault of the AWS config file")
    (tmp_path / "credentials").write_text(f"[vault]\n{pair}[default]\n{pair}", encoding="utf-8")
    assert source("vault") == Sourced(ACCESS_KEY, "profile vault of the shared credentials file")
    assert source() == Sourced(ACCESS_KEY, "profile default of the shared credentials file")


def test_a_container(aws, environment):
    environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{aws.url}/credentials")
    aws.answer("GET /credentials", container_document())
    assert source() == Sourced(ACCESS_KEY, "the container's credentials endpoint")


def test_an_instance(aws, environment):
    environment(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url)
    instance_answers(aws)
    assert source() == Sourced(ACCESS_KEY, "the instance profile")


def test_no_credentials(config, environment):
    assert failure() == ("No AWS credentials were found.", "no_credentials", GIVE_THEM)
    config("[profile vault]\nregion = us-east-1\n")
    environment(AWS_PROFILE="vault")
    assert failure() == ("No AWS credentials were found, neither in profile vault nor in other sources.", "no_credentials", GIVE_THEM)
    assert failure(role_arn=ROLE) == ("No AWS credentials were found, neither in profile vault nor in other sources.", "no_credentials", GIVE_THEM)


def test_a_profile_without_credentials_beats_the_keys_of_the_environment(config, environment):
    config("[profile vault]\nregion = us-east-1\n")
    environment(**PAIR_OF_ENVIRONMENT)
    message = "No AWS credentials were found, neither in profile vault nor in other sources."
    assert failure(profile="vault", shared_creds_profile="vault") == (message, "no_credentials", GIVE_THEM)


def test_a_way_to_credentials_that_has_no_words_is_named_as_the_sdk_does(environment, tmp_path):
    path = tmp_path / "ec2"
    path.write_text(f"AWSAccessKeyId={ACCESS_KEY}\nAWSSecretKey={SECRET_KEY}\n", encoding="utf-8")
    environment(AWS_CREDENTIAL_FILE=str(path))
    assert source() == Sourced(ACCESS_KEY, "ec2-credentials-file")


def test_half_a_pair_of_the_environment(environment, monkeypatch):
    environment(AWS_SECRET_ACCESS_KEY=SECRET_KEY)
    only_secret = ("Environment variable AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID.", "incomplete_credentials", HALF)
    assert failure() == only_secret
    assert failure(role_arn=ROLE) == only_secret
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    environment(AWS_ACCESS_KEY_ID=ACCESS_KEY)
    assert failure(KmsError) == (
        "The AWS credentials from environment variable AWS_ACCESS_KEY_ID are incomplete: AWS_SECRET_ACCESS_KEY is missing.",
        "incomplete_credentials",
        HALF,
    )


@pytest.mark.parametrize(("name", "text"), [("access_key", "access key"), ("secret_key", "secret key"), ("session_token", "token")])
@pytest.mark.parametrize("value", ["value ", " value", "val\nue", "value\t", "val\x7fue"])
def test_white_space_around_a_credential(name, text, value):
    options = {**PAIR, "session_token": SESSION_TOKEN, name: value}
    assert failure(**options) == (
        f"The {text} from options access_key and secret_key begins or ends with whitespace or contains a control character.",
        "invalid_credentials",
        "Remove line breaks and spaces.",
    )


def test_white_space_inside_a_credential_is_kept():
    assert source(access_key=ACCESS_KEY, secret_key="two words") == Sourced(ACCESS_KEY, OF_OPTIONS)


def test_a_profile_that_is_gone(config):
    config("[profile vault]\n")
    options = ConnectionOptions()
    session = SdkSession(options, {}, "vault")
    session.set_config_variable("profile", "gone")
    with pytest.raises(botocore.exceptions.ProfileNotFound):
        load_credentials(session, REGION, options, {})


# Roles


@pytest.mark.parametrize(
    ("options", "variables", "name"),
    [
        ({"role_session_name": "nightly"}, {"AWS_ROLE_SESSION_NAME": "other"}, "nightly"),
        ({}, {"AWS_ROLE_SESSION_NAME": "other"}, "other"),
        ({}, {"AWS_ROLE_SESSION_NAME": ""}, "sealwright.vault_seal"),
        ({}, {}, "sealwright.vault_seal"),
    ],
)
def test_a_role(aws, environment, options, variables, name):
    environment(**variables)
    aws.answer("AssumeRole", role_answer("AssumeRole"))
    session, message = loaded(**PAIR, role_arn=ROLE, sts_endpoint=aws.url, **options)
    assert message == Sourced("ASIAEXAMPLEEXAMPLE00", f"role {ROLE}, assumed with options access_key and secret_key")
    assert frozen(session) == ("ASIAEXAMPLEEXAMPLE00", "secret of the role", "token-of-the-role")
    assert len(aws.asked) == 1
    assert {key: aws.asked[0].parameters.get(key) for key in ("RoleArn", "RoleSessionName")} == {"RoleArn": ROLE, "RoleSessionName": name}
    assert f"Credential={ACCESS_KEY}/" in aws.asked[0].headers["Authorization"]


def test_a_role_that_is_assumed_with_keys_of_the_environment(aws, environment):
    environment(**PAIR_OF_ENVIRONMENT, AWS_ROLE_ARN="arn:aws:iam::111122223333:role/other")
    assert source() == Sourced(ACCESS_KEY, "environment variable AWS_ACCESS_KEY_ID")
    aws.answer("AssumeRole", role_answer("AssumeRole"))
    message = source(role_arn=ROLE, sts_endpoint=aws.url)
    assert message == Sourced("ASIAEXAMPLEEXAMPLE00", f"role {ROLE}, assumed with environment variable AWS_ACCESS_KEY_ID")


def test_a_role_of_a_profile_is_left_to_the_sdk(aws, environment, config):
    config(f"[profile vault]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    environment(**PAIR_OF_ENVIRONMENT)
    aws.answer("AssumeRole", role_answer("AssumeRole"))
    assert source("vault", sts_endpoint=aws.url, shared_creds_profile="vault") == Sourced("ASIAEXAMPLEEXAMPLE00", "the role of profile vault")


def test_a_role_that_may_not_be_assumed(aws):
    who = f"User: arn:aws:iam::111122223333:user/vault is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    aws.refuse_sts("AssumeRole", "AccessDenied", who)
    assert failure(KmsError, **PAIR, role_arn=ROLE, sts_endpoint=aws.url) == (
        f"AWS rejected AssumeRole in region us-east-1 (from option region) at {aws.url} (from option sts_endpoint): AccessDenied: {who}.",
        "access_denied",
        f'Allow it in the role\'s trust policy, and in an IAM policy with {{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "{ROLE}"}}.',
    )


# Web identities


def assumed(aws, token_file, source_of_token, **options):
    aws.answer("AssumeRoleWithWebIdentity", role_answer("AssumeRoleWithWebIdentity"))
    session, message = loaded(sts_endpoint=aws.url, **options)
    assert message == Sourced("ASIAEXAMPLEEXAMPLE00", f"role {ROLE}, assumed with the web identity of {source_of_token}")
    assert frozen(session) == ("ASIAEXAMPLEEXAMPLE00", "secret of the role", "token-of-the-role")
    parameters = aws.asked[0].parameters
    assert {key: parameters.get(key) for key in ("RoleArn", "RoleSessionName", "WebIdentityToken")} == {
        "RoleArn": ROLE, "RoleSessionName": "sealwright.vault_seal", "WebIdentityToken": "a-web-identity-token"
    }
    return True


def test_a_web_identity_of_options(aws, environment, token_file):
    environment(AWS_ROLE_ARN="arn:aws:iam::111122223333:role/other", AWS_WEB_IDENTITY_TOKEN_FILE="/other")
    assert assumed(aws, token_file, "option web_identity_token_file", role_arn=ROLE, web_identity_token_file=token_file)


def test_a_web_identity_of_options_with_the_role_of_the_environment(aws, environment, token_file):
    environment(AWS_ROLE_ARN=ROLE)
    assert assumed(aws, token_file, "option web_identity_token_file", web_identity_token_file=token_file)


def test_a_web_identity_of_the_environment(aws, environment, token_file):
    environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    assert assumed(aws, token_file, "environment variable AWS_WEB_IDENTITY_TOKEN_FILE")


def test_a_web_identity_of_the_environment_counts_where_the_profile_has_its_own(aws, environment, config, token_file):
    config(f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = /other\n")
    environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    assert assumed(aws, token_file, "environment variable AWS_WEB_IDENTITY_TOKEN_FILE")


def test_a_role_of_the_profile_beats_the_web_identity_of_the_environment(aws, environment, config, token_file, tmp_path):
    config(f"[default]\nrole_arn = {ROLE}\nsource_profile = base\n")
    (tmp_path / "credentials").write_text(f"[base]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n", encoding="utf-8")
    environment(AWS_ROLE_ARN="arn:aws:iam::111122223333:role/other", AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    aws.answer("AssumeRole", role_answer("AssumeRole"))
    assert source(sts_endpoint=aws.url) == Sourced("ASIAEXAMPLEEXAMPLE00", "the role of profile default")


def test_the_keys_of_options_beat_the_web_identity_of_the_environment(environment, token_file):
    environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    assert source(**PAIR) == Sourced(ACCESS_KEY, OF_OPTIONS)


def test_the_keys_of_the_environment_beat_its_web_identity(environment, token_file):
    environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=token_file, **PAIR_OF_ENVIRONMENT)
    assert source() == Sourced(ACCESS_KEY, "environment variable AWS_ACCESS_KEY_ID")


@pytest.mark.parametrize("option", ["shared_creds_profile", "shared_creds_filename"])
def test_a_profile_of_options_beats_the_web_identity_of_the_environment(environment, token_file, tmp_path, option):
    path = tmp_path / "credentials"
    path.write_text(f"[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n", encoding="utf-8")
    environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    value = "default" if option == "shared_creds_profile" else str(path)
    assert source("default", **{option: value}) == Sourced(ACCESS_KEY, "profile default of the shared credentials file")


@pytest.mark.parametrize(("by_option", "shown"), [(True, "option web_identity_token_file"), (False, "environment variable AWS_WEB_IDENTITY_TOKEN_FILE")])
def test_a_web_identity_without_a_role(environment, token_file, by_option, shown):
    if not by_option:
        environment(AWS_WEB_IDENTITY_TOKEN_FILE=token_file)
    assert failure(**({"web_identity_token_file": token_file} if by_option else {})) == (
        f"A web identity token file is set by {shown}, but no role.",
        "incomplete_credentials",
        "Set role_arn, or the environment variable AWS_ROLE_ARN.",
    )


def test_a_token_that_sts_repeats_is_not_shown(aws, token_file):
    aws.refuse_sts("AssumeRoleWithWebIdentity", "InvalidIdentityToken", "The token a-web-identity-token is odd")
    message, reason, _remedy = failure(KmsError, role_arn=ROLE, web_identity_token_file=token_file, sts_endpoint=aws.url)
    assert message.startswith(f"AWS rejected AssumeRoleWithWebIdentity in region us-east-1 (from option region) at {aws.url} (from option sts_endpoint): Inv")
    assert "a-web-identity-token" not in message
    assert reason == "invalid_credentials"


# Errors


DENIED = botocore.exceptions.ClientError({"Error": {"Code": "ExpiredToken", "Message": "m"}}, "AssumeRole")


@pytest.mark.parametrize(
    ("endpoints", "where"),
    [
        ({}, ""), ({"kms": "http://k"}, ""), ({"sts": "http://s", "kms": "http://k"}, "http://s"), ({"sts": "http://s", "sso": "http://o"}, "http://o"),
    ],
)
def test_the_endpoint_that_was_asked_last(endpoints, where):
    session = SdkSession(ConnectionOptions(), {}, None)
    session.endpoints.update(endpoints)
    assert session_credentials_error(DENIED, session, REGION, None).message == (
        f"AWS rejected AssumeRole in region us-east-1 (from option region) at {where}: ExpiredToken: m."
    )


def test_a_service_that_does_not_answer_is_named():
    error = botocore.exceptions.ConnectionClosedError(endpoint_url="http://o")
    session = SdkSession(ConnectionOptions(), {}, None)
    assert session_credentials_error(error, session, REGION, None).message.startswith("AWS STS cannot be reached in region us-east-1 ")
    session.endpoints["sso"] = Sourced("http://o", "the AWS SDK")
    result = session_credentials_error(error, session, REGION, None)
    assert result.message == (
        "AWS SSO cannot be reached in region us-east-1 (from option region) at http://o (from the AWS SDK): the connection was closed without a response."
    )
    assert result.details == {"operation": "AssumeRole"}


def test_the_way_to_credentials_that_failed_is_named(config):
    config("[profile vault]\nrole_arn = a\n")
    expired = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
    session = SdkSession(ConnectionOptions(), {"AWS_CREDENTIAL_EXPIRATION": "2020"}, "vault")
    assert session_credentials_error(expired, session, REGION, None).message == "The AWS credentials from the AWS configuration have expired."
    session.provider = "env"
    assert session_credentials_error(expired, session, REGION, None).message == (
        "The AWS credentials from environment variable AWS_ACCESS_KEY_ID have expired: environment variable AWS_CREDENTIAL_EXPIRATION says 2020."
    )
    session.set_credentials("a", "b")
    assert "from explicit have" in session_credentials_error(expired, session, REGION, session.get_credentials()).message
    session.provider = "assume-role"
    assert "from the role of profile vault have" in session_credentials_error(expired, session, REGION, None).message
    partial = botocore.exceptions.PartialCredentialsError(provider="config-file", cred_var="x")
    assert session_credentials_error(partial, session, REGION, None).message == (
        "The AWS credentials from profile vault of the AWS config file are incomplete: x is missing."
    )


def test_a_setting_of_the_profile_that_failed_is_named(config):
    config("[profile vault]\nduration_seconds = 5\n")
    session = SdkSession(ConnectionOptions(), {}, "vault")
    assert session_credentials_error(ValueError("5"), session, REGION, None).message == (
        "duration_seconds of AWS profile vault is set to '5', which the AWS SDK does not accept."
    )
