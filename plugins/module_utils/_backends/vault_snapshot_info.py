# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_snapshot_info: read and assess a snapshot and, if requested, return its recovery key encrypted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.destination import check_destination, write_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.public_key import Recipient
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_stream
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import SnapshotError, checked_state_limit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.assessment import assess
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.contents import recovery_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.model import SealedEntry, Snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import read_snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.verdict import SnapshotProblem
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError` for a file that is damaged or not a snapshot, and if KMS is unavailable."""
    params = module.params
    recipient = _recipient(module)
    snapshot, size = _read(params["src"], checked_state_limit(params["max_size"]))
    clients = KmsClients(connection_options(params))
    trusted = trusted_keys(params["allowed_key_ids"], clients, [entry.value for entry in snapshot.listed if entry.value])
    unwrapper = Unwrapper(clients, trusted=trusted)
    survey = KeySurvey(clients, region_source="the sealed value's key ARN") if params["check"] != "none" else None
    verdict = assess(snapshot, survey, unwrapper if params["check"] == "open" else None, trusted)
    result = {
        "changed": False,
        "src": params["src"],
        "size": size,
        **_facts(snapshot),
        "kms_keys": verdict.kms_keys(),
        "restorable": verdict.restorable,
        "summary": verdict.summary,
        "problems": [problem.as_result() for problem in verdict.problems],
        "notes": [note.as_result() for note in verdict.notes],
    }
    if recipient:
        result.update(_handed_out(module, recipient, recovery_key(snapshot, unwrapper)))
    return {**result, "connection": clients.connection()}


def _recipient(module: AnsibleModule) -> Recipient | None:
    """The recipient of the recovery key, checked before the snapshot is read."""
    params = module.params
    dest = params["recovery_key_dest"]
    if params["recovery_key_recipient"] is None:
        if dest is not None:
            raise SettingError(
                "missing parameter(s) required by 'recovery_key_dest': recovery_key_recipient.",
                reason="invalid_option",
                remedy="Set the public key to encrypt the recovery key to: it is never written in plaintext.",
            )
        return None
    recipient = Recipient(params["recovery_key_recipient"])
    if dest is not None:
        check_destination(dest, module)
    return recipient


def _read(path: str, limit: int) -> tuple[Snapshot, int]:
    try:
        with open_stream(path) as stream, _about(path):
            size = os.fstat(stream.fileno()).st_size
            return read_snapshot(stream, size, limit), size
    except OSError as error:
        raise file_error(f"The file {path} of option src cannot be read: {error.strerror}.") from None


@contextmanager
def _about(path: str) -> Iterator[None]:
    """Add the file name and ``restorable`` to an error, for plays that continue after the failure."""
    try:
        yield
    except SnapshotError as error:
        problem = SnapshotProblem(*error.finding()).as_result()
        error.message = f"The file {path}: {error.message}"
        error.details.update(restorable=False, problems=[problem])
        raise


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "index": snapshot.meta.index,
        "term": snapshot.meta.term,
        "version": snapshot.meta.version,
        "configuration_index": snapshot.meta.configuration_index,
        "peers": list(snapshot.meta.peers),
        "checksums": snapshot.digests,
        "state_size": snapshot.state_size,
        "entries": snapshot.entries,
        "seal_config": snapshot.seal.as_result() if snapshot.seal else None,
        "recovery_config": snapshot.recovery.as_result() if snapshot.recovery else None,
        "seal_generation": snapshot.generation,
        "sealed_namespaces": snapshot.sealed_namespaces,
        "sealed_entries": [_entry(entry) for entry in snapshot.listed],
        "sealed_count": snapshot.sealed,
    }


def _entry(entry: SealedEntry) -> dict[str, Any]:
    return {
        "path": entry.path,
        "namespace": entry.namespace or None,
        "form": entry.form,
        "size": entry.size,
        "generation": entry.generation,
        "key_arns": entry.keys,
        "slots": [
            {"seal": slot.seal, "key_id": slot.key_id or None, "mechanism": slot.mechanism, "layout": slot.layout} for slot in entry.slots
        ],
    }


def _handed_out(module: AnsibleModule, recipient: Recipient, key: bytes) -> dict[str, Any]:
    """The encrypted recovery key, in a file or in the result. Each encryption differs, so a file is always written."""
    encrypted = recipient.encrypt(key)
    dest = module.params["recovery_key_dest"]
    if dest is None:
        return {"recovery_key": encrypted.text, "recovery_key_format": encrypted.format}
    result: dict[str, Any] = {"changed": True, "recovery_key_dest": dest, "recovery_key_format": encrypted.format}
    if not module.check_mode:
        write_file(module, dest, [encrypted.text.encode()])
    if module._diff:
        result["diff"] = {"before": "", "after": f"encrypted recovery key of {module.params['src']}, not shown\n"}
    return result
