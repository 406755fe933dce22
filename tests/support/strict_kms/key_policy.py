# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS requires of a key policy before it takes it: its form, its principals, and that the caller can change it afterwards.

Source: CreateKey, PutKeyPolicy and ReplicateKey in the AWS KMS API reference; "Key policies" and "Default key policy" of the developer guide.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

from moto.iam.models import iam_backends

from .authorisation import authorise
from .errors import AwsError
from .signature import PARTITION, Principal

_LONGEST = 32768
_OF_IAM = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(role|user)/(.+)\Z")


def check_policy(text: str, principal: Principal, bypass: bool) -> None:
    """Raise MalformedPolicyDocumentException or LimitExceededException as AWS does."""
    if len(text) > _LONGEST:
        raise AwsError("LimitExceededException", f"The key policy is larger than {_LONGEST} bytes.")
    try:
        document = json.loads(text)
        statements = document["Statement"]
        statements = [statements] if isinstance(statements, dict) else statements
        named = [each.get("Principal", each.get("NotPrincipal")) for each in statements]
        whole = all(each["Effect"] in ("Allow", "Deny") and ("Action" in each or "NotAction" in each) and "Resource" in each for each in statements)
    except (ValueError, KeyError, TypeError, AttributeError):
        named, whole = [], False
    if not whole or None in named:
        raise AwsError("MalformedPolicyDocumentException", "Policy is malformed or contains an invalid statement.")
    if not all(_exists(arn) for each in named for arn in _arns(each)):
        raise AwsError("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
    if bypass:
        return
    account = principal.account
    key = SimpleNamespace(policy=text, arn=f"arn:{PARTITION}:kms:{principal.region}:{account}:key/new", aliases={}, grants={})
    try:
        authorise(principal, "kms:PutKeyPolicy", key, {})
    except AwsError:
        raise AwsError(
            "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future."
        ) from None


def _arns(named: Any) -> list[str]:
    listed = named.get("AWS", []) if isinstance(named, dict) else []
    return listed if isinstance(listed, list) else [listed]


def _exists(arn: str) -> bool:
    """Whether an IAM role or user of an account that this process knows exists; others are not looked for."""
    match = _OF_IAM.match(arn)
    if match is None or match[1] not in iam_backends:
        return True
    iam = iam_backends[match[1]][PARTITION]
    known = iam.roles if match[2] == "role" else iam.users
    return any(each.arn == arn for each in known.values())
