# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sealed variables files of groups and hosts, searched for in the same way as by ansible-core's host_group_vars."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.group import InventoryObjectType
from ansible.inventory.manager import InventoryManager
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

SUFFIXES = (".yml.sealed", ".yaml.sealed", ".json.sealed")
FOLDERS = {InventoryObjectType.GROUP: "group_vars", InventoryObjectType.HOST: "host_vars"}


def sealed_files(folder: str) -> dict[str, list[str]]:
    """The sealed files below a ``group_vars`` or ``host_vars`` folder by the name of the group or host; later ones take precedence.

    They are in a folder of that name first, then next to it. Hidden files and backups (``~``) are ignored. Raises :class:`SettingError`.
    """
    by_name: dict[str, list[str]] = {}
    if not os.path.isdir(folder):
        return by_name
    try:
        for name, path in _visible(folder):
            if os.path.isdir(path):
                by_name.setdefault(name, []).extend(_below(path, ()))
            elif name.endswith(SUFFIXES) and os.path.isfile(path):
                by_name.setdefault(name.rsplit(".", 2)[0], []).append(path)
    except OSError as error:
        raise SettingError(
            f"The directory {error.filename} cannot be read: {error.strerror}.", reason="file_error", remedy="Check its permissions."
        ) from None
    return by_name


def in_scope(entity: Any, loader: Any) -> dict[str, set[str]]:
    """The names of all groups and hosts, by folder, that a run with this host or group can be about: those of the inventory and of ``--limit``."""
    related = entity.get_groups() if entity.base_type is InventoryObjectType.HOST else [entity, *entity.get_ancestors()]
    everything = next((group for group in related if group.name == "all"), None)
    if everything is None:
        return {}
    hosts = list(everything.get_hosts())
    groups = {"all", *(group.name for group in everything.get_descendants())}
    limit = context.CLIARGS.get("subset")
    if limit:
        hosts = _limited(hosts, limit, loader)
        groups = {"all", *(group.name for host in hosts for group in host.get_groups())}
    return {"group_vars": groups, "host_vars": {host.name for host in hosts}}


def _limited(hosts: Sequence[Any], limit: str, loader: Any) -> list[Any]:
    # A copy of the inventory's names, since plugins are not given the inventory that the limit was set in.
    inventory = InventoryManager(loader=loader, sources=None, parse=False)
    try:
        for host in hosts:
            inventory.add_host(host.name)
            for group in host.get_groups():
                inventory.add_group(group.name)
                inventory.add_host(host.name, group.name)
        inventory.subset(limit)
        names = {host.name for host in inventory.get_hosts("all")}
    except AnsibleError:  # Ansible itself reports an invalid limit
        return []
    return [host for host in hosts if host.name in names]


def _below(folder: str, parents: tuple[str, ...]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in parents:  # a symbolic link that leads back
        return
    for name, path in _visible(folder):
        if os.path.isdir(path):
            if "." not in name:
                yield from _below(path, (*parents, real))
        elif name.endswith(SUFFIXES) and os.path.isfile(path):
            yield path


def _visible(folder: str) -> list[tuple[str, str]]:
    names = sorted(name for name in os.listdir(folder) if not name.startswith(".") and not name.endswith("~"))
    return [(name, os.path.join(folder, name)) for name in names]
