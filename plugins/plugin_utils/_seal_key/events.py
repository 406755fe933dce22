# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EventBridge rule for calls that endanger the keys of seals, as a pattern and for CloudFormation and Terraform. Pure functions.

CloudTrail records these calls as the detail-type ``AWS API Call via CloudTrail``. KMS puts the ARN of the key into ``resources``, whatever form of
reference the caller used; a call on an alias has the alias in ``requestParameters``, and the key in ``resources`` too if KMS resolved it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference

KEY_CALLS = ("DeleteImportedKeyMaterial", "DisableKey", "DisableKeyRotation", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion")
ALIAS_CALLS = ("DeleteAlias", "UpdateAlias")


def key_events(kms_keys: Iterable[str], aliases: Iterable[str], topic: str) -> dict[str, Any]:
    """The rules for keys and aliases, one for each region; raises :class:`SettingError` for a reference that is not a key ARN or alias ARN.

    :param topic: the ARN of the SNS topic to notify, with ``{region}`` for the region if there are several.
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
        by_region[region] = {"pattern": pattern, "cloudformation": _cloudformation(pattern, target), "terraform": _terraform(pattern, target, region)}
    return {"regions": by_region, "policy": _policy(keys, names)}


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


def _cloudformation(pattern: dict[str, Any], topic: str) -> str:
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
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["VaultSealKeyRule", "Arn"]}}},
    }
    inline = {
        "Type": "AWS::SNS::TopicInlinePolicy",
        "Properties": {"TopicArn": topic, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Notifies of calls that endanger the KMS keys of Vault or OpenBao",
        "Resources": {"VaultSealKeyRule": rule, "VaultSealKeyTopicPolicy": inline},
    }
    return json.dumps(template, indent=2) + "\n"


def _terraform(pattern: dict[str, Any], topic: str, region: str) -> str:
    """A file in Terraform's JSON syntax (``.tf.json``). Terraform takes ``${`` and ``%{`` for templates; no ARN has them, and a topic is checked."""
    if "${" in topic or "%{" in topic:
        raise SettingError(f"The topic {topic!r} is not an ARN.", reason="invalid_option", remedy="Use the ARN of an SNS topic.")
    name = f"vault_seal_keys_{region.replace('-', '_')}"
    rule = {
        "name": name,
        "description": "Calls that endanger a KMS key of Vault or OpenBao",
        "event_pattern": json.dumps(pattern),
    }
    target = {"rule": f"${{aws_cloudwatch_event_rule.{name}.name}}", "arn": topic, "target_id": "notify"}
    return json.dumps({"resource": {"aws_cloudwatch_event_rule": {name: rule}, "aws_cloudwatch_event_target": {name: target}}}, indent=2) + "\n"


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
