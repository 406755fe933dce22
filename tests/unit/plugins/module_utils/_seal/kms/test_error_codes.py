# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

import botocore.loaders
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import is_throttling, meaning, policy_statement

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USER = "arn:aws:iam::111122223333:user/vault"

KMS_OPERATIONS = (
    "Encrypt",
    "Decrypt",
    "DescribeKey",
    "ReEncrypt",
    "ListAliases",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "GetKeyPolicy",
    "ListGrants",
    "ListResourceTags",
)
STS_OPERATIONS = ("AssumeRole", "AssumeRoleWithWebIdentity")

# "Common Error Types" of the AWS KMS API reference, and the codes of its older page "Common Errors" that concern a client.
COMMON = {
    "AccessDeniedException": "access_denied",
    "ExpiredTokenException": "expired_credentials",
    "IncompleteSignature": "invalid_credentials",
    "InternalFailure": "kms_internal",
    "InvalidAction": "wrong_endpoint",
    "InvalidClientTokenId": "invalid_credentials",
    "MalformedHttpRequestException": "invalid_request",
    "MissingAuthenticationToken": "no_credentials",
    "NotAuthorized": "access_denied",
    "OptInRequired": "access_denied",
    "RequestAbortedException": "unreachable",
    "RequestEntityTooLargeException": "invalid_request",
    "RequestExpired": "clock_skew",
    "RequestTimeoutException": "timed_out",
    "ServiceUnavailable": "kms_internal",
    "ThrottlingException": "throttled",
    "UnknownOperationException": "wrong_endpoint",
    "UnrecognizedClientException": "invalid_credentials",
    "ValidationError": "invalid_request",
}

# What the documented errors of the calls mean here; every one of the service model must be among them.
DOCUMENTED = {
    "DependencyTimeoutException": "kms_internal",
    "DisabledException": "key_disabled",
    "DryRunOperationException": "dry_run",
    "IncorrectKeyException": "wrong_key",
    "InvalidArnException": "malformed_key_id",
    "InvalidCiphertextException": "not_authentic",
    "InvalidGrantIdException": "not_found",
    "InvalidGrantTokenException": "access_denied",
    "InvalidKeyUsageException": "key_unusable",
    "InvalidMarkerException": "kms_internal",
    "KMSInternalException": "kms_internal",
    "KMSInvalidStateException": "key_unusable",
    "KeyUnavailableException": "key_unusable",
    "NotFoundException": "not_found",
    "UnsupportedOperationException": "unsupported_operation",
    "ExpiredTokenException": "expired_credentials",
    "IDPCommunicationError": "unreachable",
    "IDPRejectedClaim": "access_denied",
    "InvalidIdentityToken": "invalid_credentials",
    "MalformedPolicyDocument": "access_denied",
    "PackedPolicyTooLarge": "access_denied",
    "RegionDisabledException": "access_denied",
}


def documented_codes(service, operations):
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    for operation in operations:
        for declared in model["operations"].get(operation, {}).get("errors", ()):
            shape = model["shapes"][declared["shape"]]
            # With query protocols the code differs from the shape's name.
            yield shape.get("error", {}).get("code") if service == "sts" else declared["shape"]


@pytest.mark.parametrize(("service", "operations"), [("kms", KMS_OPERATIONS), ("sts", STS_OPERATIONS)])
def test_every_error_that_the_service_model_documents_is_known(service, operations):
    codes = set(documented_codes(service, operations))
    assert len(codes) >= 6
    assert {code: meaning(code, "").reason for code in codes} == {code: DOCUMENTED[code] for code in codes}


@pytest.mark.parametrize("code", [*COMMON, *DOCUMENTED])
def test_every_known_error_has_a_reason_and_a_remedy(code):
    known = meaning(code, "")
    assert known.reason == {**COMMON, **DOCUMENTED}[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", known.reason)
    assert known.remedy.endswith((".", ")."))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Throttling", "throttled"),
        ("ThrottledException", "throttled"),
        ("TooManyRequestsException", "throttled"),
        ("RequestThrottled", "throttled"),
        ("LimitExceededException", "throttled"),
        ("SignatureDoesNotMatch", "invalid_credentials"),
        ("InvalidSignatureException", "invalid_credentials"),
        ("ExpiredToken", "expired_credentials"),
        ("AccessDenied", "access_denied"),
        ("RequestTimeTooSkewed", "clock_skew"),
        ("429", "throttled"),
        ("407", "unreachable"),
        ("502", "unreachable"),
        ("504", "unreachable"),
        ("500", "kms_internal"),
        ("503", "kms_internal"),
        ("599", "kms_internal"),
        ("404", "aws_error"),
        ("5000x", "aws_error"),
        ("", "aws_error"),
        ("SomethingNewException", "aws_error"),
    ],
)
def test_other_codes(code, reason):
    assert meaning(code, "").reason == reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f"{KEY} is pending deletion.", "key_pending_deletion"),
        (f"{KEY} is pending replica deletion.", "key_pending_deletion"),
        (f"{KEY} is pending import.", "key_pending_import"),
        (f"{KEY} is disabled.", "key_disabled"),
        (f"{KEY} is unavailable.", "key_unusable"),
        (f"{KEY} is creating.", "key_unusable"),
        ("", "key_unusable"),
    ],
)
def test_a_keys_state_is_taken_from_the_words(message, reason):
    assert meaning("KMSInvalidStateException", message).reason == reason


@pytest.mark.parametrize("code", ["DisabledException", "KMSInvalidStateException"])
@pytest.mark.parametrize(
    ("action", "resource", "another"),
    [
        ("", "", True), ("kms:Encrypt", KEY, True), ("kms:DescribeKey", KEY, True), ("kms:Decrypt", KEY, False), ("kms:Decrypt", "", False),
        ("kms:ReEncrypt", KEY, True), ("kms:ReEncrypt", KEY.rsplit("/", 1)[1], True), ("kms:ReEncrypt", "alias/vault", False),
        ("kms:ReEncrypt", KEY[:-1] + "f", False), ("kms:ReEncrypt", "", False),
    ],
)
def test_another_key_is_advised_only_where_it_helps(code, action, resource, another):
    end = ", or use another key." if another else ": values sealed under it cannot be decrypted with another key."
    assert meaning(code, f"{KEY} is disabled.", action, resource) == ("key_disabled", f"Enable the key (kms:EnableKey){end}")


@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch"])
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)", "clock_skew"),
        ("Signature not yet current: 20260101T003000Z is still later than 20260101T002000Z (20260101T001500Z + 5 min.)", "clock_skew"),
        ("Credential should be scoped to a valid region. ", "region_mismatch"),
        ("The request signature we calculated does not match the signature you provided.", "invalid_credentials"),
    ],
)
def test_a_wrong_clock_and_a_wrong_region_are_told_from_a_wrong_secret(code, message, reason):
    assert meaning(code, message).reason == reason


def statement_in(remedy):
    begin = remedy.index("{")
    return json.loads(remedy[begin : remedy.rindex("}") + 1])


@pytest.mark.parametrize("tail", ["", " because no identity-based policy allows the kms:Encrypt action", "."])
def test_a_denial_shows_the_statement_that_is_missing(tail):
    message = f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {KEY}{tail}"
    known = meaning("AccessDeniedException", message, "kms:Encrypt", "alias/vault")
    assert known.reason == "access_denied"
    assert statement_in(known.remedy) == {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEY}


def test_a_denial_in_full():
    message = f"User: {USER} is not authorized to perform: kms:Decrypt on resource: {KEY} because no policy allows it"
    assert meaning("AccessDeniedException", message, "kms:Decrypt").remedy == (
        f'Allow it in a key policy, a grant, or an IAM policy with {{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "{KEY}"}}.'
    )


def test_a_denial_that_names_no_resource_takes_the_key_that_was_asked_for():
    # What Decrypt says of another account's key.
    message = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."
    known = meaning("AccessDeniedException", message, "kms:Decrypt", KEY)
    assert statement_in(known.remedy) == {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}


@pytest.mark.parametrize("asked", ["", "alias/vault", "1234abcd-12ab-34cd-56ef-1234567890ab", KEY.replace("key/1234", "alias/1234")])
def test_a_statement_never_names_what_is_no_keys_arn(asked):
    known = meaning("AccessDeniedException", "", "kms:Encrypt", asked)
    assert statement_in(known.remedy)["Resource"] == "arn:aws:kms:REGION:ACCOUNT:key/KEY-ID"


def test_a_denial_that_concerns_no_single_key():
    message = f"User: {USER} is not authorized to perform: kms:ListAliases on resource: * because no identity-based policy allows the kms:ListAliases action"
    assert meaning("AccessDeniedException", message, "kms:ListAliases", KEY).remedy == (
        'Allow it in an IAM policy with {"Effect": "Allow", "Action": "kms:ListAliases", "Resource": "*"}.'
    )


def test_a_denial_of_re_encrypt_asks_for_the_half_that_is_missing():
    message = f"User: {USER} is not authorized to perform: kms:ReEncryptTo on resource: {KEY} because no identity-based policy allows it"
    assert policy_statement("kms:ReEncryptTo", KEY) in meaning("AccessDeniedException", message, "kms:ReEncrypt", KEY).remedy
    assert policy_statement("kms:ReEncrypt*", KEY) in meaning("AccessDeniedException", "", "kms:ReEncrypt", KEY).remedy


@pytest.mark.parametrize(("why", "remedy"), [
    ("because no VPC endpoint policy allows the kms:Encrypt action",
        "The VPC endpoint policy has to allow kms:Encrypt too; it only limits what other policies allow."),
    ("because no service control policy allows the kms:Encrypt action",
        "The service control policy has to allow kms:Encrypt too; it only limits what other policies allow."),
    ("because no permissions boundary allows the kms:Encrypt action",
        "The permissions boundary has to allow kms:Encrypt too; it only limits what other policies allow."),
    ("with an explicit deny in a service control policy",
        "A service control policy denies kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except this principal from it."),
    ("because no resource-based policy allows the kms:Encrypt action",
        "The key's policy does not let IAM policies in: allow kms:Encrypt by the key policy or a grant. "
        f'The statement: {{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "{KEY}"}}.'),
])
def test_a_denial_names_the_policy_at_fault(why, remedy):
    message = f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {KEY} {why}"
    assert meaning("AccessDeniedException", message, "kms:Encrypt", KEY).remedy == remedy


def test_an_explicit_deny_asks_for_no_further_allow():
    message = f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {KEY} with an explicit deny in a key policy"
    assert meaning("AccessDeniedException", message, "kms:Encrypt").remedy == (
        "A key policy denies kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except this principal from it."
    )


def test_a_policy_statement():
    assert json.loads(policy_statement(["kms:Encrypt", "kms:Decrypt"], KEY)) == {
        "Effect": "Allow",
        "Action": ["kms:Encrypt", "kms:Decrypt"],
        "Resource": KEY,
    }


# Whole meanings


CLOCK = ("clock_skew", "Set this host's clock by NTP: AWS accepts requests whose time is off by 5 minutes at most.")
AGAIN = ("kms_internal", "Try again; if the problem persists, check the AWS Health Dashboard.")
UNKNOWN = ("aws_error", "See the AWS documentation of this error.")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("SignatureDoesNotMatch", "Signature expired: x", CLOCK),
        (
            "InvalidSignatureException", "Credential should be scoped to a valid region.",
            ("region_mismatch", "The endpoint belongs to another region: correct the region or the endpoint."),
        ),
        ("RequestExpired", "", CLOCK),
        ("500", "", AGAIN),
        ("599", "", AGAIN),
        ("404", "", UNKNOWN),
        ("5xx", "", UNKNOWN),
        ("Odd", "", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)
def test_the_whole_meaning(code, message, expected):
    assert meaning(code, message) == expected
    assert meaning(code, message, "kms:Encrypt", KEY) == expected


def test_a_denial_without_an_action_has_a_general_remedy():
    for code, remedy in (
        ("AccessDeniedException", "Allow the operation in a key policy, an IAM policy or a grant."),
        ("AccessDenied", "Allow the operation for this principal."),
        ("NotAuthorized", "Allow the operation for this principal."),
        ("OptInRequired", "This account requires a subscription for KMS; check the account's status with AWS."),
    ):
        assert meaning(code, "") == ("access_denied", remedy)
        if not code.startswith("AccessDenied"):
            assert meaning(code, "", "kms:Encrypt", KEY) == ("access_denied", remedy)


def test_a_disabled_key_without_action_may_be_replaced_by_another():
    assert meaning("DisabledException", "").remedy == "Enable the key (kms:EnableKey), or use another key."


def test_a_denial_of_a_role_concerns_its_trust_policy():
    role = "arn:aws:iam::111122223333:role/vault"
    by = "Allow it in the role's trust policy, and in an IAM policy with"
    for message, resource in ((f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {role}.,", role), ("", "ROLE-ARN")):
        assert meaning("AccessDenied", message, "sts:AssumeRole").remedy == (
            f'{by} {{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "{resource}"}}.'
        )
    denied = meaning("AccessDenied", "with an explicit deny", "sts:AssumeRole").remedy
    assert denied == (
        "A policy denies sts:AssumeRole explicitly, which no allow can outweigh: remove that statement, or except this principal from it."
    )


def test_a_resource_keeps_its_own_letters():
    message = f"User: {USER} is not authorized to perform: kms:ListAliases on resource: arn:aws:kms:us-east-1:1:key/X."
    assert statement_in(meaning("AccessDeniedException", message, "kms:ListAliases").remedy)["Resource"] == "arn:aws:kms:us-east-1:1:key/X"


def test_the_key_that_a_value_is_moved_to_is_known_by_its_id():
    """By the whole resource it could not be: the message may name the key in another way."""
    for name in (KEY.rsplit("/", 1)[1], KEY):
        assert meaning("DisabledException", f"{KEY.rsplit('/', 1)[1]} is disabled.", "kms:ReEncrypt", name).remedy.endswith("or use another key.")


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestThrottled", "RequestLimitExceeded",
        "LimitExceededException", "SlowDown", "429",
    ],
)
def test_codes_that_ask_to_go_slower(code):
    assert is_throttling(code) is True
    assert meaning(code, "") == ("throttled", "Try again later, increase the option timeout, or request a higher KMS request quota from AWS.")


@pytest.mark.parametrize("code", ["", "500", "KMSInternalException", "AccessDeniedException", "throttlingexception", "Odd"])
def test_codes_that_do_not(code):
    assert is_throttling(code) is False
