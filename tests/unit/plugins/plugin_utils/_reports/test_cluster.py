# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles report of a cluster: states as servers report them and others, hosts that are not ready, and lines without control characters."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.filter.cluster_plans import FilterModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import NodeState, read_state, read_states, state_lines, unready_hosts

STATE: dict[str, Any] = {
    "answers": True, "initialized": True, "sealed": False, "type": "awskms", "migration": False, "cluster_type": "awskms", "recovery_seal": True,
    "threshold": 2, "version": "2.6.2", "storage": "raft", "cluster_id": "one", "active": True, "leader": "http://n1:8200", "summary": "is unsealed",
}  # fmt: skip


def test_a_state_is_read_as_the_server_reports_it() -> None:
    state = read_state("n1", {**STATE, "reached": True})
    assert (state.known, state.unsealed, state.threshold, state.leader, state.summary) == (True, True, 2, "http://n1:8200", "is unsealed")
    assert not read_state("n1", {**STATE, "answers": False}).unsealed


@pytest.mark.parametrize("nothing", [None, {}])
def test_a_host_without_a_state_is_unreachable(nothing: Any) -> None:
    assert read_states({"n1": nothing}) == {"n1": NodeState()}
    assert not NodeState().known
    assert state_lines({"n1": nothing, "n2": NodeState(), "n3": STATE}) == ["n1: is unreachable", "n2: is unreachable", "n3: is unsealed"]


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (["answers"], "it is not a dictionary"),
        ({"answers": True}, "`initialized` is missing"),
        ({**STATE, "sealed": "no"}, "`sealed` must be bool"),
        ({**STATE, "initialized": None}, "`initialized` must be bool"),
        ({**STATE, "threshold": "2"}, "`threshold` must be int"),
        ({**STATE, "threshold": True}, "`threshold` must be int"),
        ({**STATE, "cluster_id": ["one"]}, "`cluster_id` must be str"),
        ({**STATE, "leader": 0}, "`leader` must be str"),
    ],
)
def test_what_no_server_reports_is_an_error_that_names_the_host(state: Any, problem: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_state("n2", state)
    assert refused.value.reason == "invalid_state"
    assert refused.value.message == f"The state that n2 returned cannot be used: {problem}."


def test_hosts_are_ready_only_if_their_check_says_so() -> None:
    results: dict[str, Any] = {
        "good": {"ready": True, "summary": "Ready."}, "denied": {"ready": False, "summary": "kms:Encrypt is denied. "}, "gone": {}, "none": None,
        "text": {"ready": "true", "summary": "x"}, "odd": ["ready"], "bad": {"ready": True, "summary": "Ready."},
    }  # fmt: skip
    assert unready_hosts(results, {"bad": "Write the configuration: failed.", "gone": "Start the server: failed"}) == [
        "denied: kms:Encrypt is denied", "gone: Start the server: failed", "none: it was unreachable", "text: x", "odd: it was unreachable",
        "bad: Write the configuration: failed",
    ]  # fmt: skip
    assert unready_hosts({"good": results["good"]}) == []


def test_lines_contain_no_control_characters() -> None:
    assert state_lines({"n1": {"summary": "is \x1b[31mred\n{{ 7 * 7 }}"}}) == ["n1: is \ufffd[31mred\ufffd{{ 7 * 7 }}"]
    assert unready_hosts({"n1": {"ready": False, "summary": "a\u202eb"}}) == ["n1: a\ufffdb"]


def test_filters_report_input_that_is_not_the_roles() -> None:
    filters = FilterModule().filters()
    assert filters["unready_hosts"]({"n1": None}) == ["n1: it was unreachable"]
    with pytest.raises(AnsibleFilterError, match="The state that n1 returned cannot be used: `active` is missing. Do not trust the host"):
        filters["migrate_plan"]({"n1": {key: value for key, value in STATE.items() if key != "active"}}, to="awskms")
    with pytest.raises(AnsibleFilterError, match=r"migrate_plan: the input is not what its role collects \(AttributeError"):
        filters["migrate_plan"](["n1"], to="awskms")
    with pytest.raises(AnsibleFilterError, match="cluster_bootstrap_plan: the input is not what its role collects"):
        filters["cluster_bootstrap_plan"]({"n1": STATE}, {"first": "n1", "unknown": 1})
    assert filters["migrate_stop_obstacle"]({"n1": STATE}, "n1", to="shamir") == ""
    assert filters["cluster_bootstrap_report"]({"first": "n1"}, False, False)["root_token"] == "unknown"
