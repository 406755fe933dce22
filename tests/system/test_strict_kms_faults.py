# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS injects faults on request, and keeps a journal of its calls."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from support.refusal import code_of
from support.slack import scaled
from support.strict_kms import StrictKms

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def aws(kms: StrictKms) -> Any:
    return kms.client(config=ONCE)


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key()


@pytest.fixture
def faulty(kms: StrictKms) -> Iterator[StrictKms]:
    """The server with an empty journal and no faults but the test's."""
    kms.clear_calls()
    yield kms
    kms.clear_faults()


# The kinds


@pytest.mark.parametrize(
    ("kind", "settings", "status", "code", "message"),
    [
        ("throttle", {}, 400, "ThrottlingException", "Rate exceeded"),
        ("500", {}, 500, "KMSInternalException", "The request was rejected because an internal exception occurred."),
        ("503", {}, 503, "ServiceUnavailable", "Service is unavailable"),
        ("503", {"message": "not now"}, 503, "ServiceUnavailable", "not now"),
        ("expired_token", {}, 400, "ExpiredTokenException", "The security token included in the request is expired"),
        ("error", {"code": "LimitExceededException", "message": "enough", "status": 429}, 429, "LimitExceededException", "enough"),
    ],
)
def test_answers(faulty: StrictKms, aws: Any, kind: str, settings: dict[str, Any], status: int, code: str, message: str) -> None:
    faulty.fault(kind, **settings)
    with pytest.raises(ClientError) as caught:
        aws.list_aliases()
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]) == (status, code, message)
    assert [(call["operation"], call["status"], call["error"]) for call in faulty.calls()] == [("ListAliases", status, code)]


def test_a_reset(faulty: StrictKms, aws: Any) -> None:
    faulty.fault("reset")
    with pytest.raises(ConnectionClosedError):
        aws.list_aliases()
    with socket.create_connection(("127.0.0.1", faulty.port), timeout=scaled(30)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListAliases\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert [call["error"] for call in faulty.calls()] == ["reset", "reset"]


def test_a_slow_answer(faulty: StrictKms, aws: Any) -> None:
    faulty.fault("slow", "ListAliases", seconds=0.4)
    began = time.monotonic()
    assert "Aliases" in aws.list_aliases()
    assert time.monotonic() - began >= 0.4


def test_no_answer(faulty: StrictKms) -> None:
    faulty.fault("hang", seconds=30)
    impatient = faulty.client(config=Config(retries={"total_max_attempts": 1}, read_timeout=0.3))
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        impatient.list_aliases()
    assert 0.3 <= time.monotonic() - began < 25


def test_a_hanging_call_holds_up_no_other(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("hang", "DescribeKey", seconds=30)
    impatient = faulty.client(config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2))
    with pytest.raises(ReadTimeoutError):
        impatient.describe_key(KeyId=key)
    began = time.monotonic()
    aws.list_aliases()
    assert time.monotonic() - began < 25


def test_latency(faulty: StrictKms, aws: Any) -> None:
    faulty.set_latency(0.3)
    try:
        began = time.monotonic()
        aws.list_aliases()
        assert time.monotonic() - began >= 0.3
    finally:
        faulty.set_latency(0)


@pytest.mark.parametrize(("kind", "settings", "error"), [("nonsense", {}, ValueError), ("500", {"nonsense": 1}, TypeError)])
def test_a_rule_that_means_nothing(faulty: StrictKms, aws: Any, kind: str, settings: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        faulty.fault(kind, **settings)
    assert "Aliases" in aws.list_aliases()


# Which calls meet a fault


def outcomes(aws: Any, key: str, count: int) -> list[bool]:
    """For each of some calls whether it was answered."""
    items = []
    for _index in range(count):
        try:
            aws.describe_key(KeyId=key)
            items.append(True)
        except ClientError:
            items.append(False)
    return items


def test_so_many_times(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("500", times=2)
    assert outcomes(aws, key, 4) == [False, False, True, True]


def test_after_so_many_calls(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("throttle", after=2, times=1)
    assert outcomes(aws, key, 4) == [True, True, False, True]


def test_for_ever_until_cleared(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("503")
    assert outcomes(aws, key, 3) == [False] * 3
    faulty.clear_faults()
    assert outcomes(aws, key, 1) == [True]


def test_one_operation(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("throttle", "Encrypt")
    assert code_of(aws.encrypt, KeyId=key, Plaintext=b"text") == "ThrottlingException"
    assert outcomes(aws, key, 1) == [True]


def test_one_key(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("500", key=key)
    assert outcomes(aws, key, 1) == [False]
    assert outcomes(aws, faulty.new_key(), 1) == [True]


def test_several_rules(faulty: StrictKms, aws: Any, key: str) -> None:
    faulty.fault("slow", seconds=0.3)
    faulty.fault("throttle", times=1)
    faulty.fault("500", times=2)
    began = time.monotonic()
    assert [code_of(aws.describe_key, KeyId=key) for _index in range(2)] == ["ThrottlingException", "KMSInternalException"]
    assert time.monotonic() - began >= 0.6
    # The call that met the second rule did not reach the third, which has one call left.
    assert outcomes(aws, key, 2) == [False, True]


def test_boto3_overcomes_a_short_fault(faulty: StrictKms, key: str) -> None:
    patient = faulty.client(config=Config(retries={"total_max_attempts": 3, "mode": "standard"}))
    faulty.fault("throttle", "DescribeKey", times=1)
    faulty.fault("reset", "DescribeKey", times=1)
    assert patient.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    assert [call.get("error") for call in faulty.calls("DescribeKey")] == ["ThrottlingException", "reset", None]


# The journal


def test_the_journal_tells_who_asked_what(faulty: StrictKms, aws: Any, key: str) -> None:
    who = faulty.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]})
    client = faulty.client(credentials=who, config=ONCE)
    blob = aws.encrypt(KeyId=key, Plaintext=b"text", EncryptionContext={"a": "b"})["CiphertextBlob"]
    client.describe_key(KeyId=key.rsplit("/", 1)[-1])
    aws.decrypt(CiphertextBlob=blob, KeyId=key, EncryptionContext={"a": "b"})
    assert code_of(client.decrypt, CiphertextBlob=blob) == "AccessDeniedException"
    encrypted, described, decrypted, refused = faulty.calls()
    assert [call["operation"] for call in (encrypted, described, decrypted, refused)] == ["Encrypt", "DescribeKey", "Decrypt", "Decrypt"]
    assert [call["status"] for call in (encrypted, described, decrypted, refused)] == [200, 200, 200, 400]
    assert (encrypted["key"], encrypted["answered"], encrypted["region"]) == (key, key, "us-east-1")
    assert encrypted["parameters"] == ["EncryptionContext", "KeyId", "Plaintext"]
    assert (described["principal"], described["key"]) == (who.arn, key.rsplit("/", 1)[-1])
    assert (decrypted["principal"], decrypted["parameters"]) == (faulty.admin.arn, ["CiphertextBlob", "EncryptionContext", "KeyId"])
    assert (refused["error"], refused["principal"], refused["parameters"]) == ("AccessDeniedException", who.arn, ["CiphertextBlob"])
    assert "Boto3" in encrypted["agent"]
    assert encrypted["time"] <= described["time"] <= decrypted["time"] <= time.time()


def test_the_journal_of_one_operation(faulty: StrictKms, aws: Any, key: str) -> None:
    outcomes(aws, key, 2)
    aws.list_aliases()
    assert (len(faulty.calls("DescribeKey")), len(faulty.calls())) == (2, 3)
    faulty.clear_calls()
    assert faulty.calls() == []


def test_a_call_from_before_the_clearing_is_not_in_the_journal(faulty: StrictKms, aws: Any) -> None:
    faulty.fault("hang", seconds=2, times=1)
    impatient = faulty.client(config=Config(retries={"total_max_attempts": 1}, read_timeout=1))
    with pytest.raises(ReadTimeoutError):
        impatient.list_aliases()
    faulty.clear_calls()
    time.sleep(2)
    aws.list_aliases()
    assert [call["status"] for call in faulty.calls()] == [200]


def test_the_journal_holds_no_plaintext(tmp_path: Path) -> None:
    secret = b"plaintext that nobody may read"
    journal = tmp_path / "journal"
    with StrictKms(journal=str(journal)) as kms:
        key, client = kms.new_key(), kms.client(config=ONCE)
        data_key = client.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
        client.decrypt(CiphertextBlob=client.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"])
        kms.fault("500", "Encrypt")
        assert code_of(client.encrypt, KeyId=key, Plaintext=secret) == "KMSInternalException"
        calls = kms.calls()
    written = journal.read_text(encoding="utf-8")
    assert [json.loads(line) for line in written.splitlines()] == calls
    assert [call["operation"] for call in calls] == ["CreateKey", "GenerateDataKey", "Encrypt", "Decrypt", "Encrypt"]
    for text in (secret, data_key):
        assert base64.b64encode(text).decode() not in written
    assert secret.decode() not in written
