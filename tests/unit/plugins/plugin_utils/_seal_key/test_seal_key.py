# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of a seal's key, and the events that endanger it; cfn-lint judges the template."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.filter.seal_key import seal_key_events, seal_key_policy

ROLE, ADMIN, ROOT = "arn:aws:iam::111122223333:role/vault", "arn:aws:iam::111122223333:role/platform/admin", "arn:aws:iam::111122223333:root"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:eu-central-1:111122223333:alias/vault-unseal"
TOPIC = "arn:aws:sns:{region}:111122223333:vault"


def statements(**more: Any) -> dict[str, Any]:
    policy = seal_key_policy([ROLE], [ADMIN], **more)["policy"]
    return {each["Sid"]: each for each in policy["Statement"]}


def test_servers_use_the_key_and_administrators_manage_it() -> None:
    found = statements()
    assert found["Servers"]["Action"] == ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"]
    assert found["Servers"]["Principal"] == {"AWS": [ROLE]}
    actions = set(found["Administrators"]["Action"])
    assert {"kms:PutKeyPolicy", "kms:CancelKeyDeletion"} <= actions
    uses = ("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "CreateGrant", "*")
    assert [action for action in actions if action.endswith(uses)] == []
    assert len(found) == 2


@pytest.mark.parametrize(("servers", "administrators", "match"), [
    (["*"], [ADMIN], "is not the ARN"), ([ROLE], ["*"], "is not the ARN"), ([ROLE], [], "No administrator is named"), ([], [ADMIN], "No server is named"),
    (["arn:aws:iam::111122223333:role/*"], [ADMIN], "is not the ARN"), ([ROOT], [ADMIN], "all principals of the account"),
    (["arn:aws:sts::111122223333:assumed-role/vault/i-1"], [ADMIN], "is not the ARN"), ([ROLE + "\n"], [ADMIN], "is not the ARN"),
    (ROLE, [ADMIN], "must be a list"), ([f"{ROLE}{number}" for number in range(2000)], [ADMIN], "more than 32768 bytes"),
])  # fmt: skip
def test_principals_that_are_refused(servers: Any, administrators: Any, match: str) -> None:
    with pytest.raises(AnsibleFilterError, match=match):
        seal_key_policy(servers, administrators)


def test_what_means_the_same_does_not_differ() -> None:
    wanted = seal_key_policy([ROLE, ROLE], [ADMIN, ROOT])["policy"]
    other = json.loads(json.dumps(wanted))
    other["Statement"].reverse()
    for statement in other["Statement"]:
        statement["Sid"] = "Other"
        statement["Action"].reverse()
    other["Statement"][0]["Principal"]["AWS"] = other["Statement"][0]["Principal"]["AWS"][0]
    for current in (wanted, other, json.dumps(other)):
        assert seal_key_policy([ROLE], [ROOT, ADMIN], current=current)["difference"] == []


@pytest.mark.parametrize("change", [
    {"Effect": "Deny"}, {"Principal": "*"}, {"Principal": {"AWS": [ROLE, "arn:aws:iam::444455556666:root"]}}, {"Action": "kms:*"}, {"Resource": "x"},
    {"Condition": {"Bool": {"a": "true"}}}, {"NotAction": ["kms:Encrypt"]},
])  # fmt: skip
def test_what_differs(change: dict[str, Any]) -> None:
    other = seal_key_policy([ROLE], [ADMIN])["policy"]
    other["Statement"][1].update(change)
    assert seal_key_policy([ROLE], [ADMIN], current=other)["difference"] != []


@pytest.mark.parametrize("current", ["{", [1], {"Statement": [1]}, 7])
def test_what_is_no_policy(current: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is not a key policy"):
        seal_key_policy([ROLE], [ADMIN], current=current)


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"eventName": name, **more}


def matches(pattern: Any, value: Any) -> bool:
    """As EventBridge matches: a list has the accepted values; of an array in the event one has to match."""
    if isinstance(pattern, dict):
        if isinstance(value, list):
            return any(matches(pattern, each) for each in value)
        rest = {name: each for name, each in pattern.items() if name != "$or"}
        whole = isinstance(value, dict) and all(matches(each, value.get(name)) for name, each in rest.items())
        return whole and ("$or" not in pattern or any(matches(each, value) for each in pattern["$or"]))
    return value in pattern


def test_the_pattern_matches_just_these_keys() -> None:
    pattern = seal_key_events([KEY], TOPIC, [ALIAS])["regions"]["eu-central-1"]["pattern"]["detail"]
    other = KEY.replace("1234abcd", "00000000")

    def matched(name: str, key: str = "", alias: str = "", source: str = "kms.amazonaws.com") -> bool:
        said = {"eventSource": source, "eventName": name, "resources": [{"ARN": key}] if key else [], "requestParameters": {"aliasName": alias}}
        return matches(pattern, said)

    for name in ("DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "RevokeGrant"):
        assert matched(name, KEY)
        assert not matched(name, other)
    for name in ("DeleteAlias", "UpdateAlias"):
        assert matched(name, alias="alias/vault-unseal")
        assert matched(name, KEY, "alias/another")
        assert not matched(name, other, "alias/another")
    assert not matched("Decrypt", KEY)
    assert not matched("DisableKey", KEY, source="s3.amazonaws.com")


@pytest.mark.parametrize("aliases", [[], [ALIAS]])
def test_the_template_and_terraform(aliases: list[str], tmp_path: Path) -> None:
    there = KEY.replace("eu-central-1", "us-east-1")
    found = seal_key_events([KEY, there, KEY], TOPIC, aliases)
    assert sorted(found["regions"]) == ["eu-central-1", "us-east-1"]
    for region, files in found["regions"].items():
        resources = json.loads(files["terraform"])["resource"]
        (rule,) = resources["aws_cloudwatch_event_rule"].values()
        assert json.loads(rule["event_pattern"]) == files["pattern"]
        (target,) = resources["aws_cloudwatch_event_target"].values()
        assert target["arn"] == f"arn:aws:sns:{region}:111122223333:vault"
        ((name, policy),) = resources["aws_sns_topic_policy"].items()
        assert policy["arn"] == target["arn"]
        own, publish = json.loads(policy["policy"])["Statement"]
        assert own["Condition"] == {"StringEquals": {"aws:SourceOwner": "111122223333"}}
        assert publish["Condition"] == {"ArnEquals": {"aws:SourceArn": f"${{aws_cloudwatch_event_rule.{name}.arn}}"}}
        assert (publish["Principal"], publish["Action"]) == ({"Service": "events.amazonaws.com"}, "sns:Publish")
        path = tmp_path / f"{region}.json"
        path.write_text(files["cloudformation"], encoding="utf-8")
    assert found["policy"]["Statement"][0]["Resource"] == [KEY, there, *aliases]
    pytest.importorskip("cfnlint")
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "W", "I", "--", *map(str, tmp_path.glob("*.json"))]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("keys", "aliases", "topic", "match"), [
    ([], [], TOPIC, "no keys"), (["alias/a"], [], TOPIC, "is not a key ARN"), ([ALIAS], [], TOPIC, "is not a key ARN"),
    ([KEY], [KEY], TOPIC, "not an alias ARN"),
    (["*"], [], TOPIC, "not a valid KMS key reference"), ([KEY], [], "${x}", "is not an ARN"), ([KEY], [], "*", "is not an ARN"),
    ([KEY], [], TOPIC.replace("{region}", "us-east-1"), "is not in eu-central-1"), ([KEY], [], TOPIC + "${a}", "is not an ARN"),
])  # fmt: skip
def test_events_that_are_refused(keys: list[str], aliases: list[str], topic: str, match: str) -> None:
    with pytest.raises(AnsibleFilterError, match=match):
        seal_key_events(keys, topic, aliases)


def test_the_policy_of_a_shared_topic_is_left_alone() -> None:
    regions = seal_key_events([KEY], TOPIC, topic_policy=False)["regions"]
    assert len(regions) == 1
    files = next(iter(regions.values()))
    assert list(json.loads(files["cloudformation"])["Resources"]) == ["VaultSealKeyRule"]
    assert "aws_sns_topic_policy" not in json.loads(files["terraform"])["resource"]
