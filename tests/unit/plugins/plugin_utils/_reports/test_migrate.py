# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every decision of the role migrate, from the states of the nodes and their files: forward, back, and in the middle of an interrupted run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate import migrate_plan, stop_obstacle

ENABLED: list[dict[str, Any]] = [{"type": "awskms", "enabled": True}]
DISABLED: list[dict[str, Any]] = [{"type": "awskms", "enabled": False}]
NONE: list[dict[str, Any]] = []
LEADER = "http://n1:8200"
SILENT: dict[str, Any] = {"answers": False, "initialized": False, "sealed": True, "type": "", "active": False, "summary": "does not respond"}


def node(type_: str = "shamir", **more: Any) -> dict[str, Any]:
    known = {"answers": True, "initialized": True, "sealed": False, "type": type_, "migration": False, "threshold": 2, "storage": "raft", "cluster_id": "one"}
    return {**known, "active": False, "leader": LEADER, "summary": "is a standby", **more}


def active(type_: str = "shamir", **more: Any) -> dict[str, Any]:
    return node(type_, active=True, **more)


def sealed(type_: str = "shamir", **more: Any) -> dict[str, Any]:
    return node(type_, sealed=True, leader="", cluster_id="", **more)


def waiting(type_: str, **more: Any) -> dict[str, Any]:
    """Unsealed with a seal that its cluster does not have yet, or not any more: it does not report the rest."""
    return node(type_, migration=True, threshold=0, storage="", cluster_id="", **more)


def peers(voters: str = "abc", everyone: str = "abc") -> dict[str, list[str]]:
    return {"all": list(everyone), "voters": list(voters)}


def plan(*states: dict[str, Any] | None, to: str = "awskms", files: Any = (), **more: Any) -> dict[str, Any]:
    """The plan for hosts n1, n2 and so on. ``files``: the seals in the files of all hosts, or of each."""
    hosts = [f"n{number}" for number in range(1, len(states) + 1)]
    seals = dict(zip(hosts, files or [NONE] * len(hosts))) if isinstance(files, tuple) else dict.fromkeys(hosts, files)
    return migrate_plan(dict(zip(hosts, states)), to=to, seals=seals, **{"shares": 2, **more})


def steps(result: dict[str, Any]) -> list[tuple[str, str]]:
    assert result["impasse"] == {"reason": "", "text": ""}
    return [(step["action"], " ".join(step["hosts"])) for step in result["steps"]]


@pytest.mark.parametrize(
    ("state", "to", "stage"),
    [
        (None, "awskms", "unreachable"),
        (SILENT, "awskms", "silent"),
        (node(initialized=False, sealed=True), "awskms", "new"),
        (node("transit"), "awskms", "foreign"),
        (sealed(), "awskms", "sealed"),
        (sealed("awskms"), "awskms", "sealed"),
        (node(), "awskms", "standby"),
        (active(), "awskms", "active"),
        (waiting("awskms"), "awskms", "waiting"),
        (waiting("awskms"), "shamir", "standby"),
        (node("awskms"), "awskms", "done"),
        (active("shamir"), "shamir", "done"),
    ],
)
def test_the_stage_of_a_node(state: dict[str, Any] | None, to: str, stage: str) -> None:
    result = plan(state, to=to)
    assert result["stage"] == {"n1": stage}
    assert [name for name, hosts in result["at"].items() if hosts] == [stage]


def test_a_migration_from_the_start() -> None:
    result = plan(active(), node(), node(), peers=peers())
    assert steps(result) == [("configure", "n2 n3"), ("restart", "n2 n3"), ("hand_over", "n1")]
    assert result["plan"] == [
        "Step 1: configure n2 and n3 with the seal awskms; then restart and unseal each, one at a time.",
        "Step 2: stop n1, so that another node becomes active and carries out the migration; then configure and start it.",
    ]
    assert result["state_lines"] == ["n1: is a standby", "n2: is a standby", "n3: is a standby", "Raft peers: a, b, c, each with a vote."]
    assert (result["begun"], result["led"], result["revive"], result["await_votes"]) == (False, True, False, False)
    assert result["work"] == ["n1", "n2", "n3"]


def test_a_migration_to_shamir_in_check_mode() -> None:
    result = plan(active("awskms"), node("awskms"), node("awskms"), to="shamir", files=ENABLED, check=True)
    assert steps(result) == [
        ("configure", "n2 n3"), ("restart", "n2 n3"), ("hand_over", "n1"), ("remove_old_stanza", "n1 n2 n3"), ("restart_without_old_stanza", "n1 n2 n3"),
    ]  # fmt: skip
    assert result["plan"] == [
        "Step 1: configure n2 and n3 with the seal shamir (and awskms disabled); then restart and unseal each, one at a time.",
        "Step 2: stop n1, so that another node becomes active and carries out the migration; then configure and start it.",
        "Step 3: remove the disabled awskms seal from the configuration of each node; then restart and unseal each, one at a time and the active one last.",
        "Check mode: nothing is changed.",
    ]


def test_a_single_node() -> None:
    result = plan(active(), peers=peers("a", "a"))
    assert steps(result) == [("restart_alone", "n1")]
    assert result["plan"] == ["Step 1: configure and restart n1, which then carries out the migration."]
    assert stop_obstacle("n1", {"n1": active()}, to="awskms", peers=peers("a", "a"), hand_over=True) == ""


@pytest.mark.parametrize(("to", "files"), [("awskms", ENABLED), ("shamir", NONE)])
def test_a_finished_migration_needs_nothing(to: str, files: Any) -> None:
    result = plan(active(to), node(to), node(to), to=to, files=files, shares=0, check=True)
    assert steps(result) == []
    assert (result["work"], result["plan"]) == ([], [f"Nothing to do: each node has the seal {to}."])
    assert not result["await_votes"]


def test_disabled_seals_that_are_left_are_removed() -> None:
    result = plan(active(), node(), node(), to="shamir", files=(NONE, DISABLED, NONE))
    assert steps(result) == [("remove_old_stanza", "n2"), ("restart_without_old_stanza", "n2")]
    assert (result["left"], result["work"]) == (["n2"], ["n2"])


def test_idle_nodes_come_before_standbys() -> None:
    result = plan(active(), node(), sealed(), SILENT, node(), files=(NONE, NONE, ENABLED, ENABLED, NONE))
    assert steps(result)[:2] == [("configure", "n4 n3 n2 n5"), ("restart", "n4 n3 n2 n5")]
    assert (result["idle"], result["running"]) == (["n4", "n3"], ["n2", "n5"])


def test_nodes_that_name_different_active_nodes_are_waited_for() -> None:
    """Those of one cluster, as after an election; not in check mode, which waits for nothing."""
    assert plan(active(), node(leader="http://n9"))["electing"]
    assert plan(active(), active())["electing"]
    assert not plan(active(), node(leader="http://n9"), check=True)["electing"]
    assert not plan(active(), node(leader="http://n9", cluster_id="two"))["electing"]
    assert not plan(active(), node(), node(leader=""))["electing"]


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "new": (plan(active(), node(initialized=False, sealed=True)), "foreign_node", "n2 is not initialised, or has a seal other than shamir and awskms"),
    "foreign": (plan(active(), node("transit")), "foreign_node", "Remove it from migrate_hosts"),
    "two clusters": (plan(active(), node(cluster_id="two")), "several_clusters", "The hosts do not agree on one cluster and one active node."),
    "two active": (plan(active(), active()), "several_clusters", "If an election is in progress, run the playbook again in a moment"),
    "two leaders": (plan(active(), node(leader="http://n9")), "several_clusters", "migrate_hosts, which must name the nodes of one cluster"),
    "unreachable": (plan(active(), None, node()), "unreachable_host", "n2 is unknown, because the host became unreachable"),
    "unknown files": (plan(active(), node(), files=(NONE, None)), "unreachable_host", "The state or the configuration of n2 is unknown"),
    "unknown files of a done node": (plan(active("awskms"), files=(None,)), "unreachable_host", "n1 is unknown"),
    "sealed": (plan(active(), sealed(), node()), "incomplete_cluster", "n2 is sealed or does not respond, and a migration can only begin if all nodes"),
    "silent": (plan(active(), SILENT, sealed()), "incomplete_cluster", "n2 and n3 is sealed or does not respond"),
    "no leader": (plan(node(leader=""), node(leader=""), node(leader="")), "no_active_node", "The cluster has no active node. Check the logs of the servers"),
    "no leader, check mode": (plan(*[node(leader="")] * 3, check=True), "no_active_node", "Correct what the logs show"),
    "no leader in the middle": (plan(*[waiting("awskms", leader="")] * 3, files=ENABLED), "no_active_node", "run the playbook again to continue"),
    "two nodes": (plan(active(), node()), "two_raft_nodes", "if one is stopped, the other loses its quorum"),
    "peers": (plan(active(), node(), node(), peers=peers("abcd", "abcd")), "other_peers", "The cluster has 4 peers (a, b, c, d), but the play has 3 hosts"),
    "votes": (plan(active(), node(), node(), peers=peers("ab")), "few_voters", "a and b can vote, and c cannot. A node that joined a moment ago gets its vote"),
    "shares": (plan(active(), node(), node(), shares=1), "few_shares", "migrate_shares contains 1 different shares, but 2 are required: unseal keys"),
    "no shares": (plan(active(threshold=0), node(threshold=0), node(threshold=0), shares=0), "few_shares", "but 1 are required"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_why_a_migration_cannot_continue(case: str) -> None:
    result, reason, text = REFUSED[case]
    assert result["impasse"]["reason"] == reason
    assert text in result["impasse"]["text"]
    assert result["work"], "a cluster that cannot be judged is not finished"


def test_in_check_mode_an_interrupted_migration_without_an_active_node_is_shown() -> None:
    result = plan(*[sealed("awskms")] * 3, files=ENABLED, check=True)
    assert (result["impasse"]["reason"], result["revive"], result["begun"]) == ("", False, True)


def test_two_nodes_with_other_storage_can_be_migrated() -> None:
    assert steps(plan(active(storage="consul"), node(storage="consul")))[-1] == ("hand_over", "n1")


def test_votes_are_awaited_before_a_node_is_stopped() -> None:
    assert plan(active(), node(), node(), peers=peers("ab"))["await_votes"]
    assert not plan(active(), node(), node(), peers=peers("ab"), check=True)["await_votes"]
    # Peers that never vote do not matter if enough others do.
    assert steps(plan(active(), *[node()] * 4, peers=peers("abc", "abcde")))
    line = plan(active(), node(), node(), peers=peers("ab"))["state_lines"][-1]
    assert line == "Raft peers: a, b, c, of which c has no vote yet."


def test_the_active_node_is_stopped_only_if_another_one_can_migrate() -> None:
    states = {"n1": active(), "n2": waiting("awskms"), "n3": waiting("awskms")}
    assert stop_obstacle("n1", states, to="awskms", peers=peers(), hand_over=True) == ""
    assert stop_obstacle("n1", states, to="awskms", hand_over=True) == ""
    assert stop_obstacle("n1", {**states, "n3": node()}, to="awskms", hand_over=True) == (
        "n1 is active with the seal shamir, which n3 also still has: another node became active meanwhile. Run the playbook again to continue."
    )
    assert stop_obstacle("n1", states, to="awskms", peers=peers("ab"), hand_over=True).startswith("n1 was not stopped, because the cluster would lose its")
    assert stop_obstacle("n3", states, to="awskms", peers=peers("ab")) == (
        "n3 was not stopped, because the cluster would lose its quorum. Of its raft peers, a and b can vote, and c cannot. A node that joined a moment ago "
        "gets its vote after some seconds: run the playbook again then."
    )


@pytest.mark.parametrize("odd", [{"all": "abc", "voters": []}, {"all": ["a"]}, {"all": [1], "voters": [1]}])
def test_peers_that_no_server_reports_are_refused(odd: Any) -> None:
    with pytest.raises(SettingError, match="The raft peers that the active node returned cannot be used"):
        plan(active(), peers=odd)


def test_seals_that_do_not_say_whether_they_are_enabled_are_refused() -> None:
    with pytest.raises(SettingError, match="The seals that n1 returned cannot be used: a seal does not have the boolean `enabled`"):
        plan(active(), files=[{"type": "awskms", "enabled": "yes"}])


class TestInTheMiddle:
    """An interrupted run, all nodes down, and a migration that is turned back: each has next steps, or a reason with a remedy."""

    def test_the_rest_of_the_standbys(self) -> None:
        result = plan(active(), waiting("awskms"), node(), files=(NONE, ENABLED, NONE))
        assert steps(result) == [("configure", "n3"), ("restart", "n3"), ("hand_over", "n1")]

    def test_a_node_that_was_killed(self) -> None:
        result = plan(active(), SILENT, node(), files=(NONE, ENABLED, NONE))
        assert steps(result)[:2] == [("configure", "n2 n3"), ("restart", "n2 n3")]

    def test_a_hand_over_that_was_killed(self) -> None:
        """The former active node is stopped, and another one has migrated the seal."""
        result = plan(SILENT, active("awskms"), node("awskms"), files=(NONE, ENABLED, ENABLED))
        assert steps(result) == [("configure", "n1"), ("restart", "n1")]

    def test_a_former_active_node_that_runs_with_its_old_files(self) -> None:
        result = plan(waiting("shamir"), active("awskms"), node("awskms"), files=(NONE, ENABLED, ENABLED))
        assert steps(result) == [("configure", "n1"), ("restart", "n1")]

    @pytest.mark.parametrize("first", [SILENT, sealed()])
    def test_a_hand_over_after_which_no_node_is_active(self, first: dict[str, Any]) -> None:
        """All are started and unsealed with their current files; then one is active again, with either seal."""
        result = plan(first, waiting("awskms", leader=""), waiting("awskms", leader=""), files=(NONE, ENABLED, ENABLED))
        assert result["revive"]
        after = plan(active(), waiting("awskms"), waiting("awskms"), files=(NONE, ENABLED, ENABLED))
        assert (steps(after), after["revive"]) == ([("hand_over", "n1")], False)
        after = plan(waiting("shamir"), active("awskms"), node("awskms"), files=(NONE, ENABLED, ENABLED))
        assert steps(after) == [("configure", "n1"), ("restart", "n1")]

    @pytest.mark.parametrize("to", ["awskms", "shamir"])
    @pytest.mark.parametrize("files", [(NONE, ENABLED, ENABLED), (ENABLED, DISABLED, ENABLED), (DISABLED, DISABLED, NONE), (NONE, NONE, ENABLED)])
    @pytest.mark.parametrize("state", [SILENT, sealed(), sealed("awskms")])
    def test_all_nodes_down_in_the_middle(self, to: str, files: Any, state: dict[str, Any]) -> None:
        """Files that differ prove that a migration was under way, in either direction."""
        result = plan(state, state, state, to=to, files=files)
        assert (result["begun"], result["revive"], result["led"]) == (True, True, False)

    @pytest.mark.parametrize(("to", "files"), [("shamir", ENABLED), ("awskms", NONE)])
    def test_a_cluster_that_is_down_is_not_a_migration_under_way(self, to: str, files: Any) -> None:
        result = plan(SILENT, SILENT, SILENT, to=to, files=files)
        assert (result["revive"], result["impasse"]["reason"]) == (False, "incomplete_cluster")

    def test_a_migration_to_awskms_is_turned_back_before_the_hand_over(self) -> None:
        result = plan(active(), waiting("awskms"), node(), to="shamir", files=(NONE, ENABLED, NONE))
        assert steps(result) == [("configure", "n2"), ("restart", "n2"), ("remove_old_stanza", "n2"), ("restart_without_old_stanza", "n2")]
        after = plan(active(), node(), node(), to="shamir", files=(NONE, DISABLED, NONE))
        assert steps(after) == [("remove_old_stanza", "n2"), ("restart_without_old_stanza", "n2")]

    def test_a_migration_to_awskms_is_turned_back_after_the_hand_over(self) -> None:
        result = plan(SILENT, active("awskms"), node("awskms"), to="shamir", files=(NONE, ENABLED, ENABLED))
        assert steps(result)[:3] == [("configure", "n1 n3"), ("restart", "n1 n3"), ("hand_over", "n2")]

    def test_a_node_without_the_disabled_seal_is_configured_before_the_hand_over(self) -> None:
        """It was never migrated to awskms. With shamir alone it could become active, and could not migrate the seal."""
        result = plan(waiting("shamir"), active("awskms"), waiting("shamir"), to="shamir", files=(NONE, ENABLED, DISABLED))
        assert steps(result)[:3] == [("configure", "n1"), ("restart", "n1"), ("hand_over", "n2")]
        # One that runs with shamir had the disabled seal when it was started, whatever its files contain now.
        result = plan(waiting("shamir"), active("awskms"), waiting("shamir"), to="shamir", files=(ENABLED, ENABLED, DISABLED))
        assert steps(result) == [("hand_over", "n2"), ("remove_old_stanza", "n1 n2 n3"), ("restart_without_old_stanza", "n1 n2 n3")]

    def test_files_of_a_run_that_was_killed_and_turned_back_are_written_again(self) -> None:
        """The servers have awskms; at their next start they would have shamir. No share is needed to write files."""
        result = plan(active("awskms"), node("awskms"), node("awskms"), to="awskms", files=(ENABLED, DISABLED, NONE), shares=0)
        assert (steps(result), result["work"], result["reverted"]) == ([("configure", "n2 n3")], ["n2", "n3"], ["n2", "n3"])
        assert result["plan"] == ["Step 1: configure n2 and n3 with the seal awskms again; no restart is needed, since the server has it."]
        result = plan(active(), waiting("awskms"), waiting("awskms"), to="awskms", files=(NONE, ENABLED, DISABLED))
        assert steps(result) == [("configure", "n3"), ("hand_over", "n1")]
        assert plan(active(), waiting("awskms"), waiting("awskms"), files=(NONE, ENABLED, DISABLED), shares=1)["impasse"]["reason"] == "few_shares"

    def test_a_migration_to_shamir_is_turned_back_before_the_hand_over(self) -> None:
        result = plan(active("awskms"), waiting("shamir"), node("awskms"), to="awskms", files=(ENABLED, DISABLED, ENABLED))
        assert steps(result) == [("configure", "n2"), ("restart", "n2")]

    def test_a_migration_to_shamir_is_turned_back_after_the_hand_over(self) -> None:
        result = plan(SILENT, active(), node(), to="awskms", files=(ENABLED, DISABLED, DISABLED))
        assert steps(result) == [("configure", "n1 n3"), ("restart", "n1 n3"), ("hand_over", "n2")]

    def test_a_migration_to_shamir_is_turned_back_while_the_disabled_seal_is_removed(self) -> None:
        result = plan(active(), node(), sealed(), to="awskms", files=(DISABLED, NONE, NONE))
        assert steps(result) == [("configure", "n3 n2"), ("restart", "n3 n2"), ("hand_over", "n1")]


def test_nodes_that_failed_to_migrate_are_restarted_if_no_node_is_active() -> None:
    """They are reported as unsealed, and block the election: starting and unsealing them again changes nothing."""
    failed = waiting("awskms", leader="", cluster_type="shamir")
    stopped = plan(SILENT, failed, failed, files=(NONE, ENABLED, ENABLED))
    assert (stopped["revive"], stopped["stuck"]) == (True, ["n2", "n3"])
    assert plan(node(leader=""), failed, failed, files=(NONE, ENABLED, ENABLED))["stuck"] == ["n2", "n3"]
    led = waiting("awskms", cluster_type="shamir")
    assert plan(active(), led, led, files=(NONE, ENABLED, ENABLED))["stuck"] == []
    assert plan(SILENT, failed, failed, files=(NONE, ENABLED, ENABLED), check=True)["stuck"] == []


@pytest.mark.parametrize(("to", "old", "files"), [("awskms", "shamir", ENABLED), ("shamir", "awskms", DISABLED)])
def test_a_node_that_missed_a_migration_is_restarted(to: str, old: str, files: Any) -> None:
    """It reports the seal that it was started with, although its cluster has the other one by now, and would not carry out the migration."""
    stale = plan(active(old, cluster_type=old), waiting(to, cluster_type=old), node(to, cluster_type=to), to=to, files=files)
    assert (stale["stage"]["n3"], stale["running"]) == ("stale", ["n3"])
    assert "n3" in stale["work"]
    # One that is active without having migrated is restarted too.
    leads = plan(active(to, migration=True, cluster_type=old), waiting(to, cluster_type=old), waiting(to, cluster_type=old), to=to, files=files)
    assert (leads["stage"]["n1"], leads["running"]) == ("stale", ["n1"])


@pytest.mark.parametrize(("to", "old"), [("awskms", "shamir"), ("shamir", "awskms")])
def test_an_active_node_with_the_old_seal_of_a_migrated_cluster_is_handed_over(to: str, old: str) -> None:
    """The others are done, and nothing is left for them to migrate."""
    states = {"n1": active(old, migration=True, cluster_type=to), "n2": node(to, cluster_type=to), "n3": node(to, cluster_type=to)}
    assert stop_obstacle("n1", states, to=to, hand_over=True) == ""
    # In a cluster with the old seal, a node that reports the new one without waiting would not migrate.
    states["n1"] = active(old, cluster_type=old)
    assert "also still has" in stop_obstacle("n1", states, to=to, hand_over=True)


def named(key: str, enabled: bool = True, **more: str) -> list[dict[str, Any]]:
    settings = {name: {"value": value, "source": "stanza"} for name, value in {"kms_key_id": key, **more}.items()}
    return [{"type": "awskms", "enabled": enabled, "settings": settings}]


@pytest.mark.parametrize(
    ("files", "written"),
    [
        (named("alias/b"), ["n2"]), (named("alias/a"), []), (named("alias/a", region="eu-west-1"), []), (named("alias/a", region="eu-west-2"), ["n2"]),
        (ENABLED, []),
    ],
)  # fmt: skip
def test_files_with_the_seal_of_another_key_are_written_again(files: Any, written: list[str]) -> None:
    """At its next start, the server would look for the other key."""
    result = plan(active("awskms"), node("awskms"), files=(named("alias/a"), files), seal={"kms_key_id": "alias/a", "region": "eu-west-1"}, shares=0)
    assert (result["reverted"], result["work"]) == (written, written)


def test_a_disabled_seal_of_another_key_is_replaced() -> None:
    """A server could not migrate from the seal of its data with it."""
    files = (named("alias/a"), named("alias/b", enabled=False))
    result = plan(active("awskms"), waiting("shamir"), to="shamir", files=files, seal={"kms_key_id": "alias/a"}, peers=None)
    assert result["begun"]
    assert "n2" in result["work"]
