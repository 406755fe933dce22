# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights of a service's user and groups, for reading what the service reads: systemd reads its own files as root, the service does not."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import Service


def account_of(name: str, group: str = "") -> pwd.struct_passwd:
    """The user, given by name or number, with ``group`` (``Group=``) as the primary group where it is set; raises :class:`SettingError`."""
    try:
        user = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError, ValueError):
        raise SettingError(
            f"There is no user {name} on this host.", reason="unknown_user", remedy="Check the unit's User= and the option service_user."
        ) from None
    if not group:
        return user
    return pwd.struct_passwd((user.pw_name, user.pw_passwd, user.pw_uid, _number(group), user.pw_gecos, user.pw_dir, user.pw_shell))


def groups_of(account: pwd.struct_passwd, more: Sequence[str] = ()) -> list[int]:
    """All groups that systemd gives the service: those of its user, and ``more`` (``SupplementaryGroups=``); raises :class:`SettingError`."""
    return list(dict.fromkeys([*os.getgrouplist(account.pw_name, account.pw_gid), *map(_number, more)]))


@contextmanager
def service_user(name: str, group: str = "", more: Sequence[str] = ()) -> Iterator[None]:
    """Have the rights of the service's user and groups while this lasts, where this runs as root.

    Raises :class:`SettingError` where there is no such user or group, or this runs as a third user.
    """
    if not name:
        yield
        return
    user = account_of(name, group)
    if os.geteuid() == user.pw_uid:
        yield
        return
    if os.geteuid() != 0:
        raise SettingError(
            f"This runs as user {os.geteuid()} and cannot take the rights of {name}.",
            reason="unknown_user",
            remedy=f"Run it as root or as {name} (become).",
        )
    wanted = groups_of(user, more)
    groups, own = os.getgroups(), os.getegid()
    os.setgroups(wanted)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(own)
        os.setgroups(groups)


@contextmanager
def rights_of(service: Service) -> Iterator[None]:
    """As :func:`service_user`, for a service."""
    with service_user(service.user, service.group, service.groups):
        yield


@contextmanager
def readable_as(service: Service) -> Iterator[None]:
    """As :func:`rights_of` where this runs as root and there is such a user; else as whoever this runs as."""
    if os.geteuid() != 0 or not _exists(service):
        yield
        return
    with rights_of(service):
        yield


def sees_as_service(service: Service) -> bool:
    """Whether what cannot be read with :func:`readable_as` cannot be read by the service either.

    Not so where this runs as another user than the service, or as its user without its groups.
    """
    if not service.user:
        return os.geteuid() == 0 or not service.name
    if not _exists(service):
        return False
    if os.geteuid() == 0:
        return True
    account = account_of(service.user, service.group)
    return os.geteuid() == account.pw_uid and set(groups_of(account, service.groups)) <= {*os.getgroups(), os.getegid()}


def _exists(service: Service) -> bool:
    """Whether there are such a user and such groups."""
    try:
        return bool(service.user) and bool(groups_of(account_of(service.user, service.group), service.groups))
    except SettingError:
        return False


def _number(group: str) -> int:
    try:
        return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        raise SettingError(
            f"There is no group {group} on this host.", reason="unknown_user", remedy="Check the unit's Group= and SupplementaryGroups=."
        ) from None
