# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watch reports of backups: age and proof of the newest snapshot, and the last restore drill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.strict_json import JsonError, read_json

from .model import CRITICAL, DRILL, SNAPSHOT, UNKNOWN, WARNING, HostReport, age, clean, date, mappings, seconds

PROVEN, NOT_PROVEN, NONE, STANDBY = "proven", "not_proven", "none", "standby"
STATUS_FORMAT = 1
"""Of the status file that the role seal_backup writes."""
_RESULTS = ("success", "failed", "skipped")
CLOCK = 300.0
"""Seconds by which the clocks of hosts may differ: a later time is no time of a backup."""


def document(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A status or report with its ``text``, which is JSON, as the members of the JSON document; ``time`` beside it counts unless the document has its own."""
    if value is None or "text" not in value:
        return value
    found = value["text"]
    try:
        # ansible-core 2.18 and earlier makes a dictionary of a text that looks like one.
        found = found if isinstance(found, Mapping) else read_json(str(found))
    except JsonError as error:
        return {"reason": "malformed_result", "msg": f"It is not valid: {error}."}
    if not isinstance(found, Mapping):
        return {"reason": "malformed_result", "msg": "It is not a JSON object."}
    return {"time": value.get("time"), **found}


def newest(snapshots: Sequence[Mapping[str, Any]] | None) -> Mapping[str, Any] | None:
    """The snapshot with the latest ``time``; None without snapshots."""
    timed = [(when, number) for number, each in enumerate(mappings(snapshots)) for when in [seconds(each.get("time"))] if when is not None]
    return (snapshots or [])[max(timed)[1]] if timed else None


def check_snapshots(
    report: HostReport, snapshots: Sequence[Mapping[str, Any]], backup: Mapping[str, Any] | None, before: Any, elsewhere: Any = None
) -> float | None:
    """The snapshots of a host, each a result of vault_snapshot_info with its ``time``; returns the time of the newest proven one.

    :param backup: the status file of the role seal_backup; None if it is not configured.
    :param before: the time of the newest proven one that a former watch knew.
    :param elsewhere: the time of the newest proven one of the other servers of its cluster, which counts for a standby.
    """
    found = [(when, _proof(each), each) for each in mappings(snapshots) for when in [seconds(each.get("time"))] if when is not None]
    backup = document(backup)
    if backup is not None:
        found += _of_backup(report, backup)
        if is_standby(backup) and not found and SNAPSHOT not in report.up:
            return _of_standby(report, proven_before(report, before, elsewhere))
    for when, _status, each in found:
        if when > report.now + CLOCK:
            msg = f"{_path(each)} has the time {date(when)}, which is in the future."
            report.unknown(SNAPSHOT, "clock_skew", msg, "Correct the clock, or the time of the file.")
    found = [entry for entry in found if entry[0] <= report.now + CLOCK]
    # Of two with one time the one with the worse proof counts.
    when, status, last = max(found, key=lambda entry: (entry[0], entry[1] != PROVEN), default=(0.0, NONE, {}))
    if not found and (SNAPSHOT in report.up or list(mappings(snapshots))):
        status, last = UNKNOWN, next(iter(mappings(snapshots)), backup or {})
    standby = backup is not None and is_standby(backup)
    proven = proven_before(report, before, elsewhere if standby else None, *(each for each, proof, _snapshot in found if proof == PROVEN))
    report.sample("vault_seal_snapshot_status", 1, status=status)
    report.sample("vault_seal_snapshot_newest_timestamp_seconds", when)
    _findings(report, when, status, last)
    check_age(report, proven)
    return proven


def proven_before(report: HostReport, *times: Any) -> float | None:
    """The latest of the times that are not in the future; None if all are missing or in the future."""
    known = [when for when in map(seconds, times) if when is not None]
    return max((when for when in known if when <= report.now + CLOCK), default=None)


def is_standby(backup: Mapping[str, Any]) -> bool:
    """Whether the last run left the snapshot to the active node of the cluster."""
    return backup.get("format") == STATUS_FORMAT and backup.get("result") == "skipped" and backup.get("proven") is False and backup.get("path") is None


def cluster_of(backup: Mapping[str, Any] | None) -> str:
    """The cluster of the server that a status is of; empty if it is not known."""
    last = (backup or {}).get("last_proven")
    own = (backup or {}).get("cluster_id") or (last.get("cluster_id") if isinstance(last, Mapping) else None)
    return own if isinstance(own, str) else ""


def last_proven(backup: Mapping[str, Any] | None) -> float | None:
    """The time of the newest proven snapshot that a status knows."""
    last = (backup or {}).get("last_proven")
    return seconds(last.get("time")) if isinstance(last, Mapping) and (backup or {}).get("format") == STATUS_FORMAT else None


def _of_backup(report: HostReport, backup: Mapping[str, Any]) -> list[tuple[float, str, Mapping[str, Any]]]:
    """The snapshots that a status knows: that of the last run, and the newest proven one. What the run did not do is a finding."""
    if backup.get("format") != STATUS_FORMAT:
        msg = backup.get("msg") or f"The status of the last backup has not the format {STATUS_FORMAT} of the role seal_backup."
        reason = backup.get("reason") or ("unknown" if backup.get("msg") else "malformed_result")
        report.unknown(SNAPSHOT, reason, msg, backup.get("remedy"))
        return []
    when, result, proven, path, unsent = (backup.get(name) for name in ("time", "result", "proven", "path", "unsent"))
    ran = seconds(when)
    last = backup.get("last_proven")
    valid = ran is not None and result in _RESULTS and isinstance(proven, bool) and (path is None or isinstance(path, str) and path)
    valid = valid and isinstance(unsent, int) and not isinstance(unsent, bool) and unsent >= 0 and (last is None or last_proven(backup) is not None)
    valid = valid and (path is not None or not proven) and (result != "success" or proven is True)
    if not valid or ran is None:
        report.unknown(SNAPSHOT, "malformed_result", "The status of the last backup is malformed.", "Run the backup, and check who else writes the file.")
        return []
    if ran > report.now + CLOCK:
        report.unknown(SNAPSHOT, "clock_skew", f"The last backup has the time {date(ran)}, which is in the future.", "Correct the clock of the host.")
    if report.now - ran > report.limits.snapshot_hours * 3600:
        msg = f"The last backup ran {age(report.now - ran)} ago (limit {report.limits.snapshot_hours:g} h)."
        report.find(SNAPSHOT, CRITICAL, "backup_not_running", msg, "Check the timer of the role seal_backup on this host.")
    if result == "failed":
        msg = f"The last backup ({date(ran)}) failed: {backup.get('msg') or 'no reason is given'}"
        report.find(SNAPSHOT, WARNING, backup.get("reason") or "backup_failed", msg, backup.get("remedy"))
    if unsent:
        msg = f"{unsent} cop{'y' if unsent == 1 else 'ies'} of snapshots could not be sent."
        report.find(SNAPSHOT, WARNING, "snapshot_unsent", msg, "See the member sent of the status file of the backup.")
    times = [(ran, PROVEN if proven else NOT_PROVEN, backup)] if path else []
    known = last_proven(backup)
    return times if known is None else [*times, (known, PROVEN, {"path": (last or {}).get("path")})]


def _of_standby(report: HostReport, proven: float | None) -> float | None:
    """A standby takes no snapshot: that of its cluster counts."""
    report.sample("vault_seal_snapshot_status", 1, status=STANDBY)
    report.sample("vault_seal_snapshot_newest_timestamp_seconds", 0)
    report.known(SNAPSHOT)
    check_age(report, proven)
    return proven


def _proof(snapshot: Mapping[str, Any]) -> str:
    restorable = snapshot.get("restorable")
    return PROVEN if restorable is True else NOT_PROVEN if restorable is False else UNKNOWN


def _findings(report: HostReport, when: float, status: str, last: Mapping[str, Any]) -> None:
    if status == UNKNOWN:
        msg = last.get("msg") or last.get("summary") or "no reason is given"
        report.unknown(SNAPSHOT, last.get("reason") or "not_proven", f"The newest snapshot {_path(last)} is not proven: {msg}", last.get("remedy"))
        return
    report.known(SNAPSHOT)
    if status == NOT_PROVEN:
        problems = " ".join(str(problem.get("msg")) for problem in mappings(last.get("problems"))) or last.get("msg") or last.get("summary") or ""
        msg = f"The newest snapshot {_path(last)} of {date(when)} cannot be restored: {problems}"
        report.find(SNAPSHOT, CRITICAL, "snapshot_not_proven", msg, "Take another snapshot, and check it with vault_snapshot_info.")


def check_age(report: HostReport, proven: float | None) -> None:
    """The age of the newest proven snapshot, whose time is ``proven``."""
    limit = report.limits.snapshot_hours
    report.sample("vault_seal_snapshot_proven_timestamp_seconds", proven or 0)
    if proven is None:
        report.find(SNAPSHOT, CRITICAL, "no_proven_snapshot", "No proven snapshot is known.", "Take a snapshot, and check it with check=open.")
    elif report.now - proven > limit * 3600:
        msg = f"The newest proven snapshot is {age(report.now - proven)} old (limit {limit:g} h)."
        report.find(SNAPSHOT, CRITICAL, "snapshot_too_old", msg, "Check the job that takes snapshots.")


def _path(snapshot: Mapping[str, Any]) -> str:
    return clean(snapshot.get("src") or snapshot.get("path") or snapshot.get("item") or "")


def drill_of(drill: Mapping[str, Any] | None, backup: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The newer of the report of the role restore_drill and of the drill that the status of a backup has; None without either."""
    status = document(backup or None) or {}
    noted = status.get("drill") if status.get("format") == STATUS_FORMAT else None
    report = document(drill or None)
    if not isinstance(noted, Mapping):
        return report
    return max((each for each in (report, noted) if each is not None), key=lambda each: seconds(each.get("time")) or 0.0)


def drill_passed(before: Any, backup: Mapping[str, Any] | None) -> Any:
    """The later of two times of a drill that passed: the one a former watch knew, and that of the status of a backup."""
    noted = seconds((document(backup or None) or {}).get("drill_passed"))
    return max((each for each in (seconds(before), noted) if each is not None), default=None)


def check_drill(report: HostReport, drill: Mapping[str, Any] | None, before: Any) -> float | None:
    """The report of the last restore drill with its ``time``, or None; returns the time of the last one that passed."""
    former, drill = seconds(before), document(drill or None)
    when = seconds((drill or {}).get("time"))
    status = NONE if drill is None else UNKNOWN
    if drill is not None and when is not None and when <= report.now + CLOCK:
        restorable = drill.get("restorable")
        status = "passed" if restorable is True else "failed" if restorable is False or drill.get("failed_step") else UNKNOWN
    passed = max((each for each in (former, when if status == "passed" else None) if each is not None), default=None)
    report.sample("vault_seal_drill_status", 1, status=status)
    report.sample("vault_seal_drill_timestamp_seconds", 0 if status in (NONE, UNKNOWN) else when or 0)
    report.sample("vault_seal_drill_passed_timestamp_seconds", passed or 0)
    if status == UNKNOWN:
        why = (drill or {}).get("msg") or "it has neither a result nor a valid time"
        report.unknown(DRILL, (drill or {}).get("reason"), f"The report of the last drill is not usable: {why}", "Run the role restore_drill.")
        return passed
    report.known(DRILL)
    _drill_findings(report, status, when or 0, drill or {}, passed)
    return passed


def _drill_findings(report: HostReport, status: str, when: float, drill: Mapping[str, Any], passed: float | None) -> None:
    limit = report.limits.drill_days
    if status == "failed":
        step = f" in the step {clean(drill['failed_step'])}" if drill.get("failed_step") else ""
        msg = f"The last restore drill ({date(when)}) failed{step}: {drill.get('msg') or 'no reason is given'}"
        report.find(DRILL, CRITICAL, drill.get("reason") or "drill_failed", msg, drill.get("remedy"))
    if passed is None:
        report.find(DRILL, WARNING, "no_drill", "No restore drill that passed is known.", "Run the role restore_drill.")
    elif report.now - passed > limit * 86400:
        msg = f"The last restore drill that passed is {age(report.now - passed)} old (limit {limit:g} d)."
        report.find(DRILL, WARNING, "drill_too_old", msg, "Run the role restore_drill.")


def snapshot_keys(snapshots: Sequence[Mapping[str, Any]] | None) -> Counter[str]:
    """The number of snapshots that depend on each key."""
    counted: Counter[str] = Counter()
    for snapshot in mappings(snapshots):
        counted.update({str(key.get("arn")) for key in mappings(snapshot.get("kms_keys")) if key.get("arn")})
    return counted


def status_keys(backup: Mapping[str, Any] | None) -> list[str]:
    """The keys on which the snapshot of the last backup depends."""
    keys = (backup or {}).get("key_arns") if (backup or {}).get("format") == STATUS_FORMAT else None
    return [name for name in keys if isinstance(name, str)] if isinstance(keys, list) else []
