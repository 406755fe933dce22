# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealed values and files at run time: the action load_vars, and the filters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.sealed_project import SealedProject
from support.secrets_found import command_lines, places_with
from support.strict_kms import StrictKms
from support.vault_values import as_text

pytestmark = pytest.mark.matrix
LOAD = "sealwright.vault_seal.load_vars"
OPEN, EXTRACT = "sealwright.vault_seal.awskms_seal_unwrap", "sealwright.vault_seal.awskms_seal_extract"
INFO = "sealwright.vault_seal.awskms_seal_info"
DEBUG = "ansible.builtin.debug"
# Each has a mark that nothing else has.
IN_VARS, LOADED, FILTERED, MALFORMED = "correct-horse-4c11", "battery-staple-9d0e", "staple-of-a-filter-77ab", "horse-of-no-yaml-b3c2"
TAGGED = "horse-of-a-tag-0f6e"  # stands in a command line, which the test of all command lines would find


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedProject]:
    with StrictKms() as kms:
        made = SealedProject(kms, tmp_path_factory.mktemp("p"))
        made.seal("vars/one.yml.sealed", "l_one: first\nl_template: '{{ l_one }} of {{ inventory_hostname }}'\nl_raw: !unsafe '{{ 1 }}'\n")
        made.seal("vars/two.json.sealed", '{"l_one": "second", "l_two": {"deep": [1, 2]}}')
        made.seal("vars/bound.yml.sealed", "l_bound: bound\n", aad=b"aad")
        yield made


def debug_task(expression: str, **more: Any) -> dict[str, Any]:
    return {"name": expression, DEBUG: {"msg": "{{ " + expression + " }}"}, **more}


def test_files_become_variables_and_no_facts(project: SealedProject) -> None:
    facts = project.folder / "facts"
    project.configure(defaults=f"fact_caching = jsonfile\nfact_caching_connection = {facts}\ninject_facts_as_vars = false")
    project.kms.clear_calls()
    tasks = [
        {"name": "cache a fact", "ansible.builtin.set_fact": {"known": 1, "cacheable": True}},
        {"name": "load", LOAD: {"file": "one.yml.sealed", "allowed_key_ids": [project.alias]}},
        debug_task("l_template"),
        debug_task("l_raw"),
        {"name": "load many", LOAD: {"files": ["one.yml.sealed", "two.json.sealed"], "name": "l_all"}, "register": "l_result"},
        debug_task("l_all.l_one ~ l_all.l_two.deep[1] ~ l_result.ansible_facts.l_all.l_two.deep[0]"),
        {"name": "load what is bound", LOAD: {"file": str(project.folder / "vars" / "bound.yml.sealed"), "aad": "aad"}},
        debug_task("l_bound"),
    ]
    run = project.ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}], "--check").succeeded()
    shown = [record["result"]["msg"] for record in run.results if "msg" in record["result"]]
    assert shown == ["first of localhost", "{{ 1 }}", "second21", "bound"]
    assert len(project.kms.calls("Decrypt")) == 4
    assert [path for path in facts.iterdir() if "known" not in path.read_text(encoding="utf-8")] == []
    assert places_with(["l_one", "first", "second", "bound"], {}, facts) == []


def test_messages_for_refused_documents(project: SealedProject) -> None:
    project.seal("vars/list.yml.sealed", "- secret\n")
    refused = {
        "nowhere.yml.sealed": "Could not find or access 'nowhere.yml.sealed'",
        "list.yml.sealed": "list.yml.sealed was decrypted, but it is not a dictionary of variables",
        "bound.yml.sealed": f"bound.yml.sealed, sealed under {project.key}: KMS decrypted the data key, but the value is not authentic",
    }
    tasks = [{"name": file, LOAD: {"file": file}, "ignore_errors": True} for file in refused]
    tasks.append({"name": "neither", LOAD: {"name": "x"}, "ignore_errors": True})
    run = project.ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}]).succeeded()
    for file, text in {**refused, "neither": "one of the following is required: file, files."}.items():
        assert text in run[file]["msg"]
    assert run["bound.yml.sealed"]["reason"] == "not_authentic"


def test_the_filters(project: SealedProject) -> None:
    def blob(text: str, aad: bytes = b"") -> str:
        return as_text(project.values.envelope(text.encode(), aad))

    variables = {
        "one": blob("x {{ 1 + 1 }}"), "two": blob("y"), "bound": blob("z", b"aad"), "plugin_key": project.alias,
        "document": blob("a: {b: [1, {'c.d': '{{ 2 }}'}]}\n7: seven\n"),
    }
    good = {
        f"one | {OPEN}": "x {{ 1 + 1 }}",  # what a value holds is never taken for a template
        f"[one, two] | {OPEN} | join(',')": "x {{ 1 + 1 }},y",
        f"({{'k': one, 'l': two}} | {OPEN}(encoding='base64')).l": "eQ==",
        f"bound | {OPEN}(aad='aad', allowed_key_ids=[plugin_key], timeout=60)": "z",
        f"document | {EXTRACT}(['a', 'b', -1, 'c.d'])": "{{ 2 }}",
        f"document | {EXTRACT}('a.b.0') | string": "1",
        f"document | {EXTRACT}('7')": "seven",
        f"document | {EXTRACT}('a.x', 'instead')": "instead",
        f"(one | {INFO}).key_arns[0]": project.key,
        f"(one | {INFO}).slots[0].layout": "envelope",
        "kept": "x {{ 1 + 1 }}",
    }
    bad = {
        f"[one, bound] | {OPEN}": "Value 2: KMS decrypted the data key, but the value is not authentic.",
        f"5 | {OPEN}": "The value must be a string, not int.",
        f"one | {OPEN}(colour='red')": "The options of the filter are invalid: colour.",
        f"plugin_key | {INFO}": "The value: This is not a sealed value: it is not valid base64.",
        f"document | {EXTRACT}('a.b.9')": "The value was decrypted, but it contains no value at a.b.9.",
        f"document | {EXTRACT}('a.b.1.c')": "it contains no value at a.b.1.c.",
        f"document | {EXTRACT}('')": "The path must be a string such as 'database.users.0', or a list of names and indexes.",
    }
    tasks = [{"name": "keep", "ansible.builtin.set_fact": {"kept": "{{ one | " + OPEN + " }}"}}]
    tasks += [debug_task(expression) for expression in good] + [debug_task(expression, ignore_errors=True) for expression in bad]
    run = project.ansible.playbook([{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}]).succeeded()
    assert {expression: run[expression]["msg"] for expression in good} == good
    for expression, phrase in bad.items():
        assert phrase in run[expression]["msg"]


def test_no_secret_anywhere(project: SealedProject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s")
    there = SealedProject(project.kms, folder, alias="alias/secrets-of-variables")
    there.seal("inventory/group_vars/all.yml.sealed", f"v_secret: {IN_VARS}\n")
    there.seal("vars/loaded.yml.sealed", f"l_secret: {LOADED}\n")
    there.seal("vars/malformed.yml.sealed", f"l_bad: [{MALFORMED}\n{MALFORMED}: *{MALFORMED}\n")
    blob = as_text(there.values.envelope(f"f_secret: {FILTERED}".encode()))
    tasks = [
        {"name": "load", LOAD: {"file": "loaded.yml.sealed"}, "register": "l_result"},
        {"name": "compare", "ansible.builtin.assert": {"that": [
            f"v_secret == '{IN_VARS[:8]}' ~ '{IN_VARS[8:]}'", f"l_secret == '{LOADED[:8]}' ~ '{LOADED[8:]}'", "l_result.ansible_facts.l_secret == l_secret",
            f"(blob | {EXTRACT}('f_secret')) == '{FILTERED[:8]}' ~ '{FILTERED[8:]}'",
        ]}},
        {"name": "no document", LOAD: {"file": "malformed.yml.sealed"}, "ignore_errors": True},
        debug_task(f"blob | {EXTRACT}('none.such')", ignore_errors=True),
        debug_task(f"blob | {OPEN}(encoding='json')", ignore_errors=True),
    ]
    plays = [{"hosts": "all", "gather_facts": False, "vars": {"blob": blob}, "tasks": tasks}]
    with command_lines() as lines:
        run = there.ansible.playbook(plays, "-vvvv", "--diff", env={"ANSIBLE_LOG_PATH": str(folder / "log")}).succeeded()
        there.seal("inventory/group_vars/all.yml.sealed", f"v_secret: {IN_VARS}\n{MALFORMED}: [\n")
        failed = there.ansible.playbook(plays, "-vvvv", env={"ANSIBLE_LOG_PATH": str(folder / "log")})
    assert failed.code != 0
    assert "was decrypted, but it is not a YAML or JSON document" in failed.output
    assert (folder / "log").stat().st_size > len(run.stdout)
    printed = {"output": (run.output + failed.output).encode(), "command lines": b"\n".join(lines)}
    assert places_with([IN_VARS, LOADED, FILTERED, MALFORMED], printed, folder) == []


def test_the_tags_of_ansible_mean_the_same_everywhere(project: SealedProject, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("of ansible-vault", encoding="utf-8")
    vault = ["--vault-password-file", str(tmp_path / "password")]
    encrypted = project.ansible.command(["ansible-vault", "encrypt_string", *vault, TAGGED]).succeeded().stdout
    document = f"raw: !unsafe '{{{{ 1 + 1 }}}}'\nvault: {encrypted}"
    project.seal("vars/tags.yml.sealed", f"l_tags:\n  {document.strip()}\n".replace("\nvault", "\n  vault"))
    project.seal("files/tags.yml.sealed", document)
    lookup = "lookup('sealwright.vault_seal.awskms_seal_unwrap', 'tags.yml.sealed', from_file=true, encoding='yaml')"
    from_filter, from_extract = f"(blob | {OPEN}(encoding='yaml'))", f"(blob | {EXTRACT}('raw')) ~ (blob | {EXTRACT}('vault'))"
    expressions = [*(f"{source}.raw ~ {source}.vault" for source in ("l_tags", lookup, from_filter)), from_extract]
    tasks = [{"name": "load", LOAD: {"file": "tags.yml.sealed"}}, *(debug_task(expression) for expression in expressions)]
    plays = [{"hosts": "all", "gather_facts": False, "vars": {"blob": as_text(project.values.envelope(document.encode()))}, "tasks": tasks}]
    run = project.ansible.playbook(plays, *vault).succeeded()
    assert [run[expression]["msg"] for expression in expressions] == ["{{ 1 + 1 }}" + TAGGED] * 4


def test_what_is_no_document_shows_nothing(project: SealedProject) -> None:
    documents = [
        f"a: !!bool {MALFORMED}", f"a: !!timestamp {MALFORMED}", f"a: {MALFORMED}\nb: 2026-02-30", f"a: {MALFORMED}\nb: {'7' * 5000}",
        f"a: [{MALFORMED}, {'[' * 20000}",
        f"a: &a [{MALFORMED}, *a]", f"<<: {MALFORMED}", f"a: !{MALFORMED} b", f"? [{MALFORMED}]\n: b", f"a: {MALFORMED}\na: {MALFORMED}",
        f"a: !!set {{{MALFORMED}}}",
    ]
    tasks: list[dict[str, Any]] = []
    for number, document in enumerate(documents):
        project.seal(f"vars/bad{number}.yml.sealed", document)
        blob = as_text(project.values.envelope(document.encode()))
        tasks.append({"name": f"load {number}", LOAD: {"file": f"bad{number}.yml.sealed"}, "ignore_errors": True})
        expressions = {
            f"extract {number}": f"'{blob}' | {EXTRACT}('a')",
            f"filter {number}": f"'{blob}' | {OPEN}(encoding='yaml')",
            f"lookup {number}": f"lookup('sealwright.vault_seal.awskms_seal_unwrap', '{blob}', encoding='yaml')",
        }
        tasks += [{"name": name, DEBUG: {"msg": "{{ " + expression + " }}"}, "ignore_errors": True} for name, expression in expressions.items()]
    run = project.ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}], "-vvv").succeeded()
    assert [task["name"] for task in tasks if " was decrypted, but " not in run[task["name"]]["msg"]] == []
    for part in (MALFORMED, MALFORMED[:8], "77777", "Traceback (most recent call last)"):
        assert part not in run.output


def test_a_loop_is_refused_where_its_variables_would_be_facts(project: SealedProject) -> None:
    tasks = [{"name": "loop", LOAD: {"file": "{{ item }}"}, "loop": ["one.yml.sealed"], "ignore_errors": True}, debug_task("l_one | default('none')")]
    run = project.ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}]).succeeded()
    loaded = run["l_one | default('none')"]["msg"]
    # ansible-core 2.21 tells variables from facts.
    assert loaded == "first" or (loaded == "none" and "Set the option files to all files instead." in str(run["loop"]))
