# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements and grants that a user copies, for each cause of a denial."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.advice import Wanted, against, without_arn
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import Denial, denial_remedy

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
THEIRS = KEY.replace("111122223333", "444455556666")
USER = "arn:aws:iam::111122223333:user/vault"
NOTHING = {"policy_statement": None, "key_policy_statement": None, "grant": None}


def wanted(key="alias/vault", region="us-east-1", principal=USER, arn="", actions=("kms:Encrypt",)):
    return Wanted(tuple(actions), arn, KeyReference.parse(key), region, principal)


IAM = {"policy_statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEY}}
KEY_POLICY = {"key_policy_statement": {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:Encrypt", "Resource": "*"}}
GRANT = {"grant": {"KeyId": KEY, "GranteePrincipal": USER, "Operations": ["Encrypt"]}}


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        (Denial("explicit_deny"), {}),
        (Denial("missing_allow"), {**IAM, **KEY_POLICY, **GRANT}),
        (Denial("missing_allow", principal=USER, key_arn=KEY), {**IAM, **KEY_POLICY, **GRANT}),
        # The key's account allows it already: neither its key policy nor a grant is lacking.
        (Denial("missing_allow", principal=USER, key_arn=THEIRS), IAM),
        (Denial("missing_key_policy_or_grant"), {**KEY_POLICY, **GRANT}),
        (Denial("foreign_account", principal=USER, key_arn=THEIRS), {**IAM, **KEY_POLICY, **GRANT}),
        (Denial("limiting_policy"), IAM),
        (Denial("unknown"), {**IAM, **KEY_POLICY, **GRANT}),
        (Denial("unknown", principal=USER, key_arn=THEIRS), {**IAM, **KEY_POLICY, **GRANT}),
    ],
)
def test_what_helps_against_a_denial(denial, expected):
    assert against({"kms:Encrypt": denial}, wanted(arn=KEY)) == {**NOTHING, **expected}


def test_what_helps_against_several_denials_is_what_helps_against_any():
    denials = {"kms:DescribeKey": Denial("limiting_policy"), "kms:Encrypt": Denial("missing_key_policy_or_grant")}
    assert against(denials, wanted(arn=KEY)) == {**IAM, **KEY_POLICY, **GRANT}


def test_without_a_denial_nothing_is_to_be_allowed():
    assert against({}, wanted(arn=KEY)) == NOTHING


def test_one_action_is_a_text_and_several_are_a_list():
    both = wanted(arn=KEY, actions=("kms:Encrypt", "kms:Decrypt"))
    assert both.iam_statement() == {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": KEY}
    assert both.key_policy_statement() == {
        "Effect": "Allow", "Principal": {"AWS": USER}, "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*",
    }
    assert both.grant() == {"KeyId": KEY, "GranteePrincipal": USER, "Operations": ["Encrypt", "Decrypt"]}


def test_a_principal_that_is_not_known_is_to_be_filled_in():
    assert wanted(principal="").key_policy_statement()["Principal"] == {"AWS": "PRINCIPAL-ARN"}
    session = "arn:aws:sts::111122223333:assumed-role/vault/i-0abcd1234"
    assert wanted(principal=session).key_policy_statement()["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/vault"}


def test_a_grant_takes_no_alias():
    assert wanted("alias/vault").grant() is None
    assert wanted(f"arn:aws:kms:us-east-1:111122223333:{'alias/vault'}").grant() is None
    assert wanted(ID).grant() == {"KeyId": ID, "GranteePrincipal": USER, "Operations": ["Encrypt"]}
    assert wanted("alias/vault", arn=KEY).grant()["KeyId"] == KEY


@pytest.mark.parametrize(
    ("key", "region", "principal", "resource"),
    [
        ("alias/vault", "us-east-1", USER, "arn:aws:kms:us-east-1:111122223333:key/*"),
        ("alias/vault", "us-east-1", "", "arn:aws:kms:us-east-1:*:key/*"),
        ("alias/vault", "", USER, "arn:aws:kms:*:111122223333:key/*"),
        (ID, "us-east-1", "", f"arn:aws:kms:us-east-1:*:key/{ID}"),
        ("arn:aws:kms:eu-west-1:444455556666:alias/vault", "us-east-1", USER, "arn:aws:kms:eu-west-1:444455556666:key/*"),
        ("arn:aws-cn:kms:cn-north-1:444455556666:alias/vault", "us-east-1", USER, "arn:aws-cn:kms:cn-north-1:444455556666:key/*"),
        # The partitions of AWS: its reference "Amazon Resource Names", and the endpoints of botocore.
        ("alias/vault", "cn-northwest-1", USER, "arn:aws-cn:kms:cn-northwest-1:111122223333:key/*"),
        ("alias/vault", "us-gov-east-1", USER, "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/*"),
        ("alias/vault", "us-iso-west-1", USER, "arn:aws-iso:kms:us-iso-west-1:111122223333:key/*"),
        ("alias/vault", "us-isob-east-1", USER, "arn:aws-iso-b:kms:us-isob-east-1:111122223333:key/*"),
        ("alias/vault", "eu-isoe-west-1", USER, "arn:aws-iso-e:kms:eu-isoe-west-1:111122223333:key/*"),
        ("alias/vault", "us-isof-south-1", USER, "arn:aws-iso-f:kms:us-isof-south-1:111122223333:key/*"),
        ("alias/vault", "eusc-de-east-1", USER, "arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/*"),
    ],
)
def test_which_keys_a_statement_names(key, region, principal, resource):
    statement = wanted(key, region, principal).iam_statement()
    assert statement["Resource"] == resource
    alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/vault"}}
    assert statement.get("Condition") == (alias if key.endswith("alias/vault") else None)


def test_a_key_whose_arn_is_known_needs_no_condition():
    assert wanted("alias/vault", arn=KEY).iam_statement() == {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEY}


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("identity-based policy", "An identity-based policy denies "),
        ("organizations policy", "An organizations policy denies "),
        ("endpoint policy", "An endpoint policy denies "),
        ("access policy", "An access policy denies "),
        ("unusual policy", "An unusual policy denies "),
        ("resource-based policy", "A resource-based policy denies "),
        ("VPC endpoint policy", "A VPC endpoint policy denies "),
        # No kind of policy that begins so is known: the article follows the first letter all the same.
        ("XML policy", "A XML policy denies "),
    ],
)
def test_the_article_fits_the_policy(kind, beginning):
    assert denial_remedy("kms:Encrypt", Denial("explicit_deny", kind)) == (
        f"{beginning}kms:Encrypt explicitly, which no allow can outweigh: remove that statement, or except this principal from it."
    )


def test_what_to_know_of_a_statement_that_cannot_name_the_keys_arn():
    assert without_arn(KeyReference.parse(ID)) == "The key's account is not known here: put it into the statement's Resource."
    assert without_arn(KeyReference.parse("alias/vault")) == (
        "The key's ARN is not known here, and a policy cannot name an alias: the statement is for whatever keys have the alias. Name the key's ARN "
        "instead where you know it, and those of keys that the alias named before."
    )
