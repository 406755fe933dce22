# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts: how often KMS is called, which hosts are checked if one represents all hosts of a principal, and a report that stays readable.

All hosts are this machine. The tests count calls; the benchmark measures the time for many hosts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.strict_kms import Credentials, StrictKms
from support.vault_values import VaultValues, as_text

HOSTS = 500
EACH = 12  # hosts that are all asked
PLAYBOOK = "sealwright.vault_seal.kms_verify"
ALIAS, OTHER = "alias/fleet", "alias/other"
HEAD = ["hosts", "names", "DescribeKey", "Encrypt", "Decrypt", "key", "state", "region", "ms", "result"]
Hosts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def counted() -> Iterator[StrictKms]:
    """A KMS that no other test calls."""
    with StrictKms() as kms:
        yield kms


@pytest.fixture(scope="module")
def keys(counted: StrictKms) -> dict[str, str]:
    """The ARN of each alias's key."""
    return {alias: counted.new_key(alias=alias) for alias in (ALIAS, OTHER)}


@pytest.fixture
def ansible(counted: StrictKms, keys: dict[str, str], tmp_path: Path) -> Ansible:
    """Ansible with the connection to that KMS in its environment, and no calls counted yet."""
    counted.clear_calls()
    return Ansible(tmp_path, counted.environment())


def inventory(ansible: Ansible, hosts: Hosts) -> None:
    common = {"ansible_connection": "local", "ansible_python_interpreter": host_python(), "ansible_pipelining": True, "kms_verify_kms_key_id": ALIAS}
    ansible.inventory.write_text(json.dumps({"vault": {"hosts": hosts, "vars": common}}), encoding="utf-8")


def signed(who: Credentials) -> dict[str, str]:
    return {"kms_verify_access_key": who.access_key, "kms_verify_secret_key": who.secret_key}


def refused(kms: StrictKms) -> Credentials:
    """Credentials of a principal that can only describe keys."""
    return kms.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]})


def key_id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def calls(kms: StrictKms) -> Counter[str]:
    return Counter(call["operation"] for call in kms.calls())


def verify(ansible: Ansible, **variables: Any) -> tuple[Run, dict[str, Any]]:
    """Run the playbook and read its report."""
    report = ansible.folder / "report.json"
    values = {f"kms_verify_{name}": value for name, value in {"report": str(report), **variables}.items()}
    run = ansible.command(["ansible-playbook", PLAYBOOK, "--forks", "10", "-e", json.dumps(values)])
    return run, json.loads(report.read_text(encoding="utf-8"))["hosts"]


def shown(run: Run) -> tuple[list[list[str]], list[str]]:
    """The cells of the table that the role shows, without latencies, and the lines below it."""
    lines: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith(": Show the permissions of each host"))
    rows = [row for row in (re.split("  +", line) for line in lines) if len(row) == len(HEAD)]
    return [[re.sub(r"^\d+(-\d+)?$", "MS", cell) if column == 8 else cell for column, cell in enumerate(row)] for row in rows], lines[len(rows) :]


def hosts_of(run: Run, task: str) -> set[str]:
    return {record["host"] for record in run.results if record["task"].endswith(f": {task}") and record["outcome"] != "skipped"}


def test_one_host_for_each_principal(counted: StrictKms, ansible: Ansible, keys: dict[str, str]) -> None:
    """Of 500 hosts, one is checked for each principal and key. No task runs on the others."""
    hosts: Hosts = {f"vault{number:03}": {"profile": f"of-{number % 4}"} for number in range(HOSTS)}
    nobody = refused(counted)
    for number in range(0, HOSTS, 4):
        hosts[f"vault{number:03}"].update(signed(nobody))
    hosts["vault201"]["kms_verify_kms_key_id"] = OTHER
    del hosts["vault302"]["profile"]
    inventory(ansible, hosts)
    run, report = verify(ansible, one_per="profile")
    assert run.code == 2
    asked = {"vault000", "vault001", "vault002", "vault003", "vault201", "vault302"}
    assert calls(counted) == {"DescribeKey": 6, "Encrypt": 6, "Decrypt": 5}
    assert hosts_of(run, "Call AWS KMS") == asked
    assert {record["host"] for record in run.results} == asked
    assert hosts_of(run, "Fail if the host is not ready") == hosts_of(run, "Show the remedy for this host") == {"vault000"}

    table, below = shown(run)
    assert table == [
        HEAD,
        ["374", "vault001, vault005, vault009, ...", "allowed", "allowed", "allowed", key_id(keys[ALIAS]), "Enabled", "us-east-1", "MS", "ready"],
        ["1", "vault201", "allowed", "allowed", "allowed", key_id(keys[OTHER]), "Enabled", "us-east-1", "MS", "ready"],
        ["125", "vault000, vault004, vault008, ...", "allowed", "DENIED", "-", key_id(keys[ALIAS]), "Enabled", "us-east-1", "MS", "NOT READY: access_denied"],
    ]
    assert below == [
        f"vault000 and 124 more: {report['vault000']['summary']}",
        "Hosts represented by another one: 494. Each has the verdict of a host with the same connection to KMS.",
        "500 hosts, 375 ready, 125 not ready.",
    ]
    assert report.keys() == hosts.keys()
    assert Counter(results["asked_on"] for results in report.values()) == {
        "vault000": 125, "vault001": 124, "vault002": 124, "vault003": 125, "vault201": 1, "vault302": 1
    }
    assert {host: results["asked_on"] for host, results in report.items() if host in asked} == {host: host for host in asked}
    assert [host for host, items in report.items() if not items["ready"]] == [host for host, own in hosts.items() if "kms_verify_access_key" in own]
    assert report["vault499"] == report["vault003"]
    assert nobody.secret_key not in run.output + json.dumps(report)


def test_every_host(counted: StrictKms, ansible: Ansible, keys: dict[str, str]) -> None:
    """Three calls for each host that is allowed; one line for each verdict with its first hosts, and its first reasons below. One remedy is shown for each."""
    hosts: Hosts = {f"vault{number:02}": {} for number in range(EACH)}
    for number in range(4):
        hosts[f"vault{number:02}"].update(signed(refused(counted)))
    hosts["vault04"].update(kms_verify_endpoint="http://127.0.0.1:9", kms_verify_timeout=1)
    inventory(ansible, hosts)
    run, report = verify(ansible, table_hosts=EACH - 1)
    assert run.code == 2
    assert calls(counted) == {"DescribeKey": EACH - 1, "Encrypt": EACH - 1, "Decrypt": EACH - 5}
    table, below = shown(run)
    assert table == [
        HEAD,
        ["7", "vault05, vault06, vault07, ...", "allowed", "allowed", "allowed", key_id(keys[ALIAS]), "Enabled", "us-east-1", "MS", "ready"],
        ["4", "vault00, vault01, vault02, ...", "allowed", "DENIED", "-", key_id(keys[ALIAS]), "Enabled", "us-east-1", "MS", "NOT READY: access_denied"],
        ["1", "vault04", "FAILED", "-", "-", ALIAS, "-", "us-east-1", "MS", "NOT READY: unreachable"],
    ]
    assert below == [
        *(f"{host}: {report[host]['summary']}" for host in ("vault00", "vault01", "vault02")),
        "... and 1 more of that line; see the report for the reasons.",
        f"vault04: {report['vault04']['summary']}",
        "12 hosts, 7 ready, 5 not ready.",
    ]
    assert hosts_of(run, "Show the remedy for this host") == {"vault00", "vault04"}
    assert hosts_of(run, "Fail if the host is not ready") == {f"vault{number:02}" for number in range(5)}
    assert {host: results["asked_on"] for host, results in report.items()} == {host: host for host in hosts}


def test_calls_of_modules_on_many_hosts(counted: StrictKms, ansible: Ansible, keys: dict[str, str]) -> None:
    """A module calls KMS once for each data key on each host; a task with run_once calls it once."""
    inventory(ansible, {f"vault{number:02}": {} for number in range(EACH)})
    values = VaultValues(counted.client(), keys[ALIAS])
    blobs = [as_text(blob) for blob in (*values.batch([b"a", b"b"]), values.envelope(b"c"))]  # two data keys
    counted.clear_calls()
    opened = "query('sealwright.vault_seal.awskms_seal_unwrap', *blobs)"
    tasks = [
        {"name": "open", "sealwright.vault_seal.awskms_seal_unwrap": {"blobs": dict(zip("abc", blobs))}},
        {"name": "seal", "sealwright.vault_seal.awskms_seal_wrap": {"kms_key_id": ALIAS, "values": {"a": "1", "b": "2"}, "data_key": "per_batch"}},
        {"name": "once", "ansible.builtin.set_fact": {"opened": "{{ " + opened + " }}"}, "run_once": True, "no_log": True},
        {"name": "same", "ansible.builtin.assert": {"that": "opened == ['a', 'b', 'c']"}},
    ]
    play = {"hosts": "vault", "gather_facts": False, "vars": {"blobs": blobs}, "tasks": tasks}
    run = ansible.playbook([play], "--forks", "10").succeeded()
    assert len([record for record in run.results if record["task"] == "same" and record["outcome"] == "ok"]) == EACH
    assert calls(counted) == {"Decrypt": 2 * EACH + 2, "Encrypt": EACH}
