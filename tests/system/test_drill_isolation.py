# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A temporary server that attacks the user of the drill, and one that searches for the host's sockets.

In the place of the server runs a script of the test, with the rights that the server has: as root those of another user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Reachable
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import Plan, TemporaryServer

from support.slack import scaled

ROOT = os.geteuid() == 0
PYTHON = "/usr/bin/python3" if ROOT else sys.executable
ISOLATED = not subprocess.run(["unshare", "-mn" if ROOT else "-rmn", "true"], capture_output=True, check=False).returncode
VICTIM = "root's own\n"

ATTACK = """
import os, shutil, socket, time
folder, victim = os.getcwd(), os.environ["VICTIM"]
def attempt(what, *arguments):
    try:
        what(*arguments)
        print("did", what.__name__, arguments[-1], flush=True)
    except OSError as error:
        pass
def swap(name, target):
    attempt(os.rename, name, name + ".old")
    attempt(os.unlink, name)
    attempt(os.symlink, target, name)
swap("log", victim)
swap("config.json", victim)
attempt(os.chmod, "config.json", 0o666)
attempt(open, "config.json", "a")
attempt(open, "log", "a")
attempt(open, "lock", "r")
swap("raft", os.path.dirname(victim))
attempt(os.symlink, victim, "raft/link")
attempt(os.mkfifo, "raft/lock")
attempt(os.mkdir, "raft/data")
attempt(os.symlink, os.path.dirname(victim), "raft/data/folder")
attempt(os.symlink, os.environ["ROOTS_SOCKET"], "run/api.sock")
print("done", flush=True)
time.sleep(600)
"""
LOOK = """
import os, socket
def connects(path):
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(path)
        except OSError as error:
            return type(error).__name__
    return "connects"
for number, path in enumerate(os.environ["SOCKET_PATHS"].split(":")):
    print(number, connects(path), flush=True)
print("needed", open(os.environ["SSL_CERT_FILE"]).read().strip(), flush=True)
open("raft/data", "w").write("own")
print("folder", os.path.realpath(os.getcwd()) == os.path.dirname(os.path.realpath(os.environ["TMPDIR"])), flush=True)
print("config", open("config.json").read(), flush=True)
print("done", flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the server's user can enter."""
    path = Path(tempfile.mkdtemp(prefix="drill-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def script(place: Path, text: str) -> str:
    path = place / "server"
    path.write_text(f"#!{PYTHON}\n{text}")
    path.chmod(0o755)
    return str(path)


def plan(place: Path, text: str, network: Reachable | None, **environment: str) -> Plan:
    return Plan(script(place, text), {"api_addr": "x"}, {"PATH": "/usr/bin:/bin", **environment}, network, "nobody" if ROOT else "", str(place), 60.0,
                [environment["SSL_CERT_FILE"]] if "SSL_CERT_FILE" in environment else [])


def wait_for(server: TemporaryServer, word: str, begin: int = 0) -> str:
    end = time.monotonic() + scaled(60)
    while word not in server.log(begin).splitlines():
        assert time.monotonic() < end, server.log()
        time.sleep(0.1)
    return server.log(begin)


@contextlib.contextmanager
def listening(path: Path, mode: int = 0o777) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen()
        yield


def test_what_a_hostile_server_leads_the_drill_to(place: Path) -> None:
    """Before, `log` and `config.json` lay in a folder of the server's user, and root wrote through the links that it put there."""
    if not ROOT:
        pytest.skip("the attack is by another user on root, which takes root")
    victims = place / "victims"
    victims.mkdir(mode=0o755)
    victim = victims / "victim"
    victim.write_text(VICTIM)
    victim.chmod(0o600)
    with listening(place / "roots.sock"), TemporaryServer(plan(place, ATTACK, None, VICTIM=str(victim), ROOTS_SOCKET=str(place / "roots.sock"))) as server:
        for _round in range(3):
            begin = server.log_size()
            server.start()
            message = wait_for(server, "done", begin)
            assert [line for line in message.splitlines() if line.startswith("did") and "raft/" not in line and "run/" not in line] == [
                "did open r"
            ] * ("did open r" in message)
            assert server.call("GET", "sys/health").status == 0
            server.stop()
            server.forget()
        folder = Path(server.folder)
        assert (folder / "config.json").read_text() == '{"api_addr": "x"}'
        assert folder.stat().st_uid == (folder / "log").stat().st_uid == (folder / "config.json").stat().st_uid == 0
        assert not (folder / "log").is_symlink()
        assert (folder / "raft").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert not folder.exists()
    status = victim.stat()
    assert (victim.read_text(), status.st_uid, status.st_mode & 0o777) == (VICTIM, 0, 0o600)
    assert victims.stat().st_uid == 0


def test_sockets_of_the_host_are_out_of_reach(place: Path) -> None:
    """Those with a path, in the usual folders and elsewhere; what the server needs in the same folders is there."""
    if not ISOLATED:
        pytest.skip("no namespaces here")
    with contextlib.ExitStack() as stack:
        places = [place, *(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent))) for parent in writable("/dev/shm", "/run", "/var/lib", "/opt"))]
        paths = []
        for each in places:
            each.chmod(0o755)
            paths.append(each / "a.sock")
            stack.enter_context(listening(paths[-1]))
        (place / "ca.pem").write_text("trusted")
        for path in paths:
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(str(path))
        environment = {"SOCKET_PATHS": ":".join(map(str, paths)), "SSL_CERT_FILE": str(place / "ca.pem")}
        with TemporaryServer(plan(place, LOOK, Reachable(), **environment)) as server:
            server.start()
            message = wait_for(server, "done").splitlines()
            assert (Path(server.folder) / "raft" / "data").read_text() == "own"
    assert len(paths) >= 2
    reached = [line for line in message if line.split()[0].isdigit()]
    assert len(reached) == len(paths)
    assert not [line for line in reached if line.endswith(" connects")], message
    assert message[len(paths):] == ["needed trusted", "folder True", 'config {"api_addr": "x"}', "done"]


def test_in_the_hosts_network_they_are_in_reach(place: Path) -> None:
    """As the guide says of `network: host`."""
    (place / "ca.pem").write_text("trusted")
    with listening(place / "a.sock"):
        environment = {"SOCKET_PATHS": str(place / "a.sock"), "SSL_CERT_FILE": str(place / "ca.pem")}
        with TemporaryServer(plan(place, LOOK, None, **environment)) as server:
            server.start()
            assert "0 connects" in wait_for(server, "done")


def test_an_executable_that_cannot_be_started(place: Path) -> None:
    (place / "server").write_text("no executable")
    broken = Plan(str(place / "server"), {}, {}, None, "", str(place), 60.0)
    with pytest.raises(SealError) as raised, TemporaryServer(broken) as server:
        server.start()
    assert raised.value.reason == "server_not_started"
    assert [path.name for path in place.iterdir()] == ["server"]


def writable(*folders: str) -> list[str]:
    return [folder for folder in folders if os.access(folder, os.W_OK)]
