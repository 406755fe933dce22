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

PROVEN, NOT_PROVEN, NONE = "proven", "not_proven", "none"
_CLOCK = 300.0
"""Seconds by which the clocks of hosts may differ: a later time is no time of a backup."""


def document(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A status or report with its ``text``, which is JSON, as the members of the JSON document; ``time`` beside it counts unless the document has its own."""
    if value is None or "text" not in value:
        return value
    try:
        found = read_json(str(value["text"]))
    except JsonError as error:
        return {"reason": "malformed_result", "msg": f"It is not valid: {error}."}
    if not isinstance(found, Mapping):
        return {"reason": "malformed_result", "msg": "It is not a JSON object."}
    return {"time": value.get("time"), **found}


def newest(snapshots: Sequence[Mapping[str, Any]] | None) -> Mapping[str, Any] | None:
    """The snapshot with the latest ``time``; None if there is none."""
    timed = [(when, number) for number, each in enumerate(mappings(snapshots)) for when in [seconds(each.get("time"))] if when is not None]
    return (snapshots or [])[max(timed)[1]] if timed else None


def check_snapshots(report: HostReport, snapshots: Sequence[Mapping[str, Any]], backup: Mapping[str, Any] | None, before: Any) -> float | None:
    """The snapshots of a host, each a result of vault_snapshot_info with its ``time``; returns the time of the newest proven one.

    :param backup: the status of the last backup, with ``time``, ``path`` and ``proven``; None if there is none to read.
    :param before: the time of the newest proven one that a former watch knew.
    """
    found = [(when, _proof(each), each) for each in mappings(snapshots) for when in [seconds(each.get("time"))] if when is not None]
    backup = document(backup)
    if backup is not None:
        found += _of_backup(report, backup)
    for when, _status, each in found:
        if when > report.now + _CLOCK:
            msg = f"{_path(each)} has the time {date(when)}, which is in the future."
            report.unknown(SNAPSHOT, "clock_skew", msg, "Correct the clock, or the time of the file.")
    found = [entry for entry in found if entry[0] <= report.now + _CLOCK]
    # Of two with one time the one with the worse proof counts.
    when, status, last = max(found, key=lambda entry: (entry[0], entry[1] != PROVEN), default=(0.0, NONE, {}))
    if not found and (backup is not None or list(mappings(snapshots))):
        status, last = UNKNOWN, next(iter(mappings(snapshots)), backup or {})
    proven = proven_before(report, before, *(each for each, proof, _snapshot in found if proof == PROVEN))
    report.sample("vault_seal_snapshot_status", 1, status=status)
    report.sample("vault_seal_snapshot_newest_timestamp_seconds", when)
    _findings(report, when, status, last)
    check_age(report, proven)
    return proven


def proven_before(report: HostReport, *times: Any) -> float | None:
    """The latest of times that are not in the future; None if there is none."""
    known = [when for when in map(seconds, times) if when is not None]
    return max((when for when in known if when <= report.now + _CLOCK), default=None)


def _of_backup(report: HostReport, backup: Mapping[str, Any]) -> list[tuple[float, str, Mapping[str, Any]]]:
    when = seconds(backup.get("time"))
    if when is None:
        report.unknown(SNAPSHOT, backup.get("reason"), backup.get("msg") or "The status of the last backup could not be read.", backup.get("remedy"))
        return []
    proven = backup.get("proven")
    return [(when, PROVEN if proven is True else NOT_PROVEN if proven is False else UNKNOWN, backup)]


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


def check_drill(report: HostReport, drill: Mapping[str, Any] | None, before: Any) -> float | None:
    """The report of the last restore drill with its ``time``, or None; returns the time of the last one that passed."""
    former, drill = seconds(before), document(drill or None)
    when = seconds((drill or {}).get("time"))
    status = NONE if drill is None else UNKNOWN
    if drill is not None and when is not None and when <= report.now + _CLOCK:
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
