# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd does before it starts a service, for a run without systemd: environment files, and the user with its groups."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import account_of, groups_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_environment import read_environment_file

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
_KEPT = ("LANG", "LC_ALL")


def become(user: str, group: str = "", environment_files: Sequence[str] = ()) -> None:
    """Become the process of a service for good. Files are read before, with the rights of this process; one that begins with a hyphen may be missing.

    Raises :class:`SettingError`.
    """
    account = account_of(user, group)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment.update(PATH=_PATH, HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name, SHELL=account.pw_shell or "/bin/sh")
    for path in environment_files:
        optional, path = path.startswith("-"), path.lstrip("-")
        try:
            environment.update((name, variable.value) for name, variable in read_environment_file(path).items())
        except SettingError:
            if not optional or os.path.lexists(path):
                raise
    if (os.geteuid(), os.getegid()) != (account.pw_uid, account.pw_gid):
        try:
            os.setgroups(groups_of(account))
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        except OSError as error:
            raise SettingError(
                f"This process cannot become the user {user}: {error.strerror}.", reason="unknown_user", remedy="Run it as root (become)."
            ) from None
    os.umask(0o077)
    os.environ.clear()
    os.environ.update(environment)
