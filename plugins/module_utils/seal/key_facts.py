# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a KMS key is, and whether a seal can use it: from what KMS answers to facts and judgement.

Source: ``KeyMetadata`` in the AWS KMS API reference; "Key states of AWS KMS keys" and "AWS managed keys" of the developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

Answer = Mapping[str, Any]

_STATES = {
    "Disabled": "The key is disabled.",
    "PendingImport": "The key waits for its key material to be imported.",
    "Creating": "The key is still being created.",
    "Updating": "The key's primary Region is being changed; it can be used again in a moment.",
    "Unavailable": "The key's custom key store is disconnected.",
}
_REASONS = {"Disabled": "key_disabled", "PendingImport": "key_pending_import"}


def key_facts(metadata: Answer, now: datetime) -> dict[str, Any]:
    """The facts of one key, from DescribeKey's ``KeyMetadata``. Dates are ISO 8601 in UTC."""
    problems = key_problems(metadata, now)
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
    }


def key_problems(metadata: Answer, now: datetime) -> list[dict[str, str]]:
    """Why a seal cannot use the key, each as ``reason`` and ``msg``; empty where it can."""
    problems = []

    def add(reason: str, message: str) -> None:
        problems.append({"reason": reason, "msg": message})

    state = metadata.get("KeyState", "")
    if state in ("PendingDeletion", "PendingReplicaDeletion"):
        until = date_text(metadata.get("DeletionDate"))
        when = f"It will be deleted at {until}" if until else "It will be deleted when its replicas are"
        add("key_pending_deletion", f"The key is pending deletion. {when}; until then the deletion can be cancelled.")
    elif state != "Enabled":
        add(_REASONS.get(state, "key_unusable"), _STATES.get(state, f"The key is in the state {state}."))
    if metadata.get("KeyUsage") != "ENCRYPT_DECRYPT":
        add("key_unusable", f"The key's usage is {metadata.get('KeyUsage')}; a seal needs ENCRYPT_DECRYPT.")
    elif _spec(metadata) != "SYMMETRIC_DEFAULT":
        add("key_unusable", f"The key is asymmetric ({_spec(metadata)}); a seal needs a symmetric key (SYMMETRIC_DEFAULT).")
    if metadata.get("KeyManager") == "AWS":
        add("key_unusable", "The key is managed by AWS; its policy lets it be used through the AWS service that owns it only.")
    valid_to = _utc(metadata.get("ValidTo"))
    if valid_to is not None:
        verb = "expired" if valid_to <= now else "expires"
        message = f"The imported key material {verb} at {date_text(valid_to)}; from then on nothing opens until the same material is imported again."
        add("key_material_expires", message)
    return problems


def rotation_facts(status: Answer, rotations: list[Answer] | None) -> dict[str, Any]:
    """The facts of a key's rotation, from GetKeyRotationStatus and ListKeyRotations (None: not known)."""
    facts = {
        "enabled": status.get("KeyRotationEnabled", False),
        "period_in_days": status.get("RotationPeriodInDays"),
        "next_date": date_text(status.get("NextRotationDate")),
        "on_demand_start_date": date_text(status.get("OnDemandRotationStartDate")),
    }
    if rotations is not None:
        facts["history"] = [
            {"date": date_text(entry.get("RotationDate")), "type": entry.get("RotationType")} for entry in rotations
        ]
    return facts


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
    """A key policy as data; as text where it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def date_text(moment: datetime | None) -> str | None:
    """A date as ``2026-01-31T12:00:00Z``; None where there is none."""
    utc = _utc(moment)
    return f"{utc:%Y-%m-%dT%H:%M:%SZ}" if utc else None


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(timezone.utc) if moment else None


def _spec(metadata: Answer) -> Any:
    return metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec")


def _multi_region(metadata: Answer) -> dict[str, Any] | None:
    found = metadata.get("MultiRegionConfiguration")
    if not found:
        return None
    primary = found.get("PrimaryKey", {})
    return {
        "role": found.get("MultiRegionKeyType"),
        "primary": {"arn": primary.get("Arn"), "region": primary.get("Region")},
        "replicas": [{"arn": key.get("Arn"), "region": key.get("Region")} for key in found.get("ReplicaKeys", [])],
    }
