# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the host that hold a value: read within limits, written atomically, private by default."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.protowire import Buffer

PRIVATE = "0600"


def read_file(path: str, name: str, limit: int) -> bytes:
    """The content of the file that option ``name`` gives; raises :class:`SettingError` (``file_error``)."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise _failed(f"Option {name} names {path}, which cannot be read: {error.strerror}.") from None
    if len(content) > limit:
        raise _failed(f"Option {name} names {path}, which has more than the limit of {limit} bytes.")
    return content


def check_destination(dest: str) -> None:
    """Refuse, before any call, a destination that cannot be written; raises :class:`SettingError` (``file_error``)."""
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise _failed(f"The folder {folder} of dest does not exist.", "Create it first; this module creates none.")
    if os.path.isdir(dest):
        raise _failed(f"dest is the folder {dest}.", "Name a file in it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _failed(f"The folder {folder} of dest may not be written.", "Run the task as its owner (become).")


def write_file(module: AnsibleModule, dest: str, pieces: Sequence[Buffer]) -> None:
    """Replace ``dest`` whole or not at all; raises :class:`SettingError` (``file_error``).

    The new content is complete on disk, with mode 0600, in the same folder before it takes the name.
    """
    folder = os.path.dirname(os.path.abspath(dest))
    part = ""
    try:
        handle, part = tempfile.mkstemp(prefix=f".{os.path.basename(dest)}.", dir=folder)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        set_attributes(module, dest)  # atomic_move gives the old file's mode to the new one: not a loose one
        module.atomic_move(part, dest)
    except OSError as error:
        raise _failed(f"{dest} cannot be written: {error.strerror}.", "Nothing was changed.") from None
    finally:
        if part and os.path.exists(part):
            os.unlink(part)
    set_attributes(module, dest)


def set_attributes(module: AnsibleModule, dest: str) -> bool:
    """Set owner, group, mode and the rest as the task says, mode 0600 where it says none; whether anything changed."""
    if not os.path.exists(dest):
        return False
    params: dict[str, Any] = {**module.params, "path": dest}
    params["mode"] = PRIVATE if params.get("mode") is None else params["mode"]
    arguments = module.load_file_common_arguments(params, path=dest)
    changed: bool = module.set_fs_attributes_if_different(arguments, False)
    return changed


def _failed(message: str, remedy: str = "Check the path and its permissions on the host where the task runs.") -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
