# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the host that hold a value: read within limits, written atomically, private by default."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.protowire import Buffer
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.regular_files import read_regular

if TYPE_CHECKING:  # the lookup reads files too, and starts sooner without it
    from ansible.module_utils.basic import AnsibleModule

PRIVATE = "0600"


def read_file(path: str, name: str, limit: int) -> bytes:
    """The content of a file; ``name`` says what it is to the task. Raises :class:`SettingError` (``file_error``)."""
    try:
        content = read_regular(path, limit + 1)
    except OSError as error:
        raise _failed(f"{name} {path} cannot be read: {error.strerror}.") from None
    if len(content) > limit:
        raise SettingError(
            f"{name} {path} has more than {limit} bytes.", reason="file_error", remedy="Raise max_size, if it is the right file."
        )
    return content


def is_there(dest: str) -> bool:
    """Whether ``dest`` is a file to compare with. A symbolic link is none: it is replaced, and what it names is not touched."""
    return os.path.isfile(dest) and not os.path.islink(dest)


def check_destination(dest: str) -> None:
    """Refuse, before any call, a destination that cannot be written; raises :class:`SettingError` (``file_error``)."""
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise _failed(f"The folder {folder} of dest does not exist.", "Create it first; this module creates none.")
    if os.path.isdir(dest):
        raise _failed(f"dest is the folder {dest}.", "Name a file in it.")
    if os.path.lexists(dest) and not stat.S_ISREG(os.lstat(dest).st_mode) and not os.path.islink(dest):
        raise _failed(f"dest {dest} is there and is no regular file.", "Name another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _failed(f"The folder {folder} of dest may not be written.", "Run the task as its owner (become).")


def write_file(module: AnsibleModule, dest: str, pieces: Sequence[Buffer]) -> None:
    """Replace ``dest`` whole or not at all; raises :class:`SettingError` (``file_error``).

    The new content is complete on disk, in the same folder and with the attributes wanted, before it takes the name.
    """
    dest = os.path.abspath(dest)  # atomic_move takes no name without a folder
    folder = os.path.dirname(dest)
    part = ""
    os.umask(0o077)  # atomic_move opens a file that is new to all that the umask lets
    try:
        handle, part = tempfile.mkstemp(prefix=f".{os.path.basename(dest)}.", dir=folder)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        set_attributes(module, part, final=False)
        if os.path.islink(dest):
            os.replace(part, dest)  # atomic_move would give it the mode of what the link names
        else:
            set_attributes(module, dest)  # atomic_move gives the old file's mode to the new one: not a loose one
            _replace(module, part, dest)
    except OSError as error:
        raise _failed(
            f"{dest} cannot be written: {error.strerror}. Nothing was changed.", "Check the space, quota and limits of its file system."
        ) from None
    finally:
        if part and os.path.lexists(part):
            os.unlink(part)
    set_attributes(module, dest)


def _replace(module: AnsibleModule, part: str, dest: str) -> None:
    try:
        module.atomic_move(part, dest, unsafe_writes=module.params["unsafe_writes"])
    except OSError:
        raise
    except Exception as error:  # ansible-core from 2.19 on raises no more exact one; before, it fails the task in its own words
        cause = error.__cause__
        why = cause.strerror if isinstance(cause, OSError) else str(error)
        raise _failed(
            f"{dest} cannot be replaced: {why}. Nothing was changed.",
            "A file that is mounted there can only be written in place, by unsafe_writes; an immutable one not at all.",
        ) from None


def set_attributes(module: AnsibleModule, path: str, final: bool = True) -> bool:
    """Set owner, group, mode and the rest as the task says, mode 0600 where it says none; whether anything changed.

    :param final: False for a file that is still to be renamed, which some file system attributes would prevent.
    """
    if not is_there(path):
        return False
    params: dict[str, Any] = {**module.params, "path": path}
    params["mode"] = PRIVATE if params.get("mode") is None else params["mode"]
    arguments = module.load_file_common_arguments(params, path=path)
    if not final:
        arguments["attributes"] = None
    changed: bool = module.set_fs_attributes_if_different(arguments, False)
    return changed


def _failed(message: str, remedy: str = "Check the path and its permissions on the host where the task runs.") -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
