# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""May this principal do this with this key? Key policy, identity policies and grants, as AWS evaluates them.

Source: "Determining access to AWS KMS keys" and "Grants in AWS KMS" of the KMS developer guide, "Policy evaluation logic" of the
IAM user guide; wordings are those of AccessDeniedException today.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .errors import AwsError
from .signature import PARTITION, Principal

Statement = dict[str, Any]


def authorise(principal: Principal, action: str, key: Any, context: Mapping[str, str], days: int | None = None) -> None:
    """Raise AccessDeniedException unless the principal may do ``action`` (``kms:Encrypt``) with moto's ``key``.

    :param days: the waiting period that ScheduleKeyDeletion asks for.
    """
    facts: dict[str, Any] = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    facts["kms:ResourceAliases"] = list(key.aliases)
    facts["kms:CallerAccount"] = principal.account
    if days is not None:
        facts["kms:ScheduleKeyDeletionPendingWindowInDays"] = days
    identity = list(_statements(principal.policies))
    resource = list(_statements([key.policy]))
    if _any(identity, "Deny", action, key.arn, facts):
        raise _denied(principal, action, key.arn, "with an explicit deny in an identity-based policy")
    if any(_names(item, principal) for item in _matching(resource, "Deny", action, key.arn, facts)):
        raise _denied(principal, action, key.arn, "with an explicit deny in a resource-based policy")
    allowed = _matching(resource, "Allow", action, key.arn, facts)
    named = any(_names(item, principal) for item in allowed) or _granted(principal, action, key, context)
    if named and principal.account == key.arn.split(":")[4]:
        return
    # The account's root in a key policy does not allow anything itself: it lets identity policies allow it.
    delegated = any(_names_account(item, principal.account) for item in allowed)
    if not (named or delegated):
        raise _denied(principal, action, key.arn, f"because no resource-based policy allows the {action} action")
    if not _any(identity, "Allow", action, key.arn, facts):
        raise _denied(principal, action, key.arn, f"because no identity-based policy allows the {action} action")


def authorise_account(principal: Principal, action: str, resource: str) -> None:
    """The same for actions that have no key, such as kms:CreateKey and kms:ListAliases: identity policies alone."""
    identity = list(_statements(principal.policies))
    if _any(identity, "Deny", action, resource, {}):
        raise _denied(principal, action, resource, "with an explicit deny in an identity-based policy")
    if not _any(identity, "Allow", action, resource, {}):
        raise _denied(principal, action, resource, f"because no identity-based policy allows the {action} action")


def not_visible(principal: Principal, action: str, resource: str) -> AwsError:
    """What AWS answers about a key of another account that does not exist: it does not tell."""
    why = (
        "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
        "explicitly denies access"
    )
    return _denied(principal, action, resource, why)


def _denied(principal: Principal, action: str, resource: str, why: str) -> AwsError:
    return AwsError("AccessDeniedException", f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {why}")


def _statements(documents: Iterable[Any]) -> Iterable[Statement]:
    for document in documents:
        if isinstance(document, dict) and "PolicyDocument" in document:
            document = document["PolicyDocument"]
        result = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
        yield from [result] if isinstance(result, dict) else result


def _any(statements: list[Statement], effect: str, action: str, resource: str, facts: Mapping[str, Any]) -> bool:
    return bool(_matching(statements, effect, action, resource, facts))


def _matching(statements: list[Statement], effect: str, action: str, resource: str, facts: Mapping[str, Any]) -> list[Statement]:
    return [
        item
        for item in statements
        if item.get("Effect") == effect
        and _covers(item, "Action", action.lower(), str.lower)
        and _covers(item, "Resource", resource, str)
        and _conditions_hold(item.get("Condition", {}), facts, effect)
    ]


def _covers(statement: Statement, name: str, wanted: str, fold: Any) -> bool:
    if f"Not{name}" in statement:
        return not _matches(statement[f"Not{name}"], wanted, fold)
    return _matches(statement.get(name, "*" if name == "Resource" else []), wanted, fold)


def _matches(patterns: Any, wanted: str, fold: Any) -> bool:
    return any(fnmatchcase(wanted, fold(pattern)) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _conditions_hold(conditions: dict[str, Any], facts: Mapping[str, Any], effect: str) -> bool:
    for operator, tests in conditions.items():
        for name, values in tests.items():
            fact = facts.get(name)
            if operator == "ForAnyValue:StringEquals":
                holds = any(each in _listed(values) for each in _listed(fact))
            elif operator == "StringEquals":
                holds = fact in _listed(values)
            elif operator == "StringLike":
                holds = fact is not None and _matches(values, fact, str)
            elif operator == "NumericLessThan":
                holds = isinstance(fact, int) and any(fact < float(value) for value in _listed(values))
            elif operator == "Null":
                holds = (fact is None) == (str(_listed(values)[0]).lower() == "true")
            else:
                holds = effect == "Deny"  # what is not understood here never allows anything
            if not holds:
                return False
    return True


def _names(statement: Statement, principal: Principal) -> bool:
    named = statement.get("Principal", {})
    if named == "*":
        return True
    listed = _listed(named.get("AWS", [])) if isinstance(named, dict) else []
    return "*" in listed or any(arn in listed for arn in principal.arns)


def _names_account(statement: Statement, account: str) -> bool:
    named = statement.get("Principal", {})
    listed = _listed(named.get("AWS", [])) if isinstance(named, dict) else []
    return account in listed or f"arn:{PARTITION}:iam::{account}:root" in listed


def _granted(principal: Principal, action: str, key: Any, context: Mapping[str, str]) -> bool:
    operation = action.removeprefix("kms:")
    for grant in key.grants.values():
        if grant.grantee_principal not in principal.arns or operation not in (grant.operations or []):
            continue
        # Constraints say nothing about operations that take no encryption context.
        constraints = {} if operation in ("DescribeKey", "RetireGrant") else grant.constraints or {}
        equals, subset = constraints.get("EncryptionContextEquals"), constraints.get("EncryptionContextSubset")
        if equals is not None and dict(context) != equals:
            continue
        if subset is not None and not subset.items() <= context.items():
            continue
        return True
    return False
