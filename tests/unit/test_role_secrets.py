# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of roles that give a module a secret send it by pipelining: without, Ansible writes what a module is given to a file on the host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTION = Path(__file__).resolve().parents[2]
# Variables that hold a secret; seal_rotate__connection holds the credentials of seal_rotate.
SECRET = re.compile(
    r"\b(?!vault_config)[a-z]+_[a-z_]*(?:token|secret_key|session_token|shares|recovery_keys|canary_value|restore_drill_seal|_environment|_join)\b(?!['_:])"
    r"|\bseal_rotate__connection\b"
)
NO_SECRETS = re.compile(
    r"cluster_bootstrap_root_token\b|cluster_bootstrap__shares\b|token_(?:file|kms|region|endpoint|role|shared|check)|cluster_bootstrap__to_join|pgp"
)
# What runs on the controller alone.
LOCAL = {f"ansible.builtin.{name}" for name in ("fail", "debug", "set_fact", "assert", "include_role", "import_role", "include_tasks", "import_tasks")}
NO_MODULE = {"name", "when", "vars", "register", "until", "loop", "block", "rescue", "always", "no_log", "become", "delegate_to", "loop_control", "args"}


def tasks(value: Any) -> Iterator[dict[str, Any]]:
    for task in value or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part))


def with_secrets() -> list[tuple[str, dict[str, Any], str]]:
    items = []
    for path in sorted(COLLECTION.glob("roles/*/*/*.yml")):
        if path.parent.name not in ("tasks", "handlers") or "vault_config" in path.parts:
            continue
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            module = next((key for key in task if "." in key and key not in NO_MODULE), "")
            given = str(task.get(module)) + str(task.get("module_defaults", ""))
            names = [name for name in SECRET.findall(given) if not NO_SECRETS.search(name)]
            if module and module not in LOCAL and names:
                items.append((f"{path.relative_to(COLLECTION)}: {task['name']}", task, ", ".join(sorted(set(names)))))
    return items


FOUND = with_secrets()


@pytest.mark.parametrize("task", [task for _name, task, _names in FOUND], ids=[name for name, _task, _names in FOUND])
def test_each_is_sent_by_pipelining(task: dict[str, Any]) -> None:
    assert "ansible_pipelining" in task.get("vars", {})


def test_the_search_finds_them() -> None:
    names = " ".join(names for _name, _task, names in FOUND)
    for name in ("seal_rotate_token", "migrate_token", "migrate_shares", "restore_drill_recovery_keys", "cluster_bootstrap_token_secret_key"):
        assert name in names
    assert {"seal_rotate__connection", "kms_verify_secret_key", "cluster_bootstrap_join"} <= set(re.split(r"[ ,]+", names))
