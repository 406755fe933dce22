# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch: what each result of a module becomes, that nothing unknown is left out or healthy, and its formats with hostile input."""

from __future__ import annotations

import builtins
import copy
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.filter.seal_watch import (
    seal_watch,
    seal_watch_keys,
    seal_watch_prometheus,
    seal_watch_replicas,
)
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.model import CHECKS, METRICS, seconds
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0
KEY, OLD = (f"arn:aws:kms:us-east-1:111122223333:key/{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "12")
MULTI = "arn:aws:kms:{}:111122223333:key/mrk-" + "a" * 32
HOSTILE = ['"} 1\nup 0', "a\\b", "{{ 7 * 7 }}", "\x1b[31m", "\u202egnp.exe", "\0", "\ud800", "\uffff", "<script>&amp;]]>", "x" * 5000, "\u65e5\u672c"]


def iso(when: float) -> str:
    from datetime import datetime, timezone

    return datetime.fromtimestamp(when, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def key(arn: str = KEY, state: str = "Enabled", **more: Any) -> dict[str, Any]:
    rotation = {"enabled": True, "next_date": iso(NOW + 100 * DAY), "history": [{"date": iso(NOW - DAY)}, {"date": iso(NOW - 9 * DAY)}]}
    return {"asked": arn, "arn": arn, "state": state, "problems": [], "warnings": [], "rotation": rotation, **more}


def problem(reason: str) -> dict[str, str]:
    return {"reason": reason, "msg": "The key is no good.", "remedy": "Do something."}


def permissions(**more: Any) -> dict[str, Any]:
    verdicts = {name: {"verdict": "allowed"} for name in ("describe_key", "encrypt", "decrypt")}
    judges = {"sdk": {"ready": True, "reason": None, "summary": "fine"}, "server": {"ready": True, "step": "unseal", "summary": "fine"}, "agree": True}
    return {"ready": True, "judge": "both", "judges": judges, "permissions": verdicts, "key_arn": KEY, "kms_key_id": {"value": "alias/a"}, **more}


def node(**more: Any) -> dict[str, Any]:
    """A host with nothing wrong, or with results changed. Keys are entries of one result."""
    more = {name: [{"kms_keys": value}] if name in ("keys", "replicas") else value for name, value in more.items()}
    named = {"kms_key_id": {"value": "alias/a", "set": True}, "secret_key": {"value": None, "set": True}}
    snapshot = {"src": "/b/new.snap", "time": NOW - HOUR, "restorable": True, "kms_keys": [{"arn": KEY}], "sealed_entries": [{"key_arns": [KEY]}]}
    return {
        "host": "node1",
        "asked": [check for check in CHECKS if check != "replicas"],
        "permissions": permissions(),
        "keys": [{"kms_keys": [key()]}],
        "settings": {"valid": True, "problems": [], "settings": named, "seal_type": {"value": "awskms"}},
        "server": {"answers": True, "initialized": True, "sealed": False, "type": "awskms", "version": "2.6.2", "summary": "is unsealed"},
        "started": NOW - 9 * DAY,
        "changed_files": [{"path": "/etc/openbao.hcl", "mtime": NOW - 10 * DAY}],
        "snapshots": [snapshot],
        "drill": {"time": NOW - 3 * DAY, "restorable": True},
        "folders": [{"sealed_values": [{"name": "/a/b", "readable": True, "key_arns": [KEY]}], "kms_keys": [{"arn": KEY}]}],
        **more,
    }


def backup(**more: Any) -> dict[str, Any]:
    """The status file of the role seal_backup after a run that took a snapshot, or with members changed."""
    return {
        "format": 1, "time": iso(NOW - HOUR), "finished": iso(NOW - HOUR), "result": "success", "reason": "", "msg": "", "remedy": "", "proven": True,
        "path": "/b/vault.snap", "size": 1, "cluster_id": "one", "key_arns": [KEY], "sent": [], "unsent": 0, "kept": 1, "removed": [],
        "last_proven": {"time": iso(NOW - HOUR), "path": "/b/vault.snap", "size": 1, "cluster_id": "one"}, **more,
    }  # fmt: skip


def standby(**more: Any) -> dict[str, Any]:
    return backup(result="skipped", proven=False, path=None, key_arns=[], last_proven=None, **more)


def with_status(name: str, status: dict[str, Any]) -> dict[str, Any]:
    host = node(host=name, backup={"text": json.dumps(status), "time": NOW})
    del host["snapshots"]
    return host


def watched(*hosts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return seal_watch(list(hosts), now=NOW, **more)


def reasons(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["severity"], finding["reason"]) for finding in result["findings"]]


def values(result: dict[str, Any], metric: str) -> dict[str, float]:
    """The values of a metric by their labels without the host."""
    return {"/".join(list(each["labels"].values())[1:]): each["value"] for each in result["metrics"] if each["name"] == metric}


def test_a_healthy_host_has_no_finding_and_every_check_is_up() -> None:
    found = watched(node())
    assert found["findings"] == []
    assert found["worst"] == "ok"
    assert values(found, "vault_seal_check_up") == {check: 1 for check in CHECKS if check != "replicas"}
    assert values(found, "vault_seal_key_state") == {f"{KEY}/Enabled": 1}
    assert values(found, "vault_seal_permission_verdict") == {
        f"{KEY}/kms:{name}/{judge}/allowed": 1 for judge in ("sdk", "server") for name in ("DescribeKey", "Encrypt", "Decrypt")
    }
    assert values(found, "vault_seal_key_last_rotation_timestamp_seconds") == {KEY: NOW - DAY}
    assert values(found, "vault_seal_key_dependents") == {f"{KEY}/{kind}": 1 for kind in ("seal", "snapshot", "files")}
    assert values(found, "vault_seal_drift") == {"day/unknown": 1, "seal_type/none": 1, "start/none": 1, "key/none": 1}
    again = watched(node(), previous=json.dumps(found["state"]))
    assert values(again, "vault_seal_drift")["day/none"] == 1


@pytest.mark.parametrize(("changed", "expected"), [
    ({"keys": [key(state="PendingDeletion", deletion_date=iso(NOW + 7 * DAY), problems=[problem("key_pending_deletion")])]},
     ("critical", "key_pending_deletion")),
    ({"keys": [key(state="Disabled", problems=[problem("key_disabled")])]}, ("critical", "key_disabled")),
    ({"keys": [key(state="NewState")]}, ("critical", "key_unusable")),
    ({"keys": [{"asked": KEY, "reason": "not_found", "msg": "gone"}]}, ("critical", "not_found")),
    ({"keys": [{"asked": KEY, "reason": "access_denied", "msg": "no"}]}, ("unknown", "access_denied")),
    ({"keys": [key(rotation={"enabled": False, "history": []})]}, ("warning", "rotation_off")),
    ({"keys": [key(rotation={"reason": "access_denied", "msg": "no"})]}, ("unknown", "access_denied")),
    ({"keys": [key(warnings=[problem("key_material_expires")], valid_to=iso(NOW))]}, ("warning", "key_material_expires")),
    ({"permissions": permissions(ready=False, reason="access_denied", summary="denied")}, ("critical", "access_denied")),
    ({"permissions": {"ready": False, "judge": None, "reason": "host_failed", "summary": "no", "permissions": {}, "judges": {}}}, ("unknown", "host_failed")),
    ({"settings": {"msg": "cannot read"}}, ("unknown", "unknown")),
    ({"settings": {"valid": False, "problems": [{"level": "error", **problem("no_key")}], "settings": {}, "seal_type": {"value": "awskms"}}},
     ("critical", "no_key")),
    ({"server": {"answers": False, "summary": "refuses connections"}}, ("critical", "server_unreachable")),
    ({"server": {"answers": True, "initialized": True, "sealed": True, "type": "awskms"}}, ("critical", "server_sealed")),
    ({"server": {"answers": True, "initialized": True, "sealed": "no", "type": "awskms"}}, ("critical", "server_sealed")),
    ({"server": {"answers": True, "initialized": True, "sealed": False, "type": "shamir"}}, ("warning", "drift_seal_type")),
    ({"changed_files": [{"path": "/a", "mtime": NOW}]}, ("warning", "drift_start")),
    ({"changed_files": [{"path": "/a"}]}, ("unknown", "drift_start_unknown")),
    ({"started": 0}, ("unknown", "drift_start_unknown")),
    ({"snapshots": [{"src": "/b", "time": NOW, "restorable": True, "sealed_entries": [{"key_arns": [OLD]}]}]}, ("warning", "drift_key")),
    ({"snapshots": [{"src": "/b", "time": NOW - 25 * HOUR, "restorable": True, "sealed_entries": [{"key_arns": [KEY]}]}]}, ("critical", "snapshot_too_old")),
    ({"snapshots": [{"src": "/b", "time": NOW, "restorable": False, "sealed_entries": [{"key_arns": [KEY]}]}]}, ("critical", "snapshot_not_proven")),
    ({"snapshots": [{"src": "/b", "time": NOW, "restorable": None, "summary": "no"}]}, ("unknown", "not_proven")),
    ({"snapshots": [{"item": "/b", "msg": "cannot read"}]}, ("unknown", "not_proven")),
    ({"snapshots": [{"src": "/b", "time": NOW + DAY, "restorable": True}]}, ("unknown", "clock_skew")),
    ({"snapshots": []}, ("critical", "no_proven_snapshot")),
    ({"backup": {"msg": "cannot read"}}, ("unknown", "unknown")),
    ({"backup": backup(path="/b", proven=False, result="failed", reason="key_disabled", msg="no")}, ("critical", "snapshot_not_proven")),
    ({"backup": backup(path="/b", proven=False, result="failed", reason="key_disabled", msg="no")}, ("warning", "key_disabled")),
    ({"backup": backup(path=None, proven=False, result="failed", reason="token_rejected", msg="no")}, ("warning", "token_rejected")),
    ({"backup": backup(result="failed", reason="bucket_missing", msg="no", unsent=1)}, ("warning", "snapshot_unsent")),
    ({"backup": backup(time=iso(NOW - 25 * HOUR))}, ("critical", "backup_not_running")),
    ({"backup": backup(last_proven={"time": iso(NOW - 25 * HOUR), "path": "/b"}, path=None, proven=False, result="failed"), "snapshots": []},
     ("critical", "snapshot_too_old")),
    ({"backup": backup(last_proven=None, path=None, proven=False, result="failed"), "snapshots": []}, ("critical", "no_proven_snapshot")),
    ({"backup": backup(key_arns=[OLD]), "snapshots": []}, ("warning", "drift_key")),
    *(({"backup": backup(**{name: value})}, ("unknown", "malformed_result")) for name, value in (
        ("format", 2), ("format", None), ("result", "done"), ("proven", "yes"), ("proven", None), ("proven", False), ("time", "now"), ("unsent", None),
        ("unsent", True), ("path", None), ("path", 1), ("last_proven", {"time": "then"}), ("last_proven", []),
    )),
    ({"backup": backup(time=iso(NOW + DAY))}, ("unknown", "clock_skew")),
    ({"drill": None}, ("warning", "no_drill")),
    ({"drill": {"time": NOW - 31 * DAY, "restorable": True}}, ("warning", "drill_too_old")),
    ({"drill": {"time": NOW, "restorable": False, "failed_step": "unseal", "reason": "wrong_key", "msg": "no"}}, ("critical", "wrong_key")),
    ({"drill": {"restorable": True}}, ("unknown", "unknown")),
    ({"drill": {"time": NOW, "text": '{"restorable": true, "restorable": false}'}}, ("unknown", "malformed_result")),
    ({"drill": {"time": NOW, "text": '{"restorable": false, "msg": "no", "reason": "wrong_key"}'}}, ("critical", "wrong_key")),
    ({"backup": {"time": NOW, "text": "[]"}}, ("unknown", "malformed_result")),
    ({"backup": {"text": json.dumps(backup(path="/b", proven=False, result="failed"))}}, ("critical", "snapshot_not_proven")),
    ({"backup": {"time": NOW, "text": '{"proven": true, "path": "/b"}'}}, ("unknown", "malformed_result")),
    ({"folders": [{"sealed_values": [{"name": "/a", "readable": True, "key_arns": [OLD]}]}]}, ("warning", "stale_files")),
    ({"folders": [{"sealed_values": [{"name": "/a", "readable": False, "key_arns": []}]}]}, ("warning", "unreadable_files")),
    ({"folders": [{"msg": "cannot read"}]}, ("unknown", "unknown")),
])  # fmt: skip
def test_each_fault_is_a_finding(changed: dict[str, Any], expected: tuple[str, str]) -> None:
    found = watched(node(**changed))
    assert expected in reasons(found)
    assert found["worst"] != "ok"
    if expected[0] == "unknown":
        assert 0 in values(found, "vault_seal_check_up").values()


def test_the_status_of_a_backup_needs_no_snapshot() -> None:
    found = watched(with_status("node1", backup()))
    assert found["findings"] == []
    assert values(found, "vault_seal_snapshot_proven_timestamp_seconds") == {"": NOW - HOUR}
    assert values(found, "vault_seal_drift")["key/none"] == 1
    assert seal_watch_keys({"backup": backup(key_arns=[OLD])}) == [{"region": "us-east-1", "kms_key_id": [OLD]}]


def test_the_snapshot_of_the_active_node_counts_for_a_standby() -> None:
    found = watched(with_status("node1", backup()), with_status("node2", standby()))
    assert found["findings"] == []
    assert [each["value"] for each in found["metrics"] if each["name"] == "vault_seal_snapshot_proven_timestamp_seconds"] == [NOW - HOUR] * 2
    assert found["state"]["hosts"]["node2"]["proven"] == NOW - HOUR
    for status in (standby(cluster_id="two"), standby(cluster_id=None), standby(cluster_id=["one"])):
        found = watched(with_status("node1", backup()), with_status("node2", status))
        assert ("critical", "no_proven_snapshot") in reasons(found), "of another cluster, or of an unknown one"
    found = watched(with_status("node1", standby()), with_status("node2", standby()))
    assert reasons(found).count(("critical", "no_proven_snapshot")) == 2, "nobody takes a snapshot"


@pytest.mark.parametrize("check", CHECKS)
def test_what_was_asked_and_has_no_result_is_unknown(check: str) -> None:
    found = watched({"host": "node1", "asked": [check]})
    if check in ("rotation", "replicas"):  # of no keys
        return
    assert values(found, "vault_seal_check_up").get(check) == (1 if check == "drill" else 0)
    assert found["worst"] != "ok"


def test_a_host_that_was_not_reached_is_unknown_and_its_backup_grows_old() -> None:
    first = watched(node())
    failed = {"host": "node1", "asked": list(CHECKS), "failed": {"reason": "host_unreachable", "summary": "no route", "remedy": {"msg": "Check."}}}
    found = watched(failed, previous=json.dumps(first["state"]))
    assert values(found, "vault_seal_host_up") == {"": 0}
    assert {check: up for check, up in values(found, "vault_seal_check_up").items() if up} == {"drill": 1}
    assert values(found, "vault_seal_key_state") == {f"{KEY}/unknown": 1}
    assert values(found, "vault_seal_server_state") == {"unknown": 1}
    assert values(found, "vault_seal_snapshot_proven_timestamp_seconds") == {"": NOW - HOUR}
    assert set(values(found, "vault_seal_drift")) == {f"{kind}/unknown" for kind in ("seal_type", "key", "start", "day")}
    assert ("unknown", "host_unreachable") in reasons(found)
    later = seal_watch([failed], previous=json.dumps(found["state"]), now=NOW + 2 * DAY)
    assert ("critical", "snapshot_too_old") in reasons(later)


def test_a_key_that_is_lost_has_a_state_for_the_alert() -> None:
    found = watched(node(keys=[key(), {"asked": OLD, "reason": "not_found", "msg": "gone"}]))
    assert values(found, "vault_seal_key_state") == {f"{KEY}/Enabled": 1, f"{OLD}/not_found": 1}
    assert reasons(watched(node(keys=[{"asked": OLD, "reason": "not_found", "msg": "gone"}]))) == [("critical", "not_found")]


def test_days_until_deletion() -> None:
    doomed = key(state="PendingDeletion", deletion_date=iso(NOW + 7.5 * DAY), problems=[problem("key_pending_deletion")])
    found = watched(node(keys=[doomed]))
    assert values(found, "vault_seal_key_deletion_timestamp_seconds") == {KEY: NOW + 7.5 * DAY}
    assert "in 7 days" in found["findings"][0]["msg"]


def test_the_judges_are_told_apart() -> None:
    server = {"ready": False, "step": "initialise", "reason": "access_denied", "summary": "The server says no."}
    sdk = {"ready": True, "reason": None, "summary": "The model says yes."}
    verdicts = {"describe_key": {"verdict": "allowed"}, "encrypt": {"verdict": "denied"}, "decrypt": {"verdict": "not_tried"}}
    said = permissions(ready=False, reason="access_denied", judges={"sdk": sdk, "server": server, "agree": False}, permissions=verdicts)
    found = watched(node(permissions=said))
    shown = values(found, "vault_seal_permission_verdict")
    assert {f"{KEY}/kms:Encrypt/sdk/allowed", f"{KEY}/kms:Encrypt/server/denied", f"{KEY}/kms:Decrypt/server/unknown"} <= set(shown)
    assert ("warning", "judges_disagree") in reasons(found)
    both = {"sdk": {**sdk, "ready": False}, "server": server, "agree": True}
    shown = values(watched(node(permissions={**said, "judges": both})), "vault_seal_permission_verdict")
    assert {f"{KEY}/kms:DescribeKey/server/allowed", f"{KEY}/kms:Encrypt/server/failed", f"{KEY}/kms:Encrypt/sdk/denied"} <= set(shown)
    silent = {"sdk": sdk, "server": {"ready": None, "reason": "server_not_started", "summary": "no memory"}, "agree": None}
    found = watched(node(permissions=permissions(judge="sdk", judges=silent)))
    assert values(found, "vault_seal_permission_verdict")[f"{KEY}/kms:Encrypt/server/unknown"] == 1
    assert values(found, "vault_seal_check_up")["permissions"] == 0


def test_related_keys_of_other_regions() -> None:
    here, there = MULTI.format("us-east-1"), MULTI.format("eu-central-1")
    group = {"role": "PRIMARY", "primary": {"arn": here, "region": "us-east-1"}, "replicas": [{"arn": there, "region": "eu-central-1"}]}
    one = key(here, multi_region=group)
    assert seal_watch_replicas([{"kms_keys": [one]}]) == [{"region": "eu-central-1", "kms_key_id": [there]}]
    for replicas, state, up in (([], "unknown", 0), ([key(there)], "Enabled", 1), ([key(there, "Disabled")], "Disabled", 1)):
        found = watched(node(keys=[one], replicas=replicas, asked=["keys", "replicas"]))
        assert values(found, "vault_seal_key_replica_state") == {f"{here}/{there}/eu-central-1/{state}": 1}
        assert values(found, "vault_seal_check_up")["replicas"] == up
        messages = [each["msg"] for each in found["findings"] if each["check"] == "replicas" and state == "unknown"]
        assert messages == ([] if state != "unknown" else [f"{there}: The related key was not described."])
        assert (found["worst"] == "ok") is (state == "Enabled")
    files = [{"sealed_values": [{"name": "/a", "readable": True, "key_arns": [there]}]}]
    found = watched(node(permissions=permissions(key_arn=here), folders=files))
    assert values(found, "vault_seal_sealed_files") == {f"{there}/current": 1}, "related keys are one key"


def test_a_change_of_the_settings_is_told_for_a_day() -> None:
    first = watched(node())
    changed = node(permissions=permissions(key_arn=OLD), snapshots=[])
    found = watched(changed, previous=json.dumps(first["state"]))
    told = next(finding for finding in found["findings"] if finding["reason"] == "drift_day")
    assert f"key_arn was {KEY} and is {OLD}" in told["msg"]
    for hours, expected in ((23, True), (25, False)):
        later = seal_watch([changed], previous=json.dumps(found["state"]), now=NOW + hours * HOUR)
        assert (("warning", "drift_day") in reasons(later)) is expected
    unread = watched(node(settings={"msg": "cannot read"}), previous=json.dumps(first["state"]))
    assert unread["state"]["hosts"]["node1"]["settings"] == first["state"]["hosts"]["node1"]["settings"], "what is not known is not forgotten"
    assert "secret_key" not in json.dumps(found["state"])


def test_a_proof_of_the_past_is_kept_until_it_is_too_old() -> None:
    first = watched(node())
    broken = node(snapshots=[{"src": "/b", "time": NOW + HOUR, "restorable": False}])
    found = seal_watch([broken], previous=json.dumps(first["state"]), now=NOW + HOUR)
    assert values(found, "vault_seal_snapshot_proven_timestamp_seconds") == {"": NOW - HOUR}
    assert ("critical", "snapshot_too_old") not in reasons(found)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "hosts": {}}', '{"version": 1, "hosts": []}', '{"version": 1, "hosts": {"node1": []}}', "\0"])
def test_a_state_that_cannot_be_read(text: str) -> None:
    found = watched(node(), previous=text)
    assert (("unknown", "state_unreadable") in reasons(found)) is ('{"node1"' not in text)
    assert found["state"]["version"] == 1


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*HOSTILE, KEY, "Enabled", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["arn", "state", "kms_keys", "problems", "value", "msg"]), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_a_hostile_result_is_unknown_and_breaks_no_format(data: st.DataObject) -> None:
    host = copy.deepcopy(node())
    for _number in range(data.draw(st.integers(1, 3))):
        place: Any = host
        name = data.draw(st.sampled_from([name for name in host if name not in ("host", "asked")]))
        while isinstance(place[name], dict) and place[name] and data.draw(st.booleans()):
            place, name = place[name], data.draw(st.sampled_from(sorted(place[name])))
        place[name] = data.draw(JUNK)
    seal_watch_keys(host)
    seal_watch_replicas(host["keys"])
    found = watched(host)
    ElementTree.fromstring(found["junit"])
    assert all(len(line) <= 80 and line.isascii() and line.isprintable() for line in found["table"])
    text = seal_watch_prometheus(found["metrics"])
    assert all(line.startswith(("#", "vault_seal_")) for line in text.splitlines())
    json.dumps(found, ensure_ascii=False).encode()
    assert len(values(found, "vault_seal_check_up")) >= 9


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_in_every_format(text: str) -> None:
    keys = [key(text, text, problems=[{"reason": text, "msg": text, "remedy": text}])]
    found = watched(node(host=text, keys=keys, server={"answers": True, "initialized": True, "sealed": False, "type": text, "version": text}))
    parsed = ElementTree.fromstring(found["junit"])
    assert [suite.get("name") for suite in parsed] != []
    assert all(len(line) <= 80 and line.isascii() for line in found["table"])
    prometheus_client = pytest.importorskip("prometheus_client.parser")
    families = list(prometheus_client.text_string_to_metric_families(seal_watch_prometheus(found["metrics"])))
    assert {family.name for family in families} <= set(METRICS)
    assert all(len(value) <= 500 for family in families for sample in family.samples for value in sample.labels.values())


def test_the_table_of_many_hosts_shows_those_with_findings() -> None:
    found = watched(*(node(host=f"n{number}") for number in range(99)), node(host="bad", keys=[key(state="Disabled", problems=[problem("key_disabled")])]))
    assert [line.split()[0] for line in found["table"]][:2] == ["host", "bad"]
    assert found["table"][-1] == "100 hosts, 99 without findings; findings: 1 critical, 0 unknown, 0 warning"


def test_keys_by_region_and_what_cannot_be_a_key() -> None:
    there = KEY.replace("us-east-1", "eu-central-1")
    folders = [{"kms_keys": [{"arn": OLD}, {"arn": there}, {"arn": "../x"}]}, {"msg": "no"}]
    host = node(named=["alias/a", KEY], folders=folders, snapshots=[{"kms_keys": "x"}])
    assert seal_watch_keys(host) == [
        {"region": "", "kms_key_id": ["alias/a"]}, {"region": "eu-central-1", "kms_key_id": [there]}, {"region": "us-east-1", "kms_key_id": [KEY, OLD]},
    ]  # fmt: skip


def test_texts_that_ansible_made_dictionaries() -> None:
    first = watched(node())
    assert reasons(watched(node(), previous=first["state"])) == []
    assert reasons(watched(node(drill={"time": NOW, "text": {"restorable": True}}))) == []


def test_keys_of_a_call_that_failed_are_unknown_and_not_lost() -> None:
    item = {"region": "us-east-1", "kms_key_id": [KEY, OLD]}
    found = watched({**node(), "keys": [{"item": item, "reason": "not_found", "msg": "no such host"}, {"msg": "no"}]})
    assert values(found, "vault_seal_key_state") == {f"{name}/unknown": 1 for name in (KEY, OLD, "")}
    assert {severity for severity, _reason in reasons(found)} == {"unknown"}


def test_hosts_that_the_play_lost() -> None:
    found = watched(node(), lost=["node2"], asked=["keys"])
    assert [(each["labels"]["host"], each["value"]) for each in found["metrics"] if each["name"] == "vault_seal_host_up"] == [("node1", 1), ("node2", 0)]
    assert reasons(found) == [("unknown", "host_failed")]


def test_two_hosts_of_one_name_make_no_duplicate() -> None:
    found = watched(node(host="a\0"), node(host="a\1"))
    assert len({(each["name"], json.dumps(each["labels"])) for each in found["metrics"]}) == len(found["metrics"])


def test_the_library_of_prometheus_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("prometheus_client"):
            raise ImportError("No module named 'prometheus_client'")
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AnsibleFilterError, match=r"prometheus_client cannot be imported on the controller .*pip install prometheus-client"):
        seal_watch_prometheus([])


@pytest.mark.parametrize(("limits", "match"), [({"hours": 1}, "there is no limit hours"), ({"drill_days": 0}, "above 0"), ({"drill_days": "x"}, "ValueError")])
def test_invalid_limits(limits: dict[str, Any], match: str) -> None:
    with pytest.raises(AnsibleFilterError, match=match):
        watched(node(), limits=limits)


def test_invalid_input() -> None:
    with pytest.raises(AnsibleFilterError, match="list of hosts"):
        seal_watch([{}])
    with pytest.raises(AnsibleFilterError, match="is not a metric of the watch"):
        seal_watch_prometheus([{"name": "up", "labels": {}, "value": 1}])


@pytest.mark.parametrize(("value", "expected"), [
    (12, 12.0), ("@12", 12.0), ("12.5", 12.5), ("@x", None), ("1970-01-01T00:00:12Z", 12.0),
    ("1970-01-01T01:00:12+01:00", 12.0), ("1970-01-01T00:00:12.500+00:00", 12.5), ("1970-01-01T00:00:12", None),
    (True, None), (-1, None), (float("nan"), None), (10**400, None), ("", None), ("x" * 99, None), ("0001-01-01T00:00:00Z", None),
])  # fmt: skip
def test_times(value: Any, expected: float | None) -> None:
    assert seconds(value) == expected


DRILLED = {"time": iso(NOW - HOUR), "restorable": True, "seconds": 4.2}


@pytest.mark.parametrize(("report", "noted", "passed", "status", "when"), [
    (None, DRILLED, NOW - HOUR, "passed", NOW - HOUR),
    ({"time": NOW - 3 * DAY, "restorable": False, "msg": "no"}, DRILLED, NOW - HOUR, "passed", NOW - HOUR),
    ({"time": NOW - 60, "restorable": True}, {**DRILLED, "restorable": False, "msg": "no"}, None, "passed", NOW - 60),
    (None, {**DRILLED, "restorable": False, "reason": "wrong_key", "msg": "no"}, NOW - 2 * DAY, "failed", NOW - HOUR),
    ({"time": NOW - 3 * DAY, "restorable": True}, None, None, "passed", NOW - 3 * DAY),
])
def test_the_drill_of_the_backup_counts(report: Any, noted: Any, passed: Any, status: str, when: float) -> None:
    with_drill = backup(drill=noted, drill_passed=iso(passed) if passed else None, undrilled=0)
    found = watched(node(drill=report, backup=with_drill))
    assert values(found, "vault_seal_drill_status") == {status: 1}
    assert values(found, "vault_seal_drill_timestamp_seconds") == {"": when}
    expected = passed if status == "failed" else when
    assert values(found, "vault_seal_drill_passed_timestamp_seconds") == {"": expected}


def test_the_drill_of_the_backup_is_reported_without_being_asked_for() -> None:
    host = node(backup=backup(drill={**DRILLED, "restorable": False, "reason": "wrong_key", "msg": "no"}))
    host["asked"] = [each for each in host["asked"] if each != "drill"]
    del host["drill"]
    assert ("critical", "wrong_key") in reasons(watched(host))


@pytest.mark.parametrize("noted", ["passed", 5, [], {"time": "x"}, {"restorable": True}])
def test_a_malformed_drill_of_the_backup_is_no_proof(noted: Any) -> None:
    host = node(backup=backup(drill=noted, drill_passed="never"))
    del host["drill"]
    assert "passed" not in values(watched(host), "vault_seal_drill_status")
