# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedures of tests/model stand for the roles: a role that gets a task file, or another order of them, has to change its model too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The tasks that change a server or its files, in the order of the role's files; `main` first, then by name.
CHANGES = re.compile(r"(systemd_service|vault_unseal|vault_init|awskms_alias|storage/raft/join|tasks_from: put\.yml)")
EXPECTED = {
    "migrate": {
        "revive": ["systemd_service", "systemd_service"],
        "hand_over": ["systemd_service", "systemd_service"],
        "restart_node": ["systemd_service"],
        "configure": ["tasks_from: put.yml"],
        "remove_old_stanza": ["tasks_from: put.yml"],
        "unseal": ["vault_unseal"],
    },
    "change_key": {},
    "seal_rotate": {"main": ["awskms_alias"], "restart": ["systemd_service"]},
    "cluster_bootstrap": {"configure": ["systemd_service"], "initialise": ["vault_init"], "join": ["storage/raft/join"]},
}
PLAYS = [
    "main", "configure", "take_node", "take_node", "hand_over", "remove_old_stanza", "take_node", "take_node", "verify_result",
]  # fmt: skip


def model(name: str) -> str:
    file = {"change_key": "change_key", "migrate": "migrate", "seal_rotate": "rotate", "cluster_bootstrap": "bootstrap"}[name]
    return (ROOT / "tests" / "model" / f"{file}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("role", EXPECTED)
def test_the_model_names_each_task_file(role: str) -> None:
    """The tuple `files` of the procedure, in tests/model."""
    listed = re.search(r"    files = \((.*?)\)", model(role), re.DOTALL)
    assert listed
    assert sorted(re.findall(r'"(\w+)"', listed[1])) == sorted(path.stem for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))


@pytest.mark.parametrize("role", EXPECTED)
def test_the_tasks_that_change_a_server_are_those_of_the_model(role: str) -> None:
    found = {path.stem: CHANGES.findall(path.read_text(encoding="utf-8")) for path in (ROOT / "roles" / role / "tasks").glob("*.yml")}
    assert {name: tasks for name, tasks in found.items() if tasks} == EXPECTED[role]


def test_the_plays_of_a_migration_are_those_of_the_model() -> None:
    text = (ROOT / "playbooks" / "migrate.yml").read_text(encoding="utf-8")
    assert ["main", *re.findall(r"tasks_from: (\w+)\.yml", text)] == PLAYS


def test_the_plays_of_a_change_of_the_key_are_those_of_the_model() -> None:
    text = (ROOT / "playbooks" / "change_key.yml").read_text(encoding="utf-8")
    steps = re.findall(r"import_playbook: (\w+)\.yml|tasks_from: (\w+)\.yml|migrate_to: (shamir|awskms)|== '(first|second)'", text)
    assert ["".join(step) for step in steps] == [
        "migrate", "shamir", "first", "after_half", "first", "migrate", "awskms", "second", "after_half", "second", "dependents",
    ]  # fmt: skip
