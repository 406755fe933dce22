# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owner, group, mode and SELinux context of a file, set on its descriptor. Ansible's own functions use a path, which others may replace."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PRIVATE = "0600"
_CONTEXT = "security.selinux"


@dataclass(frozen=True)
class Wanted:
    """The attributes that a task sets; ``mode`` is octal or symbolic, ``context`` has None for parts that are not set."""

    user: int
    group: int
    mode: str
    context: Sequence[str | None]
    module: AnsibleModule

    def apply(self, handle: int, base: os.stat_result | None = None, check_only: bool = False) -> bool:
        """Set them on an open file; returns whether anything changed, or would change with ``check_only``. Raises :class:`OSError`.

        :param base: the file that a symbolic mode is relative to; the file itself by default.
        """
        status = os.fstat(handle)
        owner = (status.st_uid if self.user < 0 else self.user, status.st_gid if self.group < 0 else self.group)
        changed = owner != (status.st_uid, status.st_gid)
        if changed and not check_only:
            os.fchown(handle, *owner)  # before the mode, whose special bits it clears
        mode = self._mode(base or status)
        if changed or mode != stat.S_IMODE(status.st_mode):
            changed = True
            if not check_only:
                os.fchmod(handle, mode)
        return self._set_context(handle, check_only) or changed

    def _mode(self, base: os.stat_result) -> int:
        try:
            mode = int(self.mode, 8)
        except ValueError:
            mode = self.module._symbolic_mode_to_octal(base, self.mode)
        if mode != stat.S_IMODE(mode):
            raise ValueError(f"{self.mode} has more than permissions")
        return mode

    def _set_context(self, handle: int, check_only: bool) -> bool:
        if not any(self.context) or not self.module.selinux_enabled():
            return False
        before = os.getxattr(handle, _CONTEXT).rstrip(b"\0").decode()
        # A level may contain colons.
        after = ":".join(requested or has for requested, has in zip(self.context, before.split(":", 3)))
        if after != before and not check_only:
            os.setxattr(handle, _CONTEXT, after.encode() + b"\0")
        return after != before


def wanted_attributes(module: AnsibleModule, path: str) -> Wanted:
    """The attributes of the task's options, by default mode 0600. Raises :class:`SettingError` for invalid options."""
    params: dict[str, Any] = {**module.params, "path": path}
    mode = PRIVATE if params.get("mode") is None else params["mode"]
    arguments = module.load_file_common_arguments({**params, "mode": mode, "attributes": None}, path=path)
    wanted = Wanted(
        _number("owner", params.get("owner"), lambda name: pwd.getpwnam(name).pw_uid),
        _number("group", params.get("group"), lambda name: grp.getgrnam(name).gr_gid),
        f"{mode:o}" if isinstance(mode, int) else str(mode),
        arguments.get("secontext") or (),
        module,
    )
    try:
        wanted._mode(os.stat("/"))
    except ValueError as error:
        raise SettingError(f"Option mode is invalid: {error}.", reason="invalid_option", remedy="Use a value such as '0600' or 'u=rw,go='.") from None
    return wanted


def give_default_context(module: AnsibleModule, handle: int, path: str) -> None:
    """Set the SELinux context of the policy for ``path`` on an open file, if there is one."""
    context = module.selinux_default_context(path) if module.selinux_enabled() else []
    if context and all(context):
        with suppress(OSError):
            os.setxattr(handle, _CONTEXT, ":".join(context).encode() + b"\0")


def _number(option: str, value: Any, id_of: Any) -> int:
    """The ID of a user or group; -1 if not set."""
    if value is None:
        return -1
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number: int = id_of(str(value))
        return number
    except KeyError:
        raise SettingError(
            f"Option {option}: {value} does not exist on this host.", reason="invalid_option", remedy="Create it first, or use another."
        ) from None
