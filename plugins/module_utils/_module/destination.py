# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the host with a value: read within limits, written atomically, private by default."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_attributes import Wanted, give_default_context, wanted_attributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import (
    copy_attributes,
    held_folder,
    is_private,
    place,
    remove_parts,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.protobuf import Buffer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular

if TYPE_CHECKING:  # the lookup reads files too, and starts sooner without it
    from ansible.module_utils.basic import AnsibleModule

# Where a file cannot be replaced by a rename, and it might be written in place.
_NOT_RENAMED = (errno.EPERM, errno.EXDEV, errno.EACCES, errno.ETXTBSY, errno.EBUSY)


def is_there(dest: str) -> bool:
    """Whether ``dest`` is a file to compare with. A symbolic link is replaced without changing its target."""
    return os.path.isfile(dest) and not os.path.islink(dest)


def check_destination(dest: str, module: AnsibleModule | None = None) -> None:
    """Reject, before any call, a destination that cannot be written, and options of ``module`` that cannot be applied to it.

    Raises :class:`SettingError` (``file_error``, or ``invalid_option`` for an invalid owner, group or mode).
    """
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise file_error(f"The directory {folder} of dest does not exist.", "Create it first; this module does not create directories.")
    if os.path.isdir(dest):
        raise file_error(f"dest {dest} is a directory.", "Use the path of a file.")
    if os.path.lexists(dest) and not stat.S_ISREG(os.lstat(dest).st_mode) and not os.path.islink(dest):
        raise file_error(f"dest {dest} exists and is not a regular file.", "Use another path.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise file_error(f"The directory {folder} of dest is not writable.", "Run the task as its owner (become).")
    if module is None:
        return
    wanted_attributes(module, os.path.abspath(dest))
    try:
        with held_folder(folder) as handle:
            _check_flags(module, dest, handle)
    except OSError as error:
        raise file_error(f"The directory {folder} of dest cannot be used: {error.strerror}.", "Use another directory, or create the link as root.") from None


def write_file(module: AnsibleModule, dest: str, pieces: Sequence[Buffer]) -> None:
    """Replace ``dest`` atomically; raises :class:`SettingError` (``file_error``).

    The new content is complete on disk, in the same folder and with its attributes, before it is renamed.
    """
    dest = os.path.abspath(dest)
    name = os.path.basename(dest)
    wanted = wanted_attributes(module, dest)
    try:
        with held_folder(os.path.dirname(dest)) as folder, _old(folder, name) as old:
            _check_flags(module, dest, folder)
            remove_parts(folder)
            _write(module, folder, dest, pieces, wanted, old)
            _set_flags(module, dest)
    except OSError as error:
        raise file_error(
            f"{dest} cannot be written: {error.strerror}. Nothing was changed.", "Check the space, quota and limits of its file system."
        ) from None


def set_attributes(module: AnsibleModule, path: str) -> bool:
    """Set owner, group, mode and other attributes of the task, by default mode 0600; whether anything changed, or would change in check mode."""
    if not is_there(path):
        return False
    path = os.path.abspath(path)
    wanted = wanted_attributes(module, path)
    try:
        with held_folder(os.path.dirname(path)) as folder, _old(folder, os.path.basename(path)) as old:
            _check_flags(module, path, folder)
            if old is None:
                return False
            changed = wanted.apply(old, check_only=True)
            if changed and not module.check_mode:
                if os.fstat(old).st_nlink > 1 and not is_private(folder):
                    raise file_error(f"{path} has hard links, and its directory belongs to another user; its attributes were not changed.", "Remove it first.")
                wanted.apply(old)
    except OSError as error:
        raise file_error(f"The attributes of {path} cannot be set: {error.strerror}.", "Run the task as its owner, or as root (become).") from None
    return _set_flags(module, path) or changed


@contextmanager
def _old(folder: int, name: str) -> Iterator[int | None]:
    """The descriptor of the regular file of that name; None if it does not exist, is a symbolic link, or is not readable."""
    try:
        handle = open_regular(name, follow=False, folder=folder)
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _write(module: AnsibleModule, folder: int, dest: str, pieces: Sequence[Buffer], wanted: Wanted, old: int | None) -> None:
    def write(handle: int) -> None:
        with os.fdopen(handle, "wb", closefd=False) as stream:
            stream.seek(0)
            stream.writelines(pieces)
        base = None if old is None else os.fstat(old)
        if old is not None and base is not None:
            with suppress(PermissionError):
                os.fchown(handle, base.st_uid, base.st_gid)
            # A file with a name could be read by others as soon as the old file's mode or ACL is applied.
            copy_attributes(old, handle, of_access=not os.fstat(handle).st_nlink)
        else:
            give_default_context(module, handle, dest)
        wanted.apply(handle, base)

    try:
        place(folder, os.path.basename(dest), write)
    except OSError as error:
        if error.errno not in _NOT_RENAMED or old is None:
            raise
        if not module.params["unsafe_writes"]:
            raise file_error(
                f"{dest} cannot be replaced: {error.strerror}. Nothing was changed.",
                "A mounted file can only be written in place, with unsafe_writes; an immutable file cannot be written.",
            ) from None
        _write_in_place(folder, os.path.basename(dest), pieces, wanted)


def _write_in_place(folder: int, name: str, pieces: Sequence[Buffer], wanted: Wanted) -> None:
    handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(handle, "wb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or (status.st_nlink > 1 and not is_private(folder)):
            raise OSError(errno.EINVAL, "It is not a regular file without hard links")
        wanted.apply(handle)  # not loose while it is written
        os.ftruncate(handle, 0)
        stream.writelines(pieces)
        stream.flush()
        os.fsync(handle)


def _check_flags(module: AnsibleModule, dest: str, folder: int) -> None:
    """The option attributes is applied by chattr, which requires a path: allowed only if no other user can replace the file."""
    if module.params.get("attributes") and not is_private(folder):
        raise file_error(f"The option attributes cannot be applied to {dest}: other users can write to its directory.", "Remove the option.")


def _set_flags(module: AnsibleModule, path: str) -> bool:
    flags = module.params.get("attributes")
    return bool(flags) and bool(module.set_attributes_if_different(path, flags, False))
