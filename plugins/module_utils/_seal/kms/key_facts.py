# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties of a KMS key, and whether a seal can use it, from the responses of KMS.

Source: ``KeyMetadata`` in the AWS KMS API reference; of the developer guide "Key states of AWS KMS keys" (which states allow Encrypt and
Decrypt), "AWS KMS keys" (those that AWS manages cannot be used directly) and "Importing key material" (what happens on expiry).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..errors import Finding
from ..strict_json import JsonError, read_json

Answer = Mapping[str, Any]

_OTHER_KEY = "Use a symmetric key with key usage ENCRYPT_DECRYPT and key spec SYMMETRIC_DEFAULT. They cannot be changed after a key is created."
_CANCEL = "Cancel the deletion (kms:CancelKeyDeletion), then enable the key (kms:EnableKey)."
_IMPORT = "Import the same key material again (kms:ImportKeyMaterial)."

# A multi-Region key in the state Updating, while its primary Region changes, encrypts and decrypts.
_USABLE_STATES = ("Enabled", "Updating")
_STATES = {
    "Disabled": Finding("key_disabled", "The key is disabled.", "Enable the key (kms:EnableKey), or use another key."),
    "PendingImport": Finding(
        "key_pending_import",
        "The key has no key material: it was not imported yet, was deleted, or has expired.",
        "Import the key material (kms:ImportKeyMaterial); if it was imported before, import the same material again.",
    ),
    "Creating": Finding("key_unusable", "The key is a replica that is still being created.", "Try again in a few seconds."),
    "Unavailable": Finding(
        "key_unusable",
        "The key is in a custom key store that is disconnected.",
        "Connect the custom key store (kms:ConnectCustomKeyStore).",
    ),
}


def key_facts(metadata: Answer, now: datetime) -> dict[str, Any]:
    """The facts of one key, from DescribeKey's ``KeyMetadata``. Dates are ISO 8601 in UTC."""
    problems = [finding.as_result() for finding in key_problems(metadata, now)]
    return {
        "key_id": metadata["KeyId"],
        "arn": metadata["Arn"],
        "account": metadata.get("AWSAccountId"),
        "description": metadata.get("Description", ""),
        "state": metadata.get("KeyState"),
        "enabled": metadata.get("Enabled", False),
        "usage": metadata.get("KeyUsage"),
        "spec": _spec(metadata),
        "encryption_algorithms": list(metadata.get("EncryptionAlgorithms", [])),
        "origin": metadata.get("Origin"),
        "expiration_model": metadata.get("ExpirationModel"),
        "valid_to": date_text(metadata.get("ValidTo")),
        "manager": metadata.get("KeyManager"),
        "custom_key_store_id": metadata.get("CustomKeyStoreId"),
        "multi_region": _multi_region(metadata),
        "creation_date": date_text(metadata.get("CreationDate")),
        "deletion_date": date_text(metadata.get("DeletionDate")),
        "pending_deletion_window_in_days": metadata.get("PendingDeletionWindowInDays"),
        "usable_for_seal": not problems,
        "problems": problems,
        "warnings": [finding.as_result() for finding in key_warnings(metadata, now)],
    }


def key_problems(metadata: Answer, now: datetime) -> list[Finding]:
    """The reasons why a seal cannot use the key; empty if it can."""
    problems = [_state_problem(metadata), _kind_problem(metadata), _manager_problem(metadata), _expiry_problem(metadata, now)]
    return [problem for problem in problems if problem]


def key_warnings(metadata: Answer, now: datetime) -> list[Finding]:
    """What will prevent a seal from using the key at a known time."""
    valid_to = _utc(metadata.get("ValidTo"))
    if valid_to is None or valid_to <= now:
        return []
    return [
        Finding(
            "key_material_expires",
            f"The imported key material expires at {date_text(valid_to)}; after that, values sealed under the key cannot be decrypted.",
            f"Keep the key material available. {_IMPORT}",
        )
    ]


def _state_problem(metadata: Answer) -> Finding | None:
    state = metadata.get("KeyState", "")
    if state in _USABLE_STATES:
        return None
    if state == "PendingDeletion":
        until = date_text(metadata.get("DeletionDate"))
        when = f" It will be deleted at {until}; after that, values sealed under it can never be decrypted again." if until else ""
        return Finding("key_pending_deletion", f"The key is pending deletion.{when}", _CANCEL)
    if state == "PendingReplicaDeletion":
        days = metadata.get("PendingDeletionWindowInDays")
        when = f"{days} days after" if days else "after"
        return Finding(
            "key_pending_deletion", f"The key is pending deletion. It will be deleted {when} the last of its replicas is.", _CANCEL
        )
    return _STATES.get(state) or Finding("key_unusable", f"The key is in the state {state}.", "Change the state of the key to Enabled.")


def _kind_problem(metadata: Answer) -> Finding | None:
    usage, spec = metadata.get("KeyUsage"), _spec(metadata)
    if usage != "ENCRYPT_DECRYPT":
        return Finding("key_unusable", f"The key's usage is {usage} (key spec {spec}); it cannot encrypt.", _OTHER_KEY)
    if spec != "SYMMETRIC_DEFAULT":
        return Finding("key_unusable", f"The key is asymmetric (key spec {spec}).", _OTHER_KEY)
    return None


def _manager_problem(metadata: Answer) -> Finding | None:
    if metadata.get("KeyManager") != "AWS":
        return None
    return Finding(
        "key_unusable",
        "The key is managed by AWS: only the AWS service that owns it can use it, and its policy cannot be changed.",
        "Use a customer managed key.",
    )


def _expiry_problem(metadata: Answer, now: datetime) -> Finding | None:
    valid_to = _utc(metadata.get("ValidTo"))
    if valid_to is None or valid_to > now or metadata.get("KeyState") == "PendingImport":
        return None
    return Finding("key_pending_import", f"The imported key material expired at {date_text(valid_to)}.", _IMPORT)


def rotation_status(status: Answer) -> dict[str, Any]:
    """Whether and when a key rotates, of GetKeyRotationStatus. An old botocore passes on ``enabled`` only."""
    return {
        "enabled": status.get("KeyRotationEnabled", False),
        "period_in_days": status.get("RotationPeriodInDays"),
        "next_date": date_text(status.get("NextRotationDate")),
        "on_demand_start_date": date_text(status.get("OnDemandRotationStartDate")),
    }


def rotation_entry(rotation: Answer) -> dict[str, Any]:
    """One completed rotation, of ListKeyRotations."""
    return {"date": date_text(rotation.get("RotationDate")), "type": rotation.get("RotationType")}


def alias_facts(alias: Answer) -> dict[str, Any]:
    """One alias, of ListAliases."""
    return {
        "name": alias["AliasName"],
        "arn": alias.get("AliasArn"),
        "target_key_id": alias.get("TargetKeyId"),
        "creation_date": date_text(alias.get("CreationDate")),
        "last_updated_date": date_text(alias.get("LastUpdatedDate")),
    }


def grant_facts(grant: Answer) -> dict[str, Any]:
    """One grant, of ListGrants."""
    return {
        "grant_id": grant["GrantId"],
        "name": grant.get("Name", ""),
        "grantee_principal": grant.get("GranteePrincipal"),
        "retiring_principal": grant.get("RetiringPrincipal"),
        "issuing_account": grant.get("IssuingAccount"),
        "operations": list(grant.get("Operations", [])),
        "constraints": dict(grant.get("Constraints") or {}),
        "creation_date": date_text(grant.get("CreationDate")),
    }


def policy_document(text: str) -> Any:
    """A key policy as data; as a string if it is not JSON."""
    try:
        return read_json(text)
    except JsonError:
        return text


def date_text(moment: datetime | None) -> str | None:
    """A date as ``2026-01-31T12:00:00Z``; None if it is not set."""
    utc = _utc(moment)
    return f"{utc:%Y-%m-%dT%H:%M:%SZ}" if utc else None


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(timezone.utc) if moment else None


def _spec(metadata: Answer) -> Any:
    return metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec")


def _multi_region(metadata: Answer) -> dict[str, Any] | None:
    configuration = metadata.get("MultiRegionConfiguration")
    if not configuration:
        return None
    primary = configuration.get("PrimaryKey", {})
    return {
        "role": configuration.get("MultiRegionKeyType"),
        "primary": {"arn": primary.get("Arn"), "region": primary.get("Region")},
        "replicas": [{"arn": key.get("Arn"), "region": key.get("Region")} for key in configuration.get("ReplicaKeys", [])],
    }
