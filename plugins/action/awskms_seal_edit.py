# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a sealed file in an editor, and seals it again where it changed."""

from __future__ import annotations

import base64
import os
import tempfile
from dataclasses import dataclass
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.sealwright.vault_seal.plugins.module_utils.module_edge import (
    AAD_SPEC,
    CONNECTION_SPEC,
    connection_options,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import (
    Sourced,
    check_region,
    key_in_force,
    parse_key,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealed_value import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealer import Unsealer, wrap
from ansible_collections.sealwright.vault_seal.plugins.module_utils.sealed_input import aad_option, from_file, trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.editor import ask, edit, editor_command, terminal
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.private_folder import PrivateFolder
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.variable_tree import SUFFIXES
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.variables_document import parse_variables

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "file": {"type": "path", "required": True},
    "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
    "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "editor": {"type": "str"},
    "directory": {"type": "path"},
    "on_disk": {"type": "bool", "default": False},
    "max_size": {"type": "int", "default": 67108864},
    **AAD_SPEC,
    **CONNECTION_SPEC,
}
_NEW = b"---\n"


@dataclass
class _Before:
    """The file as it was; of one that is not there, all are empty."""

    raw: bytes | None = None
    value: SealedValue | None = None
    plaintext: bytes = b""
    mode: int = 0o600


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True  # there is one file and one terminal
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            return {**result, **self._edit(params)}
        except SealError as error:
            return {**result, "failed": True, **error.as_result()}

    def _edit(self, params: dict[str, Any]) -> dict[str, Any]:
        file = os.path.abspath(params["file"])
        aad = aad_option(params["aad"], params["aad_base64"])
        clients = KmsClients(connection_options(params))
        before = self._opened(file, params, aad, clients)
        sealing = _Sealing(before, params, clients)
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "file": file, "msg": "In check mode no editor is started."}
        plaintext = self._edited(file, before, params)
        result: dict[str, Any] = {"file": file, "created": False, "changed": False}
        if plaintext is None:
            if before.value is not None:
                result["key_id"] = before.value.slots[0].key_id
            return result
        key_arn, content = sealing.seal(plaintext, aad)
        _replace(file, content, before)
        return {**result, "changed": True, "created": before.raw is None, "key_id": key_arn}

    def _opened(self, file: str, params: dict[str, Any], aad: bytes, clients: KmsClients) -> _Before:
        if not os.path.lexists(file):
            if not os.path.isdir(os.path.dirname(file)):
                raise SettingError(f"The folder of {file} is not there.", reason="file_error", remedy="Make it first.")
            return _Before()
        value = from_file(file, "The sealed file", params["max_size"])
        if len(value.slots) > 1:
            raise SettingError(
                f"The file {file} has {len(value.slots)} slots, and would be sealed again with one.", reason="invalid_option",
                remedy="Open it with awskms_seal_unwrap, and seal it anew.",
            )
        trusted = trusted_keys(params["allowed_key_ids"], clients, [value])
        with open(file, "rb") as stream:
            raw = stream.read()
        return _Before(raw, value, Unsealer(clients, aad, trusted).unwrap(value).plaintext, os.stat(file).st_mode & 0o777)

    def _edited(self, file: str, before: _Before, params: dict[str, Any]) -> bytes | None:
        """What the user made of it; None where that is the same."""
        command, screen = editor_command(params["editor"]), terminal()
        is_document = file.endswith(SUFFIXES)
        begun = before.plaintext if before.raw is not None else _NEW if is_document and not file.endswith(".json.sealed") else b""
        with PrivateFolder(params["directory"] or "", params["on_disk"], screen) as folder:
            plain = os.path.join(folder.path, os.path.basename(file).removesuffix(".sealed"))
            _write(plain, begun)
            while True:
                code = edit(command, plain, screen, folder.ends_with_it)
                if code:
                    raise SettingError(
                        f"The editor {command[0]} ended with {code}. The file {file} is as it was.", reason="file_error",
                        remedy="" if screen else "It had no terminal, since Ansible's input is none.",
                    )
                plaintext = _read(plain, file)
                if plaintext == begun:
                    return None
                try:
                    if is_document:
                        parse_variables(self._loader, plaintext, file)
                    return plaintext
                except SealError as error:
                    if not screen or ask(screen, f"\n{error.message} Edit it again? [Y/n] ").lower().startswith("n"):
                        error.message += " It was not sealed; the file is as it was."
                        raise


class _Sealing:
    """Finds the key to seal with before anything is edited, so that what is wrong with it costs nobody's work."""

    def __init__(self, before: _Before, params: dict[str, Any], clients: KmsClients) -> None:
        said = params["kms_key_id"]
        stays = before.value is not None and not said
        key = Sourced(before.value.slots[0].key_id, "the sealed file") if before.value and stays else key_in_force(said, os.environ)
        if not key.value:
            raise SettingError("The sealed file does not name its key.", reason="no_key", remedy="Name the key to seal with by the option kms_key_id.")
        reference = parse_key(key)
        self._kms = clients(reference.region, f"the key ARN of {key.source}")
        check_region(self._kms.region, key)
        self._key_id = str(reference.in_region(self._kms.region.value))
        self._as_bytes = before.raw is not None and before.value is not None and before.raw == before.value.encode()

    def seal(self, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        """The key's ARN, and what to write: in the format that the file had."""
        wrapped = wrap(self._kms, self._key_id, plaintext, aad)
        raw = wrapped.value.encode()
        return wrapped.key_arn, raw if self._as_bytes else base64.b64encode(raw) + b"\n"


def _replace(file: str, content: bytes, before: _Before) -> None:
    """Replace the file whole or not at all, unless somebody else changed it meanwhile."""
    try:
        now: bytes | None = None
        if os.path.lexists(file):
            with open(file, "rb") as stream:
                now = stream.read()
        if now != before.raw:
            raise SettingError(f"The file {file} was changed by somebody else meanwhile, and is left as it is.", reason="file_error")
        target = os.path.realpath(file)
        handle, part = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                os.fchmod(stream.fileno(), before.mode)
                os.fsync(stream.fileno())
            os.replace(part, target)
        except OSError:
            os.unlink(part)
            raise
    except OSError as error:
        raise SettingError(f"The file {file} cannot be written: {error.strerror}. It is as it was.", reason="file_error") from None


def _write(path: str, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def _read(path: str, file: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        raise SettingError(f"The editor left no file. The file {file} is as it was.", reason="file_error") from None
