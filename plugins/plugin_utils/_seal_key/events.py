# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EventBridge rule for calls that endanger the keys of seals, as a pattern and for CloudFormation and Terraform. Pure functions.

CloudTrail records these calls as the detail-type ``AWS API Call via CloudTrail``. KMS puts the ARN of the key into ``resources``, whatever form of
reference the caller used; a call on an alias has the alias in ``requestParameters``, and the key in ``resources`` too if KMS resolved it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference, is_region_name

KEY_CALLS = ("DeleteImportedKeyMaterial", "DisableKey", "DisableKeyRotation", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion")
ALIAS_CALLS = ("DeleteAlias", "UpdateAlias")
_TOPIC = re.compile(r"arn:aws(?:-[a-z0-9]+)*:sns:([a-z0-9-]+):([0-9]{12}):[A-Za-z0-9_-]{1,256}(?:\.fifo)?\Z")
# What the policy of a new topic allows to its account (SNS, "Example policies"). Terraform's aws_sns_topic_policy replaces that policy.
_TOPIC_ACTIONS = (
    *("sns:AddPermission", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish", "sns:RemovePermission"),
    *("sns:SetTopicAttributes", "sns:Subscribe"),
)


def key_events(kms_keys: Iterable[str], aliases: Iterable[str], topic: str, topic_policy: bool = True) -> dict[str, Any]:
    """The rules for keys and aliases, one for each region; raises :class:`SettingError` for a reference that is not a key ARN or alias ARN.

    :param topic: the ARN of the SNS topic to notify, with ``{region}`` for the region if there are several.
    :param topic_policy: whether the files also let the rules publish to the topic.
    """
    keys = _arns(kms_keys, "key")
    names = _arns(aliases, "alias")
    regions = sorted({reference.region for reference in [*keys, *names]})
    if not regions:
        raise SettingError("There are no keys to watch.", reason="no_key", remedy="Name at least one key ARN.")
    by_region = {}
    for region in regions:
        pattern = _pattern([each for each in keys if each.region == region], [each for each in names if each.region == region])
        target = topic.replace("{region}", region)
        owner = _owner(target, region)
        template, configuration = _cloudformation(pattern, target, topic_policy), _terraform(pattern, target, region, owner if topic_policy else "")
        by_region[region] = {"pattern": pattern, "cloudformation": template, "terraform": configuration}
    return {"regions": by_region, "policy": _policy(keys, names)}


def event_files(events: Mapping[str, Any]) -> list[dict[str, str]]:
    """The files to deploy of a result of :func:`key_events`, each with ``name`` and ``content``; none if it is empty."""
    if not events:
        return []
    files = [{"name": "vault-seal-policy.json", "content": json.dumps(events["policy"], indent=2) + "\n"}]
    for region, made in events["regions"].items():
        if not is_region_name(region):
            raise ValueError(f"{region!r} is not the name of a region")
        files.append({"name": f"vault-seal-events.{region}.json", "content": made["cloudformation"]})
        files.append({"name": f"vault-seal-events.{region}.tf.json", "content": made["terraform"]})
    return files


def _arns(texts: Iterable[str], kind: str) -> list[KeyReference]:
    references = []
    for text in dict.fromkeys(texts):
        reference = KeyReference.parse(str(text))
        if not reference.is_arn or reference.is_alias != (kind == "alias"):
            raise SettingError(
                f"{text!r} is not {'a key' if kind == 'key' else 'an alias'} ARN.", reason="malformed_key_id",
                remedy="An event has the ARN: use the arn that awskms_key_info returns.",
            )
        references.append(reference)
    return sorted(references, key=str)


def _pattern(keys: list[KeyReference], aliases: list[KeyReference]) -> dict[str, Any]:
    """An event matches if one of the alternatives does."""
    alternatives: list[dict[str, Any]] = []
    if keys:
        # A caller can name the key by its ID, its ARN or an alias; resources has the ARN in each case.
        alternatives.append({"eventName": list(KEY_CALLS), "resources": {"ARN": [str(key) for key in keys]}})
        alternatives.append({"eventName": list(ALIAS_CALLS), "resources": {"ARN": [str(key) for key in keys]}})
    if aliases:
        alternatives.append({"eventName": list(ALIAS_CALLS), "requestParameters": {"aliasName": [alias.alias for alias in aliases]}})
    detail = {"eventSource": ["kms.amazonaws.com"], "$or": alternatives} if len(alternatives) > 1 else {"eventSource": ["kms.amazonaws.com"], **alternatives[0]}
    return {"source": ["aws.kms"], "detail-type": ["AWS API Call via CloudTrail"], "detail": detail}


def _owner(topic: str, region: str) -> str:
    """The account of a topic; raises :class:`SettingError` for what is not the ARN of a topic in the region. Terraform would take ``${`` for a template."""
    match = _TOPIC.match(topic)
    if not match:
        raise SettingError(f"The topic {topic!r} is not an ARN.", reason="invalid_option", remedy="Use the ARN of an SNS topic.")
    if match[1] != region:
        msg = f"The topic {topic!r} is not in {region}, the region of the rule."
        raise SettingError(msg, reason="region_mismatch", remedy="Use a topic in each region, and {region} for the region in its ARN.")
    return match[2]


def _publish(topic: str, rule: Any) -> dict[str, Any]:
    """The statement that lets a rule publish to the topic."""
    condition = {"ArnEquals": {"aws:SourceArn": rule}}
    return {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic, "Condition": condition}


def _cloudformation(pattern: dict[str, Any], topic: str, topic_policy: bool) -> str:
    """A template as JSON, which CloudFormation takes. All values are data, so nothing has to be escaped."""
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": "Calls that endanger a KMS key of Vault or OpenBao",
            "EventPattern": pattern,
            "State": "ENABLED",
            "Targets": [{"Arn": topic, "Id": "notify"}],
        },
    }
    statement = _publish(topic, {"Fn::GetAtt": ["VaultSealKeyRule", "Arn"]})
    # An inline policy is added to the policy of the topic.
    inline = {
        "Type": "AWS::SNS::TopicInlinePolicy",
        "Properties": {"TopicArn": topic, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Notifies of calls that endanger the KMS keys of Vault or OpenBao",
        "Resources": {"VaultSealKeyRule": rule, **({"VaultSealKeyTopicPolicy": inline} if topic_policy else {})},
    }
    return json.dumps(template, indent=2) + "\n"


def _terraform(pattern: dict[str, Any], topic: str, region: str, owner: str) -> str:
    """A file in Terraform's JSON syntax (``.tf.json``). Terraform takes ``${`` and ``%{`` for templates; no ARN has them, and a topic is checked.

    :param owner: the account of the topic, whose own access the policy keeps; without it, there is no policy.
    """
    name = f"vault_seal_keys_{region.replace('-', '_')}"
    rule = {
        "name": name,
        "description": "Calls that endanger a KMS key of Vault or OpenBao",
        "event_pattern": json.dumps(pattern),
    }
    target = {"rule": f"${{aws_cloudwatch_event_rule.{name}.name}}", "arn": topic, "target_id": "notify"}
    resources: dict[str, Any] = {"aws_cloudwatch_event_rule": {name: rule}, "aws_cloudwatch_event_target": {name: target}}
    if owner:
        own = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": list(_TOPIC_ACTIONS), "Resource": topic}
        own["Condition"] = {"StringEquals": {"aws:SourceOwner": owner}}
        document = {"Version": "2012-10-17", "Statement": [own, _publish(topic, f"${{aws_cloudwatch_event_rule.{name}.arn}}")]}
        resources["aws_sns_topic_policy"] = {name: {"arn": topic, "policy": json.dumps(document)}}
    return json.dumps({"resource": resources}, indent=2) + "\n"


def _policy(keys: list[KeyReference], aliases: list[KeyReference]) -> dict[str, Any]:
    """An IAM policy, or service control policy, that denies these calls on just these keys to everybody without the tag of an administrator."""
    actions = [f"kms:{name}" for name in sorted((*KEY_CALLS, *ALIAS_CALLS))]
    statement = {
        "Sid": "KeepSealKeys",
        "Effect": "Deny",
        "Action": actions,
        "Resource": [str(each) for each in (*keys, *aliases)],
        "Condition": {"StringNotEquals": {"aws:PrincipalTag/vault-seal-administrator": "true"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
