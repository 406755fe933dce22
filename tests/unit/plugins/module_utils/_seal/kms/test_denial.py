# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's denials, word for word as the IAM user guide and the KMS developer guide show them, and what is read from them."""

from __future__ import annotations

import time

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import Denial, account, denial_remedy, policy_principal, read_denial
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import meaning

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
THEIRS = KEY.replace("111122223333", "444455556666")
USER = "arn:aws:iam::111122223333:user/vault"
SESSION = "arn:aws:sts::111122223333:assumed-role/vault/i-0abcd1234"
IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
SCP = "arn:aws:organizations::777788889999:policy/o-exampleorgid/service_control_policy/p-examplepolicyid"


def said(tail: str, who: str = USER, key: str = KEY) -> str:
    return f"User: {who} is not authorized to perform: kms:Encrypt on resource: {key}{tail}"


@pytest.mark.parametrize(
    ("tail", "cause", "kind", "policy"),
    [
        (" with an explicit deny in an identity-based policy", "explicit_deny", IDENTITY, ""),
        (" with an explicit deny in a resource-based policy", "explicit_deny", RESOURCE, ""),
        (" with an explicit deny in a service control policy", "explicit_deny", "service control policy", ""),
        (f" with an explicit deny in a service control policy: {SCP}", "explicit_deny", "service control policy", SCP),
        (" with an explicit deny in a resource control policy", "explicit_deny", "resource control policy", ""),
        (" with an explicit deny in a permissions boundary", "explicit_deny", "permissions boundary", ""),
        (" with an explicit deny in a session policy", "explicit_deny", "session policy", ""),
        (" with an explicit deny in a VPC endpoint policy", "explicit_deny", "VPC endpoint policy", ""),
        (" with an explicit deny", "explicit_deny", "", ""),
        (" because no identity-based policy allows the kms:Encrypt action", "missing_allow", IDENTITY, ""),
        (" because no resource-based policy allows the kms:Encrypt action", "missing_key_policy_or_grant", RESOURCE, ""),
        (" because no service control policy allows the kms:Encrypt action", "limiting_policy", "service control policy", ""),
        (" because no permissions boundary allows the kms:Encrypt action", "limiting_policy", "permissions boundary", ""),
        (" because no session policy allows the kms:Encrypt action", "limiting_policy", "session policy", ""),
        (" because no VPC endpoint policy allows the kms:Encrypt action", "limiting_policy", "VPC endpoint policy", ""),
        ("", "unknown", "", ""),
        (".", "unknown", "", ""),
    ],
)
def test_what_aws_says(tail: str, cause: str, kind: str, policy: str) -> None:
    assert read_denial(said(tail)) == Denial(cause, kind, policy, USER, KEY)


@pytest.mark.parametrize(
    ("tail", "cause"),
    [
        (" because no resource-based policy allows the kms:Encrypt action", "foreign_account"),
        (
            " because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
            "explicitly denies access",
            "foreign_account",
        ),
        # The other account has done its part.
        (" because no identity-based policy allows the kms:Encrypt action", "missing_allow"),
        (" with an explicit deny in a resource-based policy", "explicit_deny"),
    ],
)
def test_a_key_of_another_account(tail: str, cause: str) -> None:
    found = read_denial(said(tail, SESSION, THEIRS))
    assert (found.cause, found.principal, found.key_arn, found.foreign) == (cause, SESSION, THEIRS, True)


@pytest.mark.parametrize("kind", ["customer master key", "KMS key"])
def test_a_ciphertext_that_may_not_be_opened(kind: str) -> None:
    message = f"The ciphertext refers to a {kind} that does not exist, does not exist in this region, or you are not allowed to access."
    assert read_denial(message) == Denial("unknown")


@pytest.mark.parametrize("resource", ["*", KEY.replace("key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/vault"), "arn:aws:iam::111122223333:role/x"])
def test_what_is_no_keys_arn_is_not_taken_for_one(resource: str) -> None:
    assert read_denial(said(" because no identity-based policy allows the kms:Encrypt action", key=resource)).key_arn == ""


@pytest.mark.parametrize(("end", "kept"), [("", ""), (".", ""), (",", ""), ("X", "X"), (".X", ".X")])
def test_the_full_stop_after_an_arn_is_no_part_of_it(end: str, kept: str) -> None:
    denied = read_denial(said(f" with an explicit deny in a service control policy: {SCP}{end}"))
    assert denied == Denial("explicit_deny", "service control policy", SCP + kept, USER, KEY)
    # An ARN's own dots stay, as those at its beginning would.
    alias = KEY.replace("key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/vault")
    assert read_denial(said(f"{end} because no resource-based policy allows the kms:Encrypt action", SESSION, f"{alias.replace('1111', '4444', 1)}")).cause == (
        "foreign_account"
    )


@pytest.mark.parametrize(("end", "arn"), [(".", KEY), (",", KEY), ("X", "")])
def test_the_full_stop_after_the_keys_arn_is_no_part_of_it(end: str, arn: str) -> None:
    assert read_denial(said(end)).key_arn == arn


def test_a_message_without_a_resource_names_no_key_and_no_account() -> None:
    message = f"User: {USER} is not authorized to perform: kms:Encrypt because no resource-based policy allows the kms:Encrypt action"
    assert read_denial(message) == Denial("missing_key_policy_or_grant", RESOURCE, "", USER, "")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (USER, "111122223333"),
        (KEY, "111122223333"),
        ("arn:aws:iam::111122223333:role/a:b", "111122223333"),
        # Without a resource it is no ARN.
        ("arn:aws:iam::111122223333", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_the_account_in_an_arn(arn: str, expected: str) -> None:
    assert account(arn) == expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (USER, USER),
        (SESSION, "arn:aws:iam::111122223333:role/vault"),
        (SESSION.replace("arn:aws:", "arn:aws-us-gov:"), "arn:aws-us-gov:iam::111122223333:role/vault"),
        ("arn:aws:sts::111122223333:federated-user/ann", "arn:aws:sts::111122223333:federated-user/ann"),
        ("", ""),
    ],
)
def test_how_a_policy_names_who_asked(arn: str, expected: str) -> None:
    assert policy_principal(arn) == expected


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        (
            Denial("explicit_deny", "service control policy", SCP),
            f"A service control policy ({SCP}) denies kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except "
            "this principal from it.",
        ),
        (
            Denial("explicit_deny"),
            "A policy denies kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except this principal from it.",
        ),
        (
            Denial("limiting_policy", "VPC endpoint policy"),
            "The VPC endpoint policy has to allow kms:Encrypt too; it only limits what other policies allow.",
        ),
        (
            Denial("missing_key_policy_or_grant", RESOURCE),
            "The key's policy does not let IAM policies in: allow kms:Encrypt by the key policy or a grant.",
        ),
        (Denial("missing_allow", IDENTITY), "Allow kms:Encrypt by an IAM policy, the key policy or a grant."),
        (
            Denial("missing_allow", IDENTITY, principal=USER, key_arn=THEIRS),
            "Allow kms:Encrypt by an IAM policy of the principal's own account; the key's account allows it already.",
        ),
        (Denial("unknown"), "Allow kms:Encrypt by an IAM policy, the key policy or a grant."),
        (
            Denial("foreign_account", RESOURCE, principal=USER, key_arn=THEIRS),
            "The key is another account's, or does not exist: its key policy or a grant there has to allow kms:Encrypt to this principal, and "
            "an IAM policy of the principal's own account as well.",
        ),
    ],
)
def test_what_to_do(denial: Denial, expected: str) -> None:
    assert denial_remedy("kms:Encrypt", denial) == expected


@pytest.mark.parametrize("part", ["because no ", "with an explicit deny in ", "because no a-b ", "User: arn:", "on resource: arn:", "a-b "])
def test_a_message_without_end_is_read_in_time(part):
    begin = time.process_time()
    message = part * 100_000
    read_denial(message)
    meaning("AccessDeniedException", message, "kms:Decrypt")
    assert time.process_time() - begin < 5
