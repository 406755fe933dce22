# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page "Getting started", followed command by command in an empty folder. Only the host is this machine, and the KMS the strict one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import example_project
from support.ansible_run import Ansible, host_python
from support.strict_kms import StrictKms

RST = Path(__file__).parents[2] / "docs" / "docsite" / "rst"
PAGE = RST / "guide_start.rst"
HOST = "vault1.example.com"


@pytest.fixture
def project(kms: StrictKms, tmp_path: Path) -> Ansible:
    kms.new_key(alias="alias/vault-unseal")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "database_password: correct horse" > "$1"\n', encoding="ascii")
    editor.chmod(0o755)
    project = Ansible(tmp_path / "p", {**kms.environment(), "EDITOR": str(editor), "ANSIBLE_INVENTORY": "inventory.yml"})
    for name, content in example_project.files(PAGE).items():
        (project.folder / name).write_text(content, encoding="utf-8")
    project.config.write_text(example_project.blocks(PAGE, "ini")[0], encoding="utf-8")
    (project.folder / "group_vars" / "vault").mkdir(parents=True)
    host = {"ansible_connection": "local", "ansible_python_interpreter": host_python(), "kms_verify_user": ""}
    (project.folder / "host_vars").mkdir()
    (project.folder / "host_vars" / f"{HOST}.yml").write_text(json.dumps(host), encoding="utf-8")
    return project


def test_each_command_in_order(project: Ansible) -> None:
    seal, info, unwrap, refused = example_project.commands(PAGE, "ansible")
    edit, verify = example_project.commands(PAGE)
    (listing,) = example_project.commands(PAGE, "ansible-inventory")
    project.command(seal).succeeded()
    assert "arn:aws:kms:us-east-1:" in project.command(info).succeeded().output
    assert "hello" in project.command(unwrap).succeeded().stdout
    assert "hello" not in project.command([*unwrap[:-1], unwrap[-1].replace(" reveal=true", "")]).succeeded().stdout
    project.command(edit).succeeded()
    assert b"correct horse" not in (project.folder / "group_vars" / "vault" / "secrets.yml.sealed").read_bytes()
    assert json.loads(project.command(listing).succeeded().stdout)["database_password"] == "correct horse"
    run = project.command(refused)
    assert run.code == 2
    for line in example_project.blocks(PAGE, "text")[0].splitlines():
        assert line.partition("...")[0].strip() in run.output
    assert f"{HOST}  allowed" in project.command(verify).succeeded().output


def test_every_playbook_is_on_the_page_of_playbooks() -> None:
    names = {path.stem for path in (RST.parents[2] / "playbooks").glob("*.yml")}
    page = (RST / "guide_playbooks.rst").read_text(encoding="utf-8")
    assert {name for name in names if f"* - ``{name}``" not in page} == set()
