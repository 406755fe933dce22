# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One document, and a task for each plugin that unwraps it on the controller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .ansible_run import Ansible, Run
from .vault_values import VaultValues, as_text

COLLECTION = "sealwright.vault_seal"
SECRET = "opened-5f1c7d"
DOCUMENT = f'{{"secret_name": "{SECRET}"}}'
VARS_PLUGIN = f"{COLLECTION}.awskms_seal"


class ControllerPlugins:
    """The document lies sealed in a file, which nothing but the plugins reads, and in the variable ``sealed``."""

    def __init__(self, ansible: Ansible, values: VaultValues) -> None:
        self.ansible = ansible
        self.blob = as_text(values.envelope(DOCUMENT.encode()))
        self.file = ansible.folder / "document.yml.sealed"
        self.file.write_text(self.blob + "\n", encoding="ascii")
        self._editor = ansible.folder / "show"
        self._editor.write_text(f'#!/bin/sh\ncp "$1" {ansible.folder}/shown\n', encoding="utf-8")
        self._editor.chmod(0o755)

    def tasks(self, **options: Any) -> list[dict[str, Any]]:
        """The tasks by name; they may fail. ``options`` are set in each call."""
        keywords = "".join(f", {name}={json.dumps(value)}" for name, value in options.items())
        filtered = "(" + keywords.removeprefix(", ") + ")"
        templates = {
            "lookup": f"lookup('{COLLECTION}.awskms_seal_unwrap', sealed{keywords})",
            "file": f"lookup('{COLLECTION}.awskms_seal_unwrap', 'document.yml.sealed', from_file=true{keywords})",
            "unwrap": f"sealed | {COLLECTION}.awskms_seal_unwrap{filtered}",
            "extract": f"sealed | {COLLECTION}.awskms_seal_extract('secret_name'{keywords})",
        }
        tasks = [
            {"name": name, "ansible.builtin.debug": {"msg": "{{ " + template + " }}"}, "vars": {"sealed": self.blob}}
            for name, template in templates.items()
        ]
        tasks.append({"name": "load_vars", f"{COLLECTION}.load_vars": {"file": str(self.file), "name": "loaded", **options}})
        tasks.append({"name": "loaded", "ansible.builtin.debug": {"msg": "{{ loaded.secret_name | default('nothing') }}"}})
        edit = {"file": str(self.file), "editor": str(self._editor), **options}
        tasks.append({"name": "edit", f"{COLLECTION}.awskms_seal_edit": edit})
        return [{**task, "ignore_errors": True} for task in tasks]

    def opened(self, run: Run, plugin: str) -> bool:
        """Whether the plugin opened the document."""
        if plugin == "edit":
            shown = self.ansible.folder / "shown"
            return shown.exists() and SECRET in shown.read_text(encoding="utf-8")
        return SECRET in str(run["loaded" if plugin == "load_vars" else plugin].get("msg"))

    def with_vars_plugin(self, folder: Path, awskms: str) -> Ansible:
        """Ansible for another folder, whose inventory has the document as variables of all hosts."""
        made = Ansible(folder, self.ansible._environment)
        made.config.write_text(f"[defaults]\nvars_plugins_enabled = host_group_vars, {VARS_PLUGIN}\n[awskms]\n{awskms}\n", encoding="utf-8")
        (folder / "group_vars").mkdir()
        (folder / "group_vars" / "all.yml.sealed").write_text(self.blob + "\n", encoding="ascii")
        return made


PLUGINS = ("lookup", "file", "unwrap", "extract", "load_vars", "edit")
SHOW_VARIABLE = [{"name": "vars plugin", "ansible.builtin.debug": {"msg": "{{ secret_name }}"}}]


def in_one_line(run: Run) -> str:
    """What a run printed, with the line breaks of warnings and errors undone."""
    return " ".join(run.output.split())
