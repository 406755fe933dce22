# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""seal_rotate with one real server: its state, its snapshot, and the folder of the snapshot. The scenario rotate tests it with three servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.openbao import OpenBao
from support.strict_kms import StrictKms

ROLE = "sealwright.vault_seal.seal_rotate"


@pytest.mark.matrix
def test_the_state_and_a_snapshot_without_a_file_that_holds_the_token(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> None:
    key = kms.new_key(alias="alias/asked")
    with OpenBao(tmp_path / "bao", kms.environment(), {"kms_key_id": "alias/asked", "region": "us-east-1"}) as bao:
        token = bao.initialise()
        variables: dict[str, Any] = {
            "seal_rotate_alias": "alias/asked", "seal_rotate_address": bao.url, "seal_rotate_token": token, "seal_rotate_seconds": "30",
            "seal_rotate_validate_certs": "no", "seal_rotate_folder": str(tmp_path), "seal_rotate__asked": {"kms_keys": [{"arn": key}]},
        }  # fmt: skip
        steps = [{"ansible.builtin.import_role": {"name": ROLE, "tasks_from": name}} for name in ("health", "snapshot")]
        facts = {"name": "facts", "ansible.builtin.debug": {"msg": "{{ [seal_rotate__plan.active, seal_rotate__plan.found, seal_rotate__plan.state_lines] }}"}}
        run = ansible.playbook([*steps, facts], "-vvvv", vars=variables).succeeded()
        active, snapshot, states = run["facts"]["msg"]
        assert (active, snapshot["others"], int(snapshot["index"]) > 0) == ("localhost", [], True)
        assert states == ["localhost: is unsealed and active, with the seal awskms"]
        assert token not in run.output + str(run.results)
        # Without pipelining, Ansible would copy the module's file to the host and log its name.
        assert "AnsiballZ_set_fact" not in run.output
        assert "AnsiballZ_uri.py" not in run.output
        assert bao.call("PUT", "sys/seal").status == 204
        failed = ansible.playbook(steps, vars={**variables, "seal_rotate_seconds": 15})
        assert failed.code == 2
        assert "Not every server is unsealed" in failed.output
        assert "is initialised and sealed, with the seal awskms" in failed.output


@pytest.mark.skipif(os.geteuid() != 0, reason="changes of owner need root")
@pytest.mark.parametrize(("role", "option"), [("seal_rotate", "seal_rotate_folder"), ("kms_verify", "kms_verify_venv_parent")])
def test_a_folder_that_another_user_may_replace_is_refused(ansible: Ansible, tmp_path: Path, role: str, option: str) -> None:
    theirs, below, link = tmp_path / "theirs", tmp_path / "theirs" / "below", tmp_path / "link"
    below.mkdir(parents=True)
    link.symlink_to(below)
    step = {"name": "look", "ansible.builtin.include_role": {"name": f"sealwright.vault_seal.{role}", "tasks_from": "folder"}}
    assert ansible.playbook([step], vars={option: str(link)}).code == 0
    os.chown(theirs, 12345, 12345)
    for path in (theirs, link):
        run = ansible.playbook([step], vars={option: str(path)})
        assert (run.code, f"{theirs} can be changed by other users" in run.output) == (2, True), run.output
    run = ansible.playbook([step], vars={option: str(tmp_path / "none")})
    assert (run.code, f"{tmp_path}/none does not exist or is not a folder" in run.output) == (2, True), run.output
