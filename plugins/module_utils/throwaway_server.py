# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of Vault or OpenBao for one moment: in a folder of its own, with nothing left of it afterwards, whatever ends the run.

Beside the run there is a keeper, a process that outlives it: when the run is gone or its time is up, it ends the server and removes the folder. Should
the keeper be killed too, the server ends with the run, and the next run removes the folder.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import http.client
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, NoReturn

from ansible_collections.sealwright.vault_seal.plugins.module_utils.throwaway_network import Namespace, Reachable, Relay, refused

_PREFIX = "sealwright-drill-"
_LOCK, _CONFIG, _LOG, _SOCKET = "lock", "config.json", "log", "api.sock"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_GRACE = 15.0  # seconds for a server to end by itself
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Answer(NamedTuple):
    """What the server answered; status 0 stands for no answer."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body, empty where it is no object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def errors(self) -> str:
        """The server's own words for what is wrong."""
        said = self.json().get("errors") or []
        return " ".join(str(each).strip().replace("\n", " ") for each in said) or f"status {self.status}"


@dataclass(frozen=True)
class Plan:
    """What to start. ``config`` is the server's configuration as JSON; its listener on :attr:`Server.SOCKET` is added.

    ``reachable`` None leaves the server in the host's network. ``seconds`` bound its whole life.
    """

    executable: str
    config: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    reachable: Reachable | None
    user: str
    parent: str
    seconds: float


class Server:
    """A context manager: a folder, its keeper, and the server that is started and stopped in it."""

    SOCKET = _SOCKET

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._account = pwd.getpwnam(plan.user) if plan.user and os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        remove_left_behind(self._plan.parent)
        self.folder = tempfile.mkdtemp(prefix=_PREFIX, dir=self._plan.parent)
        lock = os.open(os.path.join(self.folder, _LOCK), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._lock = lock
        self._sockets, of_the_relay = socket.socketpair()
        watched, self._control = os.pipe()
        self._keeper = os.fork()
        if not self._keeper:
            _keep(self.folder, watched, lock, of_the_relay, self._plan)
        os.close(watched)
        of_the_relay.close()
        for name in ("", "raft", "tmp"):
            self._own(name)
        with open(os.open(os.path.join(self.folder, _CONFIG), os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as stream:
            json.dump(self._plan.config, stream)
        self._own(_CONFIG)
        return self

    def __exit__(self, *_error: object) -> None:
        self.remove()

    def forget(self) -> None:
        """Remove the data of the server that was stopped, so that the next one is new."""
        shutil.rmtree(os.path.join(self.folder, "raft"))
        self._own("raft")

    def _own(self, name: str) -> None:
        """Give something in the folder to the server's user; a folder is made where it is not there."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            os.mkdir(path, 0o700)
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def start(self) -> None:
        """Start the server; whether it came up is asked by :meth:`call` and :meth:`ended`."""
        namespace = Namespace(self._plan.reachable, self._sockets) if self._plan.reachable else None
        become = _becoming(namespace, self._account)
        with open(os.path.join(self.folder, _LOG), "ab") as log:
            self._process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # it goes on beside the module
                [self._plan.executable, "server", f"-config={os.path.join(self.folder, _CONFIG)}"],
                cwd=self.folder, env={**self._plan.environment, "TMPDIR": os.path.join(self.folder, "tmp")},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=become,
            )
        os.write(self._control, f"{self._process.pid}\n".encode())

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End the server, and all that it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_GRACE)
        self._process = None

    def remove(self) -> bool:
        """Stop the server and remove all that was made; returns whether nothing is left."""
        self.stop()
        for each in (self._control, self._lock):
            with suppress(OSError):
                os.close(each)
        self._sockets.close()
        with suppress(ChildProcessError):
            os.waitpid(self._keeper, 0)
        shutil.rmtree(self.folder, ignore_errors=True)
        return not os.path.exists(self.folder)

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", namespace: str = "", stream: BinaryIO | None = None, seconds: float = 30.0
    ) -> Answer:
        """One request to the API, over a socket that only this user and root can reach; ``stream`` is sent as it is read."""
        headers = {"X-Vault-Request": "true"}
        headers.update({name: value for name, value in (("X-Vault-Token", token), ("X-Vault-Namespace", namespace)) if value})
        if stream is not None:
            headers["Content-Length"] = str(os.fstat(stream.fileno()).st_size)
        connection = _UnixConnection(self.folder, seconds)
        try:
            connection.request(method, f"/v1/{path}", stream if stream is not None else None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            return Answer(0, b"")
        finally:
            connection.close()

    def log(self) -> str:
        """What the server wrote; it writes no secret."""
        try:
            with open(os.path.join(self.folder, _LOG), encoding="utf-8", errors="replace") as stream:
                return _COLOURS.sub("", stream.read())
        except OSError:
            return ""


def remove_left_behind(parent: str) -> list[str]:
    """Remove folders of runs that are gone, with their servers; returns their paths. A run that lives holds the lock of its own."""
    removed = []
    for folder in glob.glob(os.path.join(glob.escape(parent), f"{_PREFIX}*")):
        with suppress(OSError):
            if os.geteuid() not in (0, os.stat(folder).st_uid):
                continue
            lock = os.open(os.path.join(folder, _LOCK), os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for process in _servers_of(folder):
                    with suppress(OSError):
                        os.killpg(process, signal.SIGKILL)
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
            finally:
                os.close(lock)
    return removed


class _UnixConnection(http.client.HTTPConnection):
    """Through the folder's descriptor, since a path may be too long for a socket's address."""

    def __init__(self, folder: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._folder = folder

    def connect(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{folder}/{_SOCKET}")
        finally:
            os.close(folder)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    sockets = [socket.socket() for _number in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def no_network_of_its_own() -> str:
    """Why a server cannot have a network of its own here; empty where it can."""
    return refused()


def _becoming(namespace: Namespace | None, account: pwd.struct_passwd | None) -> Callable[[], None]:
    """What a child does before it becomes the server: all that it needs is made before."""
    libc = ctypes.CDLL(None)
    groups = os.getgrouplist(account.pw_name, account.pw_gid) if account else []

    def become() -> None:
        if namespace:
            namespace.enter()
        if account:
            os.setgroups(groups)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)

    return become


def _keep(folder: str, watched: int, lock: int, sockets: socket.socket, plan: Plan) -> NoReturn:
    """The keeper's life. ``watched`` brings the process ids of servers, and ends with the run."""
    try:
        os.setsid()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        kept = sorted((watched, lock, sockets.fileno()))
        for low, high in zip([2, *kept], [*kept, 65536]):
            os.closerange(low + 1, high)
        if plan.reachable:
            Relay(plan.reachable, sockets).start()
        _end(_processes(watched, time.monotonic() + plan.seconds + _GRACE), folder)
    finally:
        os._exit(0)


def _processes(watched: int, end: float) -> list[int]:
    """The process ids that were written, once the writer is gone or the time is up."""
    said = b""
    while time.monotonic() < end:
        if select.select([watched], [], [], max(0.0, end - time.monotonic()))[0]:
            more = os.read(watched, 4096)
            if not more:
                break
            said += more
    return [int(line) for line in said.split()]


def _end(processes: list[int], folder: str) -> None:
    for process in set(processes) & set(_servers_of(folder)):
        with suppress(OSError):
            os.killpg(process, signal.SIGKILL)
    # A server that ends may still write.
    end = time.monotonic() + _GRACE
    while os.path.exists(folder) and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def _servers_of(folder: str) -> list[int]:
    """The processes that were started with the configuration in this folder."""
    option = f"-config={os.path.join(folder, _CONFIG)}".encode()
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with suppress(OSError), open(path, "rb") as stream:
            if option in stream.read().split(b"\0"):
                found.append(int(path.split("/")[2]))
    return found
