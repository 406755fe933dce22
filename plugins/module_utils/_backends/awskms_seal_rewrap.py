# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_rewrap: plan which slots of which values are moved, and move them."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.sealed_files import remove_left_overs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_sources import Failure, Inspected, inspect, region_of, sources
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import slots_to_move
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.concurrent import OutageGuard, at_once
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, key_in_force, open_for_key, resolved
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.rewrap import Destination, Move, Rewrapper

_MOST_SHOWN = 3  # failures in the message; the result contains all of them


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`, with the whole result in its details if only some of the values were moved."""
    params = module.params
    aad = aad_option(params["aad"], params["aad_base64"])
    key = key_in_force(params["kms_key_id"], os.environ)
    given = sources(params)
    if not module.check_mode:
        for folder in dict.fromkeys(source.file.folder for source in given if source.file):
            remove_left_overs(folder)
    inspected = [inspect(source) for source in given]
    clients = KmsClients(connection_options(params))
    destination = _destination(key, clients, region_of(inspected))
    allowed = params["allowed_key_ids"]
    trusted = None if allowed is None else TrustedKeys(allowed, clients, region_of(inspected))
    entries = [_Entry(seen, destination.key, params) for seen in inspected]
    if not module.check_mode:
        rewrapper = Rewrapper(destination, clients, params["method"], params["verify"], aad, trusted)
        _move(entries, rewrapper)
    connection = {"kms_key_id": key.as_result(), **clients.connection()}
    result = _result(module, entries, destination.key, connection)
    failures = [entry.failure for entry in entries if entry.failure]
    if failures:
        raise _failed(failures, len(entries), result, module.check_mode)
    return result


def _destination(key: Key, clients: KmsClients, region: str) -> Destination:
    kms, key_id = open_for_key(clients, key, region)
    return Destination(kms, resolved(KeyReference.parse(key_id), lambda _region: kms).in_region(kms.region.value))


class _Entry:
    """One value: the slots to move, and the result."""

    def __init__(self, seen: Inspected, key: KeyReference, params: dict[str, Any]) -> None:
        self.source = seen.source
        self.facts = seen.facts
        self.failure = seen.failure
        self.slots: list[int] = []
        self.moves: list[Move] = []
        self.done = False
        self.blob: str | None = None
        if seen.facts is None:
            return
        try:
            self.slots = slots_to_move(seen.facts, key, params["slots"] == "all", params["force"])
            if self.slots and self.source.file:
                self.source.file.check_writable()
        except SealError as error:
            self.failure = Failure(self.source, error)

    @property
    def waits(self) -> bool:
        """Whether slots of it must still be moved."""
        return bool(self.slots) and self.failure is None and not self.done

    def move(self, rewrapper: Rewrapper) -> None:
        """Move it; a file is replaced once the new value is verified."""
        value, self.moves = rewrapper.rewrap(self.source.read(), self.slots)
        if self.source.file:
            self.source.file.replace(value)
        else:
            self.blob = _text(value)
        self.done = True

    def keys_before(self) -> list[str]:
        """The ARNs of the keys that it was sealed under, as the value names them or else as KMS returned them."""
        return list(dict.fromkeys([*(self.facts.keys if self.facts else ()), *(move.from_key for move in self.moves)]))

    def keys_after(self, key: KeyReference) -> list[str]:
        """The ARNs of the keys that it is sealed under, or would be sealed under in check mode."""
        if self.facts is None or self.failure:
            return self.keys_before()
        moved = {move.slot: move.to_key for move in self.moves} or dict.fromkeys(self.slots, str(key))
        named = {slot.index: str(slot.key) for slot in self.facts.own if slot.key}
        return list(dict.fromkeys({**named, **moved}.values()))

    def as_result(self, key: KeyReference) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": self.source.name,
            "changed": bool(self.slots) and self.failure is None,
            "slots": [] if self.failure else self.slots,
            "from_key_arns": self.keys_before(),
            "to_key_arns": self.keys_after(key),
        }
        return {**entry, **self.failure.as_result()} if self.failure else entry


def _move(entries: Sequence[_Entry], rewrapper: Rewrapper) -> None:
    """Move values concurrently. Failures are independent of each other; if KMS is unavailable, the remaining values are skipped."""
    guard = OutageGuard("Not moved")

    def move(entry: _Entry) -> None:
        try:
            with guard.watch():
                entry.move(rewrapper)
        except SealError as error:
            entry.failure = Failure(entry.source, error)

    at_once(move, [entry for entry in entries if entry.waits])


def _result(module: AnsibleModule, entries: Sequence[_Entry], key: KeyReference, connection: dict[str, Any]) -> dict[str, Any]:
    moved = [entry for entry in entries if entry.slots and entry.failure is None]
    before = _distinct(entry.keys_before() for entry in entries)
    after = _distinct(entry.keys_after(key) for entry in entries)
    result: dict[str, Any] = {
        "changed": bool(moved),
        "key_id": next((entry.moves[0].to_key for entry in moved if entry.moves), str(key)),
        "sealed_values": [entry.as_result(key) for entry in entries],
        "key_arns_in_use": after,
        "key_arns_no_longer_used": [arn for arn in before if not _is_among(arn, after)],
        "connection": connection,
    }
    if module.params["blob"] is not None:
        result["blob"] = entries[0].blob or module.params["blob"]
    if module.params["blobs"] is not None:
        result["blobs"] = {entry.source.name: entry.blob or blob for entry, blob in zip(entries, module.params["blobs"].values())}
    if module._diff:
        result["diff"] = [_diff(entry, key) for entry in moved]
    return result


def _diff(entry: _Entry, key: KeyReference) -> dict[str, str]:
    def sealed(arns: list[str]) -> str:
        return f"sealed under {', '.join(arns) or 'a key that the value does not name'}\n"

    name = entry.source.name
    headers = {"before_header": name, "after_header": name}
    return {**headers, "before": sealed(entry.keys_before()), "after": sealed(entry.keys_after(key))}


def _failed(failures: Sequence[Failure], total: int, result: dict[str, Any], check_mode: bool) -> SealError:
    """The error of a task in which some values failed; ``changed`` is true if others were moved."""
    first = failures[0].error
    if total == 1:
        return SealError(failures[0].message, reason=first.reason, remedy=first.remedy, details=result)
    messages = " ".join(f"{failure.message} {failure.error.remedy}".rstrip() for failure in failures[:_MOST_SHOWN])
    more = f" {len(failures) - _MOST_SHOWN} more failures are in sealed_values." if len(failures) > _MOST_SHOWN else ""
    done = "Nothing is moved in check mode." if check_mode else "The other values were moved."
    return SealError(
        f"{len(failures)} of {total} values {'cannot' if check_mode else 'could not'} be moved. {messages}{more}",
        reason=first.reason,
        remedy=f"{done} Fix the causes and run the task again; it continues with the remaining values.",
        details=result,
    )


def _distinct(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(arn for arns in lists for arn in arns))


def _is_among(arn: str, others: Iterable[str]) -> bool:
    """Whether a key is one of these; the replicas of a multi-Region key count as one."""
    key = KeyReference.parse(arn)
    known = (KeyReference.parse_key_arn(other) for other in others)
    return any(key.matches(other) for other in known if other)


def _text(value: SealedValue) -> str:
    return base64.b64encode(value.encode()).decode()
