# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_wrap: seal one value, several values, or one value into a file."""

from __future__ import annotations

import base64
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.destination import check_destination, is_there, set_attributes, write_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option, decoded, from_file, named_errors, read_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, KmsError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import ENVELOPE
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue, checked_limit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import BotoKms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import key_in_force, open_for_key, resolved
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import Wrapped, wrap, wrap_batch, wrap_many

_LARGEST_RETURNED = 1 << 20  # larger blobs of files are not returned to the controller
_OVERHEAD = 16 * 1024  # room for nonce, tag, key ARN and wrapped key around a value


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    limit = checked_limit(params["max_size"])
    aad = aad_option(params["aad"], params["aad_base64"])
    plaintexts = _plaintexts(params, limit)
    hide(module, plaintexts)
    if params["dest"]:
        check_destination(params["dest"], module)
    key = key_in_force(params["kms_key_id"], os.environ)
    kms, key_id = open_for_key(KmsClients(connection_options(params)), key)
    result = {"changed": False, "mechanism": ENVELOPE, "connection": {"kms_key_id": key.as_result(), **kms.connection()}}
    if params["dest"]:
        return {**result, **_Destination(module, kms, key_id, aad, limit).seal(plaintexts[""])}
    if module.check_mode:
        return result
    with named_errors([]):  # errors here are about the key, not about one value
        seal = wrap_batch if params["data_key"] == "per_batch" else wrap_many
        sealed = seal(kms, key_id, list(plaintexts.values()), aad)
    if sealed:
        result["key_id"] = sealed[0].key_arn
    if params["values"] is None:
        return {**result, "blob": _text(sealed[0])}
    return {**result, "blobs": {name: _text(wrapped) for name, wrapped in zip(plaintexts, sealed)}}


class _Destination:
    """A sealed file on the host for one value."""

    def __init__(self, module: AnsibleModule, kms: BotoKms, key_id: str, aad: bytes, limit: int) -> None:
        self._module = module
        self._kms = kms
        self._key_id = key_id
        self._aad = aad
        self._limit = limit
        self._dest: str = module.params["dest"]
        self._format: str = module.params["format"]
        self._force: bool = module.params["force"]

    def seal(self, plaintext: bytes) -> dict[str, Any]:
        """Write the sealed ``plaintext`` unless the file already contains it; returns the keys of the result."""
        old = self._read()
        kept = old if old is not None and self._holds(old, plaintext) else None
        if kept is not None and self._format_of(kept) == self._format:
            changed = set_attributes(self._module, self._dest)
            return {"changed": changed, "dest": self._dest, **_returned(Wrapped(kept, kept.slots[0].key_id))}
        before = _described(old, self._format_of(old)) if old is not None else ""
        after = f"to be sealed under {self._key_id}, as {self._format}\n"
        result: dict[str, Any] = {"changed": True, "dest": self._dest}
        if kept is not None or not self._module.check_mode:
            # An unchanged value in the other format is converted without sealing it again.
            new = Wrapped(kept, kept.slots[0].key_id) if kept is not None else wrap(self._kms, self._key_id, plaintext, self._aad)
            after = ("" if kept is not None else "newly ") + _described(new.value, self._format)
            result.update(_returned(new))
            if not self._module.check_mode:
                self._write(new)
        if self._module._diff:
            result["diff"] = {"before": before, "after": after}
        return result

    def _read(self) -> SealedValue | None:
        if not is_there(self._dest):
            return None
        try:
            return from_file(self._dest, "The file of option dest", self._limit)
        except SealError as error:
            if self._force:
                return None
            if isinstance(error, SettingError):
                raise
            raise SettingError(
                f"dest exists and is not a sealed value; it was not replaced. {error.message}",
                reason="file_error",
                remedy="Use another dest, or set force to replace it.",
            ) from None

    def _format_of(self, old: SealedValue) -> str:
        return "binary" if os.path.getsize(self._dest) == _size(old) else "base64"

    def _holds(self, old: SealedValue, plaintext: bytes) -> bool:
        """Whether the old file contains ``plaintext``, sealed under the current key, and force is not set."""
        if self._force:
            return False
        sealed_under = KeyReference.parse_key_arn(old.slots[0].key_id)
        wanted = resolved(KeyReference.parse(self._key_id), lambda _region: self._kms)
        if len(old.slots) > 1 or sealed_under is None or not wanted.matches(sealed_under):
            return False
        try:
            return Unwrapper(lambda _region: self._kms, self._aad).unwrap(old).plaintext == plaintext
        except BlobError:
            return False  # modified, or sealed with other additional data
        except KmsError as error:
            if error.reason == "not_authentic":
                return False
            error.message = f"The file {self._dest} cannot be decrypted to compare it. {error.message}"
            error.remedy += " Or set force to replace it without comparing."
            raise

    def _write(self, new: Wrapped) -> None:
        pieces = new.value.pieces()
        if self._format == "base64":
            text = base64.b64encode(b"".join(pieces))
            write_file(self._module, self._dest, [text, b"\n"])
        else:
            write_file(self._module, self._dest, pieces)


def _returned(wrapped: Wrapped) -> dict[str, Any]:
    """The result for a sealed value in a file."""
    blob = {"blob": _text(wrapped)} if _size(wrapped.value) <= _LARGEST_RETURNED else {}
    return {"key_id": wrapped.key_arn, **blob}


def _plaintexts(params: dict[str, Any], limit: int) -> dict[str, bytes]:
    """The values to seal by name; a single value has an empty name."""
    if params["values"] is not None:
        return {str(name): _checked_size(_value(name, value), f"values.{name}", limit) for name, value in params["values"].items()}
    if params["src"] is not None:
        return {"": read_file(params["src"], "The file of option src", limit - _OVERHEAD)}
    if params["plaintext"] is not None:
        return {"": _checked_size(to_bytes(params["plaintext"]), "plaintext", limit)}
    return {"": _checked_size(decoded("plaintext_base64", params["plaintext_base64"]), "plaintext_base64", limit)}


def _value(name: Any, value: Any) -> bytes:
    if not isinstance(value, str):
        raise SettingError(
            f"values.{name} must be a string, not {type(value).__name__}.",
            reason="invalid_option",
            remedy="Quote numbers and booleans; encode structures, for example with the filter to_json.",
        )
    encoded: bytes = to_bytes(value)
    return encoded


def _checked_size(plaintext: bytes, name: str, limit: int) -> bytes:
    if len(plaintext) > limit - _OVERHEAD:
        raise SettingError(
            f"{name} has {len(plaintext)} bytes; the sealed value would exceed max_size ({limit} bytes).",
            reason="invalid_option",
            remedy="Increase max_size, also for the tasks that read the value.",
        )
    return plaintext


def _text(wrapped: Wrapped) -> str:
    return base64.b64encode(wrapped.value.encode()).decode()


def _size(value: SealedValue) -> int:
    return sum(map(len, value.pieces()))


def _described(value: SealedValue, written_as: str) -> str:
    return f"sealed under {value.slots[0].key_id}, {_size(value)} bytes, as {written_as}\n"
