# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a key policy allows too little or too much for a seal, in words. Pure functions.

Source: "Key policies in AWS KMS", "Policy evaluation logic" and "AWS JSON policy elements" of the AWS documentation. Statements with conditions are not
evaluated: one that allows is not relied on, and one that denies is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import Finding

from .policy import SERVER_ACTIONS

# The operations by which somebody reads or writes what is sealed, or lets others do so.
USES = (
    *("kms:CreateGrant", "kms:Decrypt", "kms:DeriveSharedSecret", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair"),
    *("kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
)
_SERVED = "Name the principals of the servers in seal_key_servers, and let the role write the policy (seal_key_policy_replace)."
_CLOSED = "Remove the statement, or name the principal in seal_key_servers if it is a server."


def policy_findings(policy: Mapping[str, Any], administrators: Sequence[str], servers: Sequence[str]) -> list[Finding]:
    """Permissions that servers or administrators lack, and uses of the key that are allowed to others; empty for a policy as it should be."""
    statements = _statements(policy)
    findings = [
        Finding("access_denied", f"The key policy does not allow {action} to {server}.", _SERVED)
        for server in sorted(set(servers))
        for action in SERVER_ACTIONS
        if not _allowed(statements, action, server)
    ]
    findings += [
        Finding("access_denied", f"The key policy denies {action} to {', '.join(_principals(each)) or 'principals that it excepts'}.", "Remove the statement.")
        for each in statements
        if each.get("Effect") == "Deny"
        for action in SERVER_ACTIONS
        if _covers(each, action) and _may_name(each, servers)
    ]
    if not any(_allowed(statements, "kms:PutKeyPolicy", name) for name in administrators):
        msg = "The key policy allows none of the administrators to change it (kms:PutKeyPolicy)."
        findings.append(Finding("access_denied", msg, "Let an administrator of the present policy run the role with seal_key_policy_replace."))
    return [*findings, *_too_wide(statements, servers)]


def _too_wide(statements: Sequence[Mapping[str, Any]], servers: Sequence[str]) -> Iterator[Finding]:
    for each in statements:
        uses = [action for action in USES if _covers(each, action)]
        if each.get("Effect") != "Allow" or not uses:
            continue
        others = [name for name in _principals(each) if name not in servers]
        if "NotPrincipal" in each:
            others = ["all principals but some (NotPrincipal)"]
        extra = uses if others else [action for action in uses if action not in SERVER_ACTIONS]
        if extra:
            shown = ", ".join(others or _principals(each))
            yield Finding("policy_too_wide", f"The key policy allows {', '.join(extra)} to {shown}.", _CLOSED)


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = policy.get("Statement")
    listed: list[Any] = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(each, Mapping) for each in listed):
        raise TypeError("a policy must have statements")
    return listed


def _allowed(statements: Sequence[Mapping[str, Any]], action: str, principal: str) -> bool:
    return any(
        each.get("Effect") == "Allow" and _covers(each, action) and principal in _principals(each) and not each.get("Condition") for each in statements
    )


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _matches(statement["NotAction"], action)
    return _matches(statement.get("Action", []), action)


def _matches(patterns: Any, action: str) -> bool:
    return any(fnmatchcase(action.lower(), str(pattern).lower()) for pattern in _listed(patterns))


def _may_name(statement: Mapping[str, Any], servers: Sequence[str]) -> bool:
    named = _principals(statement)
    return "NotPrincipal" in statement or any(name in servers or name == "*" or name.endswith(":root") for name in named)


def _principals(statement: Mapping[str, Any]) -> list[str]:
    """The principals of a statement: ARNs, "*", services and identity providers."""
    named = statement.get("Principal", [])
    if isinstance(named, Mapping):
        return [str(each) for value in named.values() for each in _listed(value)]
    return [str(each) for each in _listed(named)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
