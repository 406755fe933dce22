# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS keeps keys as AWS does: aliases, related multi-Region keys, rotation, grants, tags and policies."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.config import Config

from support.refusal import code_of
from support.strict_kms import StrictKms

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def aws(kms: StrictKms) -> Any:
    return kms.client(config=ONCE)


@pytest.fixture(scope="module")
def west(kms: StrictKms) -> Any:
    return kms.client(region="us-west-2", config=ONCE)


@pytest.fixture(scope="module")
def related(kms: StrictKms, aws: Any) -> tuple[str, str]:
    """The ARNs of a primary key in us-east-1 and of its replica in us-west-2."""
    primary = kms.new_key(MultiRegion=True)
    replica = aws.replicate_key(KeyId=primary, ReplicaRegion="us-west-2")["ReplicaKeyMetadata"]["Arn"]
    return primary, replica


def new_name() -> str:
    return f"alias/{uuid.uuid4().hex}"


# Multi-Region keys


def test_related_keys_share_an_id(related: tuple[str, str]) -> None:
    primary, replica = related
    assert primary.rsplit("/", 1)[-1].startswith("mrk-")
    assert len(primary.rsplit("/", 1)[-1]) == 36
    assert replica == primary.replace("us-east-1", "us-west-2")


def test_related_keys_open_each_others_ciphertexts(aws: Any, west: Any, related: tuple[str, str]) -> None:
    for source, key, target, other in [(aws, related[0], west, related[1]), (west, related[1], aws, related[0])]:
        blob = source.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
        assert target.decrypt(CiphertextBlob=blob)["KeyId"] == other
        assert target.decrypt(CiphertextBlob=blob, KeyId=other)["Plaintext"] == b"text"


def test_metadata_of_related_keys(aws: Any, west: Any, related: tuple[str, str]) -> None:
    primary, replica = related
    wanted = {"PrimaryKey": {"Arn": primary, "Region": "us-east-1"}, "ReplicaKeys": [{"Arn": replica, "Region": "us-west-2"}]}
    shown = [client.describe_key(KeyId=key)["KeyMetadata"] for client, key in ((aws, primary), (west, replica))]
    assert [item["Arn"] for item in shown] == [primary, replica]
    assert [item["MultiRegionConfiguration"] for item in shown] == [{"MultiRegionKeyType": kind, **wanted} for kind in ("PRIMARY", "REPLICA")]


def test_the_state_of_a_related_key_is_its_own(kms: StrictKms, aws: Any, west: Any) -> None:
    primary = kms.new_key(MultiRegion=True)
    aws.replicate_key(KeyId=primary, ReplicaRegion="us-west-2")
    blob = aws.encrypt(KeyId=primary, Plaintext=b"text")["CiphertextBlob"]
    aws.disable_key(KeyId=primary)
    assert code_of(aws.decrypt, CiphertextBlob=blob) == "DisabledException"
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"


def test_what_cannot_be_replicated(kms: StrictKms, aws: Any, related: tuple[str, str]) -> None:
    assert code_of(aws.replicate_key, KeyId=related[0], ReplicaRegion="us-west-2") == "AlreadyExistsException"
    assert code_of(aws.replicate_key, KeyId=kms.new_key(), ReplicaRegion="us-west-2") == "UnsupportedOperationException"
    assert code_of(kms.client(region="eu-west-1", config=ONCE).describe_key, KeyId=related[0].rsplit("/", 1)[-1]) == "NotFoundException"


# Aliases


def test_an_alias_leads_to_another_key(kms: StrictKms, aws: Any) -> None:
    name = new_name()
    old, new = kms.new_key(alias=name), kms.new_key()
    blob = aws.encrypt(KeyId=name, Plaintext=b"text")["CiphertextBlob"]
    aws.update_alias(AliasName=name, TargetKeyId=new)
    assert aws.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == new
    assert aws.encrypt(KeyId=name, Plaintext=b"text")["KeyId"] == new
    assert aws.decrypt(CiphertextBlob=blob)["KeyId"] == old
    assert code_of(aws.decrypt, CiphertextBlob=blob, KeyId=name) == "IncorrectKeyException"
    assert [alias["TargetKeyId"] for alias in aws.list_aliases(KeyId=new)["Aliases"]] == [new.rsplit("/", 1)[-1]]
    assert aws.list_aliases(KeyId=old)["Aliases"] == []


def test_aliases_by_their_arns(kms: StrictKms, aws: Any) -> None:
    name = new_name()
    key = kms.new_key(alias=name)
    arn = f"arn:aws:kms:us-east-1:123456789012:{name}"
    assert aws.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == key
    assert code_of(aws.create_alias, AliasName=name, TargetKeyId=key) == "AlreadyExistsException"
    aws.delete_alias(AliasName=name)
    assert code_of(aws.describe_key, KeyId=arn) == "NotFoundException"
    for call in (aws.update_alias, aws.delete_alias):
        assert code_of(call, AliasName=name, **({"TargetKeyId": key} if call == aws.update_alias else {})) == "NotFoundException"


def test_aliases_of_multi_region_keys(aws: Any, related: tuple[str, str]) -> None:
    name = new_name()
    aws.create_alias(AliasName=name, TargetKeyId=related[0])
    assert aws.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == related[0]


def test_pages_of_aliases(kms: StrictKms, aws: Any) -> None:
    names = sorted(new_name() for dummy in range(7))
    key = kms.new_key()
    for name in names:
        aws.create_alias(AliasName=name, TargetKeyId=key)
    first = aws.list_aliases(KeyId=key, Limit=3)
    assert (len(first["Aliases"]), first["Truncated"]) == (3, True)
    pages = list(aws.get_paginator("list_aliases").paginate(KeyId=key, PaginationConfig={"PageSize": 3}))
    assert [len(page["Aliases"]) for page in pages] == [3, 3, 1]
    assert sorted(alias["AliasName"] for page in pages for alias in page["Aliases"]) == names
    everything = aws.get_paginator("list_aliases").paginate()
    assert set(names) < {alias["AliasName"] for page in everything for alias in page["Aliases"]}
    assert code_of(aws.list_aliases, Marker="nonsense") == "InvalidMarkerException"


# Rotation


def test_rotation_by_schedule(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    assert aws.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    aws.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = aws.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    created = aws.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    assert (status["NextRotationDate"] - created).days == 180
    aws.disable_key_rotation(KeyId=key)
    assert "NextRotationDate" not in aws.get_key_rotation_status(KeyId=key)
    assert code_of(aws.enable_key_rotation, KeyId=key, RotationPeriodInDays=2561) == "ValidationException"


def test_rotation_on_demand_keeps_old_ciphertexts(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    blobs = []
    for _index in range(3):
        blobs.append(aws.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"])
        aws.rotate_key_on_demand(KeyId=key)
    assert [aws.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] for blob in blobs] == [b"text"] * 3
    history = aws.list_key_rotations(KeyId=key, Limit=2)
    assert ([entry["RotationType"] for entry in history["Rotations"]], history["Truncated"]) == (["ON_DEMAND"] * 2, True)
    rest = aws.list_key_rotations(KeyId=key, Marker=history["NextMarker"])
    assert ([entry["KeyId"] for entry in rest["Rotations"]], rest["Truncated"]) == ([key], False)


def test_on_demand_rotations_are_limited(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    for _index in range(25):
        aws.rotate_key_on_demand(KeyId=key)
    assert code_of(aws.rotate_key_on_demand, KeyId=key) == "LimitExceededException"


def test_no_rotation_of_a_disabled_key(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    aws.disable_key(KeyId=key)
    assert code_of(aws.rotate_key_on_demand, KeyId=key) == "DisabledException"
    assert code_of(aws.enable_key_rotation, KeyId=key) == "DisabledException"


# Grants, tags and policies


def test_pages_of_grants(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    who = [kms.principal().arn for dummy in range(3)]
    made = [aws.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])["GrantId"] for arn in who]
    pages = list(aws.get_paginator("list_grants").paginate(KeyId=key, PaginationConfig={"PageSize": 2}))
    items = [grant for page in pages for grant in page["Grants"]]
    assert ([len(page["Grants"]) for page in pages], {grant["GrantId"] for grant in items}) == ([2, 1], set(made))
    assert {(grant["KeyId"], tuple(grant["Operations"])) for grant in items} == {(key, ("Decrypt",))}
    assert [grant["GranteePrincipal"] for grant in aws.list_grants(KeyId=key, GrantId=made[1])["Grants"]] == [who[1]]
    assert [grant["GrantId"] for grant in aws.list_grants(KeyId=key, GranteePrincipal=who[2])["Grants"]] == [made[2]]
    aws.revoke_grant(KeyId=key, GrantId=made[0])
    assert {grant["GrantId"] for grant in aws.list_grants(KeyId=key)["Grants"]} == set(made[1:])


def test_tags(kms: StrictKms, aws: Any) -> None:
    for key in (kms.new_key(Tags=[{"TagKey": "use", "TagValue": "seal"}]), kms.new_key(MultiRegion=True, Tags=[{"TagKey": "use", "TagValue": "seal"}])):
        aws.tag_resource(KeyId=key, Tags=[{"TagKey": "more", "TagValue": "x"}])
        tags = {tag["TagKey"]: tag["TagValue"] for tag in aws.list_resource_tags(KeyId=key)["Tags"]}
        assert tags == {"use": "seal", "more": "x"}
        aws.untag_resource(KeyId=key, TagKeys=["more"])
        assert [tag["TagKey"] for tag in aws.list_resource_tags(KeyId=key)["Tags"]] == ["use"]


def test_policies(kms: StrictKms, aws: Any) -> None:
    key = kms.new_key()
    policy = json.loads(aws.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    policy["Statement"].append({"Sid": "more", "Effect": "Allow", "Principal": {"AWS": kms.principal().arn}, "Action": "kms:Decrypt", "Resource": "*"})
    aws.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(aws.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == policy
    assert json.loads(aws.get_key_policy(KeyId=key)["Policy"]) == policy
    assert code_of(aws.get_key_policy, KeyId=key, PolicyName="other") == "NotFoundException"
