# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS allows what AWS allows: identity policies, key policies, grants, roles and other accounts."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.config import Config

from support.refusal import code_of, refusal
from support.strict_kms import Credentials, StrictKms

ONCE = Config(retries={"total_max_attempts": 1})
HOME, ELSEWHERE = "123456789012", "210987654321"
DENIED = "AccessDeniedException"
USE = {"kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"}


@pytest.fixture(scope="module")
def aws(kms: StrictKms) -> Any:
    return kms.client(config=ONCE)


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key()


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def user(kms: StrictKms, *statements: dict[str, Any]) -> tuple[Any, str]:
    """A client of a fresh user whose identity policy has just these statements, and the user's ARN."""
    who = kms.principal(policy(*statements) if statements else None)
    return kms.client(credentials=who, config=ONCE), who.arn


def session(kms: StrictKms, role_arn: str, **changed: str) -> Any:
    """A client of a session of a role."""
    given = kms.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"])
    return kms.client(credentials=credentials, config=ONCE, **{"aws_session_token": given["SessionToken"], **changed})


def key_with(aws: Any, *statements: dict[str, Any]) -> str:
    arn: str = aws.create_key(Policy=json.dumps(policy(*statements)), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    return arn


def no_policy(arn: str, action: str, key: str, kind: str = "identity") -> tuple[str, str]:
    return DENIED, f"User: {arn} is not authorized to perform: {action} on resource: {key} because no {kind}-based policy allows the {action} action"


# Identity policies


def test_identity_policies_allow_by_action(kms: StrictKms, key: str) -> None:
    client, arn = user(kms, statement("kms:Encrypt", key))
    blob = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    assert refusal(client.decrypt, CiphertextBlob=blob) == no_policy(arn, "kms:Decrypt", key)
    assert refusal(client.describe_key, KeyId=key) == no_policy(arn, "kms:DescribeKey", key)
    assert refusal(client.get_key_policy, KeyId=key) == no_policy(arn, "kms:GetKeyPolicy", key)


def test_identity_policies_allow_by_key(kms: StrictKms, aws: Any, key: str) -> None:
    other = kms.new_key()
    client, arn = user(kms, statement(["kms:encrypt", "kms:Dec*"], [key]))
    assert client.decrypt(CiphertextBlob=client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"])["Plaintext"] == b"text"
    assert refusal(client.encrypt, KeyId=other, Plaintext=b"text") == no_policy(arn, "kms:Encrypt", other)
    foreign = aws.encrypt(KeyId=other, Plaintext=b"text")["CiphertextBlob"]
    assert refusal(client.decrypt, CiphertextBlob=foreign) == no_policy(arn, "kms:Decrypt", other)


def test_nobody_may_anything_without_a_policy(kms: StrictKms, key: str) -> None:
    client, arn = user(kms)
    assert refusal(client.describe_key, KeyId=key) == no_policy(arn, "kms:DescribeKey", key)
    assert refusal(client.list_aliases) == no_policy(arn, "kms:ListAliases", "*")
    assert refusal(client.create_key) == no_policy(arn, "kms:CreateKey", "*")


def test_a_deny_wins(kms: StrictKms, key: str) -> None:
    client, arn = user(kms, statement("kms:*"), statement("kms:Decrypt", key, "Deny"), statement("kms:ListAliases", effect="Deny"))
    blob = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    code, message = refusal(client.decrypt, CiphertextBlob=blob)
    assert (code, message) == (
        DENIED,
        f"User: {arn} is not authorized to perform: kms:Decrypt on resource: {key} with an explicit deny in an identity-based policy",
    )
    assert code_of(client.list_aliases) == DENIED


def test_everything_but(kms: StrictKms, key: str) -> None:
    client, _arn = user(kms, {"Effect": "Allow", "NotAction": "kms:Decrypt", "NotResource": f"{key}x"})
    blob = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    assert code_of(client.decrypt, CiphertextBlob=blob) == DENIED


def test_an_alias_is_judged_by_its_key(kms: StrictKms) -> None:
    alias = f"alias/{uuid.uuid4().hex}"
    key = kms.new_key(alias=alias)
    by_key, _arn = user(kms, statement("kms:DescribeKey", key))
    assert by_key.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == key
    by_alias, arn = user(kms, statement("kms:DescribeKey", f"arn:aws:kms:us-east-1:{HOME}:{alias}"))
    assert refusal(by_alias.describe_key, KeyId=alias) == no_policy(arn, "kms:DescribeKey", key)


def test_an_alias_needs_rights_on_both(kms: StrictKms, key: str) -> None:
    alias = f"alias/{uuid.uuid4().hex}"
    alias_arn = f"arn:aws:kms:us-east-1:{HOME}:{alias}"
    for allowed in (key, alias_arn):
        client, _arn = user(kms, statement("kms:CreateAlias", allowed))
        assert code_of(client.create_alias, AliasName=alias, TargetKeyId=key) == DENIED
    client, _arn = user(kms, statement("kms:CreateAlias", [key, alias_arn]))
    client.create_alias(AliasName=alias, TargetKeyId=key)


def test_re_encrypt_needs_rights_on_both_keys(kms: StrictKms, aws: Any, key: str) -> None:
    other = kms.new_key()
    blob = aws.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    source, target = statement("kms:ReEncryptFrom", key), statement("kms:ReEncryptTo", other)
    for half, missing in ((source, "ReEncryptTo"), (target, "ReEncryptFrom")):
        client, _arn = user(kms, half)
        code, message = refusal(client.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)
        assert (code, f"kms:{missing} " in message) == (DENIED, True)
    client, _arn = user(kms, source, target)
    assert client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)["KeyId"] == other


@pytest.mark.parametrize("holder", ["user", "group", "role"])
def test_managed_policies(kms: StrictKms, key: str, holder: str) -> None:
    iam, name = kms.client("iam"), f"m-{uuid.uuid4().hex}"
    who = kms.principal(role=holder == "role")
    own = who.arn.rsplit("/", 1)[-1]
    managed = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policy(statement("kms:Encrypt"))))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=json.dumps(policy(statement("kms:DescribeKey"))), SetAsDefault=True)
    if holder == "group":
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName=own)
        iam.attach_group_policy(GroupName=name, PolicyArn=managed)
    elif holder == "user":
        iam.attach_user_policy(UserName=own, PolicyArn=managed)
    else:
        iam.attach_role_policy(RoleName=own, PolicyArn=managed)
    client = session(kms, who.arn) if holder == "role" else kms.client(credentials=who, config=ONCE)
    assert client.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    assert code_of(client.encrypt, KeyId=key, Plaintext=b"text") == DENIED


def test_a_policy_can_be_replaced(kms: StrictKms, key: str) -> None:
    client, arn = user(kms, statement("kms:DescribeKey"))
    client.describe_key(KeyId=key)
    kms.set_policy(arn, policy(statement("kms:Encrypt")))
    assert code_of(client.describe_key, KeyId=key) == DENIED
    assert client.encrypt(KeyId=key, Plaintext=b"text")["KeyId"] == key


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"kms:EncryptionContext:tenant": ["a", "c"]}}, [{"tenant": "a"}, {"tenant": "c", "use": "x"}]),
        ({"StringLike": {"kms:EncryptionContext:tenant": "a*"}}, [{"tenant": "a"}, {"tenant": "ab"}]),
        ({"Null": {"kms:EncryptionContext:tenant": "true"}}, [{}, {"use": "x"}]),
        ({"StringEquals": {"kms:CallerAccount": ELSEWHERE}}, []),
        ({"NumericLessThan": {"kms:EncryptionContext:tenant": "7"}}, []),
    ],
)
def test_conditions(kms: StrictKms, key: str, condition: dict[str, Any], allowed: list[dict[str, str]]) -> None:
    client, _arn = user(kms, statement("kms:Encrypt", Condition=condition))
    for context in ({}, {"use": "x"}, {"tenant": "a"}, {"tenant": "ab"}, {"tenant": "b"}, {"tenant": "c", "use": "x"}):
        request = {"KeyId": key, "Plaintext": b"text", "EncryptionContext": context}
        if context in allowed:
            assert client.encrypt(**request)["KeyId"] == key
        else:
            assert code_of(client.encrypt, **request) == DENIED


# Key policies and grants


def test_a_key_policy_that_leaves_the_account_out(kms: StrictKms, aws: Any) -> None:
    client, arn = user(kms)
    key = key_with(aws, statement(["kms:Encrypt"], Principal={"AWS": arn}))
    assert client.encrypt(KeyId=key, Plaintext=b"text")["KeyId"] == key
    assert refusal(client.describe_key, KeyId=key) == no_policy(arn, "kms:DescribeKey", key, "resource")
    assert refusal(aws.encrypt, KeyId=key, Plaintext=b"text") == no_policy(kms.admin.arn, "kms:Encrypt", key, "resource")


def test_a_key_policy_that_trusts_the_account_for_one_action(kms: StrictKms, aws: Any) -> None:
    key = key_with(aws, statement("kms:DescribeKey", Principal={"AWS": HOME}))
    client, arn = user(kms, statement("kms:*"))
    assert client.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    assert refusal(client.encrypt, KeyId=key, Plaintext=b"text") == no_policy(arn, "kms:Encrypt", key, "resource")


def test_a_deny_in_the_key_policy(kms: StrictKms, aws: Any) -> None:
    client, arn = user(kms, statement("kms:*"))
    root = {"AWS": f"arn:aws:iam::{HOME}:root"}
    key = key_with(aws, statement("kms:*", Principal=root), statement("kms:Encrypt", effect="Deny", Principal={"AWS": [arn]}))
    code, message = refusal(client.encrypt, KeyId=key, Plaintext=b"text")
    assert (code, message.endswith("with an explicit deny in a resource-based policy")) == (DENIED, True)
    assert aws.encrypt(KeyId=key, Plaintext=b"text")["KeyId"] == key


def test_a_grant_allows_its_operations_alone(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    client, arn = user(kms)
    assert code_of(client.encrypt, KeyId=key, Plaintext=b"text") == DENIED
    grant = aws.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt", "DescribeKey"])["GrantId"]
    blob = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    client.describe_key(KeyId=key)
    assert code_of(client.decrypt, CiphertextBlob=blob) == DENIED
    assert code_of(user(kms)[0].describe_key, KeyId=key) == DENIED
    aws.revoke_grant(KeyId=key, GrantId=grant)
    assert code_of(client.encrypt, KeyId=key, Plaintext=b"text") == DENIED


@pytest.mark.parametrize(
    ("constraint", "allowed"),
    [
        ("EncryptionContextEquals", [{"tenant": "a"}]),
        ("EncryptionContextSubset", [{"tenant": "a"}, {"tenant": "a", "use": "x"}]),
    ],
)
def test_a_grant_with_constraints(kms: StrictKms, aws: Any, constraint: str, allowed: list[dict[str, str]]) -> None:
    key = kms.new_key()
    client, arn = user(kms)
    operations = ["Encrypt", "DescribeKey"]
    aws.create_grant(KeyId=key, GranteePrincipal=arn, Operations=operations, Constraints={constraint: {"tenant": "a"}})
    for context in ({}, {"tenant": "a"}, {"tenant": "b"}, {"tenant": "a", "use": "x"}):
        request = {"KeyId": key, "Plaintext": b"text", "EncryptionContext": context}
        if context in allowed:
            assert client.encrypt(**request)["KeyId"] == key
        else:
            assert code_of(client.encrypt, **request) == DENIED
    assert client.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key


def test_a_deny_wins_over_a_grant(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    client, arn = user(kms, statement("kms:Encrypt", effect="Deny"))
    aws.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])
    assert code_of(client.encrypt, KeyId=key, Plaintext=b"text") == DENIED


# Roles and other accounts


def test_a_roles_policy(kms: StrictKms, key: str) -> None:
    role = kms.principal(policy(statement("kms:Encrypt", key)), role=True)
    client = session(kms, role.arn)
    name = role.arn.rsplit("/", 1)[-1]
    assert client.encrypt(KeyId=key, Plaintext=b"text")["KeyId"] == key
    session_arn = f"arn:aws:sts::{HOME}:assumed-role/{name}/test"
    assert refusal(client.describe_key, KeyId=key) == no_policy(session_arn, "kms:DescribeKey", key)


def test_a_role_in_key_policy_and_grant(kms: StrictKms, aws: Any) -> None:
    role = kms.principal(role=True)
    key = key_with(
        aws, statement("kms:Encrypt", Principal={"AWS": role.arn}), statement("kms:*", Principal={"AWS": kms.admin.arn})
    )
    client = session(kms, role.arn)
    blob = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    assert code_of(client.decrypt, CiphertextBlob=blob) == DENIED
    aws.create_grant(KeyId=key, GranteePrincipal=role.arn, Operations=["Decrypt"])
    assert client.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"


def test_another_account_needs_both_sides(kms: StrictKms, aws: Any, key: str) -> None:
    allowed, idle = (kms.principal(given, role=True, account=ELSEWHERE) for given in (policy(statement(sorted(USE))), None))
    admin = statement("kms:*", Principal={"AWS": kms.admin.arn})
    by_account = key_with(aws, admin, statement("kms:*", Principal={"AWS": f"arn:aws:iam::{ELSEWHERE}:root"}))
    by_role = key_with(aws, admin, statement("kms:*", Principal={"AWS": [allowed.arn, idle.arn]}))
    visitor, stranger = session(kms, allowed.arn), session(kms, idle.arn)
    for open_key in (by_account, by_role):
        assert visitor.describe_key(KeyId=open_key)["KeyMetadata"]["AWSAccountId"] == HOME
        blob = visitor.encrypt(KeyId=open_key, Plaintext=b"text")["CiphertextBlob"]
        assert visitor.decrypt(CiphertextBlob=blob)["KeyId"] == open_key
        assert code_of(stranger.describe_key, KeyId=open_key) == DENIED
    assert code_of(visitor.describe_key, KeyId=key) == DENIED
    assert code_of(visitor.describe_key, KeyId=by_role.rsplit("/", 1)[-1]) == "NotFoundException"


def test_a_key_of_another_account_that_is_not_there(kms: StrictKms, aws: Any) -> None:
    arn = f"arn:aws:kms:us-east-1:{ELSEWHERE}:key/00000000-0000-4000-8000-000000000000"
    code, message = refusal(aws.describe_key, KeyId=arn)
    assert code == DENIED
    assert message.startswith(f"User: {kms.admin.arn} is not authorized to perform: kms:DescribeKey on resource: {arn} because the resource does not exist")
    assert refusal(aws.describe_key, KeyId=arn.replace("us-east-1", "eu-west-1")) == ("NotFoundException", "Invalid arn eu-west-1")
