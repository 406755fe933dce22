# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role seal_key, and what its lint finds in key policies."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.filter.seal_key import collection_version, seal_key_plan, seal_key_policy, seal_key_trouble

ROLE, ADMIN = "arn:aws:iam::111122223333:role/vault", "arn:aws:iam::111122223333:role/platform"
ROOT = "arn:aws:iam::111122223333:root"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER = KEY.replace("1234abcd", "00000000")
WANTED = {"alias": "alias/vault", "administrators": [ADMIN], "servers": [ROLE]}
POLICY = seal_key_policy([ROLE], [ADMIN], deletion_window=30)["policy"]
MISSING = {"asked": "alias/vault", "reason": "not_found", "msg": "AWS rejected it.", "remedy": "Check it.", "problems": []}
UNREAD = {"reason": "access_denied", "msg": "It is denied.", "remedy": "Allow it."}


def entry(**more: Any) -> dict[str, Any]:
    rotation = {"enabled": True, "history": []}
    key = {"arn": KEY, "problems": [], "warnings": [], "origin": "AWS_KMS", "multi_region": None, "policy": POLICY, "tags": {}, "rotation": rotation}
    return {**key, **more}


def plan(by_alias: dict[str, Any], by_key: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
    return seal_key_plan({**WANTED, **wanted}, by_alias, by_key)


def test_a_key_as_wanted_is_left_alone() -> None:
    for found in (entry(), entry(tags={"a": "b", "c": "d"}), entry(policy=json.loads(json.dumps(POLICY))), entry(description="other")):
        made = plan(found, tags={"a": "b"} if found["tags"] else {})
        assert (made["action"], made["arguments"], made["changes"], made["refused"], made["arn"]) == ("none", {}, [], {}, KEY)
    assert plan(entry(), entry(), key=KEY)["action"] == "none"
    # Not asked for is not done.
    assert plan(entry(rotation={"enabled": True}), rotation=False)["action"] == "none"
    assert plan(entry(rotation=UNREAD, tags=UNREAD), rotation=False)["action"] == "none"
    assert plan(entry(multi_region={"role": "PRIMARY"}))["action"] == "none"


def test_a_new_key() -> None:
    made = plan(MISSING, tags={"n": 7}, multi_region=True, description="d")
    assert made["action"] == "create"
    arguments = made["arguments"]
    assert json.loads(arguments.pop("policy")) == POLICY
    assert arguments == {
        "alias": "alias/vault", "description": "d", "tags": {"n": "7"}, "key_spec": "SYMMETRIC_DEFAULT", "key_usage": "ENCRYPT_DECRYPT", "multi_region": True,
        "enable_key_rotation": True,
    }  # fmt: skip


@pytest.mark.parametrize(("found", "wanted", "arguments"), [
    ({"tags": {"a": "b", "x": "y"}}, {"tags": {"a": "c", "x": "y"}}, {"tags": {"a": "c"}}),
    ({"rotation": {"enabled": False}}, {}, {"enable_key_rotation": True}),
    ({"policy": {"Version": "2012-10-17", "Statement": []}}, {"replace_policy": True}, {"policy": json.dumps(POLICY)}),
])  # fmt: skip
def test_just_what_is_missing_is_changed(found: dict[str, Any], wanted: dict[str, Any], arguments: dict[str, Any]) -> None:
    made = plan(entry(**found), **wanted)
    assert (made["action"], made["arguments"]) == ("update", {"key_id": KEY, **arguments})
    assert len(made["changes"]) == 1


def test_an_alias_for_a_key_that_exists() -> None:
    assert plan(MISSING, entry(), key=KEY)["arguments"] == {"key_id": KEY, "alias": "alias/vault"}


def problem(reason: str) -> dict[str, str]:
    return {"reason": reason, "msg": "Why.", "remedy": "What."}


@pytest.mark.parametrize(("by_alias", "by_key", "wanted", "reason"), [
    (entry(arn=OTHER), entry(), {"key": KEY}, "wrong_key"), (MISSING, {**MISSING, "asked": KEY}, {"key": KEY}, "not_found"),
    ({**MISSING, "reason": "access_denied"}, None, {}, "access_denied"), ({**MISSING, "reason": "throttled"}, entry(), {"key": KEY}, "throttled"),
    ({}, None, {}, "unknown"), (entry(problems=[problem("key_disabled")]), None, {}, "key_disabled"),
    (entry(problems=[problem("key_pending_deletion")]), None, {"replace_policy": True}, "key_pending_deletion"),
    (entry(), None, {"multi_region": True}, "key_unusable"), (entry(multi_region={"role": "REPLICA"}), None, {}, "key_unusable"),
    (entry(origin="EXTERNAL"), None, {}, "unsupported_operation"), (entry(policy=UNREAD), None, {"replace_policy": True}, "access_denied"),
    (entry(policy="{"), None, {"replace_policy": True}, "unknown"), (entry(rotation=UNREAD), None, {}, "access_denied"),
    (entry(tags=UNREAD), None, {"tags": {"a": "b"}}, "access_denied"),
    (entry(policy={"Version": "2012-10-17", "Statement": []}), None, {}, "policy_differs"),
])  # fmt: skip
def test_what_is_refused(by_alias: dict[str, Any], by_key: Any, wanted: dict[str, Any], reason: str) -> None:
    made = plan(by_alias, by_key, **wanted)
    assert (made["action"], made["arguments"], made["changes"]) == ("refuse", {}, [])
    assert made["refused"]["reason"] == reason
    assert made["refused"]["msg"]
    assert made["refused"]["remedy"]


def test_a_replica_follows_the_rotation_of_its_primary() -> None:
    replica = entry(multi_region={"role": "REPLICA"}, rotation={"enabled": False})
    assert plan(replica, replica, key=KEY, replica=True, multi_region=True)["action"] == "none"


@pytest.mark.parametrize(("wanted", "match"), [
    ({"alias": "vault"}, "must have the form"), ({"alias": "alias/aws/x"}, "belong to AWS"), ({"alias": "alias/a b"}, "must have the form"),
    ({"alias": "alias/a\n"}, "must have the form"), ({"key": "alias/x"}, "is an alias"), ({"key": "*"}, "not a valid KMS key reference"),
    ({"tags": {"aws:x": "y"}}, "prefix aws:"), ({"tags": {"a": "b" * 257}}, "at most 256"), ({"tags": {str(n): "" for n in range(51)}}, "more than 50"),
    ({"deletion_days": 6}, "between 7 and 30"), ({"deletion_days": 31}, "between 7 and 30"), ({"administrators": []}, "No administrator"),
    ({"servers": [ROOT]}, "all principals"), ({"servers": "x"}, "must be a list"), ({"tags": 7}, "the input must be"), ({"alias": 7}, "the input must be"),
])  # fmt: skip
def test_what_is_invalid(wanted: dict[str, Any], match: str) -> None:
    for found in (MISSING, entry()):
        with pytest.raises(AnsibleFilterError, match=match):
            plan(found, **wanted)


def findings(**change: Any) -> list[str]:
    policy = copy.deepcopy(POLICY)
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": ADMIN}, "Action": "kms:ListGrants", "Resource": "*", **change})
    return [found["msg"] for found in seal_key_policy([ROLE], [ADMIN], current=policy)["findings"]]


def test_the_policy_of_the_role_has_no_findings() -> None:
    assert seal_key_policy([ROLE], [ADMIN], current=POLICY)["findings"] == []
    assert findings() == []


@pytest.mark.parametrize(("change", "match"), [
    ({"Action": "kms:*"}, f"allows kms:CreateGrant, kms:Decrypt.* to {ADMIN}"), ({"Action": ["KMS:dec*"]}, f"allows kms:Decrypt to {ADMIN}"),
    ({"NotAction": "kms:Put*", "Action": []}, "allows kms:CreateGrant"), ({"Principal": "*", "Action": "kms:Encrypt"}, "allows kms:Encrypt to \\*"),
    ({"Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:Decrypt"}, "to s3.amazonaws.com"),
    ({"NotPrincipal": {"AWS": ADMIN}, "Principal": [], "Action": "kms:Decrypt"}, "all principals but some"),
    ({"Principal": {"AWS": [ROLE]}, "Action": "kms:CreateGrant"}, f"allows kms:CreateGrant to {ROLE}"),
    ({"Principal": {"AWS": ROOT}, "Action": "kms:*"}, f"to {ROOT}"), ({"Effect": "Deny", "Principal": "*", "Action": "kms:Enc*"}, "denies kms:Encrypt to"),
    ({"Effect": "Deny", "NotPrincipal": {"AWS": ADMIN}, "Principal": [], "Action": "kms:Decrypt"}, "denies kms:Decrypt to principals that it excepts"),
    ({"Principal": "*", "Action": "kms:Decrypt", "Condition": {"Bool": {"a": "true"}}}, "allows kms:Decrypt to"),
])  # fmt: skip
def test_what_the_lint_finds(change: dict[str, Any], match: str) -> None:
    found = findings(**change)
    assert len(found) == 1
    assert re.search(match, found[0])


def test_what_the_lint_misses_nothing_of() -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Decrypt", "Resource": "*"}}
    found = [each["msg"] for each in seal_key_policy([ROLE], [ADMIN], current=policy)["findings"]]
    assert found[:2] == [f"The key policy does not allow kms:DescribeKey to {ROLE}.", f"The key policy does not allow kms:Encrypt to {ROLE}."]
    assert "none of the administrators" in found[2]
    policy["Statement"]["Condition"] = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    assert len(seal_key_policy([ROLE], [ADMIN], current=policy)["findings"]) == 4


def test_the_policy_of_the_filter_keeps_two_statements_without_a_window() -> None:
    assert len(seal_key_policy([ROLE], [ADMIN])["policy"]["Statement"]) == 2
    assert POLICY["Statement"][2]["Condition"] == {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}


@pytest.mark.parametrize(("failure", "reason", "words"), [
    ({"msg": "Failed to create initial key: x", "error": {"code": "MalformedPolicyDocumentException"}}, "invalid_option", "one of the administrators"),
    ({"msg": "Failed create key alias", "error": {"code": "AccessDeniedException"}}, "access_denied", "Set seal_key_kms_key_id to its ARN"),
    ({"msg": "Failed to import the required Python library (botocore and boto3)"}, "missing_library", "Install the boto3"), ({}, "unknown", "can be run again"),
    (None, "unknown", "can be run again"), ({"error": "x", "msg": 7}, "unknown", "can be run again"),
])  # fmt: skip
def test_why_a_module_failed(failure: Any, reason: str, words: str) -> None:
    found = seal_key_trouble(failure, creating=True)
    assert found["reason"] == reason
    assert words in found["remedy"]
    assert ("seal_key_kms_key_id" in found["remedy"]) is ("initial key" not in found["msg"] and reason != "missing_library")
    assert "seal_key_kms_key_id" not in seal_key_trouble(failure)["remedy"]


def test_the_version_of_a_collection() -> None:
    assert collection_version("sealwright.vault_seal")
    for name in ("nobody.nothing", "x", "", "..", "a.b.c"):
        assert collection_version(name) == ""
