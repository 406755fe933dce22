# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A watch as a table for people, at most 80 columns wide, in ASCII: the width of other characters differs between terminals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from .model import CHECKS, OK, Finding, HostReport

WIDTH = 80
MAX_HOSTS = 50
"""With more hosts, only those with findings have a row."""

_COLUMNS = {"permissions": "perms", "keys": "keys", "rotation": "rotat", "replicas": "repl", "settings": "conf", "server": "serv", "drift": "drift"}
_COLUMNS.update({"snapshot": "snap", "drill": "drill", "files": "files"})
_NAME = 16
_CELL = 6
_WORDS = {"critical": "CRIT", "warning": "warn", "unknown": "?", OK: "ok"}


def table(hosts: Sequence[HostReport], findings: Sequence[Finding]) -> list[str]:
    """A row for each host, the findings below with their remedy, and a summary."""
    shown = list(hosts) if len(hosts) <= MAX_HOSTS else [report for report in hosts if report.findings]
    lines = [_row("host", [_COLUMNS[check] for check in CHECKS])] if shown else []
    lines += [_row(report.host, [_cell(report, check) for check in CHECKS]) for report in shown[:MAX_HOSTS]]
    if len(shown) > MAX_HOSTS:
        lines.append(f"... and {len(shown) - MAX_HOSTS} more hosts with findings")
    lines += [line for finding in findings for line in _paragraph(finding)]
    well = sum(not report.findings for report in hosts)
    counted = ", ".join(f"{sum(finding.severity == name for finding in findings)} {name}" for name in ("critical", "unknown", "warning"))
    return [*lines, f"{len(hosts)} host{'s' if len(hosts) != 1 else ''}, {well} without findings; findings: {counted}"]


def _row(name: str, cells: Sequence[str]) -> str:
    name = _ascii(name)
    name = name if len(name) <= _NAME else name[: _NAME - 2] + ".."
    return f"{name:<{_NAME}} " + "".join(f"{cell:<{_CELL}}" for cell in cells).rstrip()


def _cell(report: HostReport, check: str) -> str:
    verdict = report.verdict(check)
    if verdict != OK:
        return _WORDS[verdict]
    return "-" if check not in report.up else "ok" if report.up[check] else "?"


def _paragraph(finding: Finding) -> list[str]:
    where = f"{finding.host}: " if finding.host else ""
    text = f"{finding.severity.upper()} {where}{finding.reason}: {finding.msg} {finding.remedy}".rstrip()
    return textwrap.wrap(_ascii(text), WIDTH, subsequent_indent="  ", break_long_words=True, break_on_hyphens=False)


def _ascii(text: str) -> str:
    return text.replace("\ufffd", "?").encode("ascii", "backslashreplace").decode("ascii")
