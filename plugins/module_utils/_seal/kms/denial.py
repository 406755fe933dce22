# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why AWS denied something, read from AWS's own words, and who it was denied to.

Source: "Troubleshoot access denied error messages" of the IAM user guide (which kind of policy denies, or which kind lacks an allow; since
2026 also that policy's ARN), and "Key access" of the KMS developer guide (a key policy that does not let IAM policies in).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..key_reference import KeyReference

MAX_MESSAGE = 8192
"""How many characters of a message are read. AWS's own have fewer; the time of searching one grows faster than its length."""

EXPLICIT_DENY = "explicit_deny"
MISSING_ALLOW = "missing_allow"
MISSING_KEY_POLICY_OR_GRANT = "missing_key_policy_or_grant"
LIMITING_POLICY = "limiting_policy"
FOREIGN_ACCOUNT = "foreign_account"
UNKNOWN = "unknown"

_WHO = re.compile(r"\bUser: (arn:[^\s,]+) is not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_RESOURCE = re.compile(r"on resource: (arn:\S+)")
_KIND = r"((?:[A-Za-z-]+ )*?(?:policy|boundary))\b"
_DENY = re.compile(rf"with an explicit deny in (?:an? |the )?{_KIND}(?::? (arn:\S+))?")
_LACK = re.compile(rf"because no {_KIND} allows")
_HIDDEN = "resource does not exist in this Region, no resource-based policies allow access"
_SESSION = re.compile(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/")


class Denial(NamedTuple):
    """One denial. ``policy_type`` is AWS's name of the kind of policy at fault, ``policy`` its ARN; both are empty if AWS did not report them."""

    cause: str
    policy_type: str = ""
    policy: str = ""
    principal: str = ""
    key_arn: str = ""

    @property
    def foreign(self) -> bool:
        """Whether the key is known to be another account's than the principal."""
        return bool(self.principal and self.key_arn) and account(self.principal) != account(self.key_arn)


def read_denial(message: str) -> Denial:
    """Parse the cause from AWS's message."""
    message = message[:MAX_MESSAGE]
    who, resource = _WHO.search(message), _RESOURCE.search(message)
    principal = who.group(1) if who else ""
    named = resource.group(1).rstrip(".,") if resource else ""
    key_arn = named if KeyReference.parse_key_arn(named) else ""
    denied, lacking = _DENY.search(message), _LACK.search(message)
    kind = denied.group(1) if denied else lacking.group(1) if lacking else ""
    policy = (denied.group(2) or "").rstrip(".,") if denied else ""
    return Denial(_cause(message, kind, account(principal), account(named)), kind, policy, principal, key_arn)


def denial_remedy(action: str, denial: Denial) -> str:
    """The remedy for one denial."""
    kind = denial.policy_type or "policy"
    which = f" ({denial.policy})" if denial.policy else ""
    if denial.cause == EXPLICIT_DENY:
        article = "An" if kind[0] in "aeiou" else "A"
        what = f"{article} {kind}{which} denies {action} explicitly, which no allow can outweigh"
        return f"{what}: remove that statement, or except this principal from it."
    if denial.cause == LIMITING_POLICY:
        return f"The {kind} has to allow {action} too; it only limits what other policies allow."
    if denial.cause == FOREIGN_ACCOUNT:
        return (
            f"The key is another account's, or does not exist: its key policy or a grant there has to allow {action} to this principal, "
            "and an IAM policy of the principal's own account as well."
        )
    if denial.cause == MISSING_KEY_POLICY_OR_GRANT:
        return f"The key's policy does not let IAM policies in: allow {action} by the key policy or a grant."
    if denial.cause == MISSING_ALLOW and denial.foreign:
        return f"Allow {action} by an IAM policy of the principal's own account; the key's account allows it already."
    return f"Allow {action} by an IAM policy, the key policy or a grant."


def account(arn: str) -> str:
    """The account in an ARN; empty if it has none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def policy_principal(arn: str) -> str:
    """How a policy or grant names a principal for good: of a role's session the role. A role's path is not in the session's ARN."""
    session = _SESSION.match(arn)
    return "arn:{}:iam::{}:role/{}".format(*session.groups()) if session else arn


def _cause(message: str, kind: str, caller: str, owner: str) -> str:
    if "explicit deny" in message:
        return EXPLICIT_DENY
    foreign = bool(caller and owner and caller != owner)
    if _HIDDEN in message or (foreign and kind == "resource-based policy"):
        return FOREIGN_ACCOUNT
    if kind in ("", "policy"):
        return UNKNOWN
    return {"identity-based policy": MISSING_ALLOW, "resource-based policy": MISSING_KEY_POLICY_OR_GRANT}.get(kind, LIMITING_POLICY)
