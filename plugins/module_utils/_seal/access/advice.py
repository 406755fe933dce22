# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy statements that would allow a seal to use a key: an IAM statement, a key policy statement, a grant; and which of them help.

Source: of the KMS developer guide "Key policies", "Allowing users in other accounts to use a KMS key", "Grants" and "Controlling access
using aliases".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..key_reference import KeyReference
from ..kms.denial import (
    EXPLICIT_DENY,
    FOREIGN_ACCOUNT,
    LIMITING_POLICY,
    MISSING_ALLOW,
    MISSING_KEY_POLICY_OR_GRANT,
    UNKNOWN,
    Denial,
    account,
    policy_principal,
)
from ..partitions import partition_of_region

UNKNOWN_PRINCIPAL = "PRINCIPAL-ARN"
# Which of the three helps, by cause: an IAM statement, a key policy's, a grant.
_HELPS = {
    EXPLICIT_DENY: (False, False, False),
    MISSING_ALLOW: (True, True, True),
    MISSING_KEY_POLICY_OR_GRANT: (False, True, True),
    FOREIGN_ACCOUNT: (True, True, True),
    LIMITING_POLICY: (True, False, False),
    UNKNOWN: (True, True, True),
}


@dataclass(frozen=True)
class Wanted:
    """Who wants what of which key. ``key_arn`` is empty where only ``reference`` is known; ``region`` is the one in force."""

    actions: tuple[str, ...]
    key_arn: str
    reference: KeyReference
    region: str
    principal: str = ""

    def iam_statement(self) -> dict[str, Any]:
        """The minimal statement of an IAM policy.

        A policy names keys by ARN. For an alias it needs a condition: not kms:RequestAlias, since a server decrypts
        without naming the key, but kms:ResourceAliases.
        """
        statement: dict[str, Any] = {"Effect": "Allow", "Action": _listed(self.actions), "Resource": self._resource()}
        if not self.key_arn and self.reference.is_alias:
            statement["Condition"] = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.reference.alias}}
        return statement

    def key_policy_statement(self) -> dict[str, Any]:
        """The statement of the key's own policy, in which ``*`` is the key itself."""
        return {"Effect": "Allow", "Principal": {"AWS": self._grantee()}, "Action": _listed(self.actions), "Resource": "*"}

    def grant(self) -> dict[str, Any] | None:
        """The parameters of CreateGrant, which does not accept an alias; None if the key's ARN or ID is unknown."""
        key = self.key_arn or self.reference.key_id
        operations = [action.partition(":")[2] for action in self.actions]
        return {"KeyId": key, "GranteePrincipal": self._grantee(), "Operations": operations} if key else None

    def _grantee(self) -> str:
        return policy_principal(self.principal) or UNKNOWN_PRINCIPAL

    def _resource(self) -> str:
        if self.key_arn:
            return self.key_arn
        known = self.reference
        partition = known.partition or partition_of_region(self.region) or "aws"
        owner = known.account or account(self.principal) or "*"
        return f"arn:{partition}:kms:{known.region or self.region or '*'}:{owner}:key/{known.key_id or '*'}"


def against(denials: Mapping[str, Denial], wanted: Wanted) -> dict[str, Any]:
    """The statements against the denials, by action: ``policy_statement``, ``key_policy_statement`` and ``grant``, None if it does not help.

    If an action lacks an allow, the statements include the actions that could not be tried.
    """
    helps = [_helps(denial) for denial in denials.values()]
    iam, key_policy, grant = (any(column) for column in zip(*helps)) if helps else (False, False, False)
    return {
        "policy_statement": wanted.iam_statement() if iam else None,
        "key_policy_statement": wanted.key_policy_statement() if key_policy else None,
        "grant": wanted.grant() if grant else None,
    }


def _helps(denial: Denial) -> tuple[bool, bool, bool]:
    if denial.cause == MISSING_ALLOW and denial.foreign:
        return True, False, False  # the key's account has done its part
    return _HELPS[denial.cause]


def _listed(actions: tuple[str, ...]) -> str | list[str]:
    return actions[0] if len(actions) == 1 else list(actions)


def without_arn(reference: KeyReference) -> str:
    """A note for a statement that cannot name the key's ARN."""
    if not reference.is_alias:
        return "The key's account is not known here: put it into the statement's Resource."
    return (
        "The key's ARN is not known here, and a policy cannot name an alias: the statement is for whatever keys have the alias. Name the key's ARN "
        "instead where you know it, and those of keys that the alias named before."
    )
