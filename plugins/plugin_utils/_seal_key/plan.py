# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role seal_key has to do with the key of a seal in one region: create it, complete it, or refuse it. Pure functions.

The arguments are those of the module amazon.aws.kms_key (source read: release 11.4.0), which acts without asking on anything that it is given, and on more:
with its defaults it cancels a deletion, enables a disabled key, removes tags and replaces the policy; it ignores an alias that points to another key, and a
key spec that differs. So each of these is decided here first, and the module is given just what is to be changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import Finding, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference

from .policy import key_policy, policy_difference
from .policy_lint import policy_findings

CREATE, UPDATE, NONE, REFUSE = "create", "update", "none", "refuse"
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}\Z")
_TAG_LIMIT = 50
_ROTATE = "To move a seal to another key, use the role seal_rotate."


@dataclass(frozen=True)
class Wanted:
    """The key as it is to be."""

    alias: str
    administrators: list[str]
    servers: list[str]
    key: str = ""
    """An existing key, as key ID or ARN; empty for the key of the alias, or a new one."""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    rotation: bool = True
    multi_region: bool = False
    deletion_days: int = 30
    replace_policy: bool = False
    replica: bool = False
    """Whether the key is a replica, whose rotation follows its primary key."""


@dataclass
class Plan:
    """The decision. With ``action`` refuse, ``finding`` is why."""

    action: str
    policy: dict[str, Any]
    arn: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    difference: list[str] = field(default_factory=list)
    finding: Finding | None = None
    warnings: list[str] = field(default_factory=list)

    def refuse(self, finding: Finding) -> Plan:
        self.action, self.finding, self.arguments, self.changes = REFUSE, finding, {}, []
        return self

    def as_result(self) -> dict[str, Any]:
        refused = self.finding.as_result() if self.finding else {}
        return {
            "action": self.action, "policy": self.policy, "arn": self.arn, "arguments": self.arguments, "changes": self.changes,
            "difference": self.difference, "refused": refused, "warnings": self.warnings,
        }  # fmt: skip


def key_plan(wanted: Wanted, by_alias: Mapping[str, Any], by_key: Mapping[str, Any] | None = None) -> Plan:
    """The plan; raises :class:`SettingError` for a request that is invalid whatever exists.

    :param by_alias: the entry of awskms_key_info for the alias, with policy, rotation and tags.
    :param by_key: the same for the key, if one is named.
    """
    check_wanted(wanted)
    policy = key_policy(wanted.administrators, wanted.servers, wanted.deletion_days)
    plan = Plan(NONE, policy)
    entry = by_key if wanted.key else by_alias
    trouble = _trouble(by_alias, by_key if wanted.key else None)
    if trouble:
        return plan.refuse(trouble)
    if entry is None or not _exists(entry):
        return _creation(plan, wanted)
    plan.arn = str(entry["arn"])
    if _exists(by_alias) and by_alias["arn"] != plan.arn:
        msg = f"{wanted.alias} points to {by_alias['arn']}, not to {plan.arn}. Neither was changed."
        return plan.refuse(Finding("wrong_key", msg, f"Use another alias, or name the key that the alias points to. {_ROTATE}"))
    plan.warnings = [str(each.get("msg")) for each in entry.get("warnings") or []]
    refused = _unsuitable(entry, wanted) or _unknown(entry, wanted)
    if refused:
        return plan.refuse(refused)
    return _completion(plan, wanted, entry, _exists(by_alias))


def check_wanted(wanted: Wanted) -> None:
    """Raise :class:`SettingError` for an alias, key or tags that KMS does not accept or that a seal cannot have."""
    if not _ALIAS.match(wanted.alias) or wanted.alias.startswith("alias/aws/"):
        why = "aliases that begin with alias/aws/ belong to AWS" if wanted.alias.startswith("alias/aws/") else "it must have the form alias/NAME"
        raise SettingError(f"The alias {wanted.alias!r} is invalid: {why}.", reason="invalid_option", remedy="Use a name such as alias/vault-unseal.")
    if wanted.key and KeyReference.parse(wanted.key).is_alias:
        raise SettingError(f"{wanted.key!r} is an alias, not a key.", reason="invalid_option", remedy="Use the key ID or key ARN.")
    bad = [name for name in wanted.tags if not 1 <= len(name) <= 128 or name.lower().startswith("aws:")]
    bad += [name for name, value in wanted.tags.items() if len(value) > 256]
    if bad or len(wanted.tags) > _TAG_LIMIT:
        what = f"The tag {bad[0]!r} is invalid." if bad else f"There are more than {_TAG_LIMIT} tags."
        raise SettingError(what, reason="invalid_option", remedy="Tags have names of 1 to 128 characters without the prefix aws:, and values of at most 256.")


def _exists(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("arn"))


def _trouble(by_alias: Mapping[str, Any], by_key: Mapping[str, Any] | None) -> Finding | None:
    """What could not be read is not taken for missing; a key that is named has to exist."""
    for entry, may_be_missing in ((by_alias, True), (by_key, False)):
        if entry is None or _exists(entry) or (may_be_missing and entry.get("reason") == "not_found"):
            continue
        msg = f"{entry.get('asked') or 'The key'} could not be described: {entry.get('msg') or 'no reason is given'}"
        return Finding(str(entry.get("reason") or "unknown"), msg, str(entry.get("remedy") or "Check the output of the previous task."))
    return None


def _creation(plan: Plan, wanted: Wanted) -> Plan:
    plan.action = CREATE
    plan.arguments = {
        "alias": wanted.alias, "policy": json.dumps(plan.policy), "description": wanted.description, "tags": dict(wanted.tags),
        "key_spec": "SYMMETRIC_DEFAULT", "key_usage": "ENCRYPT_DECRYPT", "multi_region": wanted.multi_region, "enable_key_rotation": wanted.rotation,
    }  # fmt: skip
    plan.changes = [f"create a {'multi-Region ' if wanted.multi_region else ''}key for {wanted.alias}"]
    plan.difference = policy_difference({"Version": "2012-10-17", "Statement": []}, plan.policy)
    return plan


def _unsuitable(entry: Mapping[str, Any], wanted: Wanted) -> Finding | None:
    """Properties that a seal cannot use, or that cannot be changed as wanted."""
    problems = entry.get("problems") or []
    if problems:
        first = problems[0]
        msg = f"A seal cannot use {entry['arn']}: {first.get('msg')} It was not changed."
        return Finding(str(first.get("reason") or "key_unusable"), msg, f"{first.get('remedy') or ''} The role does not do it unasked.".strip())
    role = (entry.get("multi_region") or {}).get("role")
    if wanted.multi_region and not role:
        msg = f"{entry['arn']} is a single-Region key, which cannot become a multi-Region key."
        return Finding("key_unusable", msg, f"Create another key for another alias. {_ROTATE}")
    if role == "REPLICA" and not wanted.replica:
        primary = ((entry.get("multi_region") or {}).get("primary") or {}).get("region")
        return Finding("key_unusable", f"{entry['arn']} is a replica.", f"Set seal_key_region to the region of the primary key, {primary}.")
    if wanted.rotation and not wanted.replica and entry.get("origin") != "AWS_KMS":
        msg = f"The material of {entry['arn']} is not from KMS (origin {entry.get('origin')}), so KMS cannot rotate it."
        return Finding("unsupported_operation", msg, "Set seal_key_rotation to false.")
    return None


def _unknown(entry: Mapping[str, Any], wanted: Wanted) -> Finding | None:
    """A detail that could not be read, and would have to be compared."""
    needed = {"policy": True, "rotation": wanted.rotation and not wanted.replica, "tags": bool(wanted.tags)}
    for name in (name for name, asked in needed.items() if asked):
        detail = entry.get(name)
        if isinstance(detail, Mapping) and not ("reason" in detail and "remedy" in detail):
            continue
        said = detail if isinstance(detail, Mapping) else {}
        msg = f"The {name} of {entry['arn']} could not be read: {said.get('msg') or 'no reason is given'}"
        return Finding(str(said.get("reason") or "unknown"), msg, str(said.get("remedy") or "Run the role as an administrator of the key."))
    return None


def _completion(plan: Plan, wanted: Wanted, entry: Mapping[str, Any], has_alias: bool) -> Plan:
    arguments: dict[str, Any] = {}
    if not has_alias:
        arguments["alias"] = wanted.alias
        plan.changes.append(f"create {wanted.alias}")
    tags: Mapping[str, Any] = entry.get("tags") or {}
    missing = {name: value for name, value in wanted.tags.items() if tags.get(name) != value}
    if missing:
        arguments["tags"] = missing
        plan.changes.append(f"set the tags {', '.join(sorted(missing))}")
    if wanted.rotation and not wanted.replica and not (entry.get("rotation") or {}).get("enabled"):
        arguments["enable_key_rotation"] = True
        plan.changes.append("enable automatic rotation")
    plan.difference = policy_difference(entry["policy"], plan.policy)
    if plan.difference and not wanted.replace_policy:
        found = policy_findings(entry["policy"], wanted.administrators, wanted.servers)
        why = " ".join(each.msg for each in found) or "It means something else than the role would write."
        msg = f"The policy of {plan.arn} differs from the wanted one. {why} Nothing was changed."
        return plan.refuse(Finding("policy_differs", msg, "Compare the difference, then set seal_key_policy_replace to true, or leave the key to its owner."))
    if plan.difference:
        arguments["policy"] = json.dumps(plan.policy)
        plan.changes.append("replace the key policy")
    if arguments:
        plan.action, plan.arguments = UPDATE, {"key_id": plan.arn, **arguments}
    return plan
