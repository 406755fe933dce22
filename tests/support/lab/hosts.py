# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts: a bridge, and for each host a pair of interfaces and a tree of processes that begins with `host.sh`."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PREFIX = "svs"  # of all names in the kernel, so that nothing else is ever touched
BRIDGE = f"{PREFIX}br"
NETWORK = "10.213.7"
GATEWAY, KMS_ADDRESS = f"{NETWORK}.1", f"{NETWORK}.2"
_SECONDS = 30.0
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Host:
    """One host; its root folder is an overlay over the machine's own, in memory, and gone with its processes."""

    name: str
    number: int

    @property
    def address(self) -> str:
        return f"{NETWORK}.{10 + self.number}"

    @property
    def namespace(self) -> str:
        return f"{PREFIX}{self.number}"

    @property
    def interface(self) -> str:
        return f"{PREFIX}v{self.number}"


HOSTS = tuple(Host(f"node{number}", number) for number in (1, 2, 3))


def create(folder: Path) -> None:
    """Make the network and the hosts, and wait until each one's sshd answers. What an earlier run left is removed before."""
    destroy(folder)
    folder.mkdir(parents=True)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "id"))
    _run("ip", "link", "add", BRIDGE, "type", "bridge")
    for address in (GATEWAY, KMS_ADDRESS):
        _run("ip", "address", "add", f"{address}/24", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")
    processes = [_start(host, folder) for host in HOSTS]
    for host, process in zip(HOSTS, processes):
        _wait_for_sshd(host, process, folder)


def destroy(folder: Path) -> None:
    """End all that was made, as far as it is there."""
    end_processes(folder)
    for host in HOSTS:
        for pid in _said("ip", "netns", "pids", host.namespace).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _said("ip", "netns", "delete", host.namespace)
        _said("ip", "link", "delete", host.interface)
    _said("ip", "link", "delete", BRIDGE)
    shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """Those whose process ids are in files below the folder, each with its group."""
    for pid_file in sorted(folder.rglob("*.pid")):
        with contextlib.suppress(ValueError, ProcessLookupError, PermissionError):
            os.killpg(int(pid_file.read_text(encoding="ascii")), signal.SIGKILL)


def cut_off(host: Host) -> None:
    """Take the host's route to the KMS."""
    _run("ip", "netns", "exec", host.namespace, "ip", "route", "add", "blackhole", f"{KMS_ADDRESS}/32")


def _start(host: Host, folder: Path) -> subprocess.Popen[bytes]:
    inside = ("ip", "-n", host.namespace)
    _run("ip", "netns", "add", host.namespace)
    _run("ip", "link", "add", host.interface, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _run("ip", "link", "set", host.interface, "master", BRIDGE, "up")
    _run(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    for interface in ("lo", "eth0"):
        _run(*inside, "link", "set", interface, "up")
    root = folder / host.name
    root.mkdir()
    names = "".join(f"{each.address} {each.name}\n" for each in HOSTS)
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{names}{KMS_ADDRESS} kms\n", encoding="ascii")
    command = ["ip", "netns", "exec", host.namespace, "unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
    with (folder / f"{host.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, str(Path(__file__).with_name("host.sh")), host.name, str(root), str(folder), str(_CHECKOUT), sys.base_prefix],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )
    (folder / f"{host.name}.pid").write_text(str(process.pid), encoding="ascii")
    return process


def _wait_for_sshd(host: Host, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _SECONDS
    probe = ["ssh", *ssh_options(folder), f"root@{host.address}", "true"]
    while subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).returncode:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{host.name} did not come up:\n{(folder / f'{host.name}.log').read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.2)


def ssh_options(folder: Path) -> list[str]:
    """Nothing of the machine's own settings or keys takes part."""
    options = {
        "IdentityFile": str(folder / "id"), "IdentitiesOnly": "yes", "IdentityAgent": "none", "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR", "ConnectTimeout": "5", "BatchMode": "yes",
    }
    return ["-F", "none", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def _run(*command: str) -> None:
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command)}: {answer.stderr.strip()}")


def _said(*command: Sequence[str] | str) -> str:
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
