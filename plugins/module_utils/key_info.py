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
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.key_facts import (
    alias_facts,
    grant_facts,
    key_facts,
    policy_document,
    rotation_facts,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import BotoKms

# What concerns the way to KMS, and so every key: the module fails with it.
_OF_THE_WAY = {
    "aws_error",
    "clock_skew",
    "expired_credentials",
    "incomplete_credentials",
    "invalid_credentials",
    "kms_internal",
    "missing_library",
    "no_credentials",
    "no_region",
    "throttled",
    "timed_out",
    "tls_failed",
    "unreachable",
    "wrong_endpoint",
}


def key_info_task(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    asked = [Sourced(key, "option kms_key_id") for key in module.params["kms_key_id"] or ()]
    asked = asked or [key_in_force(None, os.environ)]
    for key in asked:
        parse_key(key)
    clients = KmsClients(connection_options(module.params))
    keys = [_entry(clients, key, module.params["include"]) for key in asked]
    return {"changed": False, "keys": keys, "connection": clients.connection()}


def _entry(clients: KmsClients, key: Sourced, include: list[str]) -> dict[str, Any]:
    """One key's facts, or the reason why there are none."""
    reference = parse_key(key)
    try:
        kms = clients(reference.region, "the key's ARN")
        check_region(kms.region, key)
        metadata = kms.describe_key(str(reference.in_region(kms.region.value)))
    except SealError as error:
        if error.reason in _OF_THE_WAY:
            raise
        return {"asked": key.value, "usable_for_seal": False, "problems": [_problem(error)], **_named(error)}
    facts = {"asked": key.value, **key_facts(metadata, datetime.now(timezone.utc))}
    facts["alias"] = reference.alias or None
    facts.update({name: _included(name, kms, facts["arn"]) for name in include})
    return facts


def _included(name: str, kms: BotoKms, arn: str) -> Any:
    """Further facts; where they are not permitted or not known, the reason in their place."""
    try:
        return _INCLUDES[name](kms, arn)
    except SealError as error:
        return _named(error)


def _aliases(kms: BotoKms, arn: str) -> list[dict[str, Any]]:
    return [alias_facts(alias) for page in kms.facts("list_aliases", arn) for alias in page["Aliases"]]


def _rotation(kms: BotoKms, arn: str) -> dict[str, Any]:
    status = kms.facts("get_key_rotation_status", arn)[0]
    try:
        history = [entry for page in kms.facts("list_key_rotations", arn) for entry in page["Rotations"]]
    except SealError as error:
        return {**rotation_facts(status, None), "history": _named(error)}
    return rotation_facts(status, history)


def _policy(kms: BotoKms, arn: str) -> Any:
    return policy_document(kms.facts("get_key_policy", arn)[0]["Policy"])


def _grants(kms: BotoKms, arn: str) -> list[dict[str, Any]]:
    return [grant_facts(grant) for page in kms.facts("list_grants", arn) for grant in page["Grants"]]


def _tags(kms: BotoKms, arn: str) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for page in kms.facts("list_resource_tags", arn) for tag in page["Tags"]}


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


def _problem(error: SealError) -> dict[str, str]:
    return {"reason": error.reason, "msg": error.message}
