# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe's logic: what is tried after what, the verdicts, and what is said to help."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.check import Probe, probe, refused
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsCiphertext, KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
SESSION = "arn:aws:sts::111122223333:assumed-role/vault/i-0abcd1234"
ROLE = "arn:aws:iam::111122223333:role/vault"
ALIAS = "alias/vault-unseal"
DENY = "with an explicit deny in an identity-based policy"
NO_IAM = "because no identity-based policy allows the {} action"
NO_KEY_POLICY = "because no resource-based policy allows the {} action"
NO_ENDPOINT_POLICY = "because no VPC endpoint policy allows the {} action"
CIPHERTEXT = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."
ALL = {"kms:DescribeKey": "allowed", "kms:Encrypt": "allowed", "kms:Decrypt": "allowed"}


def denied(action: str, why: str, key: str = KEY) -> KmsError:
    message = CIPHERTEXT if why == CIPHERTEXT else f"User: {SESSION} is not authorized to perform: {action} on resource: {key} {why.format(action)}"
    details = {"operation": action[4:], "aws_code": "AccessDeniedException", "aws_message": message}
    return KmsError(f"AWS refused {action[4:]}: {message}.", reason="access_denied", remedy="Allow it.", details=details)


def failed(reason: str) -> KmsError:
    return KmsError(f"It is {reason}.", reason=reason, remedy=f"Not to be {reason}.", details={"operation": "any"})


class Kms:
    """Answers like one key of KMS, and raises the errors it is given, by action."""

    def __init__(self, errors: dict[str, SealError] | None = None, region: str = "us-east-1", **metadata: Any) -> None:
        self.region = Sourced(region, "option region")
        self.calls: list[tuple[str, str]] = []
        self.plaintext = b""
        self.other = False
        self.opened_with = KEY
        self._errors = errors or {}
        self._metadata = {"Arn": KEY, "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", **metadata}

    def describe_key(self, key_id: str) -> dict[str, Any]:
        self._begin("kms:DescribeKey", key_id)
        return self._metadata

    def encrypt(self, key_id: str, plaintext: bytes) -> KmsCiphertext:
        self._begin("kms:Encrypt", key_id)
        self.plaintext = plaintext
        return KmsCiphertext(KEY, b"ciphertext")

    def decrypt(self, ciphertext: bytes, key_id: str = "") -> KmsPlaintext:
        self._begin("kms:Decrypt", key_id)
        assert ciphertext == b"ciphertext"
        return KmsPlaintext(self.opened_with, b"other" if self.other else self.plaintext)

    def facts(self, operation: str, key_id: str) -> list[dict[str, Any]]:
        raise AssertionError("a probe asks for no other facts")

    def _begin(self, action: str, key_id: str) -> None:
        self.calls.append((action, key_id))
        if action in self._errors:
            raise self._errors[action]


def probed(kms: Kms, key: str = ALIAS) -> Probe:
    return probe(kms, KeyReference.parse(key), clock=iter(range(100)).__next__)


def test_another_key_that_opens_is_not_ready() -> None:
    kms = Kms()
    kms.opened_with = KEY.replace("111122223333", "444455556666")
    result = probed(kms)
    assert (result.ready, result.reason) == (False, "wrong_key")
    assert result.summary() == f"Decrypt was answered with the key {kms.opened_with}, but Encrypt with {KEY}."


def verdicts(result: Probe) -> dict[str, str]:
    return {action: verdict.verdict for action, verdict in result.verdicts.items()}


def test_three_calls_that_succeed() -> None:
    kms = Kms()
    result = probed(kms)
    assert kms.calls == [("kms:DescribeKey", ALIAS), ("kms:Encrypt", ALIAS), ("kms:Decrypt", "")]
    assert len(kms.plaintext) == 32
    assert (result.ready, result.reason, result.remedy(), verdicts(result)) == (True, "", None, ALL)
    assert (result.key_arn, result.state, result.principal, result.latency_ms) == (KEY, "Enabled", "", 3000.0)
    assert result.summary() == f"A seal can use the key {KEY}: kms:DescribeKey, kms:Encrypt and kms:Decrypt are allowed."
    assert result.verdicts["kms:Encrypt"].as_result() == {
        "verdict": "allowed",
        **dict.fromkeys(("reason", "msg", "remedy", "aws_message", "likely_cause", "policy_type", "policy")),
        "latency_ms": 1000.0,
    }


def test_the_random_bytes_are_new_each_time() -> None:
    first, second = Kms(), Kms()
    probed(first)
    probed(second)
    assert first.plaintext != second.plaintext


def test_a_multi_region_key_is_asked_in_the_region_in_force() -> None:
    key = f"arn:aws:kms:eu-west-1:111122223333:key/mrk-{'0' * 32}"
    kms = Kms()
    probed(kms, key)
    assert [key_id for _action, key_id in kms.calls[:2]] == [key.replace("eu-west-1", "us-east-1")] * 2


def test_other_bytes_than_were_encrypted() -> None:
    kms = Kms()
    kms.other = True
    result = probed(kms)
    assert (result.ready, result.reason) == (False, "wrong_endpoint")
    assert result.verdicts["kms:Decrypt"].latency_ms == 1000.0
    assert result.summary() == "Decrypt gave back other bytes than Encrypt was given."


@pytest.mark.parametrize("reason", ["unreachable", "timed_out", "clock_skew", "expired_credentials", "throttled", "tls_failed", "not_found"])
def test_nothing_is_tried_after_describe_key_fails(reason: str) -> None:
    kms = Kms({"kms:DescribeKey": failed(reason)})
    result = probed(kms)
    assert [action for action, _key in kms.calls] == ["kms:DescribeKey"]
    assert list(verdicts(result).values()) == ["failed", "not_tried", "not_tried"]
    assert {result.verdicts[action].msg for action in ("kms:Encrypt", "kms:Decrypt")} == {"Not tried: DescribeKey failed."}
    assert (result.ready, result.reason, result.summary()) == (False, reason, f"It is {reason}.")
    nothing = {"policy_statement": None, "key_policy_statement": None, "grant": None}
    assert result.remedy() == {"msg": f"Not to be {reason}.", **nothing}


def test_encrypt_and_decrypt_are_tried_after_describe_key_is_denied() -> None:
    kms = Kms({"kms:DescribeKey": denied("kms:DescribeKey", NO_IAM)})
    result = probed(kms)
    assert [action for action, _key in kms.calls] == list(ALL)
    assert verdicts(result) == {**ALL, "kms:DescribeKey": "denied"}
    assert (result.ready, result.reason, result.key_arn, result.state) == (False, "access_denied", KEY, "")
    assert result.summary() == f"kms:DescribeKey is denied to {SESSION} for the key {KEY}."
    assert result.remedy() == {
        "msg": "Allow kms:DescribeKey by an IAM policy, the key policy or a grant.",
        "policy_statement": {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": KEY},
        "key_policy_statement": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:DescribeKey", "Resource": "*"},
        "grant": {"KeyId": KEY, "GranteePrincipal": ROLE, "Operations": ["DescribeKey"]},
    }


def test_decrypt_cannot_be_tried_without_encrypt() -> None:
    result = probed(Kms({"kms:Encrypt": denied("kms:Encrypt", NO_IAM)}))
    assert verdicts(result) == {**ALL, "kms:Encrypt": "denied", "kms:Decrypt": "not_tried"}
    assert result.verdicts["kms:Decrypt"].msg == "Not tried: without an answer to Encrypt there is no ciphertext to decrypt."
    remedy = result.remedy()
    assert remedy
    assert remedy["msg"] == (
        "Allow kms:Encrypt by an IAM policy, the key policy or a grant. A seal needs kms:Decrypt too, which could not be tried."
    )
    assert remedy["policy_statement"]["Action"] == ["kms:Encrypt", "kms:Decrypt"]
    assert remedy["grant"]["Operations"] == ["Encrypt", "Decrypt"]


@pytest.mark.parametrize(
    ("why", "statements"),
    [
        (NO_IAM, {"policy_statement", "key_policy_statement", "grant"}),
        (NO_KEY_POLICY, {"key_policy_statement", "grant"}),
        (NO_ENDPOINT_POLICY, {"policy_statement"}),
        (CIPHERTEXT, {"policy_statement", "key_policy_statement", "grant"}),
        (DENY, set()),
    ],
)
def test_only_what_helps_is_shown(why: str, statements: set[str]) -> None:
    remedy = probed(Kms({"kms:Decrypt": denied("kms:Decrypt", why)})).remedy()
    assert remedy
    assert {name for name, value in remedy.items() if value and name != "msg"} == statements


def test_an_explicit_deny_asks_for_nothing_not_even_for_what_was_not_tried() -> None:
    result = probed(Kms({"kms:Encrypt": denied("kms:Encrypt", DENY)}))
    assert result.remedy() == {
        "msg": "An identity-based policy denies kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except this "
        "principal from it.",
        "policy_statement": None,
        "key_policy_statement": None,
        "grant": None,
    }


def test_a_principal_that_is_not_known() -> None:
    remedy = probed(Kms({"kms:Decrypt": denied("kms:Decrypt", CIPHERTEXT)})).remedy()
    assert remedy
    assert remedy["grant"] == {"KeyId": KEY, "GranteePrincipal": "PRINCIPAL-ARN", "Operations": ["Decrypt"]}


@pytest.mark.parametrize(
    ("key", "region", "resource"),
    [
        (ALIAS, "us-east-1", "arn:aws:kms:us-east-1:111122223333:key/*"),
        (ALIAS, "cn-north-1", "arn:aws-cn:kms:cn-north-1:111122223333:key/*"),
        (ALIAS, "us-gov-west-1", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/*"),
        (ALIAS, "us-isob-east-1", "arn:aws-iso-b:kms:us-isob-east-1:111122223333:key/*"),
        (f"arn:aws:kms:us-east-1:444455556666:{ALIAS}", "us-east-1", "arn:aws:kms:us-east-1:444455556666:key/*"),
        (ID, "us-east-1", f"arn:aws:kms:us-east-1:111122223333:key/{ID}"),
        (KEY, "us-east-1", KEY),
    ],
)
def test_a_key_whose_arn_nobody_tells(key: str, region: str, resource: str) -> None:
    errors: dict[str, SealError] = {action: denied(action, NO_IAM, "*") for action in ("kms:DescribeKey", "kms:Encrypt")}
    result = probed(Kms(errors, region), key)
    remedy = result.remedy()
    assert remedy
    statement = remedy["policy_statement"]
    assert (statement["Action"], statement["Resource"]) == (["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], resource)
    if "alias/" in key:
        assert statement["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ALIAS}}
        assert "a policy cannot name an alias" in remedy["msg"]
        assert remedy["grant"] is None
    else:
        assert "Condition" not in statement
        assert remedy["grant"]["KeyId"] == key
    assert result.summary() == f"kms:DescribeKey and kms:Encrypt are denied to {SESSION} for the key {key}."


def test_a_denial_tells_the_keys_arn() -> None:
    errors: dict[str, SealError] = {action: denied(action, NO_IAM) for action in ("kms:DescribeKey", "kms:Encrypt")}
    assert probed(Kms(errors)).key_arn == KEY


@pytest.mark.parametrize(
    ("metadata", "encrypt", "reason", "summary"),
    [
        ({"KeyState": "Disabled"}, "key_disabled", "key_disabled", "The key is disabled."),
        ({"KeyState": "PendingImport"}, "key_pending_import", "key_pending_import", "The key has no key material: "),
        ({"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"}, "key_unusable", "key_unusable", "The key's usage is SIGN_VERIFY "),
        ({"KeySpec": "RSA_2048"}, "key_unusable", "key_unusable", "The key is asymmetric "),
        # KMS would answer, but only the service that owns the key may use it.
        ({"KeyManager": "AWS"}, "", "key_unusable", "The key is managed by AWS: "),
    ],
)
def test_a_key_that_cannot_seal(metadata: dict[str, str], encrypt: str, reason: str, summary: str) -> None:
    kms = Kms({"kms:Encrypt": failed(encrypt)} if encrypt else {}, **metadata)
    result = probed(kms)
    assert (result.ready, result.reason, [problem.reason for problem in result.problems]) == (False, reason, [reason])
    assert result.summary().startswith(summary)
    remedy = result.remedy()
    assert remedy
    assert remedy["msg"] == result.problems[0].remedy
    assert result.verdicts["kms:Encrypt"].verdict == ("failed" if encrypt else "allowed")


def test_a_denial_is_told_before_the_keys_state_and_both_are_remedied() -> None:
    result = probed(Kms({"kms:Encrypt": denied("kms:Encrypt", NO_IAM)}, KeyState="Disabled"))
    assert (result.reason, [problem.reason for problem in result.problems]) == ("access_denied", ["key_disabled"])
    assert result.summary() == f"kms:Encrypt is denied to {SESSION} for the key {KEY}."
    remedy = result.remedy()
    assert remedy
    assert remedy["msg"].startswith("Allow kms:Encrypt by an IAM policy, the key policy or a grant. Enable the key ")


def test_key_material_that_expires_is_a_warning() -> None:
    result = probed(Kms(ValidTo=datetime(2999, 1, 1, tzinfo=timezone.utc)))
    assert (result.ready, [warning.reason for warning in result.warnings]) == (True, ["key_material_expires"])


def test_where_kms_could_not_be_asked() -> None:
    error = SettingError("No AWS credentials are found.", reason="no_credentials", remedy="Give some.")
    actual = refused(error, KeyReference.parse(KEY), "us-east-1")
    assert list(verdicts(actual).values()) == ["failed", "not_tried", "not_tried"]
    assert actual.verdicts["kms:Decrypt"].msg == "Not tried: KMS could not be asked."
    assert (actual.ready, actual.reason, actual.summary(), actual.key_arn) == (False, "no_credentials", "No AWS credentials are found.", KEY)
    assert refused(error).key_arn == ""


def test_a_denial_without_a_reference_asks_for_no_statement() -> None:
    probe_result = Probe(None)
    probe_result.verdicts = probed(Kms({"kms:Encrypt": denied("kms:Encrypt", NO_IAM)})).verdicts
    remedy = probe_result.remedy()
    assert remedy is not None
    assert (remedy["policy_statement"], remedy["key_policy_statement"], remedy["grant"]) == (None, None, None)
    # What failed otherwise is no denial, and no statement helps.
    remedy = probed(Kms({"kms:Encrypt": failed("throttled")})).remedy()
    assert remedy is not None
    assert (remedy["msg"], remedy["policy_statement"]) == ("Not to be throttled.", None)


def test_a_role_that_may_not_be_assumed_is_no_denial_of_kms() -> None:
    details = {"operation": "AssumeRole", "aws_code": "AccessDenied", "aws_message": f"User: {SESSION} is not authorized to perform: sts:AssumeRole"}
    error = KmsError("AWS refused AssumeRole.", reason="access_denied", remedy="Allow it by the role's trust policy.", details=details)
    actual = refused(error, KeyReference.parse(ALIAS))
    assert (actual.verdicts["kms:DescribeKey"].verdict, actual.reason, actual.principal) == ("failed", "access_denied", "")
    remedy = actual.remedy()
    assert remedy
    assert (remedy["msg"], remedy["policy_statement"]) == ("Allow it by the role's trust policy.", None)


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    class Broken(Kms):
        def describe_key(self, key_id: str) -> dict[str, Any]:
            raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        probed(Broken())
