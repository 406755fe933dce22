# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_snapshot with a real server: what it takes, and every fault of server, token, disk and key."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.backup_world import ALIAS, Cluster, Runner, running_cluster, sealed_token
from support.cut_server import CutServer
from support.file_systems import mounted
from support.openbao import free_ports


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def token(cluster: Cluster) -> str:
    return cluster.token(ttl="24h")


@pytest.fixture
def runner(tmp_path: Path, cluster: Cluster, token: str) -> Runner:
    return Runner(tmp_path, cluster.kms.environment(), server_address=cluster.servers[0].url, token=token, attempts=1)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_snapshot_is_taken_and_proven(cluster: Cluster, runner: Runner, token: str, tmp_path: Path) -> None:
    sealed = sealed_token(cluster.kms, cluster.key, token, tmp_path / "token.sealed")
    found = runner.run(token=None, token_sealed_file=str(sealed), allowed_key_ids=[ALIAS])
    assert (found["changed"], found["taken"], found["proven"], found["proof"], found["attempts"]) == (True, True, True, "open", 1)
    path = Path(found["path"])
    content = path.read_bytes()
    assert (mode(path), found["size"], found["sha256"]) == (0o600, len(content), hashlib.sha256(content).hexdigest())
    assert [each["arn"] for each in found["kms_keys"]] == [cluster.key]
    record = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    assert (record["sha256"], record["proof"], record["key_arns"], mode(Path(f"{path}.json"))) == (found["sha256"], "open", [cluster.key], 0o600)
    assert runner.names() == [path.name]
    status = runner.status()
    assert (status["result"], status["reason"], status["proven"], status["path"], mode(runner.status_file)) == ("success", "", True, str(path), 0o644)
    assert status["last_proven"]["sha256"] == found["sha256"]
    for each in runner.home.rglob("*"):
        if each.is_file() and each.name != "arguments.json":
            assert token.encode() not in each.read_bytes()
    assert token not in json.dumps(found)
    assert cluster.servers[0].restore(content).status == 204


def test_check_mode_takes_nothing_and_shows_the_plan(runner: Runner) -> None:
    names = [Path(runner.run()["path"]).name for _time in range(3)]
    assert len(set(names)) == 3
    before = runner.status_file.read_bytes()
    plan = runner.run(check=True, keep_last=2, keep_minimum=1)
    assert (plan["changed"], plan["taken"]) == (True, False)
    assert [each["keep"] for each in plan["retention"]] == [True, True, False, False]
    assert plan["removed"] == names[1::-1]
    assert (runner.names(), runner.status_file.read_bytes()) == (sorted(names), before)


def test_retention_leaves_foreign_files(runner: Runner) -> None:
    foreign = ["vault-20200101T000000Z.snap", "other-20200101T000000Z.snap", "notes.txt"]
    for name in foreign:
        (runner.dest / name).write_text("mine", encoding="utf-8")
    os.symlink("notes.txt", runner.dest / "vault-20200102T000000Z.snap")
    first, second = (Path(runner.run(keep_last=1, keep_minimum=1)["path"]).name for _time in range(2))
    assert runner.names() == sorted([*foreign, "vault-20200102T000000Z.snap", second])
    assert not (runner.dest / f"{first}.json").exists()


def test_a_token_that_expired(cluster: Cluster, runner: Runner) -> None:
    kept = runner.run()
    revoked = cluster.token()
    cluster.servers[0].call("POST", "auth/token/revoke", {"token": revoked})
    found = runner.run(token=revoked)
    assert (found["failed"], found["reason"], found["taken"]) == (True, "token_rejected", False)
    assert "sys/storage/raft/snapshot" in found["remedy"]
    assert revoked not in json.dumps(found)
    assert runner.names() == [Path(kept["path"]).name]
    status = runner.status()
    assert (status["result"], status["reason"], status["last_proven"]["path"]) == ("failed", "token_rejected", kept["path"])


def test_a_token_without_the_policy_is_found_in_check_mode(cluster: Cluster, runner: Runner) -> None:
    found = runner.run(check=True, token=cluster.token(policies=["default"]))
    assert (found["failed"], found["reason"]) == (True, "token_rejected")


def test_a_snapshot_that_this_host_cannot_open_is_kept_aside(cluster: Cluster, runner: Runner) -> None:
    good = runner.run()
    allowed = {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}
    stranger = cluster.kms.principal({"Version": "2012-10-17", "Statement": [allowed]})
    found = runner.run(keep_last=1, keep_minimum=1, access_key=stranger.access_key, secret_key=stranger.secret_key)
    assert (found["failed"], found["reason"], found["taken"], found["proven"]) == (True, "access_denied", True, False)
    assert runner.names() == sorted([Path(good["path"]).name, Path(found["path"]).name])
    assert found["path"].endswith(".snap.unproven")
    assert found["path"] in found["msg"]
    assert runner.status()["last_proven"]["path"] == good["path"]
    assert runner.run(keep_unproven=0, keep_last=5)["removed"] == [Path(found["path"]).name]


def test_a_server_that_cannot_use_its_key_sends_no_whole_snapshot(cluster: Cluster, runner: Runner) -> None:
    cluster.kms.client().disable_key(KeyId=cluster.key)
    try:
        found = runner.run()
    finally:
        cluster.kms.client().enable_key(KeyId=cluster.key)
    assert (found["failed"], found["reason"], found["proven"]) == (True, "damaged_snapshot", False)
    assert "KMS key" in found["remedy"]


def test_two_at_once(runner: Runner) -> None:
    runner.run()
    before = runner.status_file.read_bytes()
    with (runner.dest / ".vault-snapshot.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = runner.run()
        assert runner.program()[0] == 75
    assert (found["failed"], found["reason"]) == (True, "backup_running")
    assert (len(runner.names()), runner.status_file.read_bytes()) == (1, before)


def test_two_processes_at_once(cluster: Cluster, runner: Runner) -> None:
    cluster.fill(2)
    both = [runner.start_program(number) for number in range(2)]
    ended = [(process.communicate(timeout=180)[0].decode(), process.returncode) for process in both]
    # One of them waits for nothing: it ends with the status that the unit takes for a success.
    assert sorted(code for _output, code in ended) in ([0, 75], [0, 0]), ended
    assert len(runner.names()) == sum(code == 0 for _output, code in ended)
    assert runner.status()["result"] == "success"
    assert list(runner.dest.glob(".*part")) == []


def test_a_full_file_system(runner: Runner, tmp_path: Path, cluster: Cluster) -> None:
    cluster.fill(1)
    with mounted(runner.dest, "256k"):
        found = runner.run()
        assert (found["failed"], found["reason"], found["taken"], list(runner.dest.glob("*.snap*"))) == (True, "no_room", False, [])
        assert "Free space" in found["remedy"]
    copies = tmp_path / "copies"
    copies.mkdir(mode=0o700)
    with mounted(copies, "256k"):
        found = runner.run(send_folder=str(copies))
        assert (found["failed"], found["reason"], found["proven"], list(copies.glob("*.snap"))) == (True, "no_room", True, [])


def test_a_full_disk(runner: Runner) -> None:
    good = runner.run()
    found = runner.run(largest_file=9000)
    assert (found["failed"], found["reason"], found["taken"]) == (True, "no_room", False)
    assert runner.names() == [Path(good["path"]).name]
    assert runner.status()["reason"] == "no_room"


@pytest.mark.parametrize(("cut", "reason"), [("length", "snapshot_interrupted"), ("chunked", "snapshot_interrupted"), ("clean", "damaged_snapshot")])
def test_a_truncated_snapshot(cluster: Cluster, runner: Runner, cut: str, reason: str) -> None:
    proxy = CutServer(cluster.servers[0].url, cut)
    found = runner.run(server_address=proxy.url)
    assert (found["failed"], found["reason"], found["proven"]) == (True, reason, False)
    assert [name.endswith(".unproven") for name in runner.names()] == [True] * (cut == "clean")
    proxy.cuts[:] = [cut, "whole"]
    found = runner.run(server_address=proxy.url, attempts=2, keep_unproven=0)
    assert (found["proven"], found["attempts"], len(runner.names())) == (True, 2, 1)


def test_a_redirect_is_never_followed(cluster: Cluster, runner: Runner) -> None:
    thief = CutServer(cluster.servers[0].url)
    proxy = CutServer(cluster.servers[0].url, "redirect", location=thief.url)
    found = runner.run(server_address=proxy.url)
    assert (found["failed"], found["reason"], thief.requests) == (True, "no_active_node", 0)


@pytest.mark.parametrize(("leader", "reason"), [
    ("http://192.0.2.1:8200", "unsafe_leader"), ("ftp://127.0.0.1", "unsafe_leader"), ("http://user:pass@127.0.0.1:1", "unsafe_leader"),
    ("other_cluster", "unsafe_leader"), ("nothing", "leader_unreachable"),
])  # fmt: skip
def test_the_token_goes_to_no_unsafe_node(cluster: Cluster, runner: Runner, leader: str, reason: str, token: str) -> None:
    state = {"initialized": True, "sealed": False, "cluster_id": "00000000-0000-0000-0000-000000000000"}
    other = CutServer(cluster.servers[0].url, status=state)
    address = {"other_cluster": other.url, "nothing": f"http://127.0.0.1:{free_ports(1)[0]}"}.get(leader, leader)
    standby = CutServer(cluster.servers[0].url, leader=address)
    found = runner.run(server_address=standby.url, server_timeout=3)
    assert (found["failed"], found["reason"], other.tokens, standby.tokens) == (True, reason, [], [])
    assert token not in json.dumps(found)


def test_the_active_node_of_the_same_cluster_gets_the_token(cluster: Cluster, runner: Runner) -> None:
    standby = CutServer(cluster.servers[0].url, leader=cluster.servers[0].url)
    found = runner.run(server_address=standby.url)
    assert (found["proven"], found["server"], standby.tokens) == (True, cluster.servers[0].url, [])


def test_a_standby_can_be_skipped(cluster: Cluster, runner: Runner) -> None:
    standby = CutServer(cluster.servers[0].url, leader=cluster.servers[0].url)
    found = runner.run(server_address=standby.url, if_standby="skip")
    assert (found.get("failed", False), found["changed"], found["taken"], runner.names()) == (False, False, False, [])
    assert "standby" in found["skipped_reason"]
    assert runner.status()["result"] == "skipped"
    assert runner.run(server_address=standby.url, if_standby="fail")["reason"] == "standby"


def test_another_cluster_gets_no_token(cluster: Cluster, runner: Runner) -> None:
    proxy = CutServer(cluster.servers[0].url)
    found = runner.run(server_address=proxy.url, cluster_id="00000000-0000-0000-0000-000000000000")
    assert (found["failed"], found["reason"], proxy.tokens) == (True, "wrong_cluster", [])


def test_an_unreachable_server_and_another_address(cluster: Cluster, runner: Runner) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert runner.run(server_address=nobody)["reason"] == "server_unreachable"
    assert runner.run(server_address=nobody, other_addresses=[cluster.servers[0].url])["proven"]


def test_a_folder_that_others_can_write_to(runner: Runner) -> None:
    runner.dest.chmod(0o777)
    found = runner.run()
    assert (found["failed"], found["reason"]) == (True, "file_error")


def test_what_a_killed_run_left_is_removed(runner: Runner) -> None:
    (runner.dest / ".0123456789abcdef.sealwright-part").write_bytes(b"half")
    (runner.dest / "vault-20200101T000000Z.snap.json").write_text("{}", encoding="utf-8")
    found = runner.run()
    assert {each.name for each in runner.dest.iterdir()} == {Path(found["path"]).name, f"{Path(found['path']).name}.json", ".vault-snapshot.lock"}


def test_a_copy_in_a_folder(runner: Runner, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    runner.options["send_folder_mounted"] = False
    found = runner.run(send_folder=str(copies))
    assert (found["failed"], found["reason"], found["proven"]) == (True, "file_error", True)
    copies.mkdir(mode=0o700)
    again = runner.run(send_folder=str(copies))
    assert [(each["name"], each["verified"]) for each in again["sent"]] == [(Path(path).name, True) for path in (again["path"], found["path"])]
    for name in runner.names():
        assert (copies / name).read_bytes() == (runner.dest / name).read_bytes()
        assert mode(copies / name) == 0o600
    assert [each["name"] for each in runner.run(send_folder=str(copies))["sent"]] == [runner.names()[-1]]


def test_a_directory_for_copies_that_is_not_mounted(runner: Runner, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir(mode=0o700)
    found = runner.run(send_folder=str(copies))
    assert (found["failed"], found["reason"], found["proven"], list(copies.iterdir())) == (True, "not_mounted", True, [])
    assert runner.status()["unsent"] == 1
    assert runner.run(check=True, send_folder=str(copies))["reason"] == "not_mounted"
    with mounted(copies, "8m"):
        again = runner.run(send_folder=str(copies))
        assert [each["verified"] for each in again["sent"]] == [True, True]
        assert sorted(each.name for each in copies.glob("*.snap")) == runner.names()


def test_a_token_is_renewed(cluster: Cluster, runner: Runner) -> None:
    periodic = cluster.token(period="1h", policies=["snapshots", "default"])
    found = runner.run(token=periodic, renew_token=True)
    assert (found["proven"], found.get("warnings", [])) == (True, [])
    found = runner.run(token=cluster.token(period="1h", no_default_policy=True), renew_token=True)
    assert found["proven"]
    assert "could not be renewed" in json.dumps(found["warnings"])


def test_the_program_of_the_timer(runner: Runner, token: str, tmp_path: Path) -> None:
    code, output = runner.program()
    assert (code, len(runner.names())) == (0, 1), output
    assert runner.program("--check")[0] == 0
    code, output = runner.program(token="s.wrong-token-of-a-test")
    assert (code, output.startswith("token_rejected: ")) == (1, True)
    assert "wrong-token" not in output
    assert token not in output
    assert runner.status()["reason"] == "token_rejected"
    assert runner.program(keep_minimum=0)[0] == 2
    assert (runner.status()["result"], runner.status()["reason"]) == ("failed", "invalid_option")
    assert runner.status()["last_proven"]["path"] == str(runner.dest / runner.names()[0])


@pytest.mark.parametrize("options", [
    {"token": None}, {"token_file": "/nowhere"}, {"name": "a/b"}, {"attempts": 0}, {"server_address": "bao.example"}, {"keep_minimum": 0},
    {"s3": {"bucket": "Not A Bucket"}}, {"s3": {"bucket": "bucket", "object_lock_mode": "GOVERNANCE"}}, {"max_size": 5}, {"snapshot_timeout": 0},
    {"s3": {"bucket": "bucket", "kms_key_id": "alias/a"}}, {"s3": {"bucket": "bucket", "part_size": 1}}, {"s3": {"bucket": "bucket", "prefix": "/a"}},
])  # fmt: skip
def test_options_that_are_rejected(runner: Runner, options: dict[str, Any]) -> None:
    found = runner.run(**options)
    assert (found["failed"], found["reason"]) == (True, "invalid_option")
    assert runner.names() == []
