# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealed variables files in Ansible: calls, precedence, errors, and Ansible's other commands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run
from support.sealed_project import SealedProject
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

pytestmark = pytest.mark.matrix
HOSTS = 100
NO_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}]}
LOCAL = {"hosts": "all", "gather_facts": False}


@pytest.fixture(scope="module")
def counted() -> Iterator[StrictKms]:
    """A KMS that no other test calls."""
    with StrictKms() as kms:
        yield kms


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a short name: ansible-core puts a socket below it, whose path may have 107 characters."""
    return tmp_path_factory.mktemp("v")


@pytest.fixture
def project(counted: StrictKms, folder: Path, request: pytest.FixtureRequest) -> SealedProject:
    return SealedProject(counted, folder, "lone\n[web]\nweb1\nweb2\n", f"alias/{request.node.name}")


def listed(project: SealedProject, *arguments: str, **env: str) -> Any:
    run = project.ansible.command(["ansible-inventory", *(arguments or ("--list",))], env).succeeded()
    return json.loads(run.stdout)


def host_variables(project: SealedProject, **env: str) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = listed(project, **env)["_meta"]["hostvars"]
    return result


def messages(run: Run, task: str) -> set[str]:
    return {str(record["result"]["msg"]) for record in run.results if record["task"] == task}


def test_as_many_calls_as_data_keys(counted: StrictKms, folder: Path) -> None:
    """Files are opened once however many hosts, tasks and workers there are, and concurrently."""
    hosts = [f"web{number:03}" for number in range(HOSTS)]
    project = SealedProject(counted, folder, "[web]\n" + "\n".join(hosts) + "\n", "alias/many")
    shared = project.seal("inventory/group_vars/all/shared.yml.sealed", "shared: of-all\n")
    project.copy("group_vars/all.yml.sealed", shared)
    project.seal("inventory/group_vars/web.json.sealed", json.dumps({"web": "{{ shared }} of {{ inventory_hostname }}"}))
    for host in hosts[:30]:
        project.seal(f"inventory/host_vars/{host}.yaml.sealed", f"own: own of {host}\n")
    counted.set_latency(0.05)
    try:
        run = project.shown("web", "own | default('none')", "hostvars['web007'].own", arguments=("--forks", "10")).succeeded()
    finally:
        counted.set_latency(0)
    assert messages(run, "web") == {f"of-all of {host}" for host in hosts}
    assert messages(run, "own | default('none')") == {"none", *(f"own of {host}" for host in hosts[:30])}
    assert messages(run, "hostvars['web007'].own") == {"own of web007"}
    assert project.decrypts() == 32
    begun = sorted(call["time"] for call in counted.calls("Decrypt"))
    assert begun[-1] - begun[1] < 30 * 0.05  # one after the other would take longer


def test_who_wins(project: SealedProject) -> None:
    """Inventory before playbook, all before group before host, plain before sealed, a folder before what lies beside it."""
    names = ("a", "b", "c", "d", "e", "f", "g")

    def document(text: str, count: int) -> str:
        return "".join(f"{name}: {text}\n" for name in names[:count])

    project.seal("inventory/group_vars/all/folder.yml.sealed", document("folder", 7))
    project.seal("inventory/group_vars/all.yml.sealed", document("inventory", 6))
    project.write("inventory/group_vars/all/plain.yml", "g: plain\nplain: '{{ g }}'\n")
    project.seal("group_vars/all/x.yml.sealed", document("playbook", 5))
    project.seal("inventory/group_vars/web.yml.sealed", document("group", 4))
    project.seal("group_vars/web.yml.sealed", document("group of playbook", 3))
    project.seal("inventory/host_vars/web1.yml.sealed", document("host", 2))
    project.seal("host_vars/web1.yml.sealed", document("host of playbook", 1) + "raw: !unsafe '{{ 1 }}'\n")
    message = project.shown(*names, "plain", "raw", hosts="web1").succeeded()
    assert [message[name]["msg"] for name in (*names, "plain", "raw")] == [
        "host of playbook", "host", "group of playbook", "group", "playbook", "inventory", "folder", "folder", "{{ 1 }}"
    ]


def test_a_file_that_does_not_open_stops_the_run(project: SealedProject) -> None:
    other = project.kms.new_key()
    file = project.seal("inventory/group_vars/all.yml.sealed", "a: 1\n", VaultValues(project.kms.client(), other))
    nobody = project.kms.environment(project.kms.principal(NO_RIGHTS))
    refused = project.shown("'never'", env=nobody)
    assert refused.code != 0
    assert refused.results == []
    for word in ("Sealed variables are missing (access_denied).", str(file), other, "kms:Decrypt"):
        assert word in refused.output
    assert "Traceback" not in refused.output
    warned = project.shown("a | default('none')", env={**nobody, "ANSIBLE_VARS_AWSKMS_SEAL_UNOPENED": "warn"}).succeeded()
    assert messages(warned, "a | default('none')") == {"none"}
    assert "[WARNING]: Sealed variables are missing (access_denied)." in warned.stderr
    project.configure("allowed_key_ids = " + project.key)
    untrusted = project.shown("'never'")
    assert untrusted.code != 0
    assert f"is sealed under the key {other}, which is not one of the allowed keys" in " ".join(untrusted.output.split())
    assert project.decrypts() == 0


def test_what_does_not_open_matters_to_those_who_need_it(project: SealedProject) -> None:
    project.seal("inventory/host_vars/web1.yml.sealed", "a: 1\n")
    project.write("inventory/host_vars/web2.yml.sealed", "no sealed value")
    assert project.shown("a", hosts="web1").succeeded()["a"]["msg"] in (1, "1")
    failed = project.shown("a", hosts="web1:web2")
    assert failed.code != 0
    assert "web2.yml.sealed" in failed.output


def test_how_much_is_opened(project: SealedProject) -> None:
    for host in ("web1", "web2", "lone"):
        project.seal(f"inventory/host_vars/{host}.yml.sealed", "a: 1\n")
    project.seal("inventory/host_vars/gone.yml.sealed", "a: 1\n")
    opened = {
        "all of the inventory": project.shown("a", hosts="web1").succeeded() and project.decrypts(),
        "those of the limit": project.shown("a", arguments=("--limit", "web")).succeeded() and project.decrypts(),
        "what is needed": project.shown("a", hosts="web1", env={"ANSIBLE_VARS_AWSKMS_SEAL_OPEN": "needed"}).succeeded() and project.decrypts(),
        "nothing": project.shown("a | default(0)", env={"ANSIBLE_VARS_AWSKMS_SEAL_DISABLED": "true"}).succeeded() and project.decrypts(),
    }
    project.ansible.config.write_text("[defaults]\n", encoding="utf-8")
    opened["nothing where it is off"] = project.shown("a | default(0)").succeeded() and project.decrypts()
    assert opened == {"all of the inventory": 3, "those of the limit": 2, "what is needed": 1, "nothing": 0, "nothing where it is off": 0}


def test_ansible_inventory(project: SealedProject) -> None:
    project.seal("inventory/group_vars/web.yml.sealed", "a: of web\nb: '{{ a }}'\n", aad=b"bound")
    project.seal("inventory/host_vars/lone.json.sealed", '{"a": [1, {"x": null}]}', aad=b"bound")
    project.configure("vars_aad = bound")
    result = host_variables(project)
    assert result["web2"]["b"] == "{{ a }}"
    assert result["lone"]["a"] == [1, {"x": None}]
    assert listed(project, "--host", "web1")["a"] == "of web"
    assert "--{a = of web}" in project.ansible.command(["ansible-inventory", "--graph", "--vars", "web"]).succeeded().stdout
    # AWX says so while it updates an inventory, and would keep what it is given.
    assert "a" not in host_variables(project, INVENTORY_UPDATE_ID="1")["web1"]
    assert "a" in host_variables(project, INVENTORY_UPDATE_ID="1", ANSIBLE_VARS_AWSKMS_SEAL_IN_INVENTORY_UPDATE="true")["web1"]


def test_options_and_stage_from_ansible_cfg(project: SealedProject) -> None:
    project.seal("inventory/group_vars/all.yml.sealed", "a: 1\n")
    without = {name: value for name, value in project.kms.environment().items() if name not in ("AWS_REGION", "AWS_KMS_ENDPOINT")}
    keys = {"ANSIBLE_AWSKMS_ACCESS_KEY": without.pop("AWS_ACCESS_KEY_ID"), "ANSIBLE_AWSKMS_SECRET_KEY": without.pop("AWS_SECRET_ACCESS_KEY")}
    project.ansible = Ansible.like(project.ansible, {**without, **keys})
    project.configure(f"region = us-east-1\nendpoint = {project.kms.url}\nvars_stage = inventory\nallowed_key_ids = {project.alias}")
    assert messages(project.shown("a").succeeded(), "a") == {"1"}
    assert project.decrypts() == 1
    project.configure("region = eu-west-1")
    assert "the region in effect is eu-west-1 (from" in " ".join(project.shown("a").output.split())


def test_ansible_pull_from_a_repository(project: SealedProject) -> None:
    """As on a host that configures itself: no terminal, and the variables beside the playbook."""
    repository = project.folder / "repository"
    sealed = project.seal("repository/group_vars/all/s.yml.sealed", "pulled: from git\n")
    assert sealed.exists()
    play = [{**LOCAL, "tasks": [{"name": "show", "ansible.builtin.debug": {"var": "pulled"}}]}]
    project.write("repository/local.yml", json.dumps(play))
    for line in (["init", "-q", "-b", "main"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *line], cwd=repository, check=True, env=project.ansible.environment())
    project.kms.clear_calls()
    run = project.ansible.command(["ansible-pull", "-U", str(repository), "-d", str(project.folder / "clone"), "-i", "localhost,", "local.yml"])
    assert run.succeeded()["show"]["pulled"] == "from git"
    assert project.decrypts() == 1
