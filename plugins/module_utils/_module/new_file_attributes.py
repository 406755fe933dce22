# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owner, group and mode of new files: checked before the server is called, and set on a descriptor."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_NOBODY = (1 << 32) - 1  # the number that means "unchanged"


class FileAttributes(NamedTuple):
    """Owner, group (-1: as it comes) and mode of new files."""

    owner: int
    group: int
    mode: int

    @classmethod
    def of_task(cls, module: AnsibleModule) -> FileAttributes:
        """Those of the task's options, mode 0600 if not set; raises :class:`SettingError` (``invalid_option``)."""
        params = module.params
        if params["attributes"] and not module.get_bin_path("chattr"):
            raise _invalid("attributes is set, but this host has no chattr.", "Install e2fsprogs, or remove attributes.")
        return cls(
            _identifier("owner", params["owner"], lambda name: pwd.getpwnam(name).pw_uid),
            _identifier("group", params["group"], lambda name: grp.getgrnam(name).gr_gid),
            _mode(module),
        )

    def apply(self, handle: int) -> None:
        """Set them on an open file; raises OSError."""
        if (self.owner, self.group) != (-1, -1):
            os.fchown(handle, self.owner, self.group)
        os.fchmod(handle, self.mode)  # after the owner, whose change takes bits away


def _identifier(option: str, given: str | None, find: Callable[[str], int]) -> int:
    if given is None:
        return -1
    try:
        return find(given)
    except KeyError:
        pass
    if given.isascii() and given.isdigit() and int(given[:20]) < _NOBODY:
        return int(given)
    kind = "user" if option == "owner" else "group"
    raise _invalid(f"{option} is {given}, but this {kind} does not exist on this host.", f"Create the {kind} first, or use another.")


def _mode(module: AnsibleModule) -> int:
    given = module.params["mode"]
    if given is None:
        return 0o600
    try:
        mode: int = given if isinstance(given, int) else int(given, 8)
    except ValueError:
        mode = _symbolic(module, given)
    # Unquoted and without a leading zero, 600 is a number in decimal: 01130.
    meant = not isinstance(given, int) or (not mode & 0o7111 and mode & 0o400 and not mode & 0o222 & ~(mode >> 1))
    if not 0 <= mode <= 0o7777 or not meant:
        raise _invalid(f"mode is {given!r}, which is not a valid file mode.", 'Use a quoted octal number, such as "0600".')
    return mode


def _symbolic(module: AnsibleModule, given: str) -> int:
    with tempfile.TemporaryFile() as new:
        seen = os.fstat(new.fileno())
    try:
        mode: int = module._symbolic_mode_to_octal(seen, given)
    except ValueError:
        raise _invalid(f"mode is {given!r}, which is neither octal nor symbolic.", 'Use a quoted octal number, such as "0600".') from None
    return mode


def _invalid(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
