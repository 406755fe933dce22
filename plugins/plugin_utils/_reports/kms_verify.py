# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the role kms_verify: which hosts are checked, the result of every host of the play, and a table of them.

Pure functions over dictionaries, for hundreds of hosts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.table import aligned

# Hosts with different values of one of these variables are checked separately.
SETTINGS = tuple(
    f"kms_verify_{name}"
    for name in (
        "user", "product", "version", "config", "unit", "environment_files", "environment", "kms_key_id", "region", "access_key", "endpoint",
        "shared_creds_profile", "shared_creds_filename", "role_arn", "web_identity_token_file", "judge", "executable",
    )
)  # fmt: skip

_NOT_CHECKED = {"reason": "not_asked", "summary": "This host was not checked in this run."}
_LOST = {"reason": "host_unreachable", "summary": "This host was unreachable or failed before it could be checked."}

_SHOWN = 3  # hosts of a line, and different reasons of a line
_VERDICTS = {"allowed": "allowed", "denied": "DENIED", "failed": "FAILED", "not_tried": "-"}
_COLUMNS = ("DescribeKey", "Encrypt", "Decrypt", "key", "state", "region", "ms", "result")
_JUDGES = {
    "both": "a server that was started for it, beside the model of its SDK",
    "server": "a server that was started for it",
    "sdk": "the model of the server's SDK alone",
}


def group(hosts: Iterable[tuple[str, Mapping[str, Any]]], one_per: str) -> list[list[str]]:
    """Lists of hosts that call KMS with the same settings; the first of each list is checked.

    :param hosts: each host and its values of ``one_per``, the variable that identifies its principal, and of :data:`SETTINGS`.
    :param one_per: a host without this variable has its own list.
    """
    groups: dict[str, list[str]] = {}
    for host, values in hosts:
        alike = [values[one_per], *(values.get(name, "") for name in SETTINGS)] if one_per in values else {"host": host}
        groups.setdefault(json.dumps(alike, default=str), []).append(host)
    return list(groups.values())


@dataclass(frozen=True)
class Asked:
    """What is known of one host: its result, whether it is still part of the run, and the hosts that it represents."""

    result: Mapping[str, Any] | None
    reachable: bool = True
    stands_for: Sequence[str] = ()


def build_report(hosts: Mapping[str, Asked], unchecked: Mapping[str, Any]) -> dict[str, Any]:
    """The results of all hosts: checked or not, failed before the role, and represented by another host.

    :param unchecked: the facts of a host without a result.
    """
    results: dict[str, dict[str, Any]] = {}
    for host, asked in hosts.items():
        if asked.result is not None:
            result = {**asked.result, "asked_on": host}
        else:
            result = {**unchecked, "asked_on": None, **(_NOT_CHECKED if asked.reachable else _LOST), "remedy": None}
        results[host] = result
        results.update((other, result) for other in asked.stands_for if other not in hosts)
    return {"ready": all(result["ready"] for result in results.values()), "hosts": results}


@dataclass
class _Line:
    """One line of the table: the hosts with the same verdict, or a single host."""

    verdict: tuple[str, ...]
    ready: bool
    hosts: list[str] = field(default_factory=list)
    latencies: list[int] = field(default_factory=list)
    summaries: dict[str, list[str]] = field(default_factory=dict)

    def names(self) -> str:
        return ", ".join(self.hosts[:_SHOWN]) + (", ..." if len(self.hosts) > _SHOWN else "")

    def milliseconds(self) -> str:
        return "-".join(dict.fromkeys((str(min(self.latencies)), str(max(self.latencies))))) if self.latencies else "-"

    def reasons(self) -> list[str]:
        """Why the hosts are not ready, the first ones of many."""
        lines = []
        for summary, hosts in list(self.summaries.items())[:_SHOWN]:
            more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
            lines.append(f"{hosts[0]}{more}: {summary}")
        if len(self.summaries) > _SHOWN:
            lines.append(f"... and {len(self.summaries) - _SHOWN} more of that line; see the report for the reasons.")
        return lines


def table(results: Mapping[str, Mapping[str, Any]], most: int, names_server: bool) -> dict[str, list[str]]:
    """The lines that are shown, and the hosts whose ``remedies`` are shown: the first one of each line that is not ready.

    :param results: the ``hosts`` of the report.
    :param most: the largest number of hosts with a line each; if there are more, all hosts with the same verdict have one line.
    :param names_server: whether a server was named, which may judge beside the model of its SDK.
    """
    together = len(results) > most
    lines, represented = _table_lines(results, together)
    heads = ["hosts", "names", *_COLUMNS] if together else ["host", *_COLUMNS]
    rows = [heads]
    for line in lines:
        first = line.hosts[0]
        asked_on = results[first]["asked_on"]
        like = "" if together or asked_on in (None, first) else f" (as {asked_on})"
        rows.append([*([str(len(line.hosts)), line.names()] if together else line.hosts), *line.verdict[:-1], line.milliseconds(), line.verdict[-1] + like])
    unready = [line for line in lines if not line.ready]
    texts = aligned(rows) + [text for line in unready for text in line.reasons()]
    if names_server:
        texts += _judge_lines(results)
    if represented:
        texts.append(f"Hosts represented by another one: {represented}. Each has the verdict of a host with the same connection to KMS.")
    if together:
        ready = sum(bool(result["ready"]) for result in results.values())
        texts.append(f"{len(results)} hosts, {ready} ready, {len(results) - ready} not ready.")
    return {"lines": texts, "remedies": [line.hosts[0] for line in unready]}


def _table_lines(results: Mapping[str, Mapping[str, Any]], together: bool) -> tuple[list[_Line], int]:
    """The lines of the table, and how many hosts are represented by another one."""
    lines: dict[object, _Line] = {}
    represented = 0
    for host, result in results.items():
        verdict, ready = _verdict(result), bool(result["ready"])
        key: object = (verdict, ready) if together else host
        if key not in lines:
            lines[key] = _Line(verdict, ready)
        line = lines[key]
        line.hosts.append(host)
        if result["asked_on"] not in (None, host):
            represented += 1
        elif result.get("latency_ms"):
            line.latencies.append(round(float(result["latency_ms"])))
        line.summaries.setdefault(_one_line(result.get("summary")), []).append(host)
    # Ready hosts first, otherwise in the order of the play.
    return (sorted(lines.values(), key=lambda line: not line.ready) if together else list(lines.values())), represented


def _verdict(result: Mapping[str, Any]) -> tuple[str, ...]:
    permissions = result["permissions"]
    named = str(result.get("key_arn") or (result.get("kms_key_id") or {}).get("value") or "-")
    key = named.rpartition("/")[2] if named.startswith("arn:") else named
    region = (result.get("region") or {}).get("value") or "-"
    return (
        *(_VERDICTS[permissions[name]["verdict"]] for name in ("describe_key", "encrypt", "decrypt")),
        *(plain(text) for text in (key, result.get("state") or "-", region)),
        "ready" if result["ready"] else f"NOT READY: {plain(result.get('reason'))}",
    )


def _judge_lines(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    judges = [result.get("judge") for result in results.values()]
    lines = [f"Judged by {who}: {judges.count(judge)} of {len(results)}." for judge, who in _JUDGES.items() if judge in judges]
    for host, result in results.items():
        both = result.get("judges") or {}
        if both.get("agree") is False:
            lines.append(f"{host}: the judges disagree, and the server counts. The model of its SDK says: {_one_line(both['sdk']['summary'])}")
    return lines


def _one_line(text: Any) -> str:
    return plain(str(text).replace("\n", " "))
