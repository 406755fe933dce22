# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module awskms_key_info does: describe each key that is asked for, and answer for each, whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils.module_edge import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import (
    Sourced,
    check_region,
    key_in_force,
    parse_key,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import OF_THE_WAY, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.key_facts import (
    alias_facts,
    grant_facts,
    key_facts,
    policy_document,
    rotation_entry,
    rotation_status,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import BotoKms, Kms


def key_info_task(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError` for a malformed reference, and where no key at all could be asked for."""
    given = module.params["kms_key_id"]
    asked = [key_in_force(None, os.environ)] if given is None else [Sourced(key, "option kms_key_id") for key in given]
    for key in asked:
        parse_key(key)
    clients = KmsClients(connection_options(module.params))
    describer = KeyDescriber(clients, module.params["include"])
    entries = [describer.entry(key) for key in asked]
    if describer.first_failure and not describer.answered:
        raise describer.first_failure
    return {"changed": False, "kms_keys": entries, "connection": clients.connection()}


class KeyDescriber:
    """Describes key after key. A region whose KMS cannot be asked is not asked again: each attempt may take the whole timeout."""

    def __init__(self, clients: KmsClients, include: list[str]) -> None:
        self._clients = clients
        self._include = include
        self._closed: dict[str, SealError] = {}
        self.first_failure: SealError | None = None
        self.answered = False

    def entry(self, key: Sourced) -> dict[str, Any]:
        """One key's facts, or the reason why there are none."""
        reference = parse_key(key)
        if reference.region in self._closed:
            return _refused(key, self._closed[reference.region])
        try:
            kms = self._clients(reference.region, "the key's ARN")
        except SealError as error:
            return self._way_failed(key, reference.region, error)
        try:
            check_region(kms.region, key)
        except SealError as error:
            return _refused(key, error)
        kms.key_in_environment = key if key.source.startswith("environment") else None
        region = kms.region.value
        if region in self._closed:
            return _refused(key, self._closed[region])
        try:
            metadata = kms.describe_key(str(reference.in_region(region)))
        except SealError as error:
            if error.reason in OF_THE_WAY:
                return self._way_failed(key, region, error)
            self.answered = True
            return _refused(key, error)
        self.answered = True
        facts = {"asked": key.value, **key_facts(metadata, datetime.now(timezone.utc))}
        facts["alias"] = reference.alias or None
        if reference.region not in ("", region):
            facts["warnings"].append(_replica_described(reference.region, kms.region))
        facts.update({name: _included(name, kms, facts["arn"]) for name in self._include})
        return facts

    def _way_failed(self, key: Sourced, region: str, error: SealError) -> dict[str, Any]:
        self.first_failure = self.first_failure or error
        self._closed[region] = SealError(
            f"Not asked for, after this failure: {error.message}", reason=error.reason, remedy=error.remedy
        )
        return _refused(key, error)


def _refused(key: Sourced, error: SealError) -> dict[str, Any]:
    named = _named(error)
    return {"asked": key.value, "usable_for_seal": False, "problems": [named], "warnings": [], **named}


def _replica_described(asked: str, region: Sourced) -> dict[str, str]:
    return {
        "reason": "region_mismatch",
        "msg": f"The ARN names region {asked}, but region {region.value} is in force (from {region.source}): "
        "what is described is the related key there.",
        "remedy": f"Leave the region out, or set it to {asked}.",
    }


def _included(name: str, kms: BotoKms, arn: str) -> Any:
    """Further facts; where they are not permitted or not known, the reason in their place."""
    try:
        return _INCLUDES[name](kms, arn)
    except SealError as error:
        return _named(error)


def listed(kms: Kms, arn: str, operation: str, name: str) -> list[dict[str, Any]]:
    """All entries of a read-only operation about a key, whose pages hold them by ``name``; raises :class:`KmsError`."""
    return [item for page in kms.facts(operation, arn) for item in page.get(name, [])]


def _aliases(kms: BotoKms, arn: str) -> list[dict[str, Any]]:
    return [alias_facts(alias) for alias in listed(kms, arn, "list_aliases", "Aliases")]


def _rotation(kms: BotoKms, arn: str) -> dict[str, Any]:
    # Two permissions: the one that is missing must not hide what the other tells.
    try:
        status = rotation_status(kms.facts("get_key_rotation_status", arn)[0])
    except SealError as error:
        status = _named(error)
    try:
        history: Any = [rotation_entry(rotation) for rotation in listed(kms, arn, "list_key_rotations", "Rotations")]
    except SealError as error:
        history = _named(error)
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


def _named(error: SealError) -> dict[str, str]:
    return {"reason": error.reason, "msg": error.message, "remedy": error.remedy}
