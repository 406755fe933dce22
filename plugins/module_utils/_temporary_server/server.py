# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A temporary server of Vault or OpenBao in a private folder, which is removed however the run ends.

Its keeper (``keeper.py``) sees to that when the run is killed.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import pwd
import re
import resource
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import Fields, as_object, errors_of, parsed, shortened
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.folder import CONFIG, PREFIX, SOCKETS, TEMPORARY, Folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.keeper import GRACE, keep, remove_left_behind
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.memory_file import in_memory
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.mounts import Mounts, hidden
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.namespace import Namespace, why_no_namespace
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Reachable

_SOCKET = "api.sock"
_PEER = struct.Struct("3i")  # of SO_PEERCRED: process, user and group
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Answer(NamedTuple):
    """The server's response; status 0 means that it did not respond."""

    status: int
    body: bytes
    secrets: Secrets = Secrets()

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"

    def json(self) -> dict[str, Any]:
        """The body; empty if it is not an object."""
        return as_object(parsed(self.body))

    def fields(self, path: str) -> Fields:
        """The body's fields; raises :class:`SealError` (``unexpected_answer``) if the body is not an object or a field has an unexpected type."""
        return Fields(parsed(self.body), f"The restored server responded to {path}")

    def errors(self) -> str:
        """The server's own words for what is wrong, without what it was sent."""
        return shortened(self.secrets.blank(errors_of(self.json()))) or f"status {self.status}"


@dataclass(frozen=True)
class Plan:
    """The server to start. ``config`` is its configuration as JSON; its listener on :attr:`TemporaryServer.SOCKET` is added.

    ``reachable`` None leaves the server in the host's network, and with the host's sockets. ``seconds`` limits its lifetime. ``needed`` are files and
    folders that it reads, in any location.

    ``in_memory`` is a second part of the configuration, which may hold secrets: the server reads it from memory, and it never has a name in a file
    system. Its listener is added. Such a server runs in ``working_folder`` and is ended with SIGKILL, since it writes no data.
    """

    executable: str
    config: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    reachable: Reachable | None
    user: str
    parent: str
    seconds: float
    needed: Sequence[str] = ()
    in_memory: Mapping[str, Any] | None = field(default=None, repr=False)
    working_folder: str = ""
    prefix: str = PREFIX


class TemporaryServer:
    """A context manager: a folder, its keeper, and the server that is started and stopped in it."""

    SOCKET = f"{SOCKETS}/{_SOCKET}"

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._account = pwd.getpwnam(plan.user) if plan.user and os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Folder(plan.parent, self._account, plan.prefix)
        self._memory = -1

    @property
    def folder(self) -> str:
        """The path of its folder, for messages."""
        return self._folder.path

    def __enter__(self) -> TemporaryServer:
        remove_left_behind(self._plan.parent)
        try:
            self._folder.make(self._plan.config)
        except OSError as error:
            if self._folder.path:
                self._folder.remove(GRACE)
            self._folder.close()
            raise SealError(
                f"The directory of the temporary server cannot be created in {self._plan.parent}: {error.strerror}.", reason="file_error",
                remedy="Check temporary_directory.",
            ) from None
        self._sockets, of_the_relay = socket.socketpair()
        watched, self._control = os.pipe()
        self._keeper = os.fork()
        if not self._keeper:
            keep(self._folder, watched, of_the_relay, self._plan.reachable, self._plan.seconds)
        os.close(watched)
        of_the_relay.close()
        return self

    def __exit__(self, *_error: object) -> None:
        self.remove()

    def forget(self) -> None:
        """Remove the data of the server that was stopped, so that the next one is new."""
        try:
            self._folder.renew_data(GRACE)
        except OSError as error:
            raise SealError(
                f"The data of the temporary server in {self.folder} cannot be removed: {error.strerror}.", reason="file_error",
                remedy="Check whether other processes write to it.",
            ) from None

    def start(self) -> None:
        """Start the server; whether it came up is asked by :meth:`call` and :meth:`ended`."""
        namespace = None
        if self._plan.reachable:
            mounts = Mounts(hidden(self._plan.executable, self._plan.needed), self.folder)
            namespace = Namespace(self._plan.reachable, self._sockets, mounts)
        become = _becoming(namespace, self._account)
        try:
            self._process = self._started(become)
            self._forget_memory()
        except (OSError, subprocess.SubprocessError) as error:
            raise SealError(
                f"{self._plan.executable} cannot be started: {error} {self.log().strip()[-300:]}".rstrip(), reason="server_not_started",
                remedy="Check executable, and that the service's user can run it.",
            ) from None
        os.write(self._control, f"{self._process.pid}\n".encode())

    def _started(self, become: Callable[[], None]) -> subprocess.Popen[bytes]:
        handed_over: tuple[int, ...] = ()
        options = [f"-config={os.path.join(self.folder, CONFIG)}"]
        if self._plan.in_memory is not None:
            listener = {"unix": {"address": f"/proc/self/fd/{self._folder.sockets}/{_SOCKET}"}}
            owner = self._account.pw_uid if self._account else os.geteuid()
            self._memory = in_memory(json.dumps({**self._plan.in_memory, "listener": [listener]}).encode(), owner)
            handed_over = (self._memory, self._folder.sockets)
            options.append(f"-config=/proc/self/fd/{self._memory}")
        return subprocess.Popen(  # pylint: disable=ansible-bad-function  # it continues while the module runs
            [self._plan.executable, "server", *options],
            cwd=self._plan.working_folder or self._folder.working_folder(), pass_fds=handed_over,
            env={**self._plan.environment, "TMPDIR": os.path.join(self.folder, TEMPORARY)},
            stdin=subprocess.DEVNULL, stdout=self._folder.log, stderr=self._folder.log, start_new_session=True, preexec_fn=become,
        )

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End the server, and all that it started."""
        self._forget_memory()
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM if self._plan.in_memory is None else signal.SIGKILL)
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(GRACE)
        self._process = None

    def _forget_memory(self) -> None:
        """Close the configuration in memory; the server holds its own descriptor."""
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def remove(self) -> bool:
        """Stop the server and remove all its files; returns whether that succeeded."""
        self.stop()
        if not self._folder.handles:
            return True
        with suppress(OSError):
            os.close(self._control)
        self._sockets.close()
        with suppress(ChildProcessError):
            os.waitpid(self._keeper, 0)
        gone = self._folder.remove(GRACE)
        self._folder.close()
        return gone

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", namespace: str = "", stream: BinaryIO | None = None, seconds: float = 30.0
    ) -> Answer:
        """One request to the API, over a socket that only this user and root can reach; ``stream`` is sent as it is read."""
        headers = {"X-Vault-Request": "true"}
        headers.update({name: value for name, value in (("X-Vault-Token", token), ("X-Vault-Namespace", namespace)) if value})
        if stream is not None:
            headers["Content-Length"] = str(os.fstat(stream.fileno()).st_size)
        connection = _UnixConnection(self._folder.socket_path(_SOCKET), self._account.pw_uid if self._account else os.geteuid(), seconds)
        try:
            connection.request(method, f"/v1/{path}", stream if stream is not None else None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            secrets = Secrets()
            secrets.add(token, body)
            return Answer(answer.status, answer.read(), secrets)
        except (OSError, http.client.HTTPException):
            return Answer(0, b"")
        finally:
            connection.close()

    def log_size(self) -> int:
        """For :meth:`log`: where what follows begins."""
        return self._folder.log_size()

    def log(self, begin: int = 0) -> str:
        """The server's output from there on, at most the end of it; it contains no secret."""
        try:
            return _COLOURS.sub("", self._folder.read_log(begin))
        except OSError:
            return ""


class _UnixConnection(http.client.HTTPConnection):
    """To a socket that the server made, in a folder where its user may put any other: only the server's user may answer."""

    def __init__(self, path: str, user: int, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path
        self._user = user

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
        if _PEER.unpack(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[1] != self._user:
            raise ConnectionRefusedError


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
    """Why the server cannot have a network namespace on this host; empty if it can."""
    return why_no_namespace()


def _becoming(namespace: Namespace | None, account: pwd.struct_passwd | None) -> Callable[[], None]:
    """Set up the child process before it becomes the server; everything it needs was created before."""
    libc = ctypes.CDLL(None)
    groups = os.getgrouplist(account.pw_name, account.pw_gid) if account else []

    def become() -> None:
        if namespace:
            try:
                namespace.enter()
            except OSError as error:
                os.write(2, f"error: the server cannot be isolated: {error}\n".encode())  # its log; the parent is not notified
                raise
        if account:
            os.setgroups(groups)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # its memory holds keys
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)

    return become
