# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages import each other in one direction only, as docs/architecture.md draws it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
COLLECTION = "ansible_collections.sealwright.vault_seal.plugins"

# Package -> the packages that it may import, beside itself. `_seal` alone stands for the ground files in it.
GROUND = {"_seal"}
ARROWS: dict[str, set[str]] = {
    "_seal": set(),
    "_seal/format": GROUND,
    "_seal/kms": GROUND,
    "_seal/server_sdk": GROUND,
    "_seal/server": GROUND | {"_seal/server_sdk"},
    "_seal/recipients": GROUND,
    "_seal/access": GROUND | {"_seal/kms"},
    "_seal/wrapping": GROUND | {"_seal/kms", "_seal/format"},
    "_seal/snapshot": GROUND | {"_seal/wrapping", "_seal/kms", "_seal/format"},
    "_seal/backup": GROUND,
    "_seal/object_store": GROUND | {"_seal/kms"},
}
CORE = set(ARROWS)
ARROWS["_module"] = CORE
ARROWS["_temporary_server"] = CORE | {"_module"}
ARROWS["_restore_drill"] = CORE | {"_module", "_temporary_server"}
ARROWS["_server_judge"] = CORE | {"_module", "_temporary_server"}
ARROWS["_vault_config"] = CORE | {"_module"}
ARROWS["_vault_init"] = CORE | {"_module"}
ARROWS["_backup"] = CORE | {"_module", "_temporary_server", "_restore_drill"}
ARROWS["_backends"] = CORE | {"_backup", "_module", "_temporary_server", "_restore_drill", "_server_judge", "_vault_config", "_vault_init"}
EDGES = ("modules", "action", "lookup", "filter", "vars", "plugin_utils")


def package(path: Path) -> str:
    """The package of a file: below module_utils its folder, elsewhere the kind of plugin."""
    parts = path.relative_to(PLUGINS).parts[:-1]
    return "/".join(parts[1:]) if parts[0] == "module_utils" else parts[0]


def imported(path: Path) -> Iterator[Path]:
    """The files of this collection that a file imports."""
    here = [*COLLECTION.split("."), *path.relative_to(PLUGINS).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = here[: len(here) - node.level + 1] if node.level else []
        name = ".".join([*base, *([node.module] if node.module else [])])
        if name.startswith(COLLECTION + "."):
            for each in (name, *(f"{name}.{alias.name}" for alias in node.names)):
                file = PLUGINS.joinpath(*each[len(COLLECTION) + 1 :].split(".")).with_suffix(".py")
                if file.is_file():
                    yield file


FILES = sorted(PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PLUGINS)) for path in FILES])
def test_imports_point_one_way(path: Path) -> None:
    mine = package(path)
    for other in imported(path):
        theirs = package(other)
        if mine in EDGES:
            assert theirs not in set(EDGES) - {"plugin_utils"} or theirs == mine, other
        else:
            assert theirs == mine or theirs in ARROWS[mine], f"{mine} must not import {theirs} ({other.name})"


def test_no_file_imports_itself_through_others() -> None:
    edges = {path: set(imported(path)) for path in FILES}
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " -> ".join(each.name for each in (*above, path))
        if path not in done:
            for other in edges.get(path, ()):
                visit(other, (*above, path))
            done.add(path)

    for path in FILES:
        visit(path, ())


def test_the_domain_knows_neither_ansible_nor_botocore_outside_its_client() -> None:
    for path in (PLUGINS / "module_utils" / "_seal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.partition(".")[0]
                assert top != "ansible", path
                assert top not in ("boto3", "botocore") or path.parent.name == "kms", path
                assert top != "cryptography" or path.parent.name in ("format", "recipients"), path
