# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sealed variables files are found, for whom, in which order, and which of them a run can need."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible import context
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.utils.context_objects import CLIArgs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.discovery import in_scope, sealed_files


@pytest.fixture
def limit() -> Iterator[list[str]]:
    """The value of --limit is what is put in here."""
    before, message = context.CLIARGS, [""]

    class Arguments(CLIArgs):
        def get(self, key: str, default: object = None) -> object:
            return message[0] or None if key == "subset" else default

    context.CLIARGS = Arguments({})
    yield message
    context.CLIARGS = before


@pytest.fixture
def inventory() -> InventoryData:
    """Hosts web1, web2 and db1 in the groups web and db, which are in the group site; lone is in none."""
    data = InventoryData()
    for group in ("site", "web", "db"):
        data.add_group(group)
    data.add_child("site", "web")
    data.add_child("site", "db")
    for host, group in (("web1", "web"), ("web2", "web"), ("db1", "db")):
        data.add_host(host, group)
    data.add_host("lone")
    data.reconcile_inventory()
    return data


def test_files_by_name_in_the_order_of_precedence(tmp_path: Path) -> None:
    for name in (
        "all/b.yml.sealed", "all/a.json.sealed", "all/deeper/c.yaml.sealed", "all/.hidden.yml.sealed", "all/old.yml.sealed~",
        "all/plain.yml", "all/dir.d/d.yml.sealed", "all.yml.sealed", "all.yaml.sealed", "web1.example.com/x.yml.sealed",
        "web2.example.com.json.sealed", ".git/x.yml.sealed", "readme.sealed", "plain.yml", ".yml.sealed",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "all" / "deeper" / "back").symlink_to(tmp_path / "all")
    results = {name: [os.path.relpath(path, tmp_path) for path in paths] for name, paths in sealed_files(str(tmp_path)).items()}
    assert results == {
        "all": ["all/a.json.sealed", "all/b.yml.sealed", "all/deeper/c.yaml.sealed", "all.yaml.sealed", "all.yml.sealed"],
        "web1.example.com": ["web1.example.com/x.yml.sealed"],
        "web2.example.com": ["web2.example.com.json.sealed"],
    }


def test_no_folder_holds_no_files(tmp_path: Path) -> None:
    (tmp_path / "group_vars").touch()
    assert sealed_files(str(tmp_path / "group_vars")) == {}
    assert sealed_files(str(tmp_path / "host_vars")) == {}


def test_a_folder_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(folder: str) -> list[str]:  # root may read every folder
        raise PermissionError(errno.EACCES, "Permission denied", folder)

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(SettingError, match=f"The directory {tmp_path} cannot be read: Permission denied."):
        sealed_files(str(tmp_path))


@pytest.mark.parametrize("asked", ["web1", "web", "all"])
def test_without_a_limit_the_whole_inventory_is_in_scope(inventory: InventoryData, limit: list[str], asked: str) -> None:
    entity = inventory.hosts.get(asked) or inventory.groups[asked]
    assert in_scope(entity, DataLoader()) == {
        "group_vars": {"all", "ungrouped", "site", "web", "db"},
        "host_vars": {"web1", "web2", "db1", "lone"},
    }


@pytest.mark.parametrize(("message", "groups", "hosts"), [
    ("db", {"all", "site", "db"}, {"db1"}),
    ("web:!web2", {"all", "site", "web"}, {"web1"}),
    ("web[0],lone", {"all", "site", "web", "ungrouped"}, {"web1", "lone"}),
    ("@/no/such/file", {"all"}, set()),
])
def test_a_limit_narrows_the_scope(inventory: InventoryData, limit: list[str], message: str, groups: set[str], hosts: set[str]) -> None:
    limit[0] = message
    assert in_scope(inventory.groups["all"], DataLoader()) == {"group_vars": groups, "host_vars": hosts}


def test_a_host_outside_the_inventory_has_no_scope(inventory: InventoryData, limit: list[str]) -> None:
    other = InventoryData()
    host = other.get_host("localhost")  # the implicit one
    assert in_scope(host, DataLoader()) == {}
