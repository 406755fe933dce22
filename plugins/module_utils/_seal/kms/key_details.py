# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Details of a KMS key beyond DescribeKey: aliases, rotation, policy, grants and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import SealError
from .api import Kms
from .client import BotoKms
from .key_facts import alias_facts, grant_facts, policy_document, rotation_entry, rotation_status


def key_detail(name: str, kms: BotoKms, arn: str) -> Any:
    """Further facts of a key; if they are not permitted or not known, the reason."""
    try:
        return _INCLUDES[name](kms, arn)
    except SealError as error:
        return error.finding().as_result()


def listed(kms: Kms, arn: str, operation: str, name: str) -> list[dict[str, Any]]:
    """All entries of a read-only operation about a key, whose pages hold them by ``name``; raises :class:`KmsError`."""
    return [item for page in kms.facts(operation, arn) for item in page.get(name, [])]


def _aliases(kms: BotoKms, arn: str) -> list[dict[str, Any]]:
    return [alias_facts(alias) for alias in listed(kms, arn, "list_aliases", "Aliases")]


def _rotation(kms: BotoKms, arn: str) -> dict[str, Any]:
    # Two permissions: if one is missing, the facts of the other are still returned.
    try:
        status = rotation_status(kms.facts("get_key_rotation_status", arn)[0])
    except SealError as error:
        status = error.finding().as_result()
    try:
        history: Any = [rotation_entry(rotation) for rotation in listed(kms, arn, "list_key_rotations", "Rotations")]
    except SealError as error:
        history = error.finding().as_result()
    return {**status, "history": history}


def _policy(kms: BotoKms, arn: str) -> Any:
    return policy_document(kms.facts("get_key_policy", arn)[0]["Policy"])


def _grants(kms: BotoKms, arn: str) -> list[dict[str, Any]]:
    return [grant_facts(grant) for grant in listed(kms, arn, "list_grants", "Grants")]


def _tags(kms: BotoKms, arn: str) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in listed(kms, arn, "list_resource_tags", "Tags")}


_INCLUDES: dict[str, Callable[[BotoKms, str], Any]] = {
    "aliases": _aliases,
    "rotation": _rotation,
    "policy": _policy,
    "grants": _grants,
    "tags": _tags,
}
INCLUDES = sorted(_INCLUDES)
