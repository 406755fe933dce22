# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How plays run roles: in which order, and with truth values and numbers as the command line and inventories give them, as strings."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from support.ansible_run import Ansible, Run, collections_path, host_python

CHECK = "sealwright.vault_seal.check_play"
NAMES = ["one", "two", "three"]
ROLES = {
    "cluster_bootstrap": {
        "cluster_bootstrap_recovery_pgp_keys": ["x"], "cluster_bootstrap_recovery_threshold": 1, "cluster_bootstrap_address": "http://127.0.0.1:9",
        "cluster_bootstrap_root_token": "seal",
    },
    "seal_rotate": {"seal_rotate_alias": "alias/x", "seal_rotate_new_key": "alias/y", "seal_rotate_address": "http://127.0.0.1:9"},
    "migrate": {"migrate_to": "awskms", "vault_config_product": "openbao", "migrate_address": "http://127.0.0.1:9", "vault_config_seals": [{}]},
}


@pytest.fixture
def hosts(ansible: Ansible) -> Ansible:
    common = {"ansible_connection": "local", "ansible_python_interpreter": host_python()}
    ansible.inventory.write_text(json.dumps({"all": {"hosts": dict.fromkeys(NAMES, common)}}), encoding="utf-8")
    return ansible


def check(ansible: Ansible, *arguments: str, env: dict[str, str] | None = None, **play: Any) -> Run:
    task = {"name": "check", CHECK: {"because": "nothing may be done before all are asked"}}
    return ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": [task], **play}], *arguments, env=env)


@pytest.mark.matrix
def test_hosts_that_go_together(hosts: Ansible) -> None:
    for play in [{"throttle": 1}, {"strategy": "debug"}, {"serial": "100%"}]:
        run = check(hosts, "--forks", "1", **play).succeeded()
        assert {record["outcome"] for record in run.results} == {"ok"}


@pytest.mark.matrix
def test_hosts_that_go_apart_are_refused(hosts: Ansible) -> None:
    chosen = {"strategy": "{{ chosen }}", "vars": {"chosen": "free"}}
    variants: list[tuple[dict[str, Any], dict[str, str]]] = [(chosen, {}), ({}, {"ANSIBLE_STRATEGY": "host_pinned"}), ({"serial": 1}, {})]
    for play, env in variants:
        run = check(hosts, env=env, **play)
        messages = {record["result"]["msg"] for record in run.results}
        assert run.code == 2, (play, env)
        assert all("nothing may be done before all are asked" in message and "Nothing was changed." in message for message in messages), messages
        assert all(("strategy: linear" in message) != ("Remove serial" in message) for message in messages), messages


@pytest.mark.parametrize("role", ROLES)
def test_roles_whose_order_counts_refuse_it(hosts: Ansible, role: str) -> None:
    task = {"ansible.builtin.import_role": {"name": f"sealwright.vault_seal.{role}"}, "vars": ROLES[role]}
    run = hosts.playbook([{"hosts": "all", "gather_facts": False, "tasks": [task], "strategy": "free"}])
    failed = [record for record in run.results if record["outcome"] == "failed"]
    assert run.code == 2
    assert {record["host"] for record in failed} == set(NAMES)
    assert {record["task"].rsplit(" : ", 1)[-1] for record in failed} == {"Check that the play runs each task on all hosts together"}, run.output


def typed(*kinds: str) -> dict[str, dict[str, list[str]]]:
    """The options of these types of each role's entry points."""
    by_name: dict[str, dict[str, list[str]]] = {}
    for spec in sorted((collections_path() / "ansible_collections/sealwright/vault_seal/roles").glob("*/meta/argument_specs.yml")):
        for entry, result in yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"].items():
            names = [name for name, option in result.get("options", {}).items() if option["type"] in kinds]
            if names:
                by_name[f"{spec.parts[-3]}/{entry}"] = {"names": names, "required": [name for name, o in result["options"].items() if o.get("required")]}
    return by_name


@pytest.mark.parametrize("value", ["perhaps", ""])
@pytest.mark.parametrize("kinds", [("bool",), ("int", "float")], ids=["truth values", "numbers"])
def test_invalid_values_are_refused_at_every_entry_point(hosts: Ansible, kinds: tuple[str, ...], value: str) -> None:
    """By Ansible, before any task of the role runs."""
    places = typed(*kinds)
    tasks = []
    for where, options in places.items():
        role, entry = where.split("/")
        called = {"name": f"sealwright.vault_seal.{role}", **({} if entry == "main" else {"tasks_from": entry})}
        given = {"vault_config_product": "openbao", **dict.fromkeys(options["names"], value)}
        goes_on = {"name": "go on", "ansible.builtin.debug": {"msg": "refused"}}
        tasks.append({"block": [{"ansible.builtin.import_role": called, "vars": given}], "rescue": [goes_on]})
    run = hosts.playbook(tasks, "--limit", "one", hosts="all").succeeded()
    failed = [record for record in run.results if record["outcome"] == "failed"]
    assert [record["task"].startswith("Validating arguments") or " : Validating arguments" in record["task"] for record in failed] == [True] * len(places)
    for record, (where, options) in zip(failed, places.items()):
        errors = " ".join(record["result"]["argument_errors"])
        assert [name for name in options["names"] if name not in errors] == [], where


WORDS = {"false": False, "no": False, "0": False, "yes": True}


def conversions() -> dict[str, list[str]]:
    """How the roles and playbooks take each of their truth values, as they write it."""
    collection = collections_path() / "ansible_collections/sealwright/vault_seal"
    files = [path for folder in ("roles", "playbooks") for path in (collection / folder).rglob("*") if path.suffix in (".yml", ".j2")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    names = ["key_map_seals", *(name for options in typed("bool").values() for name in options["names"])]
    return {name: sorted(set(re.findall(rf"(?<!\w){name}(?: \| default\(\w+\))? \| bool\b", text))) for name in names}


@pytest.mark.matrix
def test_words_become_truth_values(hosts: Ansible) -> None:
    """In each place of each role, with what -e gives, which is a string; and with a truth value."""
    taken = conversions()
    expressions = [each for items in taken.values() for each in items]
    assert len(expressions) >= len([name for name in taken if not name.startswith("vault_config_")])
    task = {"name": "taken", "ansible.builtin.debug": {"msg": {each: "{{ " + each + " }}" for each in expressions}}}
    for word, truth in WORDS.items():
        extra = [argument for name in taken for argument in ("-e", f"{name}={word}")]
        run = hosts.playbook([task], "--limit", "one", *extra, hosts="all").succeeded()
        assert {name: str(value) for name, value in run["taken"]["msg"].items()} == dict.fromkeys(expressions, str(truth))
    for truth in (True, False):
        run = hosts.playbook([task], "--limit", "one", "-e", json.dumps(dict.fromkeys(taken, truth)), hosts="all").succeeded()
        assert {str(value) for value in run["taken"]["msg"].values()} == {str(truth)}


@pytest.mark.matrix
@pytest.mark.parametrize("word", ["no", False])
def test_server_state_can_continue_without_the_state(hosts: Ansible, word: Any) -> None:
    extra = ["-e", f"server_state_fail={word} server_state_validate_certs={word} server_state_seconds=1"] if isinstance(word, str) else []
    extra = extra or ["-e", json.dumps({"server_state_fail": word, "server_state_validate_certs": word, "server_state_seconds": "1"})]
    role = {"ansible.builtin.include_role": {"name": "sealwright.vault_seal.server_state"}}
    reported = {"server_state_address": "http://127.0.0.1:9", "server_state_until": "unsealed"}
    run = hosts.playbook([{**role, "vars": reported}], "--limit", "one", *extra, hosts="all").succeeded()
    facts = next(record["result"]["ansible_facts"]["server_state_result"] for record in run.results if "ansible_facts" in record["result"])
    assert (facts["reached"], facts["answers"]) == (False, False)


@pytest.mark.parametrize("word", ["perhaps"])
def test_a_playbook_refuses_an_invalid_value_before_its_first_role(hosts: Ansible, word: str) -> None:
    run = hosts.command(["ansible-playbook", "sealwright.vault_seal.key_map", "-e", json.dumps({"key_map_hosts": "one", "key_map_seals": word})])
    assert run.code == 2
    assert "key_map_seals" in run.output


def test_the_report_of_a_drill_is_tried_before(hosts: Ansible) -> None:
    missing = hosts.folder / "none"
    variables = {"restore_drill_snapshot": str(hosts.folder / "no.snap"), "restore_drill_report": str(missing / "drill.json")}
    role = {"role": "sealwright.vault_seal.restore_drill", "vars": variables}
    run = hosts.playbook([{"hosts": "all", "gather_facts": False, "roles": [role]}])
    assert run.code == 2
    assert str(missing) in run.output
    assert "no.snap" not in run.output


def test_the_report_of_a_drill_has_the_name_of_its_host(hosts: Ansible) -> None:
    variables = {
        "restore_drill_snapshot": str(hosts.folder / "no.snap"), "restore_drill_report": str(hosts.folder / "drill.json"), "restore_drill_become": False,
    }  # fmt: skip
    role = {"role": "sealwright.vault_seal.restore_drill", "vars": variables}
    assert hosts.playbook([{"hosts": "one", "gather_facts": False, "roles": [role]}], "--limit", "one").code == 2
    assert [path.name for path in hosts.folder.glob("drill*")] == ["drill.one.json"]
