# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The adapter with the real botocore, and a server on loopback that answers as KMS does."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timezone
from types import SimpleNamespace

import botocore.session
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import client
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsCiphertext, KmsPlaintext, KmsReEncrypted
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import (
    ACCESS_KEY,
    CLOSED,
    SECRET_KEY,
    SESSION_TOKEN,
    clear_environment,
    container_document,
    role_answer,
)

ID, OTHER_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321"
KEY, OTHER = (f"arn:aws:kms:us-east-1:111122223333:key/{key_id}" for key_id in (ID, OTHER_ID))
CIPHERTEXT, MOVED, DATA_KEY = b"c" * 180, b"m" * 180, bytes(range(32))
KNOWN = botocore.session.get_session().get_service_model("kms").operation_names
KEYS = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "session_token": SESSION_TOKEN}


def b64(content):
    return base64.b64encode(content).decode()


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path)


def opened(server, timeout=10, **options):
    return open_kms(ConnectionOptions(**{"region": "us-east-1", "endpoint": server.url, "timeout": timeout, **KEYS, **options}))


@pytest.fixture(scope="module")
def shared(server, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        clear_environment(patch, tmp_path_factory.mktemp("home"))
        return opened(server)


@pytest.fixture
def kms(aws, shared):
    shared.key_in_environment = None
    return shared


def failure(act, kind=KmsError):
    with pytest.raises(kind) as raised:
        act()
    error = raised.value
    assert isinstance(error, kind)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


def texts(error):
    return error.message, error.reason, error.remedy


# Calls


def test_where_it_all_came_from(kms, aws):
    assert kms.connection() == {
        "region": {"value": "us-east-1", "source": "option region"},
        "endpoint": {"value": aws.url, "source": "option endpoint"},
        "credentials": {"value": ACCESS_KEY, "source": "options access_key and secret_key"},
    }
    assert kms.region == Sourced("us-east-1", "option region")
    assert kms.endpoint == Sourced(aws.url, "option endpoint")
    assert kms.key_in_environment is None


def test_encrypt(kms, aws):
    aws.answer("Encrypt", {"KeyId": KEY, "CiphertextBlob": b64(CIPHERTEXT), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
    assert kms.encrypt(ID, DATA_KEY) == KmsCiphertext(KEY, CIPHERTEXT)
    assert [each[:2] for each in aws.asked] == [("Encrypt", {"KeyId": ID, "Plaintext": b64(DATA_KEY)})]


@pytest.mark.parametrize("pinned", [(), (KEY,)])
def test_decrypt(kms, aws, pinned):
    aws.answer("Decrypt", {"KeyId": KEY, "Plaintext": b64(DATA_KEY)})
    assert kms.decrypt(CIPHERTEXT, *pinned) == KmsPlaintext(KEY, DATA_KEY)
    assert [each[:2] for each in aws.asked] == [("Decrypt", {"CiphertextBlob": b64(CIPHERTEXT), **({"KeyId": KEY} if pinned else {})})]


@pytest.mark.parametrize("pinned", [(), (KEY,)])
def test_re_encrypt(kms, aws, pinned):
    aws.answer("ReEncrypt", {"SourceKeyId": KEY, "KeyId": OTHER, "CiphertextBlob": b64(MOVED)})
    assert kms.re_encrypt(CIPHERTEXT, OTHER, *pinned) == KmsReEncrypted(KEY, OTHER, MOVED)
    wanted = {"CiphertextBlob": b64(CIPHERTEXT), "DestinationKeyId": OTHER, **({"SourceKeyId": KEY} if pinned else {})}
    assert [each[:2] for each in aws.asked] == [("ReEncrypt", wanted)]


def test_describe_key(kms, aws):
    aws.answer("DescribeKey", {"KeyMetadata": {"Arn": KEY, "KeyId": ID, "KeyState": "Enabled"}})
    assert kms.describe_key("alias/vault") == {"Arn": KEY, "KeyId": ID, "KeyState": "Enabled"}
    assert [each[:2] for each in aws.asked] == [("DescribeKey", {"KeyId": "alias/vault"})]


def test_update_alias(kms, aws):
    aws.answer("UpdateAlias", "")
    assert kms.update_alias("alias/vault", OTHER_ID) is None
    assert [each[:2] for each in aws.asked] == [("UpdateAlias", {"AliasName": "alias/vault", "TargetKeyId": OTHER_ID})]


@pytest.mark.skipif("RotateKeyOnDemand" not in KNOWN, reason="this botocore does not know it")
def test_rotate_key_on_demand(kms, aws):
    aws.answer("RotateKeyOnDemand", {"KeyId": KEY})
    assert kms.rotate_key_on_demand(KEY) is None
    assert [each[:2] for each in aws.asked] == [("RotateKeyOnDemand", {"KeyId": KEY})]


@pytest.mark.parametrize("marked", [{"Truncated": False}, {}])
def test_a_listing_of_one_page(kms, aws, marked):
    aws.answer("ListGrants", {"Grants": [{"GrantId": "g"}], **marked})
    pages = kms.facts("list_grants", KEY)
    assert [page["Grants"] for page in pages] == [[{"GrantId": "g"}]]
    assert [each[:2] for each in aws.asked] == [("ListGrants", {"KeyId": KEY})]


def test_a_listing_of_several_pages(kms, aws):
    pages = [{"Grants": [{"GrantId": str(number)}], "Truncated": number < 3, "NextMarker": f"marker {number}"} for number in (1, 2, 3)]
    aws.answer("ListGrants", *pages)
    assert [page["Grants"][0]["GrantId"] for page in kms.facts("list_grants", KEY)] == ["1", "2", "3"]
    assert [each.parameters for each in aws.asked] == [
        {"KeyId": KEY}, {"KeyId": KEY, "Marker": "marker 1"}, {"KeyId": KEY, "Marker": "marker 2"}
    ]


def test_the_key_policy_is_the_one_named_default(kms, aws):
    aws.answer("GetKeyPolicy", {"Policy": "{}"})
    assert kms.facts("get_key_policy", KEY)[0]["Policy"] == "{}"
    assert [each[:2] for each in aws.asked] == [("GetKeyPolicy", {"KeyId": KEY, "PolicyName": "default"})]


# Answers that are none


def test_pages_that_go_round_in_a_circle(kms, aws):
    aws.answer("ListGrants", {"Grants": [], "Truncated": True, "NextMarker": "again"})
    error = failure(lambda: kms.facts("list_grants", KEY))
    assert texts(error) == (
        f"The response in region us-east-1 (from option region) at {aws.url} (from option endpoint) does not come from AWS KMS: "
        "invalid response to ListGrants: a page marker occurs twice.",
        "wrong_endpoint",
        "Check the endpoint and the proxy.",
    )
    assert error.details == {"operation": "ListGrants"}


def test_a_listing_ends_after_ten_times_the_timeout(kms, aws, monkeypatch):
    pages = [{"Grants": [], "Truncated": True, "NextMarker": str(number)} for number in range(9)]
    aws.answer("ListGrants", *pages)
    clock = iter([100.0, 200.0, 200.0, 200.001])
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    error = failure(lambda: kms.facts("list_grants", KEY))
    assert texts(error) == (
        f"Timed out listing all pages of ListGrants for the key {KEY}.", "timed_out", "Increase the option timeout."
    )
    assert error.details == {}
    assert len(aws.asked) == 3


def test_what_the_sdk_does_not_know(kms, aws):
    error = failure(lambda: kms.facts("list_wishes", KEY))
    assert texts(error) == ("The installed botocore does not support list_wishes.", "unsupported_by_sdk", "Install a later boto3.")
    assert error.details == {"operation": "list_wishes"}
    assert aws.asked == []


def test_a_rotation_that_the_sdk_does_not_know(kms, aws, monkeypatch):
    monkeypatch.setattr(kms, "_client", SimpleNamespace())
    error = failure(lambda: kms.rotate_key_on_demand(KEY))
    assert (error.reason, error.details) == ("unsupported_by_sdk", {"operation": "rotate_key_on_demand"})


CALLS = [
    ("Encrypt", lambda kms, key: kms.encrypt(key, DATA_KEY)),
    ("Decrypt", lambda kms, key: kms.decrypt(CIPHERTEXT, key)),
    ("ReEncrypt", lambda kms, key: kms.re_encrypt(CIPHERTEXT, key)),
    ("DescribeKey", lambda kms, key: kms.describe_key(key)),
    ("UpdateAlias", lambda kms, key: kms.update_alias("alias/vault", key)),
    ("GetKeyPolicy", lambda kms, key: kms.facts("get_key_policy", key)),
    ("RotateKeyOnDemand", lambda kms, key: kms.rotate_key_on_demand(key)),
]


@pytest.mark.parametrize(("operation", "call"), [each for each in CALLS if each[0] in KNOWN])
def test_a_refusal_names_operation_key_region_and_endpoint(kms, aws, operation, call):
    aws.refuse(operation, "NotFoundException", "Key is not found.")
    error = failure(lambda: call(kms, KEY))
    assert texts(error) == (
        f"AWS rejected {operation} with key {KEY} in region us-east-1 (from option region) at {aws.url} (from option endpoint): "
        "NotFoundException: Key is not found.",
        "not_found",
        "Check the key ID or alias, the account and the region: KMS searches for it in this region only.",
    )
    assert error.details == {"operation": operation, "aws_code": "NotFoundException", "aws_message": "Key is not found.", "aws_operation": operation}
    assert len(aws.asked) == 1


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "invalid_credentials"),
        ("ExpiredTokenException", "It has expired.", "expired_credentials"),
    ],
)
def test_a_refusal_of_the_credentials_names_the_access_key(kms, aws, code, message, reason):
    aws.refuse("DescribeKey", code, message)
    error = failure(lambda: kms.describe_key(KEY))
    assert error.reason == reason
    assert error.message == (
        f"AWS rejected DescribeKey with key {KEY} in region us-east-1 (from option region) at {aws.url} (from option endpoint): {code}: {message}"
        f" The access key was {ACCESS_KEY} (from options access_key and secret_key)."
    )


def test_a_key_of_the_environment_is_named_with_its_variable(kms, aws):
    kms.key_in_environment = Sourced(KEY, "environment variable VAULT_AWSKMS_SEAL_KEY_ID")
    aws.refuse("DescribeKey", "NotFoundException", f"Not found with key {KEY} there.")
    assert failure(lambda: kms.describe_key(KEY)).message == (
        f"AWS rejected DescribeKey with key {KEY} (from environment variable VAULT_AWSKMS_SEAL_KEY_ID) in region us-east-1 (from option region) at "
        f"{aws.url} (from option endpoint): NotFoundException: Not found with key {KEY} there."
    )
    aws.refuse("DescribeKey", "NotFoundException", "Not found.")
    assert f"with key {OTHER} in region" in failure(lambda: kms.describe_key(OTHER)).message


@pytest.mark.parametrize(
    "content", ["[]", '"text"', "<html></html>", "{}", '{"KeyMetadata": {}}', '{"KeyMetadata": {"Arn": 5, "KeyId": 5}}', '{"KeyMetadata": 5}']
)
def test_what_is_not_kms(kms, aws, content):
    aws.answer("DescribeKey", content)
    error = failure(lambda: kms.describe_key(KEY))
    begin = f"The response in region us-east-1 (from option region) at {aws.url} (from option endpoint) does not come from AWS KMS"
    assert error.message.startswith(begin)
    assert error.message[len(begin):][:1] in (".", ":")
    assert (error.reason, error.remedy, error.details) == ("wrong_endpoint", "Check the endpoint and the proxy.", {"operation": "DescribeKey"})


def test_what_python_fails_on_is_not_kms(kms, aws):
    aws.answer("DescribeKey", '{"KeyMetadata": {"Arn": "a", "KeyId": "b", "CreationDate": [1]}}')
    assert failure(lambda: kms.describe_key(KEY)).message == (
        f"The response in region us-east-1 (from option region) at {aws.url} (from option endpoint) does not come from AWS KMS."
    )


def test_an_endpoint_that_closes_the_connection(aws):
    aws.answer("DescribeKey", CLOSED)
    error = failure(lambda: opened(aws, timeout=0.9).describe_key(KEY))
    assert texts(error) == (
        f"AWS KMS cannot be reached in region us-east-1 (from option region) at {aws.url} (from option endpoint): "
        "the connection was closed without a response.",
        "unreachable",
        "Check the endpoint's name and port, DNS, the route and the proxy.",
    )


def test_what_was_sent_in_secret_is_not_shown(kms, aws):
    aws.refuse("DescribeKey", "ValidationException", f"The token {SESSION_TOKEN} is odd.")
    error = failure(lambda: kms.describe_key(KEY))
    assert SESSION_TOKEN not in f"{error} {error.details}"
    assert "ValidationException: The token " in error.message


# Credentials that are renewed


@pytest.fixture
def temporary(aws, monkeypatch):
    """An adapter with the temporary credentials of a container."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/credentials")
    aws.answer("GET /credentials", container_document())
    kms = opened(aws, access_key="", secret_key="", session_token="")
    aws.clear()
    return kms


def make_due(kms):
    kms._session.get_credentials()._expiry_time = datetime(2020, 1, 1, tzinfo=timezone.utc)


def test_credentials_are_renewed_before_a_call(temporary, aws):
    make_due(temporary)
    aws.answer("GET /credentials", {**container_document(), "AccessKeyId": "AKIAEXAMPLEEXAMPLE01"})
    aws.answer("UpdateAlias", "")
    temporary.update_alias("alias/vault", KEY)
    assert aws.operations() == ["GET /credentials", "UpdateAlias"]
    assert "Credential=AKIAEXAMPLEEXAMPLE01/" in aws.asked[1].headers["Authorization"]


def test_a_renewal_that_fails(temporary, aws):
    make_due(temporary)
    aws.answer("GET /credentials", {"AccessKeyId": ACCESS_KEY})
    assert texts(failure(lambda: temporary.update_alias("alias/vault", KEY))) == (
        "The response of the container's credentials endpoint does not contain credentials: 'SecretAccessKey' is missing.",
        "no_credentials",
        "Check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.",
    )
    assert aws.operations() == ["GET /credentials"]


EXPIRED = (
    "The AWS credentials from the container's credentials endpoint have expired.",
    "expired_credentials",
    "Check the container's credentials endpoint, and this host's clock.",
)


def test_a_renewal_that_gives_expired_credentials(temporary, aws):
    make_due(temporary)
    aws.answer("GET /credentials", container_document("2020-01-01T00:00:00Z"))
    assert texts(failure(lambda: temporary.update_alias("alias/vault", KEY))) == EXPIRED


def test_credentials_that_expire_between_renewal_and_call(temporary, aws, monkeypatch):
    monkeypatch.setattr(type(temporary), "_renew_credentials", make_due)
    aws.answer("GET /credentials", container_document("2020-01-01T00:00:00Z"))
    assert texts(failure(lambda: temporary.update_alias("alias/vault", KEY))) == EXPIRED


# Opening


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(client, "_MISSING", ImportError("No module named 'botocore'"))
    assert texts(failure(lambda: open_kms(ConnectionOptions()), SettingError)) == (
        "The Python library botocore cannot be imported (No module named 'botocore').",
        "missing_library",
        "Install boto3 1.26.27 or later for the Python that runs this.",
    )


def test_options_are_checked_first(aws):
    assert failure(lambda: opened(aws, timeout=0), SettingError).message == "Option timeout is 0, which is out of range."
    assert failure(lambda: opened(aws, session_token="", secret_key=""), SettingError).message == "parameters are required together: access_key, secret_key."


def test_a_file_that_would_be_waited_for_is_refused(aws, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "config")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert failure(lambda: opened(aws), SettingError).message == (
        f"{tmp_path}/config (from environment variable AWS_CONFIG_FILE) cannot be read: it is not a regular file."
    )
    os.mkfifo(tmp_path / "ca")
    monkeypatch.delenv("AWS_CONFIG_FILE")
    assert failure(lambda: opened(aws, ca_bundle=str(tmp_path / "ca")), SettingError).message == (
        f"{tmp_path}/ca (from option ca_bundle) cannot be read: it is not a regular file."
    )


def test_the_environment_may_be_given(aws):
    kms = open_kms(ConnectionOptions(endpoint=aws.url, **KEYS), environ={"AWS_REGION": "eu-west-1"})
    assert kms.region == Sourced("eu-west-1", "environment variable AWS_REGION")


def test_the_environment_is_the_process_own(aws, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_KMS_ENDPOINT", aws.url)
    kms = open_kms(ConnectionOptions(**KEYS), (Sourced("us-east-2", "a hint"),))
    assert kms.region == Sourced("eu-west-1", "environment variable AWS_REGION")
    assert kms.endpoint == Sourced(aws.url, "environment variable AWS_KMS_ENDPOINT")


def test_a_hint_gives_the_region_where_nothing_else_does(aws):
    kms = open_kms(ConnectionOptions(endpoint=aws.url, **KEYS), (Sourced("us-east-2", "a hint"),))
    assert kms.region == Sourced("us-east-2", "a hint")


def test_the_endpoint_that_the_sdk_chooses():
    kms = open_kms(ConnectionOptions(region="eu-west-1", **KEYS))
    assert kms.endpoint == Sourced("https://kms.eu-west-1.amazonaws.com", "the AWS SDK")


def test_what_is_no_region(aws):
    assert texts(failure(lambda: opened(aws, region="us_east_1"), SettingError))[1] == "invalid_option"


@pytest.mark.parametrize(
    ("options", "variables", "shown"),
    [
        ({"shared_creds_profile": "vault"}, {}, "vault (from option shared_creds_profile)"),
        ({}, {"AWS_PROFILE": "vault"}, "vault (from environment variable AWS_PROFILE)"),
    ],
)
def test_an_unknown_profile(aws, monkeypatch, options, variables, shown):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    none = {"access_key": "", "secret_key": "", "session_token": ""}
    assert texts(failure(lambda: opened(aws, **none, **options), SettingError)) == (
        f"The AWS profile {shown} was not found.",
        "no_credentials",
        "Check the profile's name, and the files ~/.aws/config and ~/.aws/credentials.",
    )


NONE = {"access_key": "", "secret_key": "", "session_token": ""}
ROLE = "arn:aws:iam::111122223333:role/vault"


def test_a_credentials_file_by_option_and_its_profile_by_the_environment(aws, monkeypatch, tmp_path):
    path = tmp_path / "some-credentials"
    path.write_text(f"[vault]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_PROFILE", "vault")
    connection = opened(aws, **NONE, shared_creds_filename=str(path)).connection()["credentials"]
    assert connection == {"value": ACCESS_KEY, "source": "profile vault of the shared credentials file"}


def test_a_role_is_asked_for_in_the_region_in_force(aws):
    aws.answer("AssumeRole", role_answer("AssumeRole"))
    kms = opened(aws, region="eu-west-3", role_arn=ROLE, sts_endpoint=aws.url)
    assert f"Credential={ACCESS_KEY}/" in aws.asked[0].headers["Authorization"]
    assert "/eu-west-3/sts/aws4_request" in aws.asked[0].headers["Authorization"]
    assert kms.connection()["credentials"] == {
        "value": "ASIAEXAMPLEEXAMPLE00", "source": f"role {ROLE}, assumed with options access_key and secret_key"
    }


def test_a_role_that_is_refused(aws):
    aws.refuse_sts("AssumeRole", "ExpiredToken", "It has expired")
    assert failure(lambda: opened(aws, role_arn=ROLE, sts_endpoint=aws.url)).message == (
        f"AWS rejected AssumeRole in region us-east-1 (from option region) at {aws.url} (from option sts_endpoint): ExpiredToken: It has expired."
    )


REFUSED = "is set to 'x', which the AWS SDK does not accept."


@pytest.mark.parametrize(
    ("section", "options", "variables", "named"),
    [
        ("default", {}, {}, "default"),
        ("profile vault", {}, {"AWS_PROFILE": "vault"}, "vault"),
        ("profile vault", {}, {"AWS_DEFAULT_PROFILE": "vault"}, "vault"),
        ("profile vault", {"shared_creds_profile": "vault"}, {}, "vault"),
        ("profile vault", {"shared_creds_profile": "vault"}, {"AWS_PROFILE": "other"}, "vault"),
    ],
)
def test_a_setting_that_the_sdk_refuses_while_it_is_set_up(aws, monkeypatch, tmp_path, section, options, variables, named):
    path = tmp_path / "config"
    path.write_text(f"[{section}]\nmetadata_service_num_attempts = x\naws_access_key_id = a\naws_secret_access_key = b\n", encoding="utf-8")
    for name, value in {"AWS_CONFIG_FILE": str(path), **variables}.items():
        monkeypatch.setenv(name, value)
    error = failure(lambda: opened(aws, **NONE, **options), SettingError)
    assert (error.message, error.reason) == (f"metadata_service_num_attempts of AWS profile {named} {REFUSED}", "invalid_option")


def test_a_variable_that_the_sdk_refuses_while_it_is_set_up(aws, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "x")
    error = failure(lambda: opened(aws), SettingError)
    assert error.message == f"Environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE {REFUSED}"
