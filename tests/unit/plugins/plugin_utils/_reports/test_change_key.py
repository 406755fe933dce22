# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every decision of the role change_key, from the states of the nodes, their files, the proofs, the snapshot and the canary."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key import change_key_plan
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_canary import canary_trouble

OLD_ARN = "arn:aws:kms:us-east-1:111122223333:key/old"
NEW_ARN = "arn:aws:kms:eu-west-1:444455556666:key/new"
OLD, NEW = {"kms_key_id": OLD_ARN, "region": "us-east-1"}, {"kms_key_id": NEW_ARN, "region": "eu-west-1"}
LEADER = "http://n1:8200"
CANARY = {"path": "kv/canary", "field": "word", "value": "tweet"}
READ = {"status": 200, "json": {"data": {"word": "tweet"}}}
STORED = "core/hsm/barrier-unseal-keys"


def seal(of: dict[str, str], enabled: bool = True) -> dict[str, Any]:
    return {"type": "awskms", "enabled": enabled, "settings": {name: {"value": value, "source": "stanza (x.hcl, line 1)"} for name, value in of.items()}}


OLD_ON, OLD_OFF, NEW_ON, NEW_OFF = [seal(OLD)], [seal(OLD, False)], [seal(NEW)], [seal(NEW, False)]
NONE: list[dict[str, Any]] = []


def node(type_: str = "awskms", **more: Any) -> dict[str, Any]:
    known = {"answers": True, "initialized": True, "sealed": False, "type": type_, "migration": False, "threshold": 2, "storage": "raft", "cluster_id": "one"}
    return {**known, "cluster_type": type_, "version": "2.6.2", "active": False, "leader": LEADER, "summary": "is a standby", **more}


def active(type_: str = "awskms", **more: Any) -> dict[str, Any]:
    return node(type_, active=True, **more)


def sealed(type_: str = "awskms", **more: Any) -> dict[str, Any]:
    return node(type_, sealed=True, leader="", cluster_id="", **more)


def waiting(type_: str, stored: str, **more: Any) -> dict[str, Any]:
    return node(type_, migration=True, cluster_type=stored, threshold=0, storage="", cluster_id="", **more)


SILENT: dict[str, Any] = {"answers": False, "initialized": False, "sealed": True, "type": "", "active": False, "summary": "does not respond"}


def proofs(**unready: str) -> dict[str, Any]:
    """Ready with both keys, except for those with a reason."""
    arns = {"source": OLD_ARN, "target": NEW_ARN}
    return {end: {"ready": end not in unready, "summary": unready.get(end, ""), "key_arn": arn} for end, arn in arns.items()}


def snapshot(*arns: str) -> dict[str, Any]:
    return {"status": 200, "info": {"kms_keys": [{"arn": arn, "paths": [STORED]} for arn in arns]}}


def plan(*states: dict[str, Any] | None, files: Any = None, stored: Any = (OLD_ARN,), shown: Any = None, **run: Any) -> dict[str, Any]:
    """The plan for the hosts n1, n2 and so on. ``files``: the seals of all hosts, or of each as a tuple; ``stored``: the keys that the snapshot shows."""
    back = run.get("to") == "old"
    files = OLD_ON if files is None else files
    known: dict[str, Any] = {}
    for number, state in enumerate(states):
        checked = shown[number] if isinstance(shown, tuple) else shown or proofs()
        ends = {"source": checked["target"], "target": checked["source"]} if back else checked
        known[f"n{number + 1}"] = {
            "state": state, "seals": files[number] if isinstance(files, tuple) else files, "proofs": ends, "canary": READ,
            "snapshot": snapshot(*stored) if stored is not None else {"status": 403},
        }  # fmt: skip
    options = {
        "to": "new", "old": OLD, "new": NEW, "product": "openbao", "shares": 2, "has_token": True, "address": LEADER, "canary": CANARY, "check_mode": False,
        "peers": {"all": list("abc"[: len(states)]), "voters": list("abc"[: len(states)])},
    }  # fmt: skip
    return change_key_plan({**options, **run}, known)


def stops(result: dict[str, Any]) -> dict[str, str]:
    return {name: stop["reason"] for name, stop in result["stop"].items() if stop["reason"] and name not in ("between", "result")}


def test_a_change_from_the_start() -> None:
    result = plan(active(), node(), node())
    assert stops(result) == {}
    assert [result[name] for name in ("half", "migrate_to", "active", "revive", "needs_snapshot", "drill", "finished")] == [
        "first", "shamir", "n1", False, True, True, False,
    ]  # fmt: skip
    assert result["steps"] == [
        f"First half, from {OLD_ARN} to shamir, with the recovery keys as unseal keys:",
        "  Step 1: configure n2 and n3 with the seal shamir (and awskms disabled); then restart and unseal each, one at a time.",
        "  Step 2: stop n1, so that another node becomes active and carries out the migration; then configure and start it.",
        "  Step 3: remove the disabled awskms seal from the configuration of each node; then restart and unseal each, one at a time and the active one last.",
        "  Then read the canary. Until the end of the second half, a server that restarts has to be unsealed with the shares.",
        f"Second half, from shamir to {NEW_ARN}:",
        "  Configure, restart and unseal each node in the same order.",
        "  Then read the canary, and verify with a snapshot under which key the stored keys are encrypted.",
    ]
    assert result["stop"]["between"]["reason"] == "first_half"
    assert result["stop"]["result"]["reason"] == "result"
    assert (result["left_key"], result["source_arn"], result["target_arn"]) == (OLD_ARN, OLD_ARN, NEW_ARN)


def test_check_mode_takes_no_snapshot_apart_and_runs_no_drill() -> None:
    result = plan(active(), node(), node(), check_mode=True)
    assert (result["drill"], result["needs_snapshot"], result["steps"][-1]) == (False, True, "Check mode: nothing is changed.")


# Each state in which a run can be killed, and where a further run goes on: the files, the key that a snapshot shows, and the half.
STATES: dict[str, tuple[list[Any], Any, Any, str, bool]] = {
    "files written for the first half": ([active(), node(), node()], (OLD_ON, OLD_OFF, OLD_OFF), (OLD_ARN,), "first", False),
    "a standby waits for shamir": ([active(), waiting("shamir", "awskms"), node()], (OLD_ON, OLD_OFF, OLD_OFF), (OLD_ARN,), "first", False),
    "a standby is down with the files of the first half": ([active(), SILENT, node()], (OLD_ON, OLD_OFF, OLD_OFF), (OLD_ARN,), "first", False),
    "handed over, the last node has the old key": (
        [waiting("awskms", "shamir"), active("shamir"), node("shamir")], (OLD_ON, OLD_OFF, OLD_OFF), (), "first", False),
    "migrated, the old key disabled in the files": ([active("shamir"), node("shamir"), node("shamir")], OLD_OFF, (), "first", False),
    "the old key removed from some files": ([active("shamir"), node("shamir"), node("shamir")], (NONE, NONE, OLD_OFF), (), "first", False),
    "between the halves": ([active("shamir"), node("shamir"), node("shamir")], NONE, (), "second", False),
    "between the halves, a node sealed": ([active("shamir"), sealed("shamir"), node("shamir")], NONE, (), "second", True),
    "between the halves, all sealed": ([sealed("shamir"), sealed("shamir"), SILENT], NONE, None, "", True),
    "files written for the second half": ([active("shamir"), node("shamir"), node("shamir")], (NONE, NEW_ON, NEW_ON), (), "second", False),
    "a standby waits for the new key": ([active("shamir"), waiting("awskms", "shamir"), node("shamir")], (NONE, NEW_ON, NEW_ON), (), "second", False),
    "no node is active in the second half": ([sealed("shamir"), sealed("awskms", migration=True), SILENT], (NONE, NEW_ON, NEW_ON), None, "", True),
    "handed over to the new key": (
        [node("shamir", cluster_type="awskms", migration=True), active(), node()], (NONE, NEW_ON, NEW_ON), (NEW_ARN,), "second", False),
    "nobody is active in the first half": ([sealed("shamir", migration=True), SILENT, SILENT], (OLD_OFF, OLD_OFF, OLD_ON), None, "", True),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_each_state_of_a_killed_run_is_recognised(name: str) -> None:
    states, files, stored, half, revive = STATES[name]
    result = plan(*states, files=files, stored=stored)
    assert (result["half"], result["revive"], result["drill"]) == (half, revive, False), result
    assert stops(result) == ({} if half and not revive else stops(result))
    # A run that is turned round in this state.
    back = plan(*states, files=files, stored=stored, to="old")
    assert back["stop"]["hosts"]["reason"] == ""


@pytest.mark.parametrize(
    ("states", "files", "stored", "half"),
    [
        # In the first half: what migrate does for a migration that is turned round.
        ([active(), waiting("shamir", "awskms"), node()], (OLD_ON, OLD_OFF, OLD_OFF), (OLD_ARN,), "second"),
        ([waiting("awskms", "shamir"), active("shamir"), node("shamir")], (OLD_ON, OLD_OFF, OLD_OFF), (), "second"),
        ([active("shamir"), node("shamir"), node("shamir")], NONE, (), "second"),
        # In the second half: first away from the new key, which a waiting node would otherwise bring in.
        ([active("shamir"), waiting("awskms", "shamir"), node("shamir")], (NONE, NEW_ON, NEW_ON), (), "first"),
        ([active(), node(), node()], NEW_ON, (NEW_ARN,), "first"),
        ([active(), node(), node()], OLD_ON, (OLD_ARN,), ""),
    ],
)
def test_a_change_that_is_turned_back(states: list[Any], files: Any, stored: Any, half: str) -> None:
    result = plan(*states, files=files, stored=stored, to="old")
    assert (result["half"], stops(result)) == (half, {})
    assert result["finished"] is (half == "")
    assert (result["left_key"], result["target_arn"]) == (NEW_ARN, OLD_ARN)


@pytest.mark.parametrize("end", ["source", "target"])
def test_a_key_of_which_no_arn_is_known(end: str) -> None:
    known = proofs()
    known[end]["key_arn"] = ""
    result = plan(active(), node(), node(), shown=known)
    assert "It is unknown which key the" in result["stop"]["keys"]["text"]


def test_a_finished_change_needs_neither_shares_nor_the_old_key() -> None:
    gone = proofs(source="the key is disabled")
    result = plan(active(), node(), node(), files=NEW_ON, stored=(NEW_ARN,), shares=0, shown=gone)
    assert (result["finished"], result["half"], stops(result), result["stop"]["result"]["reason"]) == (True, "", {}, "")
    assert result["steps"] == [f"Nothing to do: each node has the seal with {NEW_ARN}, and the stored keys are encrypted under it."]


def test_files_with_the_old_key_are_written_again_after_the_change() -> None:
    result = plan(active(), node(), node(), files=(NEW_ON, NEW_ON, OLD_ON), stored=(NEW_ARN,))
    assert (result["finished"], result["half"], stops(result)) == (False, "second", {})
    assert "configure n3 with the seal awskms again" in "".join(result["steps"])


def test_files_with_the_new_key_that_the_data_do_not_have() -> None:
    """By another hand. A restart would lock the servers out; the first half writes the old key, disabled, and restarts them with it."""
    result = plan(active(), node(), node(), files=NEW_ON, stored=(OLD_ARN,))
    assert (result["half"], result["finished"], stops(result)) == ("first", False, {})


def test_a_running_seal_that_the_files_do_not_have_is_not_taken_over() -> None:
    """It may be the old one: the node could become active, and encrypt the stored keys under it."""
    result = plan(active("shamir"), waiting("awskms", "shamir"), node("shamir"), files=NONE, stored=())
    assert result["half"] == "first"


REFUSED: dict[str, tuple[str, str, str, list[Any], dict[str, Any]]] = {
    "no old seal": ("variables", "variables", "change_key_old_seal", [active()], {"old": {}}),
    "no new seal": ("variables", "variables", "vault_config_seals", [active()], {"new": {"region": "us-east-1"}}),
    "a disabled seal": ("variables", "variables", "setting disabled", [active()], {"new": {**NEW, "disabled": True}}),
    "the same key": ("variables", "same_key", "by their ARNs", [active()], {"new": OLD}),
    "the same key without a region": ("variables", "same_key", "set the region", [active()], {"old": {"kms_key_id": NEW_ARN}}),
    "no address": ("variables", "variables", "change_key_address", [active()], {"address": ""}),
    "no token": ("variables", "variables", "change_key_token", [active()], {"has_token": False}),
    "no canary": ("variables", "no_canary", "change_key_canary_path", [active()], {"canary": {"path": "kv/canary", "field": "word"}}),
    "an alias of the same key": ("keys", "same_key", "an alias that points to the key", [active()], {"shown": {
        end: {"ready": True, "key_arn": OLD_ARN} for end in ("source", "target")}}),
    "the new key is not usable": ("keys", "unready", "with the new key, n1: kms:Encrypt is denied", [active()], {
        "shown": proofs(target="kms:Encrypt is denied")}),
    "the old key is not usable": ("keys", "unready", "with the old key, n1: the key is disabled", [active()], {"shown": proofs(source="the key is disabled")}),
    "no proof": ("keys", "unready", "with the old key, n1", [active()], {"shown": {"source": {}, "target": {}}, "stored": None}),
    "a host that became unreachable": ("hosts", "unreachable_host", "n2", [active(), None], {}),
    "another seal type": ("hosts", "foreign_node", "n2 is not initialised, or has a seal other than", [active(), node("transit")], {}),
    "two clusters": ("hosts", "several_clusters", "change_key_hosts", [active(), active(cluster_id="two", leader="http://n2:8200")], {}),
    "another key in the files": ("hosts", "other_seal", "files of n2", [active(), node()], {"files": (OLD_ON, [seal({"kms_key_id": "alias/x"})])}),
    "two seals": ("hosts", "other_seal", "several seals", [active()], {"files": [*OLD_ON, *NEW_ON]}),
    "an old Vault": ("hosts", "version", "need 1.5.1 or newer", [active(version="1.5.0+ent")], {"product": "vault"}),
    "an OpenBao without awskms": ("hosts", "version", "vault_config_plugin", [active(version="2.7.2")], {}),
    "an unknown version": ("hosts", "version", "cannot be compared", [active(version="dev")], {}),
    "two versions": ("hosts", "version", "Complete their upgrade first", [active(), node(version="2.6.1")], {}),
    "a node that is down": ("cluster", "incomplete_cluster", "n3 is sealed or does not respond", [active(), node(), SILENT], {}),
    "a cluster that is down": ("cluster", "incomplete_cluster", "Start and unseal it", [sealed(), sealed(), sealed()], {"stored": None}),
    "a host that the play does not have": ("cluster", "other_peers", "change_key_hosts must name all", [active(), node(), node()], {
        "peers": {"all": list("abcd"), "voters": list("abcd")}}),
    "a node without a vote": ("cluster", "few_voters", "quorum", [active(), node(), node()], {"peers": {"all": list("abc"), "voters": list("ab")}}),
    "few shares": ("cluster", "few_shares", "change_key_shares contains 1", [active(), node(), node()], {"shares": 1}),
    "no shares between the halves": ("cluster", "few_shares", "2 are required", [active("shamir")], {"files": NONE, "stored": (), "shares": 0}),
    "no snapshot": ("cluster", "no_snapshot", "HTTP status 403", [active()], {"stored": None}),
    "a third key": ("cluster", "other_key", "arn:other", [active()], {"stored": ("arn:other",)}),
    "stored keys under both": ("cluster", "other_key", f"{OLD_ARN} and {NEW_ARN}", [active()], {"stored": (OLD_ARN, NEW_ARN)}),
    "another canary": ("canary", "canary", "does not have the expected value", [active()], {"canary": {**CANARY, "value": "chirp"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    place, reason, words, states, more = REFUSED[name]
    stop = plan(*states, **more)["stop"][place]
    assert (stop["reason"], words in stop["text"]) == (reason, True), stop
    assert "Nothing was changed" in stop["text"]


def test_no_active_node_in_the_middle() -> None:
    stop = plan(waiting("awskms", "shamir", leader=""), node("shamir", leader=""), files=(NEW_ON, NONE), stored=None)["stop"]["cluster"]
    assert stop["reason"] == "no_active_node"
    assert "run the playbook again to continue" in stop["text"]


def test_openbao_with_a_plugin_and_vault_with_a_build() -> None:
    assert stops(plan(active(version="2.7.2"), plugin=True)) == {}
    assert stops(plan(active(version="1.21.0+ent.hsm"), product="vault")) == {}


def test_the_region_of_an_environment_is_not_compared() -> None:
    """It applies to both seals."""
    files = [{"enabled": True, "settings": {"kms_key_id": {"value": OLD_ARN, "source": "stanza"}, "region": {"value": "eu-west-1", "source": "AWS_REGION"}}}]
    assert stops(plan(active(), files=files)) == {}


def test_a_state_that_is_none() -> None:
    with pytest.raises(SettingError, match="n1"):
        plan({"answers": True})


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (READ, ""),
        ({"status": 200, "json": {"data": {"data": {"word": "tweet"}, "metadata": {"version": 1}}}}, ""),
        ({"status": 200, "json": {"data": {"word": "chirp"}}}, "does not have the expected value"),
        ({"status": 200, "json": {"data": {"other": "tweet"}}}, "has no field word"),
        ({"status": 200, "json": ["tweet"]}, "has no field word"),
        ({"status": 404}, "it does not exist"),
        ({"status": 403, "json": {}}, "the token is not allowed to read it"),
        ({"status": 503}, "HTTP status 503"),
        ({"status": -1}, "no response"),
        (None, "no response"),
    ],
)
def test_the_canary(answer: Any, trouble: str) -> None:
    found = canary_trouble(answer, CANARY)
    assert (trouble in found, bool(found)) == (True, bool(trouble))
    assert "tweet" not in found


def test_the_hash_of_a_canary() -> None:
    expected = {"path": "kv/canary", "field": "word"}
    assert canary_trouble(READ, {**expected, "sha256": hashlib.sha256(b"tweet").hexdigest().upper()}) == ""
    assert canary_trouble(READ, {**expected, "sha256": hashlib.sha256(b"chirp").hexdigest()}) != ""
    assert canary_trouble({"status": 200, "json": {"data": {"word": [1]}}}, {**expected, "value": "[1]"}) == ""
