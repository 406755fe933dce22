# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_info: describe sealed values, and with a check whether they can still be decrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_sources import Failure, Inspected, inspect, region_of, sources
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import UNKNOWN, status
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.concurrent import OutageGuard, at_once
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, parse_key, resolved
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper

# The returned properties of DescribeKey; None if the key was not described.
_OF_A_KEY = ("usable_for_seal", "state", "enabled", "deletion_date", "valid_to", "problems", "warnings")


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError` for invalid options, for an alias that does not exist, and if no value could be read."""
    params = module.params
    aad = aad_option(params["aad"], params["aad_base64"])
    inspected = [inspect(source) for source in sources(params)]
    failures = [seen.failure for seen in inspected if seen.failure]
    if failures and len(failures) == len(inspected):
        raise _as_error(failures[0])
    clients = KmsClients(connection_options(params))
    entries = [_entry(seen) for seen in inspected]
    if params["kms_key_id"]:
        _compare(entries, inspected, params["kms_key_id"], clients)
    keys = _keys(inspected)
    if params["check"] == "key":
        _describe(entries, keys, clients)
    elif params["check"] == "open":
        allowed = params["allowed_key_ids"]
        trusted = None if allowed is None else TrustedKeys(allowed, clients, region_of(inspected))
        _open(entries, inspected, Unwrapper(clients, aad, trusted))
    return {"changed": False, "sealed_values": entries, "kms_keys": list(keys.values()), "connection": clients.connection()}


def _as_error(failure: Failure) -> SealError:
    error = failure.error
    return type(error)(failure.message, reason=error.reason, remedy=error.remedy, details=error.details)


def _entry(seen: Inspected) -> dict[str, Any]:
    facts, file = seen.facts, seen.source.file
    entry: dict[str, Any] = {
        "name": seen.source.name,
        "readable": facts is not None,
        "format": ("base64" if file.form.base64 else "binary") if file and facts else None,
        "form": facts.form if facts else None,
        "size": facts.size if facts else None,
        "generation": facts.generation if facts else None,
        "slots": [slot.as_result() for slot in facts.slots] if facts else [],
        "unknown_fields": list(facts.unknown_fields) if facts else [],
        "key_arns": facts.keys if facts else [],
    }
    return {**entry, **seen.failure.as_result()} if seen.failure else entry


def _compare(entries: list[dict[str, Any]], inspected: list[Inspected], key_id: str, clients: KmsClients) -> None:
    """Compare the key of each value with the specified key."""
    wanted = parse_key(Sourced(key_id, "option kms_key_id"))
    key = resolved(wanted, clients, region_of(inspected))
    name = f"{key_id} ({key})" if wanted.is_alias else key_id
    for entry, seen in zip(entries, inspected):
        verdict = status(seen.facts, key, name) if seen.facts else None
        entry["status"] = verdict.status if verdict else UNKNOWN
        entry["why"] = (verdict.why if verdict else "The value cannot be read.") or None


def _keys(inspected: list[Inspected]) -> dict[str, dict[str, Any]]:
    """The distinct keys, by ARN, and the names of the values that name them."""
    keys: dict[str, dict[str, Any]] = {}
    for seen in inspected:
        for arn in seen.facts.keys if seen.facts else ():
            key = KeyReference.parse(arn)
            facts = {"arn": arn, "key_id": key.key_id, "account": key.account, "region": key.region, "partition": key.partition}
            unasked: dict[str, Any] = {**dict.fromkeys(_OF_A_KEY), "problems": [], "warnings": []}
            keys.setdefault(arn, {**facts, "multi_region": key.is_multi_region, "used_by": [], **unasked})["used_by"].append(seen.source.name)
    return keys


def _describe(entries: list[dict[str, Any]], keys: Mapping[str, dict[str, Any]], clients: KmsClients) -> None:
    """Describe each key once, and set for each value whether one of its keys can decrypt it."""
    survey = KeySurvey(clients, skipped="Not asked for")
    for arn, key in keys.items():
        described = survey.entry(Key(KeyReference.parse(arn), "the sealed value"))
        key.update({name: described.get(name) for name in _OF_A_KEY})
        if described.get("reason", "not_found") != "not_found":
            key["usable_for_seal"] = None  # for example without permission
    survey.check_answered()
    for entry in entries:
        verdicts = [keys[arn]["usable_for_seal"] for arn in entry["key_arns"]]
        entry["openable"] = True if True in verdicts else None if None in verdicts or not verdicts else False


def _open(entries: list[dict[str, Any]], inspected: list[Inspected], unwrapper: Unwrapper) -> None:
    """Decrypt each readable value, and return only whether it succeeded."""
    guard = OutageGuard()

    def opened(seen: Inspected) -> dict[str, Any]:
        try:
            with guard.watch():
                unwrapped = unwrapper.unwrap(seen.source.read())
        except SealError as error:
            return {"opens": False, "opened_by": None, "slot": None, **Failure(seen.source, error).as_result()}
        return {"opens": True, "opened_by": unwrapped.key_arn, "slot": unwrapped.slot}

    readable = [number for number, seen in enumerate(inspected) if seen.facts]
    for number, outcome in zip(readable, at_once(opened, [inspected[number] for number in readable])):
        entries[number].update(outcome)
    if guard.first and not any(entry.get("opens") for entry in entries):
        raise guard.first
