# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test harness of the real server: it starts, unseals itself, restores and stops, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.openbao import OpenBao
from support.slack import scaled
from support.snapshot_archive import members, with_member
from support.strict_kms import StrictKms

SEAL = {"kms_key_id": "alias/vault-unseal", "region": "us-east-1"}
# Started in a process of its own, which is then killed; it prints the server's process id and its address.
PARENT = """
import json, pathlib, sys, time
from support.openbao import OpenBao
server = OpenBao(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3]))
server.start()
print(server._process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def bao_kms() -> Iterator[StrictKms]:
    with StrictKms() as kms:
        kms.new_key(alias=SEAL["kms_key_id"])
        yield kms


@pytest.fixture(scope="module")
def server(bao_kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with OpenBao(tmp_path_factory.mktemp("server"), bao_kms.environment(), SEAL) as started:
        started.initialise()
        assert started.call("POST", "sys/mounts/secret", {"type": "kv"}).status == 204
        yield started


def written(server: OpenBao) -> Any:
    return server.call("GET", "secret/demo").json()["data"]["written"]


def write(server: OpenBao, text: str) -> None:
    assert server.call("POST", "secret/demo", {"written": text}).status == 204


def test_the_server_says_which_seal_is_in_force(server: OpenBao, bao_kms: StrictKms) -> None:
    assert server.auto_seal() == f'awskms (builtin: true, endpoint: "{bao_kms.url}", key_id: "alias/vault-unseal", region: "us-east-1")'
    assert server.version() == "OpenBao v2.6.2"


def test_a_restarted_server_unseals_itself_by_one_decrypt(server: OpenBao, bao_kms: StrictKms) -> None:
    write(server, "before the restart")
    bao_kms.clear_calls()
    server.restart()
    server.wait_until_active()
    status = server.seal_status()
    assert status is not None
    assert (status["initialized"], status["sealed"], status["type"], status["storage_type"]) == (True, False, "awskms", "raft")
    assert written(server) == "before the restart"
    assert len(bao_kms.calls("Decrypt")) == 1


@pytest.mark.parametrize("force", [False, True])
def test_a_restore_is_in_force_when_it_returns(server: OpenBao, force: bool) -> None:
    write(server, "before the snapshot")
    archive = server.snapshot()
    write(server, "after the snapshot")
    assert server.restore(archive, force).status == 204
    assert written(server) == "before the snapshot"


def test_only_force_takes_a_snapshot_whose_sealed_sums_are_damaged(server: OpenBao) -> None:
    archive = with_member(server.snapshot(), "SHA256SUMS.sealed", b"damaged")
    assert server.restore(archive).status == 400
    assert server.restore(archive, force=True).status == 204


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["meta.json", "state.bin"])
def test_the_checksums_cannot_be_bypassed(server: OpenBao, name: str, force: bool) -> None:
    archive = server.snapshot()
    # A space at the end leaves meta.json readable, so that it is the checksum which does not fit.
    reply = server.restore(with_member(archive, name, members(archive)[name] + b" "), force)
    assert (reply.status, f'hash check failed for \\"{name}\\"' in reply.body.decode()) == (500, True)


def test_an_archive_keeps_its_order_and_its_other_members(server: OpenBao) -> None:
    archive = server.snapshot()
    old, new = members(archive), members(with_member(archive, "meta.json", b"{}"))
    assert list(new) == list(old) == ["meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"]
    assert new == {**old, "meta.json": b"{}"}


def test_a_server_that_does_not_start_says_why(bao_kms: StrictKms, tmp_path: Path) -> None:
    nobody = bao_kms.principal(None)
    with pytest.raises(RuntimeError, match="the server did not answer") as failure, OpenBao(tmp_path / "server", bao_kms.environment(nobody), SEAL):
        pass
    assert "not authorized to perform: kms:DescribeKey" in str(failure.value)


def test_the_server_ends_with_the_process_that_started_it(bao_kms: StrictKms, tmp_path: Path) -> None:
    arguments = [str(tmp_path / "server"), json.dumps(bao_kms.environment()), json.dumps(SEAL)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(scaled(60))
    end = time.monotonic() + scaled(60)
    while alive(pid):
        assert time.monotonic() < end, "the server outlived its parent"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    # The orphan's new parent may leave it unreaped for a while: such a one has ended.
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
