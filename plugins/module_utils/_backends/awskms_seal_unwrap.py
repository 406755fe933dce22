# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_unwrap: decrypt one value, several values, or one value into a file."""

from __future__ import annotations

import base64
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.destination import check_destination, is_there, set_attributes, write_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import (
    aad_option,
    from_blob,
    from_file,
    named_errors,
    read_file,
    trusted_keys,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.decrypt_cache import MOST_KEPT, DecryptCache
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapped, Unwrapper


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    values = _values(params)
    aad = aad_option(params["aad"], params["aad_base64"])
    if params["dest"]:
        check_destination(params["dest"], module)
    clients = KmsClients(connection_options(params))
    sealed = list(values.values())
    trusted = trusted_keys(params["allowed_key_ids"], clients, sealed)
    data_keys = DecryptCache(MOST_KEPT if params["cache_data_keys"] else 0)
    with named_errors([f"blobs.{name}" for name in params["blobs"] or ()]):
        opened = Unwrapper(clients, aad, trusted, data_keys).unwrap_many(sealed)
    hide(module, [value.plaintext for value in opened])
    result: dict[str, Any] = {"changed": False, "connection": clients.connection()}
    if params["blobs"] is not None:
        return {**result, **_many(dict(zip(values, opened)))}
    result.update(_facts(opened[0]))
    if params["dest"]:
        return {**result, **_write(module, opened[0].plaintext)}
    result["plaintext_base64"] = base64.b64encode(opened[0].plaintext).decode()
    text = _text(opened[0].plaintext)
    return result if text is None else {**result, "plaintext": text}


def _values(params: dict[str, Any]) -> dict[str, SealedValue]:
    """The values to decrypt by name; a single value has an empty name."""
    limit = params["max_size"]
    if params["blobs"] is not None:
        return {str(name): from_blob(f"blobs.{name}", blob, limit) for name, blob in params["blobs"].items()}
    if params["src"] is not None:
        return {"": from_file(params["src"], "The file of option src", limit)}
    return {"": from_blob("Option blob", params["blob"], limit)}


def _many(opened: dict[str, Unwrapped]) -> dict[str, Any]:
    texts = {name: _text(value.plaintext) for name, value in opened.items()}
    return {
        "plaintexts": {name: text for name, text in texts.items() if text is not None},
        "plaintexts_base64": {name: base64.b64encode(value.plaintext).decode() for name, value in opened.items()},
        "facts": {name: _facts(value) for name, value in opened.items()},
    }


def _facts(value: Unwrapped) -> dict[str, Any]:
    return {
        "key_id": value.key_arn,
        "mechanism": value.mechanism,
        "form": value.form,
        "layout": value.layout,
        "slot": value.slot,
    }


def _text(plaintext: bytes) -> str | None:
    try:
        return plaintext.decode()
    except UnicodeDecodeError:
        return None


def _write(module: AnsibleModule, plaintext: bytes) -> dict[str, Any]:
    dest: str = module.params["dest"]
    before = os.path.getsize(dest) if is_there(dest) else None
    if before == len(plaintext) and read_file(dest, "The file of option dest", len(plaintext)) == plaintext:
        return {"changed": set_attributes(module, dest), "dest": dest}
    if not module.check_mode:
        write_file(module, dest, [plaintext])
    result: dict[str, Any] = {"changed": True, "dest": dest}
    if module._diff:
        result["diff"] = {
            "before": "" if before is None else f"{before} bytes, not shown\n",
            "after": f"{len(plaintext)} bytes, not shown\n",
        }
    return result
