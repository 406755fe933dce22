# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watch reports of servers: their state, the seal that their configuration has, and how the two and the past differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .backups import is_standby, status_keys
from .keys import same_key
from .model import CRITICAL, DRIFT, SERVER, SETTINGS, UNKNOWN, WARNING, HostReport, age, clean, date, mappings, seconds

NONE, DRIFTED = "none", "drift"
SEAL_TYPE, KEY, START, DAY = "seal_type", "key", "start", "day"
KINDS = (SEAL_TYPE, KEY, START, DAY)
# Settings that are compared with those of the past, and stored. None of them is a secret.
COMPARED = ("kms_key_id", "region", "endpoint", "role_arn", "shared_creds_profile", "name", "priority", "disabled")


def check_settings(report: HostReport, result: Mapping[str, Any]) -> dict[str, str] | None:
    """The configuration of awskms_seal_settings_info; returns the settings to compare, or None if it could not be read."""
    if "valid" not in result or "settings" not in result:
        report.unknown(SETTINGS, result.get("reason"), result.get("msg") or "The configuration was not read.", result.get("remedy"))
        return None
    report.known(SETTINGS)
    errors = [problem for problem in mappings(result.get("problems")) if problem.get("level") == "error"]
    for problem in errors:
        report.find(SETTINGS, CRITICAL, problem.get("reason"), problem.get("msg"), problem.get("remedy"))
    valid = result["valid"] is True
    if not valid and not errors:
        report.find(SETTINGS, CRITICAL, "invalid_settings", "The configuration of the seal is invalid.", "Run awskms_seal_settings_info.")
    report.sample("vault_seal_config_valid", 1 if valid else 0)
    settings = result["settings"] or {}
    configured = {"seal_type": clean(configured_type(result))}
    for name in COMPARED:
        setting = settings.get(name) or {}
        if setting.get("set") and setting.get("value") is not None:
            configured[name] = clean(setting["value"])
    return configured


def configured_type(result: Mapping[str, Any] | None) -> str:
    """The type of the enabled seal; empty if it is not known."""
    return str(((result or {}).get("seal_type") or {}).get("value") or "")


def check_server(report: HostReport, result: Mapping[str, Any], key: str) -> None:
    """The running server, from vault_server_info. ``key`` is the one that its settings name."""
    if "answers" not in result:
        report.sample("vault_seal_server_state", 1, state=UNKNOWN)
        report.unknown(SERVER, result.get("reason"), result.get("msg") or "The server was not asked.", result.get("remedy"))
        return
    report.known(SERVER)
    state = server_state(result)
    report.sample("vault_seal_server_state", 1, state=state)
    summary = f"The server {clean(result.get('summary') or 'has no description')}."
    if state == "unreachable":
        report.find(SERVER, CRITICAL, "server_unreachable", summary, "Check its service and log.")
        return
    report.sample("vault_seal_server_info", 1, seal_type=result.get("type") or "", version=result.get("version") or "", kms_key=key)
    if state == "sealed":
        report.find(SERVER, CRITICAL, "server_sealed", summary, "See its log: a server with an awskms seal unseals itself if KMS decrypts its key.")
    elif state == "uninitialized":
        report.find(SERVER, WARNING, "server_uninitialized", summary, "Initialise it, or join it to its cluster.")
    elif result.get("migration"):
        report.find(SERVER, WARNING, "seal_migration", summary, "Finish the migration of the seal.")


def server_state(result: Mapping[str, Any]) -> str:
    """One word for the state that vault_server_info returns."""
    if result.get("answers") is not True:
        return "unreachable"
    if result.get("initialized") is not True:
        return "uninitialized"
    return "unsealed" if result.get("sealed") is False else "sealed"


def drift_of_type(report: HostReport, settings: Mapping[str, str] | None, server: Mapping[str, Any] | None) -> None:
    """The seal type of the files and that of the running server."""
    running = str((server or {}).get("type") or "") if (server or {}).get("answers") is True else ""
    configured = (settings or {}).get("seal_type", "")
    if not running or not configured:
        _unknown(report, SEAL_TYPE, "The seal type of the running server and that of its configuration could not be compared.")
    elif running == configured:
        _result(report, SEAL_TYPE, NONE)
    else:
        msg = f"The running server has the seal {clean(running)}, and its configuration the seal {configured}."
        _drifted(report, SEAL_TYPE, msg, "Restart the server with a migration of the seal, or correct the configuration.")


def drift_of_key(report: HostReport, key: str, snapshot: Mapping[str, Any] | None, backup: Mapping[str, Any] | None = None) -> None:
    """The key of the settings, and the key under which the running server sealed the newest snapshot, or that of the last backup."""
    used = [str(name) for name in ((snapshot or {}).get("sealed_entries") or [{}])[0].get("key_arns") or ()]
    used = used or status_keys(backup)
    if not used and backup is not None and is_standby(backup):
        _result(report, KEY, UNKNOWN)  # a standby takes no snapshot
        return
    if not key or not used:
        _unknown(report, KEY, "The key that the running server uses could not be compared with that of its settings: this needs a snapshot of it.")
    elif any(same_key(key, name) for name in used):
        _result(report, KEY, NONE)
    else:
        msg = f"The settings name {key}, and the running server sealed the newest snapshot under {clean(', '.join(used))}."
        remedy = "After the alias was pointed to another key, restart the servers and take a snapshot. The former key must stay enabled until then."
        _drifted(report, KEY, msg, remedy, key)


def drift_since_start(report: HostReport, started: Any, files: Sequence[Mapping[str, Any]] | None) -> None:
    """Files that changed after the service started, each with ``path`` and ``mtime``: a restart would use what is not in use now."""
    begun = seconds(started)
    times = {str(each.get("path")): seconds(each.get("mtime")) for each in mappings(files)}
    if not begun or not times or None in times.values():
        _unknown(report, START, "The start of the service could not be compared with the times of its files.")
        return
    later = sorted(path for path, when in times.items() if when is not None and when > begun)
    if not later:
        _result(report, START, NONE)
        return
    msg = f"Changed after the service started at {date(begun)}: {clean(', '.join(later))}."
    _drifted(report, START, msg, "Check the files with kms_verify, then restart the service while its key works.")


def drift_within_a_day(report: HostReport, settings: Mapping[str, str] | None, before: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The settings now and those of former watches; returns what the next watch compares with.

    :param before: what this function returned last time; empty the first time.
    """
    if settings is None:
        _unknown(report, DAY, "The settings could not be compared with those of the last watch.")
        return dict(before)
    now = {**settings, **({"key_arn": key} if key else {})}
    last = before.get("settings")
    kept: dict[str, Any] = {"settings": now, "changed": seconds(before.get("changed")), "before": before.get("before")}
    if not isinstance(last, Mapping):
        _result(report, DAY, UNKNOWN)  # the first watch of this host
        return kept
    if not key and last.get("key_arn"):
        now["key_arn"] = str(last["key_arn"])  # not known is no change
    if now != dict(last):
        kept.update(changed=report.now, before={str(name): clean(value) for name, value in last.items()})
    changed = kept["changed"]
    if changed is None or report.now - changed > report.limits.change_hours * 3600:
        _result(report, DAY, NONE)
        return kept
    former = kept["before"] if isinstance(kept["before"], Mapping) else {}
    names = sorted(name for name in {*now, *former} if now.get(name) != former.get(name))
    what = "; ".join(f"{clean(name)} was {_shown(former.get(name))} and is {_shown(now.get(name))}" for name in names) or "changed and changed back"
    msg = f"The settings of the seal changed {age(report.now - changed)} ago: {what}."
    _drifted(report, DAY, msg, "Check that the change was meant.")
    return kept


def _shown(value: Any) -> str:
    return "not set" if value is None else clean(value, 200)


def _result(report: HostReport, kind: str, result: str) -> None:
    report.sample("vault_seal_drift", 1, kind=kind, result=result)
    if result != UNKNOWN:
        report.known(DRIFT)


def _unknown(report: HostReport, kind: str, msg: str) -> None:
    _result(report, kind, UNKNOWN)
    report.unknown(DRIFT, f"drift_{kind}_unknown", msg)


def _drifted(report: HostReport, kind: str, msg: str, remedy: str, key: str = "") -> None:
    _result(report, kind, DRIFTED)
    report.find(DRIFT, WARNING, f"drift_{kind}", msg, remedy, key)
