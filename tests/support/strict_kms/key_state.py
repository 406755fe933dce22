# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the key of a request and check that it is suitable for the operation, with AWS's errors.

Source: "Key states of AWS KMS keys" of the KMS developer guide, and the operations' errors in the API reference.
"""

from __future__ import annotations

import re
from typing import Any

from moto.kms.models import kms_backends
from moto.utilities.utils import get_partition

from .errors import AwsError

_ARN = re.compile(r"arn:([a-z-]+):kms:([a-z0-9-]+):(\d{12}):(key/.+|alias/.+)$")
# What else a state forbids, beside the cryptographic operations that check_enabled guards.
_NEEDS_ENABLED = {"Sign", "Verify", "GenerateMac", "VerifyMac"}
_NOT_PENDING_IMPORT = {"EnableKey", "DisableKey"}
_NOT_PENDING_DELETION = {
    *_NOT_PENDING_IMPORT, "CreateAlias", "UpdateAlias", "CreateGrant", "TagResource", "UntagResource", "UpdateKeyDescription", "ScheduleKeyDeletion",
}
_STATES = {"PendingDeletion": "pending deletion", "PendingImport": "pending import", "Unavailable": "unavailable"}
_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|mrk-[0-9a-f]{32}$")


def find_key(reference: str, account: str, region: str) -> Any:
    """moto's key for a key id, key ARN, alias name or alias ARN; raises NotFoundException as AWS words it."""
    match = _ARN.match(reference)
    name = reference
    if match:
        partition, wanted_region, account, name = match.groups()
        if wanted_region != region or partition != get_partition(region):
            raise AwsError("NotFoundException", f"Invalid arn {wanted_region}")
        name = name.removeprefix("key/")
    backend = kms_backends[account][region]
    if name.startswith("alias/"):
        for key in backend.keys.values():
            if name in key.aliases:
                return key
        raise AwsError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{name} is not found.")
    if not _KEY_ID.match(name):
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    if name not in backend.keys:
        raise AwsError("NotFoundException", f"Key 'arn:aws:kms:{region}:{account}:key/{name}' does not exist")
    return backend.keys[name]


def account_of(reference: str) -> str:
    """The account that an ARN names; empty for any other reference."""
    match = _ARN.match(reference)
    return match.group(3) if match else ""


def check_enabled(key: Any) -> None:
    """Raise AWS's error for a cryptographic operation with a key that is not in the state Enabled."""
    if key.key_state == "Enabled" and key.enabled:
        return
    if key.key_state in ("Disabled", "Enabled"):
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    raise _invalid_state(key)


def check_state(key: Any, operation: str) -> None:
    """Raise AWS's error for an administrative operation that the key's state does not allow."""
    if operation in _NEEDS_ENABLED:
        check_enabled(key)
    if operation == "CancelKeyDeletion" and key.key_state != "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    if key.key_state == "PendingDeletion" and operation in _NOT_PENDING_DELETION:
        raise _invalid_state(key)
    if key.key_state == "PendingImport" and operation in _NOT_PENDING_IMPORT:
        raise _invalid_state(key)


def _invalid_state(key: Any) -> AwsError:
    return AwsError("KMSInvalidStateException", f"{key.arn} is {_STATES.get(key.key_state, key.key_state)}.")


def check_symmetric(key: Any, operation: str) -> None:
    """Raise AWS's error for a key that is not for symmetric encryption, if no other algorithm is requested."""
    if key.key_usage != "ENCRYPT_DECRYPT":
        raise AwsError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}.")
    if key.key_spec != "SYMMETRIC_DEFAULT":
        raise AwsError(
            "InvalidKeyUsageException",
            f"{key.arn} key spec is {key.key_spec} which is not valid for {operation} with algorithm SYMMETRIC_DEFAULT.",
        )
