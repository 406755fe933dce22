# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ansible project with sealed variables files, which were not sealed by the collection's code, and a KMS whose calls are counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ansible_run import Ansible, Run, host_python
from .strict_kms import StrictKms
from .vault_values import VaultValues, as_text

PLUGIN = "sealwright.vault_seal.awskms_seal"


class SealedProject:
    """``folder`` is the project's: playbooks, and ``inventory/`` with its variables.

    :param inventory: lines of the inventory file, after which all hosts are this machine.
    """

    def __init__(self, kms: StrictKms, folder: Path, inventory: str = "localhost\n", alias: str = "alias/ours") -> None:
        self.kms = kms
        self.alias = alias
        self.key = kms.new_key(alias=alias)
        self.values = VaultValues(kms.client(), self.key)
        self.ansible = Ansible(folder, kms.environment())
        self.folder = folder
        (folder / "inventory").unlink()
        (folder / "inventory").mkdir()
        local = f"\n[all:vars]\nansible_connection=local\nansible_python_interpreter={host_python()}\n"
        (folder / "inventory" / "hosts").write_text(inventory + local, encoding="utf-8")
        self.configure()

    def configure(self, awskms: str = "", defaults: str = "") -> None:
        """Write ansible.cfg, with the plugin enabled."""
        self.ansible.config.write_text(
            f"[defaults]\nvars_plugins_enabled = host_group_vars, {PLUGIN}\n{defaults}\n[awskms]\n{awskms}\n", encoding="utf-8"
        )

    def write(self, name: str, content: str | bytes) -> Path:
        """A plain file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def seal(self, name: str, document: str, values: VaultValues | None = None, aad: bytes = b"") -> Path:
        """A sealed file of the project, under its own data key."""
        return self.write(name, as_text((values or self.values).envelope(document.encode(), aad)) + "\n")

    def copy(self, name: str, other: Path) -> Path:
        """The same sealed file once more, and so the same data key."""
        return self.write(name, other.read_bytes())

    def shown(self, *expressions: str, hosts: str = "all", env: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> Run:
        """A run of one task for each expression, on all hosts."""
        tasks: list[dict[str, Any]] = [
            {"name": expression, "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}} for expression in expressions
        ]
        self.kms.clear_calls()
        return self.ansible.playbook([{"hosts": hosts, "gather_facts": False, "tasks": tasks}], *arguments, env=env)

    def decrypts(self) -> int:
        """The calls to Decrypt since the last run began."""
        return len(self.kms.calls("Decrypt"))
