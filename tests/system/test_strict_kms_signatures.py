# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS authenticates requests: signatures, clocks and session tokens, with AWS's errors."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import botocore.auth
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as SigningCredentials

from support.refusal import refusal
from support.slack import scaled
from support.strict_kms import Credentials, StrictKms

ONCE = Config(retries={"total_max_attempts": 1})
UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")
EXPIRED = ("ExpiredTokenException", "The security token included in the request is expired")
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def aws(kms: StrictKms) -> Any:
    return kms.client(config=ONCE)


@pytest.fixture(scope="module")
def session(kms: StrictKms) -> dict[str, Any]:
    """The keys and the token of a role's session of 15 minutes."""
    role = kms.principal(ALL, role=True)
    answer = kms.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="test", DurationSeconds=900)
    credentials: dict[str, Any] = answer["Credentials"]
    return credentials


@pytest.fixture
def clock(kms: StrictKms) -> Iterator[StrictKms]:
    """The server whose clock the test may set; set right again afterwards."""
    yield kms
    kms.clear_faults()


def session_client(kms: StrictKms, session: dict[str, Any], **changed: str) -> Any:
    settings = {"aws_session_token": session["SessionToken"], **changed}
    return kms.client(credentials=Credentials(session["AccessKeyId"], session["SecretAccessKey"]), config=ONCE, **settings)


def test_an_unknown_access_key(kms: StrictKms) -> None:
    client = kms.client(credentials=Credentials("AKIAUNKNOWN", "x" * 40), config=ONCE)
    assert refusal(client.list_aliases) == UNKNOWN


def test_a_wrong_secret(kms: StrictKms) -> None:
    client = kms.client(credentials=Credentials(kms.admin.access_key, "x" * 40), config=ONCE)
    code, message = refusal(client.list_aliases)
    assert (code, message.startswith("The request signature we calculated does not match")) == ("InvalidSignatureException", True)


def test_an_access_key_that_was_deactivated(kms: StrictKms) -> None:
    who = kms.principal(ALL)
    client = kms.client(credentials=who, config=ONCE)
    client.list_aliases(Limit=1)
    kms.client("iam").update_access_key(UserName=who.arn.rsplit("/", 1)[-1], AccessKeyId=who.access_key, Status="Inactive")
    assert refusal(client.list_aliases) == UNKNOWN


def test_a_region_that_is_none(kms: StrictKms) -> None:
    assert refusal(kms.client(region="us-esat-1", config=ONCE).list_keys) == (
        "InvalidSignatureException", "Credential should be scoped to a valid region. "
    )


def test_no_signature(kms: StrictKms) -> None:
    client = kms.client(config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    assert refusal(client.list_aliases) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


def sent(kms: StrictKms, body: bytes, service: str = "kms", **changed: Any) -> tuple[int, dict[str, Any]]:
    """Sign a request as boto3 does, change it after that, and send it: the status and the content of the answer."""
    request = AWSRequest("POST", f"{kms.url}/", {"X-Amz-Target": "TrentService.ListAliases"}, body)
    SigV4Auth(SigningCredentials(kms.admin.access_key, kms.admin.secret_key), service, "us-east-1").add_auth(request)
    headers = {**dict(request.headers), **changed.get("headers", {})}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(f"{kms.url}/", changed.get("sent_body", body), headers), timeout=scaled(10)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_request_as_it_was_signed(kms: StrictKms) -> None:
    status, content = sent(kms, b'{"Limit": 1}')
    assert (status, "Aliases" in content) == (200, True)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"sent_body": b'{"Limit": 2}'}, "InvalidSignatureException"),
        ({"headers": {"X-Amz-Target": "TrentService.ListKeys"}}, "InvalidSignatureException"),
        ({"headers": {"X-Amz-Date": "20200101T000000Z"}}, "InvalidSignatureException"),
        ({"headers": {"X-Amz-Date": "yesterday"}}, "IncompleteSignatureException"),
        ({"headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=nobody"}}, "IncompleteSignatureException"),
        ({"service": "sts"}, "InvalidSignatureException"),
    ],
)
def test_a_request_that_was_changed(kms: StrictKms, settings: dict[str, Any], code: str) -> None:
    status, content = sent(kms, b'{"Limit": 1}', **settings)
    assert (status, content["__type"]) == (400, code)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object(kms: StrictKms, body: bytes) -> None:
    status, content = sent(kms, body)
    assert (status, content["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(("seconds", "phrase"), [(301, "Signature expired: "), (-302, "Signature not yet current: ")])
def test_clocks_too_far_apart(clock: StrictKms, aws: Any, seconds: float, phrase: str) -> None:
    clock.fault("clock_skew", seconds=seconds)
    code, message = refusal(aws.list_aliases)
    assert (code, message.startswith(phrase), "5 min.)" in message) == ("InvalidSignatureException", True, True)


@pytest.mark.parametrize("seconds", [290, -290])
def test_clocks_near_enough(clock: StrictKms, aws: Any, seconds: float) -> None:
    clock.fault("clock_skew", seconds=seconds)
    assert "Aliases" in aws.list_aliases()


def test_a_clock_that_is_wrong_for_one_key_alone(clock: StrictKms, aws: Any) -> None:
    one, other = clock.new_key(), clock.new_key()
    clock.fault("clock_skew", "DescribeKey", key=one, seconds=3600)
    assert refusal(aws.describe_key, KeyId=one)[0] == "InvalidSignatureException"
    assert aws.describe_key(KeyId=other)["KeyMetadata"]["Arn"] == other


def test_a_roles_session(kms: StrictKms, session: dict[str, Any]) -> None:
    assert "Aliases" in session_client(kms, session).list_aliases()


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_session_with_a_wrong_token(kms: StrictKms, session: dict[str, Any], token: str) -> None:
    assert refusal(session_client(kms, session, aws_session_token=token).list_aliases) == UNKNOWN


def test_a_session_with_a_wrong_secret(kms: StrictKms, session: dict[str, Any]) -> None:
    client = session_client(kms, {**session, "SecretAccessKey": "x" * 40})
    assert refusal(client.list_aliases)[0] == "InvalidSignatureException"


def test_a_session_that_has_expired(clock: StrictKms, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    # Both clocks are set forward, so that the signature stays a fresh one and the session alone is too old.
    client = session_client(clock, session)
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *given: now(*given) + timedelta(seconds=1000))
    clock.fault("clock_skew", seconds=1000)
    assert refusal(client.list_aliases) == EXPIRED
    assert "Aliases" in clock.client(config=ONCE).list_aliases()
