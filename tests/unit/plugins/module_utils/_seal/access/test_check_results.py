# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts of a check in full, as a module returns them."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.check import Probe, Verdict, probe, refused
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsCiphertext, KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import Denial
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
MRK = f"arn:aws:kms:eu-west-1:111122223333:key/mrk-{'0' * 32}"
USER = "arn:aws:iam::111122223333:user/vault"
NO_IAM = f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {KEY} because no identity-based policy allows the kms:Encrypt action"
IAM_REMEDY = "Allow kms:Encrypt by an IAM policy, the key policy or a grant."
EMPTY = dict.fromkeys(("reason", "msg", "remedy", "aws_message", "likely_cause", "policy_type", "policy", "latency_ms"))


class OneKey:
    """One key; ``errors`` are raised, by operation."""

    def __init__(self, errors=None, metadata=None, opened=None):
        self.region = Sourced("us-east-1", "option region")
        self._errors = errors or {}
        self._metadata = {"Arn": KEY, "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"} if metadata is None else metadata
        self._opened = opened
        self._plaintext = b""

    def _fail(self, operation):
        if operation in self._errors:
            raise self._errors[operation]

    def describe_key(self, key_id):
        self._fail("DescribeKey")
        return self._metadata

    def encrypt(self, key_id, plaintext):
        self._fail("Encrypt")
        self._plaintext = plaintext
        return KmsCiphertext(KEY, b"ciphertext")

    def decrypt(self, ciphertext, key_id=""):
        self._fail("Decrypt")
        return KmsPlaintext(KEY, self._plaintext if self._opened is None else self._opened)


def refusal(message, code="AccessDeniedException", reason="access_denied", remedy="Allow it."):
    details = {"operation": "Encrypt", **({} if code is None else {"aws_code": code}), **({} if message is None else {"aws_message": message})}
    return KmsError("AWS refused Encrypt.", reason=reason, remedy=remedy, details=details)


def probed(kms, key="alias/vault", times=(10.0, 10.01234, 20.0, 20.5, 30.0, 30.25)):
    return probe(kms, KeyReference.parse(key), clock=iter(times).__next__)


def test_a_denied_action_in_full():
    verdicts = probed(OneKey({"Encrypt": refusal(NO_IAM)})).verdicts
    assert verdicts["kms:DescribeKey"].as_result() == {**EMPTY, "verdict": "allowed", "latency_ms": 12.3}
    assert verdicts["kms:Encrypt"].as_result() == {
        "verdict": "denied", "reason": "access_denied", "msg": "AWS refused Encrypt.", "remedy": IAM_REMEDY, "aws_message": NO_IAM,
        "likely_cause": "missing_allow", "policy_type": "identity-based policy", "policy": None, "latency_ms": 500.0,
    }
    assert verdicts["kms:Decrypt"].as_result() == {
        **EMPTY, "verdict": "not_tried", "msg": "Not tried: without an answer to Encrypt there is no ciphertext to decrypt.",
    }


def test_a_failed_action_in_full():
    error = refusal("It is disabled.", "DisabledException", "key_disabled", "Enable it.")
    assert probed(OneKey({"Encrypt": error})).verdicts["kms:Encrypt"].as_result() == {
        **EMPTY, "verdict": "failed", "reason": "key_disabled", "msg": "AWS refused Encrypt.", "remedy": "Enable it.", "aws_message": "It is disabled.",
        "latency_ms": 500.0,
    }


def test_a_failure_without_an_answer_of_aws_has_no_message_of_it():
    assert probed(OneKey({"Encrypt": refusal(None, None, "unreachable")})).verdicts["kms:Encrypt"].as_result()["aws_message"] is None
    assert refused(SettingError("No region.", reason="no_region", remedy="Set one.")).verdicts["kms:DescribeKey"].as_result() == {
        **EMPTY, "verdict": "failed", "reason": "no_region", "msg": "No region.", "remedy": "Set one.",
    }


@pytest.mark.parametrize(
    ("code", "reason", "verdict"),
    [
        ("AccessDeniedException", "access_denied", "denied"),
        ("AccessDenied", "access_denied", "denied"),
        # Of another service or from a proxy: no denial of KMS.
        ("ForbiddenException", "access_denied", "failed"),
        (None, "access_denied", "failed"),
        ("AccessDeniedException", "clock_skew", "failed"),
    ],
)
def test_a_denial_is_what_aws_calls_one(code, reason, verdict):
    error = probed(OneKey({"Encrypt": refusal(NO_IAM, code, reason)}))
    assert error.verdicts["kms:Encrypt"].verdict == verdict
    assert error.principal == (USER if verdict == "denied" else "")


def test_a_denial_without_a_message():
    error = probed(OneKey({"Encrypt": refusal(None)}))
    assert error.verdicts["kms:Encrypt"].as_result() == {
        "verdict": "denied", "reason": "access_denied", "msg": "AWS refused Encrypt.", "remedy": IAM_REMEDY, "aws_message": None,
        "likely_cause": "unknown", "policy_type": None, "policy": None, "latency_ms": 500.0,
    }
    assert error.summary() == f"kms:Encrypt is denied for the key {KEY}."


def test_other_bytes_than_were_encrypted_in_full():
    assert probed(OneKey(opened=b"other")).verdicts["kms:Decrypt"].as_result() == {
        **EMPTY, "verdict": "failed", "reason": "wrong_endpoint", "msg": "Decrypt gave back other bytes than Encrypt was given.",
        "remedy": "Something between here and AWS KMS answers in its place; check proxy and endpoint.", "latency_ms": 250.0,
    }


def test_a_denied_decrypt_names_its_own_action():
    message = NO_IAM.replace("kms:Encrypt", "kms:Decrypt")
    error = probed(OneKey({"Decrypt": refusal(message)}))
    assert error.verdicts["kms:Decrypt"].remedy == "Allow kms:Decrypt by an IAM policy, the key policy or a grant."
    assert error.latency_ms == 762.3


def test_a_key_of_which_nothing_but_its_arn_is_answered():
    result = probed(OneKey(metadata={"Arn": KEY}))
    assert (result.key_arn, result.state) == (KEY, "")


def test_all_denials_come_before_what_failed():
    denied = refusal(NO_IAM.replace("kms:Encrypt", "kms:DescribeKey"))
    error = probed(OneKey({"DescribeKey": denied, "Encrypt": refusal("x", "DisabledException", "key_disabled")}))
    assert error.reason == "access_denied"
    assert error.remedy()["msg"] == (
        "Allow kms:DescribeKey by an IAM policy, the key policy or a grant. Allow it. A seal needs kms:Decrypt too, which could not be tried."
    )
    # The same the other way round: what failed was asked before what is denied.
    error = Probe(None, verdicts={
        "kms:DescribeKey": Verdict("failed", "It failed.", "throttled", "Wait."),
        "kms:Encrypt": Verdict("denied", "It is denied.", "access_denied", "Allow it.", denial=Denial("unknown")),
    })
    assert (error.reason, error.remedy()["msg"]) == ("access_denied", "Allow it. Wait.")


def test_the_remedies_of_the_same_kind_are_told_once():
    probe_result = Probe(None, verdicts={name: Verdict("failed", "It failed.", "throttled", "Wait.") for name in ("kms:DescribeKey", "kms:Encrypt")})
    assert probe_result.remedy() == {"msg": "Wait.", "policy_statement": None, "key_policy_statement": None, "grant": None}


@pytest.mark.parametrize(
    ("key", "region", "arn"),
    [
        (KEY, "us-east-1", KEY),
        (ID, "us-east-1", ""),
        ("alias/vault", "us-east-1", ""),
        ("arn:aws:kms:us-east-1:111122223333:alias/vault", "us-east-1", ""),
        # Of a multi-Region key it is the replica in the region in force that is asked.
        (MRK, "us-east-1", MRK.replace("eu-west-1", "us-east-1")),
    ],
)
def test_the_arn_of_a_key_that_could_not_be_asked_for(key, region, arn):
    error = refused(SettingError("No.", reason="no_credentials"), KeyReference.parse(key), region)
    assert (error.key_arn, error.region) == (arn, region)


def test_without_a_key_there_is_no_arn_and_no_region():
    error = refused(SettingError("No.", reason="no_key"))
    assert (error.reference, error.region, error.key_arn) == (None, "", "")
    assert [verdict.msg for verdict in error.verdicts.values()] == ["No.", "Not tried: KMS could not be asked.", "Not tried: KMS could not be asked."]


def test_a_key_id_whose_account_nobody_tells_in_full():
    other = "User: vault is not authorized to perform: kms:{} on resource: * because no identity-based policy allows the kms:{} action"
    errors = {operation: refusal(other.format(operation, operation)) for operation in ("DescribeKey", "Encrypt")}
    remedy = probed(OneKey(errors), ID).remedy()
    assert remedy == {
        "msg": "Allow kms:DescribeKey by an IAM policy, the key policy or a grant. Allow kms:Encrypt by an IAM policy, the key policy or a grant. "
        "A seal needs kms:Decrypt too, which could not be tried. The key's account is not known here: put it into the statement's Resource.",
        "policy_statement": {
            "Effect": "Allow", "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], "Resource": f"arn:aws:kms:us-east-1:*:key/{ID}",
        },
        "key_policy_statement": {
            "Effect": "Allow", "Principal": {"AWS": "PRINCIPAL-ARN"}, "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], "Resource": "*",
        },
        "grant": {"KeyId": ID, "GranteePrincipal": "PRINCIPAL-ARN", "Operations": ["DescribeKey", "Encrypt", "Decrypt"]},
    }
