# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a run: figures, what cannot be told by its reason, and every disagreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from .comparison import AGREES, CANNOT_TELL, DISAGREES, STRICTER, Verdict

_STAGES = {"start": "does not start", "initialise": "cannot be initialised", "unseal": "does not unseal itself"}


class Result(NamedTuple):
    """One combination or case, by name, with what both judges said."""

    name: str
    server: dict[str, Any]
    module: dict[str, Any]
    verdict: Verdict


def table(results: Sequence[Result], bound: int, seconds: float) -> str:
    """Markdown; ``bound`` is how many may be untold."""
    counts = Counter(result.verdict.kind for result in results)
    stages = Counter(result.server["stage"] for result in results)
    ready = stages.pop("ready", 0)
    lines = [
        "| | |", "|---|---:|",
        f"| combinations | {len(results)} |",
        f"| server ready | {ready} |",
        *(f"| server {_STAGES.get(stage, stage)} | {count} |" for stage, count in sorted(stages.items())),
        f"| agreements | {counts[AGREES]} |",
        f"| cannot be told (at most {bound}) | {counts[CANNOT_TELL]} |",
        f"| stricter on purpose | {counts[STRICTER]} |",
        f"| disagreements | {counts[DISAGREES]} |",
        f"| seconds | {seconds:.0f} |",
    ]
    for kind in (CANNOT_TELL, STRICTER):
        reasons = Counter(", ".join(result.verdict.reasons) for result in results if result.verdict.kind == kind)
        if reasons:
            lines += ["", f"| {kind} | |", "|---|---:|", *(f"| {reason} | {count} |" for reason, count in reasons.most_common())]
    points = Counter(point for result in results for point in result.verdict.points)
    if points:
        lines += ["", "| disagreement | |", "|---|---:|", *(f"| {point} | {count} |" for point, count in points.most_common())]
    return "\n".join(lines) + "\n"


def listing(results: Sequence[Result]) -> str:
    """Every combination that does not agree, with the words of both."""
    lines = []
    for result in results:
        verdict = result.verdict
        if verdict.kind == AGREES:
            continue
        permission, settings = result.module["permission"], result.module["settings"]
        message = permission["summary"] or permission["msg"] or settings["msg"] or ""
        lines += [
            f"- {verdict.kind}: {result.name}",
            f"  - {'; '.join(verdict.points or verdict.reasons)}",
            f"  - server: {result.server['stage']} {result.server['why'][-400:]}",
            f"  - module: {permission['reason']} {message[:400]}",
        ]
    return "\n".join(lines) + "\n" if lines else ""
