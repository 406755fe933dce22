# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook migrate on three real servers, with what the model of tests/model tries on its own: a run that is turned round, a cluster that is down, and a
hand-over after which no node leads. The scenario migrate has hosts over sshd, and other faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.ansible_run import Run
from support.served_cluster import NODES, ServedCluster
from support.strict_kms import StrictKms

ALIAS = "alias/served"


@pytest.fixture
def kms() -> Iterator[StrictKms]:
    """A KMS of its own, whose key is disabled by a test."""
    with StrictKms() as started:
        yield started


@pytest.fixture
def key(kms: StrictKms) -> str:
    return kms.new_key(alias=ALIAS)


@pytest.fixture
def made(kms: StrictKms, key: str, tmp_path: Path) -> Iterator[Callable[[str], ServedCluster]]:
    clusters: list[ServedCluster] = []

    def create(seal: str) -> ServedCluster:
        clusters.append(ServedCluster(tmp_path, kms, ALIAS))
        clusters[-1].create(seal)
        return clusters[-1]

    yield create
    for cluster in clusters:
        cluster.close()


def has(cluster: ServedCluster, seal: str, run: Run) -> None:
    """Each node has the seal in effect and in its files, the value is readable, no share was shown, and a further run changes nothing."""
    run.succeeded()
    assert cluster.types() == {name: (seal, True) for name in NODES}
    assert cluster.configured() == dict.fromkeys(NODES, seal)
    assert cluster.canary() == "tweet"
    again = cluster.migrate(seal).succeeded()
    assert again.stdout.count("changed=0 ") == len(NODES), again.output
    assert not [secret for secret in (*cluster.shares, cluster.servers["n1"].token) if secret in run.output + again.output + str(run.results)]


@pytest.mark.parametrize(("first", "last"), [("awskms", "shamir"), ("shamir", "awskms")])
def test_a_migration_turned_round_in_the_middle(made: Callable[[str], ServedCluster], first: str, last: str) -> None:
    """The run is killed when one node has the new seal, and the next run goes back: the cluster still has the old one."""
    cluster = made(last)
    cluster.migrate_killed(first, lambda: bool(cluster.reports_errors()))
    assert cluster.canary() == "tweet"
    has(cluster, last, cluster.migrate(last))


def test_a_cluster_that_is_down_in_the_middle(made: Callable[[str], ServedCluster]) -> None:
    """The machines of all nodes lose their power when one node has the new seal: no node unseals itself with shamir, and none leads."""
    cluster = made("shamir")
    cluster.migrate_killed("awskms", lambda: bool(cluster.reports_errors()))
    cluster.kill_servers()
    has(cluster, "awskms", cluster.migrate("awskms"))


def test_a_hand_over_after_which_no_node_leads(kms: StrictKms, key: str, made: Callable[[str], ServedCluster]) -> None:
    """The key is disabled after the proof: the node that becomes active cannot migrate the seal, and blocks the election until it is restarted."""
    cluster = made("shamir")
    failed = cluster.migrate_while("awskms", lambda: len(cluster.reports_errors()) == 2, lambda: kms.set_key_state(key, "Disabled"))
    assert failed.code == 2, failed.output
    assert "No other node became active with the seal awskms within" in " ".join(failed.output.split())
    # Nothing was lost: once the key is usable again, the next run restarts the nodes that block the election, and completes the migration.
    kms.set_key_state(key, "Enabled")
    has(cluster, "awskms", cluster.migrate("awskms"))
