# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decrypts a sealed file into an editor, and seals it again if it changed.

Everything that can fail is tried before the editor opens: the key wraps the new data key, and the file's folder accepts a file. Later failures do
not cost the edited text.
"""

from __future__ import annotations

import os
import sys
import termios
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option, about, trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, no_key, open_for_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import WrappedDataKey
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._edit.private_folder import PrivateFolder
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._edit.sealed_file import EditedFile
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._edit.terminal import ask, edit, editor_command, terminal
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import on_controller
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import (
    SEALING_SPEC,
    ControllerOptions,
    controller_options,
    refuse_variables,
)
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.discovery import SUFFIXES
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.document import parse_variables

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "file": {"type": "path", "required": True},
    "editor": {"type": "str"},
    "directory": {"type": "path"},
    "on_disk": {"type": "bool", "default": False},
    "max_size": {"type": "int", "default": 67108864},
    **AAD_SPEC,
    **{name: spec for name, spec in SEALING_SPEC.items() if name != "cache_data_keys"},
}
_NEW = b"---\n"


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True  # one file and one terminal
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            refuse_variables(task_vars, params)
            return {**result, **self._edit(params)}
        except SealError as error:
            return {**result, "failed": True, **on_controller(error).as_result()}

    def _edit(self, params: dict[str, Any]) -> dict[str, Any]:
        aad = aad_option(params["aad"], params["aad_base64"])
        options = controller_options(params)
        clients = KmsClients(options.connection)
        file = EditedFile(os.path.abspath(params["file"]), params["max_size"])
        file.read()
        opened: bytes | None = None
        if file.value is not None:
            trusted = trusted_keys(options.allowed_key_ids, clients, [file.value], options.source("allowed_key_ids"))
            opened = Unwrapper(clients, aad, trusted).unwrap(file.value).plaintext
        data_key = _data_key(file.value, options, clients)
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "file": file.path, "msg": "In check mode no editor is started."}
        changed = self._edited(file, opened, data_key, aad, params)
        result: dict[str, Any] = {"file": file.path, "created": changed and file.value is None, "changed": changed}
        if changed:
            result["key_id"] = data_key.key_arn
        elif file.value is not None:
            result["key_id"] = file.value.slots[0].key_id
        return result

    def _edited(self, file: EditedFile, opened: bytes | None, data_key: WrappedDataKey, aad: bytes, params: dict[str, Any]) -> bool:
        """Whether the user changed the text, which is then in the file."""
        command, screen = editor_command(params["editor"]), terminal()
        is_document = file.path.endswith(SUFFIXES)
        begun = opened if opened is not None else _NEW if is_document and not file.path.endswith(".json.sealed") else b""
        with PrivateFolder(params["directory"] or "", params["on_disk"], screen) as folder:
            plain = folder.write(os.path.basename(file.path).removesuffix(".sealed"), begun)
            while True:
                code, why = _run_editor(command, plain, screen, folder)
                text = _read(plain, file.path)
                if text == begun and not code:
                    return False
                try:
                    if code:
                        raise SettingError(
                            f"The editor {command[0]} {why}. The file {file.path} was not changed.", reason="file_error",
                            remedy="" if screen else "It had no terminal, because the standard input of Ansible is not a terminal.",
                        )
                    if is_document:
                        _check_document(self._loader, text, file.path)
                    file.write(data_key.seal(text, aad).value)
                    return True
                except Exception as raised:  # no error may cost the text
                    error = raised if isinstance(raised, SealError) else SealError(f"Sealing failed: {type(raised).__name__}.", reason="file_error")
                    if text == begun:
                        raise error from None
                    if code or not _again(screen, error):
                        raise _kept(error, folder, plain, data_key.seal(text, aad).value) from None


def _run_editor(command: list[str], plain: str, screen: str, folder: PrivateFolder) -> tuple[int, str]:
    """The editor's exit code, and a description of how it ended. An editor that cannot be run, or whose terminal is gone, has failed."""
    try:
        code = edit(command, plain, screen, folder.ends_with_it)
    except (OSError, termios.error) as error:
        return 1, f"failed: {error.strerror if isinstance(error, OSError) else error.args[-1]}"
    return code, f"exited with code {code}"


def _data_key(value: SealedValue | None, options: ControllerOptions, clients: KmsClients) -> WrappedDataKey:
    """The data key, wrapped by KMS under the key of the call, else the file's key, else that of environment and ansible.cfg."""
    source = options.source("kms_key_id")
    is_default = "kms_key_id" in options.sources
    if value is not None and (not options.kms_key_id or is_default):
        key = Sourced(value.slots[0].key_id, "the sealed file")
    elif options.kms_key_id:
        key = Sourced(options.kms_key_id, source)
    else:
        raise no_key()
    if not key.value:
        raise SettingError("The sealed file does not name its key.", reason="no_key", remedy="Set the option kms_key_id to the key to seal with.")
    kms, key_id = open_for_key(clients, Key.parse(key))
    with about(f"Sealing under the key {key}"):
        made = WrappedDataKey.new(kms, key_id)
    made.seal(b"")  # fails where the cryptography library is missing
    return made


def _check_document(loader: Any, text: bytes, file: str) -> None:
    try:
        parse_variables(loader, text, file)
    except SealError as error:
        error.message += " It was not sealed; the file was not changed."
        raise


def _again(screen: str, error: SealError) -> bool:
    if not screen:
        return False
    try:
        return not ask(screen, f"\n{error.message} Edit it again? [Y/n] ").lower().startswith("n")
    except OSError:  # the terminal is gone
        return False


def _kept(error: SealError, folder: PrivateFolder, plain: str, sealed: SealedValue) -> SealError:
    """The error with the path of the edited text: in plaintext in a folder in memory, sealed in one on a disk."""
    path = folder.keep(plain, sealed)
    where = "in memory" if folder.in_memory else "on a disk"
    what = f"{where}, readable only by your user" if path == plain else "sealed; edit that file to read it"
    message = f"{error.message} The edited text is kept in {path} ({what})."
    remedy = f"{error.remedy} Remove {folder.path} once you have saved the text elsewhere.".lstrip()
    return type(error)(message, reason=error.reason, remedy=remedy, details={**error.details, "kept": path})


def _read(path: str, file: str) -> bytes:
    try:
        return read_regular(path, sys.maxsize)
    except OSError:
        raise SettingError(f"The editor removed its file. The file {file} was not changed.", reason="file_error") from None
