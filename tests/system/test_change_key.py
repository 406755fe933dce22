# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook change_key with real servers: to a key in another region, whose principal cannot use the old key; killed in each half, and turned back."""

from __future__ import annotations

import os
import subprocess
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.ansible_run import Run
from support.configured_host import changed, refusal
from support.service_cluster import WORD, ServiceCluster, Status
from support.strict_kms import StrictKms

# Where the kernel lets nobody have a network namespace, the drill runs without.
ISOLATED = not subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "true"], capture_output=True, check=False).returncode
ACTIONS = ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"]
PLAYBOOK = "change_key"
GUIDE = Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "guide_change_key.rst"


def example() -> dict[str, Any]:
    """The variables of the guide, without the seal of vault_config_seals, which the inventory has."""
    block = GUIDE.read_text(encoding="utf-8").partition(".. code-block:: text\n")[2].partition("\nRunning")[0]
    variables: dict[str, Any] = yaml.safe_load(textwrap.dedent(block.split("    $")[0]))
    assert [set(seal) for seal in variables.pop("vault_config_seals")] == [{"kms_key_id", "region"}]
    return variables


class World:
    """A cluster with a key in one region, and a key in another that it is to have. Each seal has a principal that can use its key only."""

    def __init__(self, folder: Path, kms: StrictKms, count: int) -> None:
        self.kms = kms
        self.old, self.old_arn = self._seal("us-east-1")
        self.new, self.new_arn = self._seal("eu-west-1")
        self.cluster = ServiceCluster(folder, kms, count, self.old)
        self.cluster.form()
        self.cluster.use(self.new)

    def _seal(self, region: str) -> tuple[dict[str, Any], str]:
        arn = self.kms.new_key(region=region)
        who = self.kms.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ACTIONS, "Resource": arn}]})
        return {"kms_key_id": arn, "region": region, "endpoint": self.kms.url, "access_key": who.access_key, "secret_key": who.secret_key}, arn

    def given(self, **more: Any) -> dict[str, Any]:
        return {
            **example(), "change_key_hosts": "all", "change_key_old_seal": self.old, "change_key_shares": self.cluster.shares[:2],
            "change_key_token": self.cluster.token, "change_key_seconds": 90,
            "change_key_unit_directories": [str(self.cluster.folder / "root/etc/systemd/system")],
            "change_key_drill_network": "isolated" if ISOLATED else "host", "change_key_drill_timeout": 300, **more,
        }  # fmt: skip

    def run(self, *arguments: str, **more: Any) -> Run:
        return self.cluster.playbook(PLAYBOOK, self.given(**more), *arguments)

    def killed(self, when: Any, **more: Any) -> None:
        output = self.cluster.killed(PLAYBOOK, self.given(**more), when)
        assert self.secrets_in(output) == []
        time.sleep(3)  # what it started goes on for a moment

    def secrets_in(self, text: str) -> list[str]:
        secrets = [*self.cluster.shares, self.cluster.token, self.old["secret_key"], self.new["secret_key"], WORD]
        return [secret for secret in secrets if secret in text]

    def stored_under(self, run: Run) -> str:
        facts = [record["result"]["ansible_facts"] for record in run.results if "change_key_result" in record["result"].get("ansible_facts", {})]
        result: dict[str, Any] = facts[-1]["change_key_result"]
        assert result["finished"], result
        return str(result["new_key"])

    def works_with(self, seal: dict[str, Any]) -> None:
        """The servers unseal themselves with this seal after a restart, and have their data."""
        for host in self.cluster.hosts:
            self.cluster.systemctl("restart", f"openbao-{host}")
        self.cluster.wait(lambda: all(status.get("sealed") is False and status["type"] == "awskms" for status in self.cluster.statuses()), "unseal themselves")
        self.cluster.wait(lambda: self.cluster.canary() == WORD, "have the canary")
        for host in self.cluster.hosts:
            text = (self.cluster.folder / host / "etc" / "openbao.hcl").read_text(encoding="utf-8")
            assert (text.count('seal "awskms"'), seal["kms_key_id"] in text) == (1, True)


@pytest.fixture
def world(request: pytest.FixtureRequest, kms: StrictKms, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kms, getattr(request, "param", 1))
    yield made
    made.cluster.end()


def leaves_old(statuses: Sequence[Status]) -> bool:
    return any(status.get("type") == "shamir" and status.get("migration") for status in statuses)


def reaches_new(statuses: Sequence[Status]) -> bool:
    return any(status.get("type") == "awskms" and status.get("migration") for status in statuses)


def shown(run: Run, task: str) -> list[str]:
    lines: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith(task))
    return lines


def test_a_key_in_another_region_with_the_run_killed_in_each_half(world: World) -> None:
    # The controller fails in the first half, and then in the second one.
    world.killed(leaves_old)
    world.killed(reaches_new)
    run = world.run("-vvvv").succeeded()
    assert world.stored_under(run) == world.new_arn
    assert world.secrets_in(run.output) == []
    # Nothing needs the old key any more.
    world.kms.set_key_state(world.old_arn, "Disabled")
    world.works_with(world.new)
    again = world.run(change_key_shares=[])  # the table of both keys shows that the old one is disabled
    assert again.code == 0, again.output
    assert (changed(again), shown(again, " : Show the next steps")[0].startswith("Nothing to do")) == ([], True)
    assert shown(again, " : Show what still depends on the old key")[0] == f"Nothing that was checked depends on {world.old_arn}."
    leaked = [path for path in world.cluster.folder.rglob("*") if path.is_file() and not path.is_relative_to(world.cluster.ansible.folder)
              and "data" not in path.parts and world.cluster.shares[0].encode() in path.read_bytes()]  # fmt: skip
    assert leaked == []


def test_a_change_that_is_turned_back_in_the_second_half(world: World) -> None:
    world.killed(reaches_new)
    run = world.run("-vvvv", change_key_to="old").succeeded()
    assert world.stored_under(run) == world.old_arn
    world.kms.set_key_state(world.new_arn, "Disabled")
    world.works_with(world.old)


def test_what_is_refused_before_anything_is_changed(world: World) -> None:
    before = (world.cluster.folder / "n1" / "etc" / "openbao.hcl").read_text(encoding="utf-8")
    dry = world.run("--check").succeeded()
    assert (changed(dry), world.cluster.canary()) == ([], WORD)
    assert shown(dry, " : Show the next steps")[-1] == "Check mode: nothing is changed."
    wrong = world.run(change_key_shares=[world.cluster.shares[0], "A" * 43 + "="])
    assert (wrong.code, changed(wrong)) == (2, []), wrong.output
    alias = "alias/change-key"
    world.kms.client(region="us-east-1").create_alias(AliasName=alias, TargetKeyId=world.old_arn)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("The canary kv/data/none cannot be read from the active node: it does not exist", {"change_key_canary_path": "kv/data/none"}),
        ("change_key_canary_path", {"change_key_canary_path": ""}),
    ]
    for words, more in cases:
        run = world.run(**more)
        assert (words in refusal(run), changed(run)) == (True, []), run.output
    world.cluster.use({**world.old, "kms_key_id": alias})
    run = world.run()
    assert ("an alias that points to the key is the same key" in refusal(run), changed(run)) == (True, []), run.output
    world.cluster.use({**world.new, "access_key": world.old["access_key"], "secret_key": world.old["secret_key"]})
    run = world.run()
    assert ("with the new key, n1: " in refusal(run), changed(run)) == (True, []), run.output
    assert (world.cluster.folder / "n1" / "etc" / "openbao.hcl").read_text(encoding="utf-8") == before
    assert world.cluster.canary() == WORD
