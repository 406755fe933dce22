# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed host cannot choose a file, program, endpoint, proxy, principal, certificate authority or allowed key on the controller.

The hosts' interpreter is a program that answers with facts of its choice. The document that the plugins open is sealed under a key that the
controller may use and that ansible.cfg does not pin: with the pin lifted, it would open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.controller_plugins import DOCUMENT, PLUGINS, ControllerPlugins, in_one_line
from support.hostile_host import TOKEN, Attack, Listener, hostile_python, listener
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

pytestmark = pytest.mark.matrix
# The action plugins see the variables of the task, as the lookup does; templates with a filter see none.
SEES_VARIABLES = ("lookup", "file", "load_vars", "edit")
GATHER = {"name": "gather", "ansible.builtin.setup": None}
ANY_MODULE = {"name": "any module", "ansible.builtin.command": "true", "register": "sent"}


@pytest.fixture(scope="module")
def heard() -> Iterator[Listener]:
    with listener() as server:
        yield server


@pytest.fixture(scope="module")
def own_kms() -> Iterator[StrictKms]:
    with StrictKms() as kms:
        kms.new_key(alias="alias/ours")
        yield kms


class Stage:
    """A project that pins its key in ansible.cfg, with a good host and hostile ones."""

    def __init__(self, kms: StrictKms, folder: Path, heard: Listener) -> None:
        self.kms, self.heard = kms, heard
        foreign = VaultValues(kms.client(), kms.new_key())
        self.attack = Attack(folder / "attack", heard.url, foreign.key_arn)
        (self.attack.search_path / "files" / "document.yml.sealed").write_text(as_text(foreign.envelope(b"evil")), encoding="ascii")
        self.ansible = Ansible(folder, kms.environment())
        self.ansible.config.write_text(
            f"[defaults]\nfact_caching = jsonfile\nfact_caching_connection = {folder}/facts\n[awskms]\nallowed_key_ids = alias/ours\n", encoding="utf-8"
        )
        good = f"good ansible_connection=local ansible_python_interpreter={host_python()!r}\n"
        self.ansible.inventory.write_text(good + self.attack.inventory(folder), encoding="utf-8")
        self.plugins = ControllerPlugins(self.ansible, foreign)
        self.own = as_text(VaultValues(kms.client(), kms.client().describe_key(KeyId="alias/ours")["KeyMetadata"]["Arn"]).envelope(DOCUMENT.encode()))

    def run(self, before: list[dict[str, Any]], *arguments: str, hosts: str = "hostile", **play: Any) -> Run:
        """Run all plugins on the hosts after some tasks."""
        self.kms.clear_calls()
        self.heard.requests.clear()
        tasks = [*({**task, "ignore_errors": True} for task in before), *self.plugins.tasks()]
        return self.ansible.playbook([{"hosts": hosts, "gather_facts": False, "tasks": tasks, **play}], *arguments, env={"ANSIBLE_FORKS": "2"})

    def held(self, run: Run, *, refused: bool = True) -> None:
        """Assert that the attack had no effect on the controller."""
        assert self.heard.requests == []
        assert not self.attack.ran.exists()
        assert TOKEN not in run.output
        assert self.kms.calls("Decrypt") == []
        of_plugins = [record for record in run.results if record["task"] in PLUGINS]
        assert of_plugins, run.output
        for record in of_plugins:
            message = str(record["result"].get("msg"))
            assert "opened-" not in message
            assert "evil" not in message
            assert "not one of the allowed keys" in message or "but options are not read from variables" in message
        if refused:
            named = {record["result"]["msg"].split("The variable ")[1].split()[0] for record in of_plugins if "The variable " in record["result"]["msg"]}
            assert named == {min(facts) for host, facts in self.attack.facts.items() if host != "names"}


@pytest.fixture
def stage(own_kms: StrictKms, tmp_path: Path, heard: Listener) -> Stage:
    return Stage(own_kms, tmp_path, heard)


def test_facts_of_setup_and_of_any_module(stage: Stage) -> None:
    stage.held(stage.run([GATHER]))
    stage.held(stage.run([ANY_MODULE]))


def test_what_was_registered_and_set(stage: Stage) -> None:
    """Other names too are then as the host would have them, since the playbook says so."""
    set_fact = {"name": "set", "ansible.builtin.set_fact": "{{ sent.answer }}"}
    stage.held(stage.run([ANY_MODULE, set_fact], hosts="hostile:!names"))


def test_a_file_that_was_fetched_and_included(stage: Stage) -> None:
    everything = {name: value for host, facts in stage.attack.facts.items() if host != "names" for name, value in facts.items()}
    for host, facts in stage.attack.facts.items():
        (stage.ansible.folder / f"fetched-{host}.json").write_text(json.dumps(facts), encoding="utf-8")
    assert len(everything) > 10
    include = {"name": "include", "ansible.builtin.include_vars": {"file": str(stage.ansible.folder) + "/fetched-{{ inventory_hostname }}.json"}}
    stage.held(stage.run([include], hosts="hostile:!names"))


def test_facts_of_a_cache(stage: Stage) -> None:
    """Gathered by one run, and read by the next, in which the host is not asked."""
    stage.run([GATHER])
    assert (stage.ansible.folder / "facts").is_dir()
    stage.held(stage.run([]))


@pytest.mark.parametrize("owner", [False, True])
def test_delegated_facts(stage: Stage, owner: bool) -> None:
    """Gathered of a hostile host by the good one: as the good host's own, or as those of the host that was asked."""
    gather = [
        {**GATHER, "delegate_to": host, "delegate_facts": owner, "name": f"gather {host}"} for host in stage.attack.facts
    ]
    run = stage.run(gather, hosts="good")
    stage.held(run, refused=False)
    for plugin in PLUGINS:
        seen = not owner and plugin in SEES_VARIABLES
        assert ("but options are not read from variables" if seen else "not one of the allowed keys") in run[plugin]["msg"]


def test_the_good_host_goes_on(stage: Stage) -> None:
    """A hostile host in the same play costs nobody else their secrets, and filters open what they are to open on the hostile one as well."""
    lookup = {
        "name": "own", "ansible.builtin.debug": {"msg": "{{ sealed | sealwright.vault_seal.awskms_seal_extract('secret_name') }}"},
        "vars": {"sealed": stage.own},
    }
    run = stage.ansible.playbook([{"hosts": "all", "gather_facts": True, "tasks": [lookup]}])
    messages = [record["result"]["msg"] for record in run.results if record["task"] == "own"]
    assert messages == ["opened-5f1c7d"] * (1 + len(stage.attack.facts))
    assert stage.heard.requests == []
    assert not stage.attack.ran.exists()


def test_keywords_of_the_call_are_the_playbooks_own(stage: Stage) -> None:
    """An option that the call sets is not refused for a variable of its name; and the pin of the call holds."""
    blob = as_text(VaultValues(stage.kms.client(), stage.kms.new_key()).envelope(b"x"))
    call = f"lookup('sealwright.vault_seal.awskms_seal_unwrap', '{blob}', allowed_key_ids=['alias/ours'])"
    run = stage.ansible.playbook(
        [{"hosts": "pin", "gather_facts": True, "tasks": [{"name": "call", "ansible.builtin.debug": {"msg": "{{ " + call + " }}"}, "ignore_errors": True}]}]
    )
    assert "not one of the allowed keys (alias/ours" in run["call"]["msg"]


class Roles:
    """Facts with which a host would control the roles of this collection on the controller."""

    def __init__(self, stage: Stage, folder: Path, facts: dict[str, Any]) -> None:
        self.stage = stage
        program = hostile_python(folder, "python-role", facts)
        stage.ansible.inventory.write_text(f"evil ansible_connection=local ansible_python_interpreter={program}\n", encoding="utf-8")

    def run(self, role: str, **variables: Any) -> Run:
        (self.stage.ansible.folder / "group_vars").mkdir(exist_ok=True)
        (self.stage.ansible.folder / "group_vars" / "all.json").write_text(json.dumps(variables), encoding="utf-8")
        tasks = [{"name": "role", "ansible.builtin.include_role": {"name": f"sealwright.vault_seal.{role}"}}]
        return self.stage.ansible.playbook([{"hosts": "evil", "gather_facts": True, "tasks": tasks}])


def test_a_report_is_written_where_the_playbook_says(stage: Stage) -> None:
    victim = stage.ansible.folder / "victim"
    victim.write_text("as it was", encoding="utf-8")
    reports = {"kms_verify_report": str(victim), "key_map_report": str(victim), "restore_drill_report": str(victim)}
    roles = Roles(stage, stage.ansible.folder, reports)
    for role in ("kms_verify", "key_map"):
        run = roles.run(role, kms_verify_kms_key_id="alias/ours", key_map_kms_key_id="alias/ours")
        assert "The host returned facts with the names of variables of this collection's roles or of Ansible: " in in_one_line(run)
        assert run.code != 0
    assert victim.read_text(encoding="utf-8") == "as it was"


def test_a_host_is_no_other_host_to_a_role(stage: Stage) -> None:
    """Ansible lets facts replace some names of its own."""
    names = {"inventory_hostname": "good", "group_names": ["all"], "inventory_dir": "/tmp"}
    roles = Roles(stage, stage.ansible.folder, names)
    run = roles.run("kms_verify", kms_verify_report="report.json", kms_verify_kms_key_id="alias/ours")
    assert "or of Ansible: group_names, inventory_dir, inventory_hostname. Facts take precedence" in in_one_line(run)
    assert not (stage.ansible.folder / "report.json").exists()


def test_a_file_is_looked_for_where_the_command_says(stage: Stage) -> None:
    """A host would have keys and tasks of its choice taken, from a folder of files that were fetched from it."""
    theirs = stage.attack.search_path / "tasks.yml"
    theirs.write_text("- ansible.builtin.debug:\n", encoding="utf-8")
    Roles(stage, stage.ansible.folder, {name: str(stage.attack.search_path) for name in ("inventory_dir", "playbook_dir", "inventory_file", "role_path")})
    lookups = {
        "tasks": "lookup('sealwright.vault_seal.controller_file', 'tasks.yml', tasks=true)",
        "key": "lookup('sealwright.vault_seal.openpgp_key', 'tasks.yml')",
        "sealed": "lookup('sealwright.vault_seal.awskms_seal_unwrap', 'tasks.yml', from_file=true)",
    }
    tasks = [{"name": name, "ansible.builtin.debug": {"msg": "{{ " + call + " }}"}, "ignore_errors": True} for name, call in lookups.items()]
    set_fact = {"name": "set", "ansible.builtin.set_fact": "{{ sent.answer }}"}
    for before in ([GATHER], [ANY_MODULE, set_fact]):
        run = stage.ansible.playbook([{"hosts": "evil", "gather_facts": False, "tasks": [*before, *tasks]}])
        for name in lookups:
            assert "The file 'tasks.yml' does not exist on the controller. Searched: " in run[name]["msg"]
            assert str(theirs) not in run[name]["msg"]


def test_a_role_asks_kms_on_the_controller_as_the_playbook_says(stage: Stage) -> None:
    """seal_rotate asks there by default: a host would choose endpoint, principal and the key that is to come."""
    roles = Roles(stage, stage.ansible.folder, {"seal_rotate_endpoint": stage.heard.url, "seal_rotate_new_key": "alias/theirs"})
    stage.heard.requests.clear()
    stage.kms.clear_calls()
    values = {"seal_rotate_new_key": "alias/ours", "seal_rotate_alias": "alias/ours", "seal_rotate_address": "http://127.0.0.1:1", "seal_rotate_token": "t"}
    run = roles.run("seal_rotate", **values)
    assert "seal_rotate_endpoint, seal_rotate_new_key. Facts take precedence over the inventory" in in_one_line(run)
    assert run.code != 0
    assert stage.heard.requests == []
    assert stage.kms.calls() == []


def test_the_playbook_edit_takes_no_editor_from_a_cache_of_facts(stage: Stage) -> None:
    facts = {"editor": str(stage.ansible.folder / "attack" / "program"), "allowed_key_ids": ["alias/theirs"], "cacheable": True}
    stage.ansible.playbook([{"name": "poison", "ansible.builtin.set_fact": facts}]).succeeded()
    run = stage.ansible.command(["ansible-playbook", "sealwright.vault_seal.edit", "-e", f"file={stage.plugins.file}"])
    assert "Facts of this machine have the names of variables of this playbook." in in_one_line(run)
    assert not stage.attack.ran.exists()
