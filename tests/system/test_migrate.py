# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook migrate shows and refuses before it changes anything. The scenario migrate tests the migration itself, with real servers.

The answers of the three nodes are those of OpenBao 2.6.2; starting a real cluster for each case would take too long.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.configured_host import ConfiguredHost, changed
from support.server_start import refusing_server
from support.strict_kms import StrictKms

ALIAS = "alias/migrate"
NODES = ("n1", "n2", "n3")
SHARES = ["share-hush-1", "share-hush-2", "share-hush-3"]
TOKEN = "s.hush-hush-hush-hush-hush"


class Node(ThreadingHTTPServer):
    """A server with prepared answers to requests for its state."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.asked: set[str] = set()

    def reports(self, active: Node, **status: Any) -> None:
        state = {
            "type": "shamir", "initialized": True, "sealed": False, "t": 2, "n": 3, "migration": False, "recovery_seal": False,
            "storage_type": "raft", "cluster_id": "one", **status,
        }
        leader = {"ha_enabled": True, "is_self": self is active, "leader_address": active.url}
        servers = [{"node_id": name, "voter": True} for name in NODES]
        self.answers = {
            "sys/seal-status": (200, state),
            "sys/leader": (503, {"errors": ["Vault is sealed"]}) if state["sealed"] else (200, leader),
            "sys/storage/raft/configuration": (200, {"data": {"config": {"servers": servers}}}),
        }

    def reports_another(self, active: Node, loaded: str, stored: str) -> None:
        self.reports(active)
        self.answers["sys/seal-status"] = (500, {"errors": [f'barrier seal type of "{stored}" does not match loaded type of "{loaded}"']})


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Node)
        path = self.path.removeprefix("/v1/")
        self.server.asked.add(f"{self.command} {path}")
        status, content = self.server.answers.get(path, (404, {"errors": []}))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Cluster:
    """Three hosts that are all this machine, each with its own files."""

    def __init__(self, ansible: Ansible, folder: Path, kms: StrictKms) -> None:
        self.ansible = ansible
        self.nodes = {name: Node() for name in NODES}
        self.hosts: dict[str, ConfiguredHost] = {}
        self._connection = " ".join(f"{name}={value}" for name, value in kms.environment().items())
        for name, node in self.nodes.items():
            threading.Thread(target=node.serve_forever, daemon=True).start()
            (folder / name).mkdir()
            host = ConfiguredHost(ansible, folder / name)
            host.etc.mkdir()
            (host.etc / "openbao.hcl").write_text('storage "inmem" {}\n', encoding="utf-8")
            host.variables.update(
                address=node.url, user=host.variables["owner"], seals=[{"kms_key_id": ALIAS, "region": "us-east-1"}],
            )
            del host.variables["restart"]
            self.hosts[name] = host
            self.unit(name)

    def unit(self, name: str, *lines: str) -> None:
        folder = self.hosts[name].folder
        text = ["[Service]", f"Environment={self._connection}", f"ExecStart=/usr/bin/bao server -config={folder}/etc", *lines, ""]
        (folder / "units" / "openbao.service").write_text("\n".join(text), encoding="utf-8")

    def are(self, **status: Any) -> None:
        for node in self.nodes.values():
            node.reports(self.nodes["n1"], **status)
            node.asked.clear()

    def migrate(self, *arguments: str, to: str = "awskms", **more: Any) -> Run:
        common = {"ansible_connection": "local", "ansible_python_interpreter": host_python(), "ansible_become": False}
        hosts = {}
        for name, host in self.hosts.items():
            configuration = {f"vault_config_{key}": value for key, value in host.variables.items()}
            hosts[name] = {**common, **configuration, "migrate_unit_directories": [str(host.folder / "units")]}
        self.ansible.inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        extra = {"migrate_hosts": "all", "migrate_to": to, "migrate_shares": SHARES, "migrate_token": TOKEN, "migrate_seconds": 2, **more}
        given = self.ansible.folder / "given.json"
        given.write_text(json.dumps(extra), encoding="utf-8")
        return self.ansible.command(["ansible-playbook", "sealwright.vault_seal.migrate", "-e", f"@{given}", *arguments])

    def refuses(self, *arguments: str, **more: Any) -> str:
        """The message of the refusal. Nothing was changed, and the servers were asked for their state only."""
        there = {name: host.files() for name, host in self.hosts.items()}
        run = self.migrate(*arguments, **more)
        assert run.code == 2, run.output
        assert changed(run) == []
        assert {name: host.files() for name, host in self.hosts.items()} == there
        assert not {each for node in self.nodes.values() for each in node.asked if not each.startswith("GET ")}
        assert not [secret for secret in (*SHARES, TOKEN) if secret in run.output + str(run.results)]
        message: str = [record["result"]["msg"] for record in run.results if record["outcome"] == "failed"][-1]
        return message

    def end(self) -> None:
        for node in self.nodes.values():
            node.shutdown()
            node.server_close()


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("m"), {"ANSIBLE_PIPELINING": "1"})


@pytest.fixture
def cluster(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(ansible, tmp_path, kms)
    yield made
    made.end()


def shown(run: Run, task: str) -> list[str]:
    lines: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith(task))
    return lines


def test_check_mode_shows_the_next_steps(kms: StrictKms, cluster: Cluster) -> None:
    """For a migration to shamir that was interrupted after the first standby, with the permissions checked over each host's own connection to KMS."""
    kms.new_key(alias=ALIAS)
    for host in cluster.hosts.values():
        (host.etc / "openbao.hcl").write_text(f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "us-east-1"\n}}\n', encoding="utf-8")
    cluster.are(type="awskms", recovery_seal=True)
    cluster.nodes["n2"].reports_another(cluster.nodes["n1"], "shamir", "awskms")
    there = {name: host.files() for name, host in cluster.hosts.items()}
    run = cluster.migrate("--check", "-vvvv", to="shamir").succeeded()
    first = cluster.nodes["n1"].url
    assert shown(run, " : Show the state of each node") == [
        "n1: is unsealed and active, with the seal awskms",
        f"n2: is unsealed and a standby of {first}, with the seal shamir (its cluster uses awskms)",
        f"n3: is unsealed and a standby of {first}, with the seal awskms",
        "Raft peers: n1, n2, n3, each with a vote.",
    ]
    table = shown(run, " : Show the permissions of each host")
    assert [line.split()[-1] for line in table[:4]] == ["result", "ready", "ready", "ready"]
    assert [(line.startswith("Judged by "), line.endswith(": 3 of 3.")) for line in table[4:]] == [(True, True)]
    assert shown(run, " : Show the next steps") == [
        "Step 1: configure n3 with the seal shamir (and awskms disabled); then restart and unseal each, one at a time.",
        "Step 2: stop n1, so that another node becomes active and carries out the migration; then configure and start it.",
        "Step 3: remove the disabled awskms seal from the configuration of each node; then restart and unseal each, one at a time and the active one last.",
        "Check mode: nothing is changed.",
    ]
    assert ({name: host.files() for name, host in cluster.hosts.items()}, changed(run)) == (there, [])
    assert not {each for node in cluster.nodes.values() for each in node.asked if not each.startswith("GET ")}
    assert not [secret for secret in (*SHARES, TOKEN) if secret in run.output + str(run.results)]


def test_variables_of_the_environment_are_refused_by_name(cluster: Cluster) -> None:
    cluster.are()
    cluster.unit("n3", "Environment=BAO_SEAL_TYPE=shamir AWSKMS_WRAPPER_KEY_ID=alias/old")
    unit = cluster.hosts["n3"].folder / "units" / "openbao.service"
    assert cluster.refuses() == (
        f"The environment of the unit openbao sets AWSKMS_WRAPPER_KEY_ID ({unit}, line 4), BAO_SEAL_TYPE ({unit}, line 4), which overrides the configuration "
        "of the server: the server would not migrate, or would revert at its next start. Remove it, restart the server, and run the playbook again. Nothing "
        "was changed."
    )
    assert cluster.nodes["n1"].asked == set()


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a sealed node": ("n2 is sealed or does not respond, and a migration can only begin if all nodes are working", {"sealed": True}, {}),
    "few shares": ("migrate_shares contains 1 different shares, but 2 are required: unseal keys", {}, {"migrate_shares": [SHARES[0], f"{SHARES[0]} "]}),
    "two nodes": ("The cluster has two nodes with raft storage", {"storage_type": "raft"}, {}),
    "another seal": ("n2 is not initialised, or has a seal other than shamir and awskms", {"type": "transit"}, {}),
    "an extra variable": ("is given as an extra variable (-e)", {}, {"vault_config_restart": True}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_before_anything_is_changed(case: str, cluster: Cluster) -> None:
    message, status, more = REFUSED[case]
    del cluster.hosts["n3"]
    cluster.are(storage_type="consul")
    cluster.nodes["n2"].reports(cluster.nodes["n1"], **{"storage_type": "consul", **status})
    assert message in cluster.refuses(migrate_token="", **more)


def test_a_node_that_is_down_and_peers_that_are_not_there(cluster: Cluster) -> None:
    cluster.are()
    servers = [{"node_id": name, "voter": True} for name in (*NODES, "n4")]
    cluster.nodes["n1"].answers["sys/storage/raft/configuration"] = (200, {"data": {"config": {"servers": servers}}})
    assert "The cluster has 4 peers (n1, n2, n3, n4), but the play has 3 hosts" in cluster.refuses()
    assert "The play is limited to n1" in cluster.refuses("--limit=n1")
    cluster.nodes["n3"].shutdown()
    cluster.nodes["n3"].server_close()
    assert "n3 is sealed or does not respond" in cluster.refuses()


def test_a_host_whose_server_refuses_stops_the_migration(kms: StrictKms, cluster: Cluster, tmp_path: Path) -> None:
    """The model of the SDK, which goes by the unit, says ready; the executable that the unit names starts the server in another way."""
    kms.new_key(alias=ALIAS)
    cluster.are()
    unit = cluster.hosts["n2"].folder / "units" / "openbao.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace("/usr/bin/bao", str(refusing_server(tmp_path))), encoding="utf-8")
    message = " ".join(cluster.refuses().split())
    assert ("n2" in message, "OpenBao itself does not start with these settings" in message, "n1:" in message) == (True, True, False), message
