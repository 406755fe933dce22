# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch: from the results of modules on many hosts to findings, metrics, and the state that the next watch compares with. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.strict_json import JsonError, read_json
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch import backups, keys, servers
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.model import (
    CHECKS,
    DRIFT,
    DRILL,
    FILES,
    KEYS,
    PERMISSIONS,
    REPLICAS,
    ROTATION,
    SERVER,
    SETTINGS,
    SEVERITIES,
    SNAPSHOT,
    STATE,
    UNKNOWN,
    Finding,
    HostReport,
    Limits,
    Sample,
    clean,
    mappings,
)

STATE_VERSION = 1
# Checks that have a result only if keys are of a kind; what is wrong with the keys is said by the check of keys.
_ONLY_OF_SOME_KEYS = (REPLICAS, ROTATION)
# What a foreign result can make of functions that expect the documented one.
_MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True)
class Watch:
    """What came of all hosts."""

    now: float
    hosts: tuple[HostReport, ...]
    findings: tuple[Finding, ...]
    samples: tuple[Sample, ...]
    state: dict[str, Any]

    def worst(self) -> str:
        """The worst severity; ``ok`` if there is no finding."""
        severities = {finding.severity for finding in self.findings}
        return next((severity for severity in SEVERITIES if severity in severities), "ok")


def watch(hosts: Iterable[Mapping[str, Any]], now: float, previous: str = "", limits: Limits | None = None) -> Watch:
    """Judge the results of hosts, each with ``host``, its name.

    ``asked`` names the checks that were asked for; those without a result are unknown. Each of the other values is optional: ``failed``
    (with reason, summary and remedy) of a host that could not be asked; ``permissions``, ``settings`` and ``server``, each the result of a
    module; ``keys``, ``replicas``, ``snapshots`` and ``folders``, each a list of such results; ``started``, ``changed_files``, ``backup`` and ``drill``.

    :param previous: the state that the last watch saved, as JSON; empty the first time.
    """
    known, trouble = _previous(previous)
    reports, state = [], dict(known)
    hosts = list(hosts)
    proven = _proven_by_cluster(hosts, now)
    for host in hosts:
        report = HostReport(clean(str(host["host"])), now, limits or Limits())
        before = known.get(report.host)
        state[report.host] = _host(report, host, before if isinstance(before, Mapping) else {}, proven)
        reports.append(report)
    findings = [*trouble, *(finding for report in reports for finding in report.findings)]
    findings.sort(key=lambda finding: (SEVERITIES.index(finding.severity), finding.host, CHECKS.index(finding.check) if finding.check in CHECKS else 99))
    samples = {key: sample for report in reports for key, sample in report.samples.items()}  # of two hosts with one name, the last
    return Watch(now, tuple(reports), tuple(findings), tuple(samples.values()), {"version": STATE_VERSION, "time": now, "hosts": state})


def keys_to_ask(host: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All keys that anything on a host depends on, by region: its seal, its snapshots, its files, and those that ``named`` lists.

    Each entry has ``region``, which is empty for references that name none, and ``kms_key_id``, the keys.
    """
    named = host.get("named") or ()
    keys_of_host = _quietly(lambda: [str(name) for name in ([named] if isinstance(named, str) else named)], [])
    keys_of_host += _quietly(lambda: _key_of_seal(host.get("permissions") or {}), [])
    for name in ("snapshots", "folders"):
        keys_of_host += _quietly(partial(_keys_of, host, name), [])
    keys_of_host += _quietly(lambda: backups.status_keys(backups.document(host.get("backup"))), [])
    return _by_region(keys_of_host)


def replicas_to_ask(results: Any) -> list[dict[str, Any]]:
    """The related multi-Region keys of the keys in results of awskms_key_info, in the same form."""
    return _by_region([pair[0] for key in _quietly(lambda: keys.described(results), []) for pair in _quietly(partial(keys.related, key), [])])


def _by_region(references: Iterable[str]) -> list[dict[str, Any]]:
    regions: dict[str, list[str]] = {}
    for name in dict.fromkeys(references):
        try:
            regions.setdefault(KeyReference.parse(name).region, []).append(name)
        except SettingError:
            continue  # a host can return what it likes as the name of a key
    return [{"region": region, "kms_key_id": names} for region, names in sorted(regions.items())]


def _keys_of(host: Mapping[str, Any], name: str) -> list[str]:
    return [str(key["arn"]) for each in mappings(host.get(name)) for key in mappings(each.get("kms_keys"))]


def _key_of_seal(permissions: Mapping[str, Any]) -> list[str]:
    return [keys.seal_key(permissions) or str((permissions.get("kms_key_id") or {}).get("value") or "")]


def _previous(text: str) -> tuple[dict[str, Any], list[Finding]]:
    if not text.strip():
        return {}, []
    try:
        document = read_json(text)
        hosts = document["hosts"]
        if document["version"] != STATE_VERSION or not isinstance(hosts, dict):
            raise TypeError("not the state of a watch")
        return hosts, []
    except (JsonError, KeyError, TypeError):
        msg = "The state that the last watch saved cannot be read. Changes since then are unknown."
        return {}, [Finding("", STATE, UNKNOWN, "state_unreadable", msg, "It is replaced by this watch. Check who else writes the file.")]


def _proven_by_cluster(hosts: Iterable[Mapping[str, Any]], now: float) -> dict[str, float]:
    """The time of the newest proven snapshot of each cluster, from the status files of its servers."""
    newest: dict[str, float] = {}
    for host in hosts:
        status = _quietly(partial(backups.document, host.get("backup")), None)
        cluster, when = _quietly(partial(backups.cluster_of, status), ""), _quietly(partial(backups.last_proven, status), None)
        if cluster and when is not None and when <= now + backups.CLOCK:
            newest[cluster] = max(when, newest.get(cluster, 0.0))
    return newest


def _host(report: HostReport, host: Mapping[str, Any], before: Mapping[str, Any], proven: Mapping[str, float]) -> dict[str, Any]:
    """All checks of one host; returns its state for the next watch."""
    failed, asked = host.get("failed"), [str(name) for name in host.get("asked") or CHECKS]
    # With the host as its label, as all metrics: node_exporter rejects two files that have one metric with the same labels.
    report.sample("vault_seal_watch_timestamp_seconds", report.now)
    report.sample("vault_seal_host_up", 0 if failed else 1)
    if failed:
        report.find("host", UNKNOWN, failed.get("reason"), failed.get("summary") or "The host could not be checked.", keys.remedy_of(failed))
    after = dict(before)
    checks = _checks_without_host(report, asked, before) if failed else _checks(report, host, before, after, proven)
    drill = _quietly(partial(backups.drill_of, host.get("drill"), host.get("backup")), host.get("drill"))
    if drill and DRILL not in asked:
        asked.append(DRILL)  # the timer of the role seal_backup runs drills
    if DRILL in asked:
        passed = _quietly(partial(backups.drill_passed, before.get("drilled"), host.get("backup")), before.get("drilled"))
        checks = chain(checks, [(DRILL, lambda: after.update(drilled=backups.check_drill(report, drill, passed)))])
    for name, check in checks:
        if name not in asked:
            continue
        try:
            check()
        except _MALFORMED as error:
            report.unknown(name, "malformed_result", f"The result of the check {name} is malformed ({type(error).__name__}).", "Do not trust the host.")
    for name in asked:
        if name not in report.up and not (name in _ONLY_OF_SOME_KEYS and report.up.get(KEYS)):
            report.up[name] = False
            if not failed and name not in _ONLY_OF_SOME_KEYS:
                report.unknown(name, "not_checked", f"The check {clean(name)} has no result.", "See the output of the play.")
    _totals(report)
    return after


def _totals(report: HostReport) -> None:
    for name, up in report.up.items():
        report.sample("vault_seal_check_up", 1 if up else 0, check=name)
    for severity in SEVERITIES:
        report.sample("vault_seal_findings", sum(finding.severity == severity for finding in report.findings), severity=severity)


def _checks(
    report: HostReport, host: Mapping[str, Any], before: Mapping[str, Any], after: dict[str, Any], proven: Mapping[str, float]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The checks of which there are results, in order. Each can raise what a malformed result leads to."""
    dependents: dict[str, Counter[str]] = {}
    seal = ""
    if host.get("permissions"):
        yield PERMISSIONS, lambda: keys.check_permissions(report, host["permissions"])
        seal = _quietly(lambda: keys.seal_key(host["permissions"]), "")
        dependents["seal"] = Counter([seal] if seal else [])
    if host.get("keys") is not None:
        described: list[Mapping[str, Any]] = _quietly(lambda: keys.described(host["keys"]), [{}])
        yield KEYS, lambda: after.update(keys=keys.check_keys(report, keys.described(host["keys"])))
        yield ROTATION, lambda: keys.check_rotations(report, described)
        yield REPLICAS, lambda: keys.check_replicas(report, described, keys.described(host.get("replicas")))
    settings: list[dict[str, str] | None] = []
    if host.get("settings"):
        yield SETTINGS, lambda: settings.append(servers.check_settings(report, host["settings"]))
    configured = settings[0] if settings else None
    if host.get("server"):
        yield SERVER, lambda: servers.check_server(report, host["server"], seal)
    if "settings" in host:
        yield DRIFT, lambda: after.update(servers.drift_within_a_day(report, configured, before, seal))
        if "server" in host:
            yield DRIFT, lambda: servers.drift_of_type(report, configured, host["server"])
    if "started" in host:
        yield DRIFT, lambda: servers.drift_since_start(report, host["started"], host.get("changed_files"))
    if "snapshots" in host or "backup" in host:
        status = _quietly(partial(backups.document, host.get("backup")), None)
        yield DRIFT, lambda: servers.drift_of_key(report, seal, backups.newest(host.get("snapshots")), status)
        dependents["snapshot"] = _quietly(lambda: backups.snapshot_keys(host.get("snapshots")), Counter())
        elsewhere = proven.get(_quietly(partial(backups.cluster_of, status), ""))
        arguments = (host.get("snapshots") or (), host.get("backup"), before.get("proven"), elsewhere)
        yield SNAPSHOT, lambda: after.update(proven=backups.check_snapshots(report, *arguments))
    if host.get("folders") is not None:
        yield FILES, lambda: dependents.update(files=keys.check_files(report, host["folders"], seal))
    for kind, counted in dependents.items():
        for name, number in counted.items():
            report.sample("vault_seal_key_dependents", number, kms_key=name, kind=kind)


def _checks_without_host(report: HostReport, asked: Sequence[str], before: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is to be said of a host that could not be asked: that nothing is known, and how old its last proven snapshot is by now."""
    unknown = [("vault_seal_server_state", SERVER, {"state": UNKNOWN}), ("vault_seal_snapshot_status", SNAPSHOT, {"status": UNKNOWN})]
    unknown += [("vault_seal_key_state", KEYS, {"kms_key": name, "state": UNKNOWN}) for name in before.get("keys") or () if isinstance(name, str)]
    unknown += [("vault_seal_drift", DRIFT, {"kind": kind, "result": UNKNOWN}) for kind in servers.KINDS]
    for metric, check, labels in unknown:
        if check in asked:
            report.sample(metric, 1, **labels)
    if SNAPSHOT in asked:
        yield SNAPSHOT, lambda: backups.check_age(report, backups.proven_before(report, before.get("proven")))
        report.up[SNAPSHOT] = False


def _quietly(function: Callable[[], Any], otherwise: Any) -> Any:
    """A value, or ``otherwise`` if the check of the same result reports that it is malformed."""
    try:
        return function()
    except _MALFORMED:
        return otherwise
