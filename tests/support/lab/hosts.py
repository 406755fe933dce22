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

from ..slack import scaled

_PREFIX = "svs"  # of all names in the kernel, so that nothing else is ever touched
_NUMBERS = range(20, 250)
_NETWORK = "network"  # the file that tells a lab's number
_SECONDS = scaled(120.0)
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Network:
    """A lab's part of the kernel's names and addresses, so that several labs can stand beside each other."""

    number: int
    count: int = 3

    @property
    def bridge(self) -> str:
        return f"{_PREFIX}{self.number}br"

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(Host(f"node{number}", number, self) for number in range(1, self.count + 1))

    @property
    def gateway(self) -> str:
        return self.address(1)

    @property
    def kms(self) -> str:
        return self.address(2)

    def address(self, last: int) -> str:
        return f"10.213.{self.number}.{last}"

    def host(self, name: str) -> Host:
        return next(host for host in self.hosts if host.name == name)


@dataclass(frozen=True)
class Host:
    """One host; its root folder is an overlay over the machine's own, in memory, and gone with its processes."""

    name: str
    number: int
    network: Network

    @property
    def address(self) -> str:
        return self.network.address(10 + self.number)

    @property
    def namespace(self) -> str:
        return f"{_PREFIX}{self.network.number}n{self.number}"

    @property
    def interface(self) -> str:
        return f"{_PREFIX}{self.network.number}v{self.number}"


def create(folder: Path, count: int = 3) -> Network:
    """Make the network and the hosts, at most 200, and wait until each one's sshd answers. What an earlier run left is removed before."""
    destroy(folder)
    folder.mkdir(parents=True)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "id"))
    network = _claim(count)
    (folder / _NETWORK).write_text(f"{network.number} {count}", encoding="ascii")
    for address in (network.gateway, network.kms):
        _run("ip", "address", "add", f"{address}/24", "dev", network.bridge)
    _run("ip", "link", "set", network.bridge, "up")
    names = "".join(f"{each.address} {each.name}\n" for each in network.hosts)
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{names}{network.kms} kms\n", encoding="ascii")
    processes = [_start(host, folder) for host in network.hosts]
    for host, process in zip(network.hosts, processes):
        _wait_for_sshd(host, process, folder)
    return network


def network_of(folder: Path) -> Network | None:
    """The network of the lab in this folder; None if there is no lab."""
    try:
        return Network(*map(int, (folder / _NETWORK).read_text(encoding="ascii").split()))
    except (FileNotFoundError, TypeError, ValueError):
        return None


def _claim(count: int) -> Network:
    """A network that no other lab has: the kernel makes a bridge of one name only once."""
    for network in (Network(number, count) for number in _NUMBERS):
        answer = subprocess.run(
            ["ip", "link", "add", network.bridge, "type", "bridge"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if not answer.returncode:
            return network
        if "File exists" not in answer.stderr:
            raise RuntimeError(f"no bridge can be made: {answer.stderr.strip()}")
    raise RuntimeError("all networks of labs are taken")


def destroy(folder: Path) -> None:
    """Remove everything that exists of the lab."""
    end_processes(folder)
    network = network_of(folder)
    if network:
        for host in network.hosts:
            for pid in _output("ip", "netns", "pids", host.namespace).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _output("ip", "netns", "delete", host.namespace)
            _output("ip", "link", "delete", host.interface)
        _output("ip", "link", "delete", network.bridge)
    shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """Those whose process ids are in files below the folder, each with its group."""
    for pid_file in sorted(folder.rglob("*.pid")):
        with contextlib.suppress(ValueError, ProcessLookupError, PermissionError):
            os.killpg(int(pid_file.read_text(encoding="ascii")), signal.SIGKILL)


def cut_off(host: Host) -> None:
    """Take the host's route to the KMS."""
    _run("ip", "netns", "exec", host.namespace, "ip", "route", "add", "blackhole", f"{host.network.kms}/32")


def _start(host: Host, folder: Path) -> subprocess.Popen[bytes]:
    inside = ("ip", "-n", host.namespace)
    _run("ip", "netns", "add", host.namespace)
    _run("ip", "link", "add", host.interface, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _run("ip", "link", "set", host.interface, "master", host.network.bridge, "up")
    _run(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    for interface in ("lo", "eth0"):
        _run(*inside, "link", "set", interface, "up")
    root = folder / host.name
    root.mkdir()
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
    while subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=scaled(20), check=False).returncode:
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


def _output(*command: Sequence[str] | str) -> str:
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
