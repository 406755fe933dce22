# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of three that loses its leader in the middle of a snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backup_world import Cluster, Runner
from support.slack import scaled
from support.strict_kms import StrictKms


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with StrictKms() as kms:
        started = Cluster(tmp_path / "cluster", kms, 3)
        try:
            yield started
        finally:
            started.stop()


def wait(ready: object, what: str) -> None:
    end = time.monotonic() + scaled(90)
    assert callable(ready)
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_the_snapshot_is_taken_from_the_next_leader(cluster: Cluster, tmp_path: Path) -> None:
    first, second, third = cluster.servers
    token = cluster.token()
    peers = "sys/storage/raft/configuration"
    wait(lambda: len([each for each in first.call("GET", peers).json()["data"]["config"]["servers"] if each["voter"]]) == 3, "three voters")
    for server in (second, third):
        wait(lambda server=server: (server.seal_status() or {}).get("sealed") is False, "unsealed")
    cluster.fill(40)
    runner = Runner(tmp_path, cluster.kms.environment(), server_address=second.url, other_addresses=[third.url], token=token, attempts=10, server_timeout=60)
    whole = runner.run()
    assert (whole["proven"], whole["server"]) == (True, first.url)
    process = runner.start()
    wait(lambda: any(each.stat().st_size > 100_000 for each in runner.dest.glob(".*part")), "the transfer has begun")
    assert first._process is not None
    first._process.kill()
    output = process.communicate(timeout=scaled(180))[0].decode()
    found = runner.status()
    assert process.returncode == 0, output
    assert (found["result"], found["proven"], found["attempts"] > 1, found["server"] in (second.url, third.url)) == ("success", True, True, True)
    assert runner.names() == sorted(Path(each["path"]).name for each in (whole, found))
    assert list(runner.dest.glob(".*part")) == []
