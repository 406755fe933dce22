# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key policy of a seal's key: administrators, the principals of servers, and nothing more; and how a policy differs from it. Pure functions."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

# What awskms_permission_info tests, and the server needs.
SERVER_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt")
# All that manages a key, without any use of it, and without kms:CreateGrant, by which an administrator would give the use to anybody.
ADMINISTRATOR_ACTIONS = (
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey"),
    *("kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations"),
    *("kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:RetireGrant", "kms:RevokeGrant", "kms:RotateKeyOnDemand"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion"),
)
_PRINCIPAL = re.compile(r"arn:aws(?:-[a-z0-9]+)*:iam::[0-9]{12}:(?:(?:role|user)/[A-Za-z0-9+=,.@_/-]+|root)\Z")
_LONGEST = 32768
"""Bytes of a key policy (AWS KMS quotas)."""


LONGEST_WINDOW = 30
"""Days that KMS waits before it deletes a key, at most and by default (ScheduleKeyDeletion, AWS KMS API reference); at least 7."""


def key_policy(administrators: Iterable[str], servers: Iterable[str], deletion_days: int = 0) -> dict[str, Any]:
    """The policy; raises :class:`SettingError` for principals that would open the key to others, or lock everybody out.

    :param deletion_days: the shortest waiting period before a deletion that the policy accepts; 0 for that of KMS.
    """
    managing, using = _principals(administrators, "administrator"), _principals(servers, "server")
    statements: list[dict[str, Any]] = [
        {"Sid": "Administrators", "Effect": "Allow", "Principal": {"AWS": managing}, "Action": list(ADMINISTRATOR_ACTIONS), "Resource": "*"},
        {"Sid": "Servers", "Effect": "Allow", "Principal": {"AWS": using}, "Action": list(SERVER_ACTIONS), "Resource": "*"},
    ]
    if deletion_days:
        statements.append(_longer_wait(deletion_days))
    policy = {"Version": "2012-10-17", "Id": "vault-seal", "Statement": statements}
    if len(json.dumps(policy)) > _LONGEST:
        raise SettingError(
            f"The key policy would have more than {_LONGEST} bytes.", reason="invalid_option", remedy="Use one role for several servers."
        )
    return policy


def _longer_wait(days: int) -> dict[str, Any]:
    """A request without PendingWindowInDays has the longest period, and is not denied."""
    if not 7 <= days <= LONGEST_WINDOW:
        raise SettingError(
            f"The deletion window {days} is invalid.", reason="invalid_option", remedy=f"Use a number of days between 7 and {LONGEST_WINDOW}."
        )
    condition = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": str(days)}}
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:ScheduleKeyDeletion", "Resource": "*", "Condition": condition}
    return {"Sid": "DeletionWindow", **denied}


def _principals(names: Iterable[str], kind: str) -> list[str]:
    if isinstance(names, str):
        raise SettingError(f"The {kind}s must be a list of ARNs.", reason="invalid_option", remedy="Use a list.")
    found = sorted({str(name) for name in names})
    if not found:
        why = "nobody could manage the key, not even the account's root user" if kind == "administrator" else "no server could use the key"
        raise SettingError(f"No {kind} is named: {why}.", reason="invalid_option", remedy=f"Name at least one {kind} by its ARN.")
    for name in found:
        if not _PRINCIPAL.match(name):
            raise SettingError(
                f"{name!r} is not the ARN of an IAM role, user or account root ({kind}).", reason="invalid_option",
                remedy="Use arn:aws:iam::ACCOUNT:role/NAME. Wildcards, and sessions of assumed roles, are not accepted.",
            )
        if kind == "server" and name.endswith(":root"):
            raise SettingError(
                f"{name!r} stands for all principals of the account, and is not accepted as a server.", reason="invalid_option",
                remedy="Name the roles of the servers.",
            )
    return found


def policy_difference(current: Any, wanted: Mapping[str, Any]) -> list[str]:
    """How a policy differs from the one that is wanted, as lines of a unified diff; empty if both mean the same.

    Equal are policies that differ in the order of statements, actions and principals, in one value against a list of one, and in names.
    """
    before, after = _normal(policy_document(current)), _normal(wanted)
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), "current key policy", "wanted key policy", lineterm=""))


def policy_document(policy: Any) -> Mapping[str, Any]:
    """A policy as a dictionary; raises ValueError or TypeError for what is not one."""
    document = json.loads(policy) if isinstance(policy, (str, bytes)) else policy
    if not isinstance(document, Mapping):
        raise TypeError("a policy must be a dictionary")
    return document


def _normal(policy: Mapping[str, Any]) -> str:
    statements = policy.get("Statement") or []
    listed: Sequence[Any] = statements if isinstance(statements, list) else [statements]
    plain = [{name: _ordered(value) for name, value in each.items() if name != "Sid"} for each in listed]
    plain.sort(key=lambda each: json.dumps(each, sort_keys=True))
    return json.dumps({"Version": policy.get("Version"), "Statement": plain}, indent=2, sort_keys=True)


def _ordered(value: Any) -> Any:
    """A value as a list in order; what a dictionary has, in the same way."""
    if isinstance(value, Mapping):
        return {name: _ordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(each) if isinstance(each, (Mapping, list)) else each for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return [value]
