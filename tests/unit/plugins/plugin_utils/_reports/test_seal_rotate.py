# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role seal_rotate: every reason to stop, the order of the restarts, and what a run that continues knows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_rotate import plan, raft_trouble

OLD, NEW, OLDER = (f"arn:aws:kms:eu-central-1:111122223333:key/{name}" for name in ("old", "new", "older"))
ALIAS = "alias/vault"
KEEP = "Keep the previous key enabled, since servers may still need it to unseal."
MOVED = f"{ALIAS} points to {NEW}. {KEEP} Correct this and run the playbook again to continue."
UNCHANGED = "Nothing was changed. Correct this and run the playbook again."
NAMES = ("a", "b", "c")


def key(arn: str, **facts: Any) -> dict[str, Any]:
    return {"asked": arn, "arn": arn, "usable_for_seal": True, "problems": [], **facts}


def proof(ready: bool = True, summary: str = "kms:Decrypt is denied.", named: str = ALIAS) -> dict[str, Any]:
    return {"ready": ready, "summary": summary, "kms_key_id": {"value": named, "source": "openbao.hcl"}}


def autopilot(*names: str, ill: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"status": 200, "data": {"servers": {name: {"name": name, "healthy": name not in ill} for name in names}}}


def snapshot(**paths: str) -> dict[str, Any]:
    arns = {"old": OLD, "new": NEW, "older": OLDER}
    return {"status": 200, "info": {"index": 7, "kms_keys": [{"arn": arns[name], "paths": path.split()} for name, path in paths.items()]}}


def host(active: bool = False, **facts: Any) -> dict[str, Any]:
    asked = {"answers": True, "initialized": True, "sealed": False, "type": "awskms", "storage": "raft"}
    state = {**asked, "leader": "http://a:8200", "active": active, "summary": "is unsealed", **facts.pop("state", {})}
    return {"reachable": True, "state": state, "proofs": {"": proof(), NEW: proof()}, **facts}


def cluster(**changed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {**host(active=name == "a"), **changed.get(name, {})} for name in NAMES}


def run(**facts: Any) -> dict[str, Any]:
    known = {"mode": "new_key", "alias": ALIAS, "new_key": NEW, "address": "http://127.0.0.1:8200", "has_token": True, "check_mode": False}
    return {**known, "keys": [key(OLD), key(NEW)], "autopilot": autopilot(*NAMES), **facts}


def stop(reason: str, hosts: dict[str, dict[str, Any]] | None = None, **facts: Any) -> str:
    message = plan(run(**facts), cluster() if hosts is None else hosts)["stop"][reason]
    assert isinstance(message, str)
    return message


def test_nothing_is_wrong() -> None:
    made = plan(run(turn="a"), cluster(a={"snapshot": snapshot(new="core/hsm"), "restarted": {"state": "started"}}))
    assert made["stop"] == dict.fromkeys(made["stop"], "")
    assert (made["before"], made["new"], made["active"], made["healthy"]) == (OLD, NEW, "a", True)


def test_the_active_server_is_restarted_last() -> None:
    at_first = {"left": [OLD]}
    assert plan(run(at_first=at_first), cluster())["restart"] == ["b", "c", "a"]
    assert plan(run(at_first=at_first, check_mode=True), cluster())["restart"] == []
    assert plan(run(at_first={"left": []}), cluster())["restart"] == []
    assert plan(run(), cluster())["restart"] == []
    assert plan(run(at_first=at_first), cluster(b={"reachable": False}))["order"] == ["c", "a"]


def test_what_a_snapshot_depends_on() -> None:
    taken = snapshot(old="core/hsm sys/x", new="core/y", older="SHA256SUMS.sealed")
    assert plan(run(), cluster(a={"snapshot": taken}))["found"] == {
        "index": 7,
        "others": [OLD, OLDER],
        "paths": ["core/hsm", "sys/x", "SHA256SUMS.sealed"],
        "left": [OLD],
    }
    assert plan(run(), cluster())["found"] == {"index": 0, "others": [], "paths": [], "left": []}


def test_further_keys_to_prove_are_neither_the_old_nor_the_new_one() -> None:
    assert plan(run(at_first={"left": [OLD, OLDER]}), cluster())["prove"] == [OLDER]
    assert plan(run(at_first={"left": [OLD]}, keys=[key(NEW), key(NEW)]), cluster())["prove"] == [OLD]


@pytest.mark.parametrize(("facts", "message"), [
    ({"mode": "on_demand", "rotated_since": "2026-01-01"}, ""),
    ({"mode": "on_demand", "rotated_since": ""}, "seal_rotate_mode is on_demand but the following is missing: seal_rotate_rotated_since. "),
    ({"new_key": ""}, "seal_rotate_mode is new_key but the following is missing: seal_rotate_new_key."),
    ({"address": ""}, "One of the following is required: seal_rotate_address, vault_config_address."),
    ({"has_token": False}, "seal_rotate_mode is new_key but the following is missing: seal_rotate_token."),
    ({"has_token": False, "check_mode": True}, ""),
])  # fmt: skip
def test_invalid_variables(facts: dict[str, Any], message: str) -> None:
    assert stop("variables", **facts).startswith(message)
    assert bool(stop("variables", **facts)) is bool(message)


def test_a_key_that_cannot_be_used() -> None:
    wrong = key(NEW, usable_for_seal=False, problems=[{"msg": "The key is disabled.", "remedy": "Enable it."}])
    disabled = f"{NEW}: The key is disabled. Enable it."
    assert stop("unusable_keys", keys=[key(OLD), wrong]) == f"Nothing was changed. {disabled} Correct this and run the playbook again."
    # After an earlier run that moved the alias.
    assert stop("unusable_keys", keys=[wrong, wrong]).startswith(f"{ALIAS} points to {NEW}. {disabled} Keep the previous key enabled, ")
    missing = {"asked": ALIAS, "arn": None, "usable_for_seal": False, "problems": [{"msg": "There is no such key.", "remedy": "Create it."}]}
    assert stop("unusable_keys", keys=[missing, key(NEW)]).startswith(f"Nothing was changed. {ALIAS}: There is no such key.")
    assert stop("unusable_keys", keys=[missing, missing]).startswith("Nothing was changed. ")
    assert stop("unusable_keys", mode="on_demand", keys=[wrong]).startswith("Nothing was changed. ")


@pytest.mark.parametrize(("changed", "reason"), [
    ({"reachable": False}, "it was unreachable"),
    ({"proofs": {}}, "it was unreachable"),
    ({"proofs": {"": proof()}}, "it was unreachable"),
    ({"proofs": {"": proof(named=OLD), NEW: proof()}}, f"its seal names {OLD} (openbao.hcl) instead of {ALIAS}"),
    ({"proofs": {"": proof(named="alias/x-" + ALIAS), NEW: proof()}}, f"its seal names alias/x-{ALIAS} (openbao.hcl) instead of {ALIAS}"),
    ({"proofs": {"": proof(ready=False), NEW: proof()}}, "with the current key, kms:Decrypt is denied"),
    ({"proofs": {"": proof(), NEW: proof(ready=False)}}, "kms:Decrypt is denied"),
])  # fmt: skip
def test_a_host_that_is_not_ready(changed: dict[str, Any], reason: str) -> None:
    why = "because a server that cannot use its key stays sealed at its next restart. Not ready: "
    assert stop("proof", cluster(b=changed)) == f"The alias was not changed, {why}b: {reason}. {UNCHANGED}"
    # After a run that moved the alias and was interrupted, it would be wrong to say that it was not changed.
    assert stop("proof", cluster(b=changed), keys=[key(NEW), key(NEW)]) == f"No server is restarted, {why}b: {reason}. {MOVED}"


def test_an_alias_that_is_named_by_its_arn_or_not_at_all() -> None:
    for named in (proof(named=f"arn:aws:kms:eu-central-1:111122223333:{ALIAS}"), {**proof(), "kms_key_id": None}):
        assert stop("proof", cluster(b={"proofs": {"": named, NEW: proof()}})) == ""


def test_a_server_that_is_not_unsealed() -> None:
    sealed = host(state={"leader": "", "summary": "is sealed"})
    assert stop("health", cluster(b=sealed)) == (
        f"Not every server is unsealed, so no server can be restarted safely: a: is unsealed; b: is sealed; c: is unsealed. {UNCHANGED}"
    )
    assert "b: is unreachable" in stop("health", cluster(b={"reachable": False}))
    assert stop("health", cluster(b=sealed), alias_moved=True).endswith(MOVED)


def test_a_state_that_is_none() -> None:
    with pytest.raises(SettingError, match="The state that b returned .*`active` must be bool"):
        plan(run(), cluster(b=host(state={"active": "yes"})))


def test_another_storage_than_raft() -> None:
    assert stop("health", cluster(c=host(state={"storage": "file"}))).startswith("The storage of the servers is file. This role supports raft storage only")


@pytest.mark.parametrize(("answer", "trouble"), [
    (autopilot(*NAMES), ""),
    ({"status": "200", "data": {"Servers": {name: {"Name": name, "Healthy": True} for name in NAMES}}}, ""),
    ({"status": 200, "data": {"Servers": {"a": {"Name": "a", "Healthy": False}}}}, "a is not healthy"),
    (autopilot(*NAMES, ill=("a", "b")), "a and b are not healthy"),
    (autopilot("a", "b"), "raft has 2 servers, but the play has 3 hosts. Every server needs the new key: run the playbook on all of them"),
    ({"status": 200, "data": None}, "raft has 0 servers, but the play has 3 hosts. Every server needs the new key: run the playbook on all of them"),
    ({"status": 403}, "the token is not allowed to read sys/storage/raft/autopilot/state"),
    ({"status": 500}, "sys/storage/raft/autopilot/state returned HTTP status 500"),
    (None, "sys/storage/raft/autopilot/state returned HTTP status 0"),
])  # fmt: skip
def test_the_health_of_raft(answer: dict[str, Any] | None, trouble: str) -> None:
    assert raft_trouble(answer, len(NAMES)) == trouble
    expected = trouble and f"Raft does not report all servers as healthy, so no server can be restarted safely: {trouble}. {UNCHANGED}"
    assert stop("health", autopilot=answer) == expected
    assert stop("health", autopilot=answer, has_token=False, check_mode=True) == ""


@pytest.mark.parametrize(("active", "taken", "why"), [
    ("a", {"status": 403, "info": {"skipped": True}}, "Taking a snapshot from a failed with HTTP status 403. The token must be allowed to read "),
    ("a", {}, "Taking a snapshot from a failed with HTTP status none. "),
    ("a", {**snapshot(new="core/hsm"), "trouble": "Create a private folder: no space"}, "Create a private folder: no space "),
    ("", snapshot(new="core/hsm"), "No server is active. "),
])  # fmt: skip
def test_no_snapshot(active: str, taken: dict[str, Any], why: str) -> None:
    hosts = {name: {**host(active=name == active), "snapshot": taken if name == "a" else {}} for name in NAMES}
    message = stop("snapshot", hosts)
    assert message.startswith(f"It could not be determined which key the stored keys of the servers depend on. {why}")
    assert message.endswith(UNCHANGED)


def test_a_server_that_could_not_unseal_after_a_restart() -> None:
    hosts = cluster(b={"proofs": {OLDER: proof(ready=False)}}, c={"proofs": {OLDER: proof()}})
    assert stop("locked_out", hosts, at_first={"left": [OLDER]}) == (
        f"No server was restarted, because it would stay sealed: the stored keys are encrypted under {OLDER}, which cannot be used. "
        "a: it was unreachable; b: kms:Decrypt is denied. Correct this and run the playbook again. Leave the servers running until then."
    )
    assert stop("locked_out", hosts, at_first={"left": [OLD]}) == ""


def test_a_server_that_does_not_start_again() -> None:
    skipped = {"restarted": {"skipped": True}}
    hosts = cluster(a=skipped, b={"restarted": {"msg": "Job failed."}}, c={"reachable": False})
    assert stop("restart", hosts, turn="b", alias_moved=True) == f"b did not start again: Job failed. {MOVED}"
    assert stop("restart", hosts, turn="c", alias_moved=True) == f"c did not start again: the host is unreachable. {MOVED}"
    assert stop("restart", hosts) == ""


def test_a_snapshot_that_still_depends_on_the_old_key() -> None:
    message = stop("result", cluster(a={"snapshot": snapshot(old="core/hsm", older="core/x")}))
    assert message.startswith(f"A new snapshot still depends on {OLD} and {OLDER}, through core/hsm, core/x. Keep these keys enabled. See the log of a for ")
