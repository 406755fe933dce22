# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that an option names, relative to the working directory, also for a playbook inside the collection."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.mod_args import ModuleArgsParser
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_BLOCK = ("block", "rescue", "always")


def places(loader: Any) -> list[str]:
    """The folders in which a relative name is searched for: the working directory, then those of the inventories and of the playbook.

    They are those of the command, not of the variables ``inventory_dir`` and others, which a managed host can set as facts.

    :param loader: Ansible's own, which knows the folder of the playbook.
    """
    sources = [source for source in context.CLIARGS.get("inventory") or () if isinstance(source, str) and "," not in source]
    inventories = [source if os.path.isdir(source) else os.path.dirname(source) for source in map(os.path.abspath, sources)]
    return list(dict.fromkeys([os.getcwd(), *inventories, os.path.abspath(loader.get_basedir())]))


def find(name: str, loader: Any, searched: Sequence[str] = ()) -> str:
    """The absolute path of an existing file; raises :class:`SettingError` (``file_error``) with the searched folders.

    :param loader: Ansible's own.
    :param searched: folders that were searched before, without success.
    """
    expanded = os.path.expanduser(name)
    tried = [os.path.join(folder, expanded) for folder in places(loader)] if not os.path.isabs(expanded) else [expanded]
    for path in tried:
        if name and os.path.isfile(path):
            return os.path.normpath(path)
    everywhere = dict.fromkeys(map(os.path.normpath, [*(os.path.join(folder, expanded) for folder in searched), *tried]))
    raise _failed(
        f"The file {name!r} does not exist on the controller. Searched: {', '.join(everywhere)}.",
        "Use a path relative to the directory in which Ansible is started, or an absolute path.",
    )


def for_writing(name: str) -> str:
    """The absolute path for a file to write, relative to the working directory; raises :class:`SettingError` (``file_error``)."""
    path = os.path.abspath(os.path.expanduser(name))
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise _failed(f"The directory {folder} of {name!r} does not exist on the controller.", "Create it first.")
    if os.path.lexists(path) and not os.path.isfile(path):
        raise _failed(f"{path} exists on the controller and is not a file.", "Use another path.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _failed(f"The directory {folder} on the controller is not writable.", "Use a path in another directory.")
    return path


def read(path: str, limit: int) -> bytes:
    """The content of a regular file; raises :class:`SettingError` (``file_error``)."""
    try:
        # Reading a pipe or a device could block.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise _failed(f"{path} is not a file.", "Use another path.")
            content = stream.read(limit + 1)
    except OSError as error:
        raise _failed(f"The file {path} cannot be read on the controller: {error.strerror}.", "Check its permissions.") from None
    if len(content) > limit:
        raise _failed(f"The file {path} is larger than {limit} bytes.", "Check that it is the right file.")
    return content


def check_tasks(path: str, loader: Any) -> None:
    """Reject a file that Ansible could not include as tasks; raises :class:`SettingError` (``file_error``)."""
    try:
        entries = loader.load_from_file(path)
    except AnsibleError as error:
        raise _no_tasks(path, str(error).splitlines()[0]) from None
    if not isinstance(entries, list) or not entries:
        raise _no_tasks(path, "it is not a list of tasks")
    _check_entries(path, entries)


def _check_entries(path: str, entries: Any) -> None:
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        if not isinstance(entry, dict):
            raise _no_tasks(path, f"entry {number} is not a task")
        if "hosts" in entry:
            raise _no_tasks(path, f"entry {number} is a play, not a task")
        if "block" in entry:
            for part in _BLOCK:
                _check_entries(path, entry.get(part) or [])
            continue
        try:
            ModuleArgsParser(entry).parse(skip_action_validation=True)
        except AnsibleError as error:
            raise _no_tasks(path, f"entry {number} ({entry.get('name', 'without a name')}): {str(error).splitlines()[0]}") from None


def _no_tasks(path: str, why: str) -> SettingError:
    return _failed(f"The file {path} cannot be included as tasks: {why.rstrip('.')}.", "Correct it; ansible-playbook --syntax-check does not check it.")


def _failed(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="file_error", remedy=remedy)
