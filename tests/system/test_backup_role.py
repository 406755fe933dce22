# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role seal_backup: the timer's files, the program that runs without Ansible, and its removal."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.backup_world import ALIAS, Cluster, running_cluster, sealed_token
from support.slack import scaled

ROLE = "sealwright.vault_seal.seal_backup"
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="the role needs root")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


class Host:
    """A host whose folders lie below one folder."""

    def __init__(self, cluster: Cluster, ansible: Ansible, folder: Path) -> None:
        self.ansible = ansible
        self.folder = folder
        self.units = folder / "units"
        self.units.mkdir()
        (folder / "copies").mkdir(mode=0o700)
        environment = folder / "aws.env"
        environment.write_text("".join(f"{name}={value}\n" for name, value in cluster.kms.environment().items()), encoding="utf-8")
        sealed = sealed_token(cluster.kms, cluster.key, cluster.token(period="24h", policies=["snapshots", "default"]), folder / "token.sealed")
        user = pwd.getpwuid(os.geteuid())
        self.options = {
            "address": cluster.servers[0].url, "other_addresses": [cluster.servers[0].url], "ca_path": "", "validate_certs": True, "server_timeout": 30,
            "cluster_id": (cluster.servers[0].seal_status() or {})["cluster_id"], "if_standby": "fail", "token_sealed_file": str(sealed), "token_file": "",
            "renew_token": True, "folder": str(folder / "snapshots"), "name": "bao", "proof": "open", "allowed_key_ids": [ALIAS], "attempts": 2,
            "snapshot_timeout": 60, "max_size": 1 << 30, "send_folder": str(folder / "copies"), "s3": {}, "connection": {"region": "us-east-1"},
            "keep_last": 2, "keep_hourly": 0, "keep_daily": "0", "keep_weekly": 0, "keep_monthly": 0, "keep_days": 0, "keep_minimum": 1, "keep_unproven": 1,
            "user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name, "schedule": "*-*-* 0/4:00:00", "random_delay": "10m",
            "environment_files": [str(environment)], "python": sys.executable, "unit": "bao-snapshot", "unit_folder": str(self.units),
            "program_folder": str(folder / "lib"), "config_folder": str(folder / "etc"), "status_folder": str(folder / "status"),
            "enable": False, "run": False, "state": "present",
        }  # fmt: skip

    def play(self, check: bool = False, **options: Any) -> Any:
        given = {f"seal_backup_{name}": value for name, value in {**self.options, **options}.items()}
        tasks = [
            {"name": "Role", "ansible.builtin.include_role": {"name": ROLE}, "vars": given},
            {"name": "result", "ansible.builtin.debug": {"var": "seal_backup_result"}},
        ]
        return self.ansible.playbook(tasks, *(["--check"] if check else []))

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "status" / "bao-snapshot.json").read_text(encoding="utf-8"))
        return found

    def command(self) -> list[str]:
        (line,) = [each for each in (self.units / "bao-snapshot.service").read_text(encoding="utf-8").splitlines() if each.startswith("ExecStart=")]
        return line.removeprefix("ExecStart=").split()


@pytest.fixture
def host(cluster: Cluster, tmp_path: Path) -> Host:
    home = tmp_path / "ansible"
    home.mkdir()
    return Host(cluster, Ansible(home, cluster.kms.environment()), tmp_path)


@ROOT_ONLY
def test_the_timer_from_installation_to_removal(host: Host, cluster: Cluster) -> None:
    host.play(check=True).succeeded()
    assert not (host.folder / "lib").exists()
    host.play(run=True).succeeded()
    status = host.status()
    assert (status["result"], status["proven"], [each["verified"] for each in status["sent"]]) == ("success", True, [True])
    again = host.play().succeeded()
    assert "changed=0" in again.output, again.output
    host.play(check=True, run=True).succeeded()

    program, config = (Path(each) for each in host.command()[2:])
    assert (program.stat().st_mode & 0o777, config.stat().st_mode & 0o777) == (0o644, 0o600)
    # Without Ansible, with an empty environment but that of the unit.
    environment = dict(line.split("=", 1) for line in (host.folder / "aws.env").read_text(encoding="utf-8").splitlines())
    for _time in range(2):
        done = subprocess.run(host.command(), env=environment, capture_output=True, text=True, check=False, timeout=scaled(120))
        assert done.returncode == 0, done.stderr
    assert len(list((host.folder / "snapshots").glob("*.snap"))) == 2
    run_it = f"import runpy, sys; sys.modules['ansible'] = None; sys.path.insert(0, {str(program)!r}); runpy.run_path({str(program)!r})"
    done = subprocess.run([sys.executable, "-I", "-c", run_it], capture_output=True, text=True, check=False)
    assert (done.returncode, "usage" in done.stderr) == (2, True), done.stderr

    host.play(state="absent").succeeded()
    assert list(host.units.iterdir()) == []
    assert not config.exists()
    assert not program.exists()
    assert len(list((host.folder / "snapshots").glob("*.snap"))) == 2
    assert "changed=0" in host.play(state="absent").succeeded().output


@ROOT_ONLY
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(host: Host) -> None:
    host.play().succeeded()
    units = [str(host.units / f"bao-snapshot.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, "bao-snapshot" in done.stderr) == (0, False), done.stderr
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", units[0]], capture_output=True, text=True, check=False)
    assert "OK" in rated.stdout.splitlines()[-1], rated.stdout


@ROOT_ONLY
@pytest.mark.parametrize("options", [
    {"token_sealed_file": ""}, {"token_file": "/run/token"}, {"folder": "/var/a b"}, {"schedule": "hourly\nExecStart=/bin/sh"}, {"unit": "a/b"},
    {"environment_files": ["relative"]},
])  # fmt: skip
def test_variables_that_are_rejected(host: Host, options: dict[str, Any]) -> None:
    assert host.play(**options).code != 0
    assert list(host.units.iterdir()) == []
