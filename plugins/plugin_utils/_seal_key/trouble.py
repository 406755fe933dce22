# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a module of amazon.aws failed, with a remedy for the role seal_key. Pure functions.

Sources: the errors of CreateKey, CreateAlias, PutKeyPolicy, EnableKeyRotation and TagResource in the AWS KMS API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import Finding

_REMEDIES = {
    "MalformedPolicyDocumentException": (
        "invalid_option",
        "Check that all principals of seal_key_administrators and seal_key_servers exist, and that the principal that runs the role, as its role or user, is "
        "one of the administrators: KMS refuses a policy after which the caller could not change it.",
    ),
    "AccessDeniedException": (
        "access_denied",
        "The principal that runs the role needs kms:CreateKey, kms:TagResource, kms:CreateAlias and kms:ListAliases by an IAM policy, and has to be an "
        "administrator of the key.",
    ),
    "AlreadyExistsException": ("wrong_key", "The alias was created by somebody else meanwhile. Run the role again: it shows which key the alias has."),
    "LimitExceededException": ("limit_exceeded", "Request a higher quota of AWS KMS, or delete what is not needed."),
    "ThrottlingException": ("throttled", "Run the role again later."),
    "TagException": ("invalid_option", "Correct seal_key_tags."),
    "InvalidAliasNameException": ("invalid_option", "Correct seal_key_alias."),
    "KMSInvalidStateException": ("key_unusable", "The state of the key changed meanwhile. Run the role again."),
    "DisabledException": ("key_disabled", "The key was disabled meanwhile. Find out why, and run the role again."),
}
_LEFT = (
    "If a key was created before the error, it has no alias yet. It has the tags of seal_key_tags and the wanted policy; the event CreateKey of CloudTrail "
    "names it. Set seal_key_kms_key_id to its ARN to continue with it."
)


def module_trouble(failure: Any, creating: bool = False) -> Finding:
    """The reason, message and remedy of a failed task.

    :param creating: whether the task was to create a key, which may exist now.
    """
    result: Mapping[str, Any] = failure if isinstance(failure, Mapping) else {}
    error = result.get("error")
    code = str(error.get("code") or "") if isinstance(error, Mapping) else ""
    message = str(result.get("msg") or "The module gave no reason.")
    reason, remedy = _REMEDIES.get(code, ("unknown", "See the message. The role can be run again; it deletes and disables nothing."))
    if "Failed to import" in message:
        reason, remedy = "missing_library", "Install the boto3 that the installed release of amazon.aws requires, for the Python that runs modules."
    elif creating and "Failed to create initial key" not in message:
        remedy = f"{remedy} {_LEFT}"
    return Finding(reason, message, remedy)
