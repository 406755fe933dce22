# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles decide in Python: their variables and templates have no loop, no assignment, and no chain of more than one `else`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTION = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in COLLECTION.glob("roles/*"))
STATEMENT = re.compile(r"\{%[-+]?\s*(for|set|elif|macro|filter|call)\b")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (*texts(key), *texts(each))
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def faults(text: str) -> list[str]:
    """The statements and expressions of a text that decide too much."""
    found = [match.group(0) for match in STATEMENT.finditer(text)]
    expressions = (re.sub(r"'[^']*'|\"[^\"]*\"", "''", each) for each in EXPRESSION.findall(text))
    return found + [each for each in expressions if len(re.findall(r"\belse\b", each)) > 1]


@pytest.mark.parametrize("role", ROLES)
def test_variables_and_templates_only_select(role: str) -> None:
    folder = COLLECTION / "roles" / role
    for path in sorted(folder.glob("vars/**/*.yml")):
        assert [fault for text in texts(yaml.safe_load(path.read_text(encoding="utf-8"))) for fault in faults(text)] == [], path
    for path in sorted(path for path in folder.glob("templates/**/*") if path.is_file()):
        assert faults(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(("text", "bad"), [
    ("{{ a if b else c }}", False), ("{{ a if b else 'else' }} {{ a if b else c }}", False), ("{{ a if b else c if d else e }}", True),
    ("{{ (a if b else c) ~ (d if e else f) }}", True), ("{% for a in b %}{% endfor %}", True), ("{%- set a = 1 -%}", True), ("{%+ set a = 1 %}", True),
    ("{% if a %}b{% else %}c{% endif %}", False), ("{% if a %}b{% elif c %}d{% endif %}", True), ("{# {{ a }} #}", False),
])  # fmt: skip
def test_the_search_itself(text: str, bad: bool) -> None:
    assert bool(faults(text)) is bad


def test_the_search_reads_something() -> None:
    assert {"seal_rotate", "kms_verify", "vault_config"} <= set(ROLES)
