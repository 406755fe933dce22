# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to errors lists the reasons of the code: each one, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from paths import ROOT

SOURCES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "plugins").rglob("*.py")}


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can have, as far as they are written in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*literals(node.body), *literals(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from literals(value)


def raised() -> set[str]:
    """The reasons of all errors, findings and meanings of the code."""
    found: set[str] = set()
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(text for keyword in node.keywords if keyword.arg == "reason" for text in literals(keyword.value))
                if ast.unparse(node.func).rpartition(".")[2] in ("Finding", "Meaning") and node.args:
                    found.update(literals(node.args[0]))
    return found - {""}


def texts() -> set[str]:
    constants = (node.value for tree in SOURCES.values() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def listed() -> list[str]:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_errors.rst").read_text(encoding="utf-8")
    table = guide.split(".. list-table::")[1]
    rows = re.findall(r"^   \* - (.+)$", table, re.MULTILINE)
    assert rows[0] == "Reason"
    return [row.strip("`") for row in rows[1:]]


def test_every_reason_is_listed_in_order() -> None:
    assert listed() == sorted(set(listed()))
    assert raised() - set(listed()) == set()


def test_every_listed_reason_is_one_of_the_code() -> None:
    composed = {f"unknown_{kind}" for kind in ("user", "group")}  # by vault_config's write.py
    assert set(listed()) - texts() - composed == set()
