# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watch reports of KMS keys: state, deletion, rotation, replicas, permissions, and sealed files under another key than the seal's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference

from .model import CRITICAL, FILES, KEYS, PERMISSIONS, REPLICAS, ROTATION, UNKNOWN, WARNING, HostReport, clean, date, mappings, seconds

ACTIONS = {"describe_key": "kms:DescribeKey", "encrypt": "kms:Encrypt", "decrypt": "kms:Decrypt"}
_STEPS = ("start", "initialise", "unseal")
_VERDICTS = ("allowed", "denied", "failed")
_PENDING = ("PendingDeletion", "PendingReplicaDeletion")
# Reasons for which a key surely cannot be used, in contrast to those for which nothing is known of it.
_LOST = ("not_found", "key_disabled", "key_pending_deletion", "key_pending_import", "key_unusable")


def described(results: Any) -> list[Mapping[str, Any]]:
    """The keys of several results of awskms_key_info. What such a result does not tell is an entry for each key that the item of its loop names."""
    descriptions: list[Mapping[str, Any]] = []
    for result in mappings(results):
        if result.get("kms_keys") is not None:
            descriptions += mappings(result["kms_keys"])
            continue
        item = result.get("item")
        asked = item.get("kms_key_id") if isinstance(item, Mapping) else None
        trouble = {name: result.get(name) for name in ("reason", "msg", "remedy")}
        descriptions += [{"asked": str(name), **trouble, "reason": _not_told(trouble)} for name in (asked if isinstance(asked, (list, tuple)) else [""])]
    return descriptions


def _not_told(trouble: Mapping[str, Any]) -> str:
    """A result without keys tells of the call: not_found of an endpoint, for one, says nothing of a key."""
    reason = str(trouble.get("reason") or "unknown")
    return "not_checked" if reason in _LOST else reason


def check_keys(report: HostReport, keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys as awskms_key_info returns them; returns their names."""
    for key in mappings(keys):
        name = str(key.get("arn") or key.get("asked") or "")
        if not key.get("state"):
            _not_described(report, name, key)
            continue
        report.known(KEYS)
        state = str(key["state"])
        report.sample("vault_seal_key_state", 1, kms_key=name, state=state)
        _dates(report, name, key)
        for problem in mappings(key.get("problems")):
            report.find(KEYS, CRITICAL, problem.get("reason"), f"{name}: {_problem(report, key, problem)}", problem.get("remedy"), name)
        if state != "Enabled" and not key.get("problems"):
            report.find(KEYS, CRITICAL, "key_unusable", f"{name}: The state of the key is {state}.", "Check the key in AWS KMS.", name)
        for warning in mappings(key.get("warnings")):
            report.find(KEYS, WARNING, warning.get("reason"), f"{name}: {warning.get('msg')}", warning.get("remedy"), name)
    return [clean(key.get("arn") or key.get("asked") or "") for key in mappings(keys)]


def check_rotations(report: HostReport, keys: Sequence[Mapping[str, Any]]) -> None:
    """The rotation of the keys, as awskms_key_info returns it if it is included."""
    for key in mappings(keys):
        if key.get("state"):
            _check_rotation(report, str(key.get("arn") or ""), key.get("rotation"))


def _problem(report: HostReport, key: Mapping[str, Any], problem: Mapping[str, Any]) -> str:
    when = seconds(key.get("deletion_date"))
    if key["state"] not in _PENDING or when is None:
        return str(problem.get("msg"))
    days = max(0, int((when - report.now) // 86400))
    return f"The key is pending deletion. KMS deletes it at {date(when)}, in {days} day{'s' if days != 1 else ''}."


def _not_described(report: HostReport, name: str, key: Mapping[str, Any]) -> None:
    reason, msg = key.get("reason") or "unknown", f"{name}: {key.get('msg') or 'The key could not be described.'}"
    lost = reason in _LOST
    report.sample("vault_seal_key_state", 1, kms_key=name, state=reason if lost else UNKNOWN)
    if lost:
        report.known(KEYS)
        report.find(KEYS, CRITICAL, reason, msg, key.get("remedy"), name)
    else:
        report.unknown(KEYS, reason, msg, key.get("remedy"), name)


def _dates(report: HostReport, name: str, key: Mapping[str, Any]) -> None:
    for field, metric in (("deletion_date", "vault_seal_key_deletion_timestamp_seconds"), ("valid_to", "vault_seal_key_material_expiry_timestamp_seconds")):
        when = seconds(key.get(field))
        if when is not None:
            report.sample(metric, when, kms_key=name)
        elif key.get(field):
            report.unknown(KEYS, "malformed_result", f"{name}: {field} is not a date.", "Check the host.", name)


def _check_rotation(report: HostReport, name: str, rotation: Any) -> None:
    if not isinstance(rotation, Mapping):
        raise TypeError("rotation must be a dictionary")
    enabled = rotation.get("enabled")
    status = "on" if enabled is True else "off" if enabled is False else UNKNOWN
    if rotation.get("reason") == "unsupported_operation":
        status = "unsupported"
    report.sample("vault_seal_key_rotation_status", 1, kms_key=name, status=status)
    if status == UNKNOWN:
        report.unknown(ROTATION, rotation.get("reason"), f"{name}: {rotation.get('msg') or 'The rotation is unknown.'}", rotation.get("remedy"), name)
        return
    report.known(ROTATION)
    if status == "off":
        remedy = "Enable automatic rotation (kms:EnableKeyRotation): it keeps the ARN, and nothing has to be encrypted again."
        report.find(ROTATION, WARNING, "rotation_off", f"{name}: The automatic rotation of the key is off.", remedy, name)
    following = seconds(rotation.get("next_date"))
    if following is not None:
        report.sample("vault_seal_key_next_rotation_timestamp_seconds", following, kms_key=name)
    history = rotation.get("history")
    if isinstance(history, Mapping):
        report.unknown(ROTATION, history.get("reason"), f"{name}: {history.get('msg') or 'The history is unknown.'}", history.get("remedy"), name)
        return
    dates = [when for when in (seconds(each.get("date")) for each in mappings(history)) if when is not None]
    if dates:
        report.sample("vault_seal_key_last_rotation_timestamp_seconds", max(dates), kms_key=name)


def check_replicas(report: HostReport, keys: Sequence[Mapping[str, Any]], replicas: Sequence[Mapping[str, Any]]) -> None:
    """The related multi-Region keys that the keys name. ``replicas`` are entries of awskms_key_info, each asked in its own region."""
    known = {str(each.get(name)): each for each in mappings(replicas) for name in ("asked", "arn") if each.get(name)}
    for key in mappings(keys):
        for arn, region in related(key):
            name, replica = str(key.get("arn")), known.get(arn, {})
            state = str(replica.get("state") or UNKNOWN)
            report.sample("vault_seal_key_replica_state", 1, kms_key=name, replica=arn, region=region, state=state)
            if state == UNKNOWN:
                msg = f"{arn}: {replica.get('msg') or 'The related key was not described.'}"
                report.unknown(REPLICAS, replica.get("reason") or "not_checked", msg, replica.get("remedy"), name)
                continue
            report.known(REPLICAS)
            if state != "Enabled":
                msg = f"The related key {arn} of {name} has the state {state}."
                report.find(REPLICAS, WARNING, "replica_unusable", msg, "Enable it, or cancel its deletion: servers in its region depend on it.", name)


def related(key: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The ARN and region of each related key of a multi-Region key, without itself."""
    group = key.get("multi_region") or {}
    if not isinstance(group, Mapping):
        raise TypeError("multi_region must be a dictionary")
    members = [*mappings([group["primary"]] if group.get("primary") else []), *mappings(group.get("replicas"))]
    pairs = [(str(each.get("arn") or ""), str(each.get("region") or "")) for each in members]
    return [pair for pair in dict.fromkeys(pairs) if pair[0] and pair[0] != key.get("arn")]


def check_permissions(report: HostReport, result: Mapping[str, Any]) -> None:
    """The three permissions by both judges, from awskms_permission_info."""
    key = seal_key(result) or str((result.get("kms_key_id") or {}).get("value") or "")
    judges = result.get("judges") or {}
    for judge, verdicts in (("sdk", _by_sdk(result, judges)), ("server", _by_server(result, judges))):
        for name, verdict in (verdicts or {}).items():
            report.sample("vault_seal_permission_verdict", 1, kms_key=key, permission=ACTIONS[name], judge=judge, verdict=verdict)
    if not result.get("judge"):
        report.unknown(PERMISSIONS, result.get("reason"), result.get("summary") or "The permissions were not checked.", remedy_of(result), key)
        return
    report.known(PERMISSIONS)
    if result.get("ready") is not True:
        report.find(PERMISSIONS, CRITICAL, result.get("reason"), result.get("summary"), remedy_of(result), key)
    if judges.get("agree") is False:
        msg = f"The judges disagree. The model: {_summary(judges, 'sdk')} The server: {_summary(judges, 'server')}"
        report.find(PERMISSIONS, WARNING, "judges_disagree", msg, "The server counts. Report the difference as a bug of the collection.", key)
    if (judges.get("server") or {}).get("ready", False) is None:
        msg = f"The server could not be asked to judge: {_summary(judges, 'server')}"
        report.unknown(PERMISSIONS, judges["server"].get("reason"), msg, judges["server"].get("remedy"), key)


def _by_sdk(result: Mapping[str, Any], judges: Mapping[str, Any]) -> dict[str, str] | None:
    judge, own = result.get("judge"), judges.get("sdk") or {}
    if judge == "server" or (judge and not own):
        return None
    if judge == "both" and judges.get("server") and bool(own["ready"]) != bool(judges["server"].get("ready")):
        # The permissions of the result are those of the server.
        return dict.fromkeys(ACTIONS, "allowed" if own["ready"] else UNKNOWN)
    return _verdicts(result)


def _by_server(result: Mapping[str, Any], judges: Mapping[str, Any]) -> dict[str, str] | None:
    own = judges.get("server")
    if own is None:
        return None
    if own.get("ready") is None:
        return dict.fromkeys(ACTIONS, UNKNOWN)
    if own["ready"]:
        return dict.fromkeys(ACTIONS, "allowed")
    if result.get("judge") == "server" or (judges.get("sdk") or {}).get("ready"):
        return _verdicts(result)
    failed = _STEPS.index(own["step"]) if own.get("step") in _STEPS else 0
    return {name: "allowed" if number < failed else "failed" if number == failed else UNKNOWN for number, name in enumerate(ACTIONS)}


def _verdicts(result: Mapping[str, Any]) -> dict[str, str]:
    permissions = result.get("permissions") or {}
    verdicts = {name: (permissions.get(name) or {}).get("verdict") for name in ACTIONS}
    return {name: verdict if verdict in _VERDICTS else UNKNOWN for name, verdict in verdicts.items()}


def remedy_of(result: Mapping[str, Any]) -> Any:
    """The remedy in words of a result whose remedy can also hold policy statements."""
    remedy = result.get("remedy")
    return remedy.get("msg") if isinstance(remedy, Mapping) else remedy


def _summary(judges: Mapping[str, Any], name: str) -> str:
    return str((judges.get(name) or {}).get("summary") or "no answer.")


def seal_key(result: Mapping[str, Any] | None) -> str:
    """The ARN of the key that the settings in effect name; empty if it is not known."""
    arn = str((result or {}).get("key_arn") or "")
    return arn if KeyReference.parse_key_arn(arn) else ""


def same_key(one: str, other: str) -> bool:
    """Whether two ARNs are of one key, or of related multi-Region keys."""
    first, second = KeyReference.parse_key_arn(one), KeyReference.parse_key_arn(other)
    return one == other if first is None or second is None else first.matches(second)


def check_files(report: HostReport, folders: Sequence[Mapping[str, Any]], key: str) -> Counter[str]:
    """The sealed files of awskms_seal_info, compared with the seal's ``key``; returns the number of files for each key."""
    counted: Counter[tuple[str, str]] = Counter()
    for folder in mappings(folders):
        if "sealed_values" not in folder:
            report.unknown(FILES, folder.get("reason"), folder.get("msg") or "The sealed files were not inspected.", folder.get("remedy"))
            continue
        report.known(FILES)
        for value in mappings(folder["sealed_values"]):
            counted.update(_statuses(value, key))
    for (name, status), number in sorted(counted.items()):
        report.sample("vault_seal_sealed_files", number, kms_key=name, status=status)
        _file_finding(report, name, status, number, key)
    return Counter({name: sum(number for (other, _status), number in counted.items() if other == name) for name, _status in counted if name})


def _statuses(value: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
    names = [str(name) for name in value.get("key_arns") or ()]
    if value.get("readable") is not True:
        return [("", "unreadable")]
    if not names:
        return [("", UNKNOWN)]
    return [(name, UNKNOWN if not key else "current" if same_key(key, name) else "stale") for name in names]


def _file_finding(report: HostReport, name: str, status: str, number: int, key: str) -> None:
    files = f"{number} sealed file{'s' if number != 1 else ''}"
    if status == "stale":
        msg = f"{files} depend{'s' if number == 1 else ''} on {name}, which is not the key of the seal ({key})."
        report.find(FILES, WARNING, "stale_files", msg, "Move them with awskms_seal_rewrap before the old key is disabled.", name)
    elif status == "unreadable":
        report.find(FILES, WARNING, "unreadable_files", f"{files}: not a sealed value, or damaged.", "Restore or remove them.")
    elif status == UNKNOWN:
        why = "names no key" if not name else f"depends on {name}, and the key of the seal is unknown"
        report.unknown(FILES, "unknown_key", f"{files}: each {why}.", "Check the seal of this host.", name)
