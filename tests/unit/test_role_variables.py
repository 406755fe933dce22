# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles' variables: documented ones are those that have a default, and each is used by its role and by a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTION = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (COLLECTION / "roles").iterdir())
FOLDERS = ("tasks", "handlers", "templates", "vars")
# Made of another variable, or required.
WITHOUT_DEFAULT = "If not set, "
# Used by their roles, and not tried by a test of the whole role yet. Take a name off when a test has it.
UNTRIED = {
    "change_key_canary_namespace",
    "cluster_bootstrap_accept_unrecorded",
    "cluster_bootstrap_token_check_opens",
    "cluster_bootstrap_token_role_arn",
    "cluster_bootstrap_token_session_token",
    "cluster_bootstrap_token_shared_creds_profile",
    "restore_drill_canary_namespace",
}


def loaded(role: str, name: str) -> Any:
    return yaml.safe_load((COLLECTION / "roles" / role / name).read_text(encoding="utf-8"))


def text_of(*folders: Path) -> str:
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".yml", ".j2", ".rst", ".md")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("role", ROLES)
def test_documentation_and_defaults_agree(role: str) -> None:
    options = loaded(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = loaded(role, "defaults/main.yml")
    assert set(options) - set(defaults) == {name for name, option in options.items() if option.get("required")}
    assert set(defaults) <= set(options)
    values = {name: option["default"] for name, option in options.items() if "default" in option}
    assert values == {name: defaults[name] for name in values}
    assert all("{{" in str(defaults[name]) for name in set(defaults) - set(values))


@pytest.mark.parametrize("role", ROLES)
def test_each_is_used_and_tested(role: str) -> None:
    names = set(loaded(role, "defaults/main.yml"))
    used = text_of(*(COLLECTION / "roles" / role / folder for folder in FOLDERS))
    assert {name for name in names if not re.search(rf"\b{name}\b", used)} == set()
    tests = text_of(COLLECTION / "tests" / "system", COLLECTION / "tests" / "support", COLLECTION / "extensions" / "molecule")
    # A test's own function may put the prefix before the name.
    assert {name for name in names if not re.search(rf"\b({name}|{name.removeprefix(role + '_')})\b[\"'= :]", tests)} == UNTRIED & names
