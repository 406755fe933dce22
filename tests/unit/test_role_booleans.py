# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Truth values and numbers of roles are converted wherever they are used: by -e and from ini inventories they are strings, and each string is true."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

jinja2 = pytest.importorskip("jinja2")
nodes = jinja2.nodes

COLLECTION = Path(__file__).resolve().parents[2]
FOLDERS = ("tasks", "handlers", "vars", "templates", "defaults")
# Of playbooks, used before any role could refuse or convert them; and truth values inside of what options of another role hold.
FURTHER = {"key_map_seals": "bool", "disable_unauthed_generate_root_endpoints": "bool"}
CONVERSIONS = {"bool": {"bool"}, "int": {"int", "float"}, "float": {"int", "float"}}
EXPRESSIONS = {"when", "until", "failed_when", "changed_when", "that"}
# What looks whether a variable is set by -e, whatever it is; and what refuses any other word.
OF_ROLE = ("vault_config_restart", "vault_config_allow_seal_change", "vault_config_kms_verify")
EXCEPT = {("roles/migrate/tasks/preflight.yml", "{{ " + name + " }}") for name in OF_ROLE}
EXCEPT.add(("playbooks/key_map.yml", "{{ key_map_seals | default(true) }}"))
COMPARING = (nodes.Compare, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Not, nodes.And, nodes.Or, nodes.Test)


def options() -> dict[str, tuple[str, str]]:
    """The type and role of each option that is a truth value or a number, of every entry point, those within options too."""
    results = {name: (kind, "") for name, kind in FURTHER.items()}
    for spec in sorted(COLLECTION.glob("roles/*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"].values():
            results.update((name, (kind, spec.parts[-3])) for name, kind in typed(entry.get("options", {})))
    return results


def typed(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, option in spec.items():
        if option["type"] in CONVERSIONS:
            yield name, option["type"]
        yield from typed(option.get("options", {}))


OPTIONS = options()


@functools.cache
def all_templates() -> list[tuple[str, str, Any]]:
    environment = jinja2.Environment()
    return [(file, text, environment.parse(text)) for file, text in templates()]


def templates() -> Iterator[tuple[str, str]]:
    """Every template of roles and playbooks, with its file; a condition is one too."""
    paths = [path for folder in FOLDERS for path in COLLECTION.glob(f"roles/*/{folder}/**/*")]
    for path in sorted([*paths, *COLLECTION.glob("playbooks/*.yml")]):
        name = str(path.relative_to(COLLECTION))
        if path.suffix == ".j2":
            yield name, path.read_text(encoding="utf-8")
        elif path.suffix == ".yml":
            yield from ((name, text) for text in texts(yaml.safe_load(path.read_text(encoding="utf-8"))))


def texts(value: Any, is_expression: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, key in EXPRESSIONS)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, is_expression)
    elif isinstance(value, str):
        yield "{{ " + value + " }}" if is_expression and "{{" not in value else value


def unconverted(name: str, kind: str) -> list[str]:
    """The templates that use an option as it is; a number may go as it is to a module, and into a message."""
    here = [(file, text, tree) for file, text, tree in all_templates() if name in text and (file, text) not in EXCEPT]
    return [f"{file}: {text.strip()[:300]}" for file, text, tree in here if any(is_raw(use, kind) for use in uses(tree, name))]


def uses(tree: Any, name: str) -> Iterator[list[Any]]:
    """Each use of a variable or attribute, as the nodes from the outermost to it."""

    def walk(node: Any, above: list[Any]) -> Iterator[list[Any]]:
        here = [*above, node]
        if (isinstance(node, nodes.Name) and node.name == name) or (isinstance(node, nodes.Getattr) and node.attr == name):
            yield here
        if isinstance(node, nodes.Filter) and node.name in ("select", "selectattr", "rejectattr", "map"):
            named = [each.value for each in [*node.args, *(keyword.value for keyword in node.kwargs)] if isinstance(each, nodes.Const)]
            # What is taken from each of a list is converted by the filter after it; whether it is defined needs no conversion.
            if name in named and "defined" not in named:
                yield [each for each in here if each is not node] + [node] if not converts_next(above) else []
        for child in node.iter_child_nodes():
            yield from walk(child, here)

    yield from filter(None, walk(tree, []))


def converts_next(above: list[Any]) -> bool:
    after = above[-1] if above else None
    return isinstance(after, nodes.Filter) and after.name == "map" and [arg.value for arg in after.args] == ["bool"]


def is_raw(use: list[Any], kind: str) -> bool:
    above = use[:-1]
    while above and isinstance(above[-1], nodes.Filter) and above[-1].name in ("default", "d"):
        above.pop()
    if above and isinstance(above[-1], nodes.Filter) and above[-1].name in CONVERSIONS[kind]:
        return False
    return kind == "bool" or any(isinstance(node, COMPARING) for node in above)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_each_use_is_converted(name: str) -> None:
    assert unconverted(name, OPTIONS[name][0]) == []


def test_every_role_has_some() -> None:
    assert {role for _kind, role in OPTIONS.values()} == {"", *(path.name for path in COLLECTION.glob("roles/*"))}


@pytest.mark.parametrize(("text", "kind", "raw"), [
    ("{{ x }}", "bool", True), ("{{ x | bool }}", "bool", False), ("{{ not x }}", "bool", True), ("{{ not x | default(true) | bool }}", "bool", False),
    ("{{ 1 if x else 2 }}", "bool", True), ("{{ 1 if (x | d(1)) | bool and y else 2 }}", "bool", False), ("{{ y.x }}", "bool", True),
    ("{{ a | rejectattr('x') }}", "bool", True), ("{{ a | map(attribute='x') | map('bool') | reject }}", "bool", False),
    ("{{ a | map(attribute='x') | list }}", "bool", True), ("{{ a | selectattr('x', 'defined') }}", "bool", False), ("x is true", "bool", False),
    ("{{ x }}", "int", False), ("{{ y > x }}", "int", True), ("{{ y > x | int }}", "int", False), ("{{ x + 1 }}", "int", True),
    ("{{ x ~ ' s' }}", "int", False),
])  # fmt: skip
def test_the_search_itself(text: str, kind: str, raw: bool) -> None:
    assert any(is_raw(use, kind) for use in uses(jinja2.Environment().parse(text), "x")) is raw
