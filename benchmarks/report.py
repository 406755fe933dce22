# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures as RESULTS.md, and those of growth, with pictures, as a section of the guide to what it costs."""

from __future__ import annotations

import os
import platform
import textwrap
from dataclasses import dataclass
from importlib.metadata import version

from growth import Growth
from picture import picture
from plays import Variant

LICENCE = """\
Copyright (c) 2026, the sealwright.vault_seal authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
"""
BEGIN, END = ".. growth: begin, written by benchmarks/run.py", ".. growth: end"
_AIM = 15  # microseconds of own work for each value
_MIB = 1 << 20


@dataclass
class Figures:
    """All that was measured."""

    latency_ms: int
    plays: dict[str, list[Variant]]
    growth: list[Growth]
    own: dict[str, float]
    peak: dict[str, float]
    rate: float
    start_up: dict[str, float]


def on_what(figures: Figures) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("ansible-core", "botocore", "cryptography"))
    return (
        f"The KMS answers after {figures.latency_ms} ms and runs on the same machine, as a process of its own. "
        f"Python {platform.python_version()}, {versions}, {os.cpu_count()} cores."
    )


def results(figures: Figures) -> str:
    """RESULTS.md."""
    parts = [
        f"<!--\n{LICENCE}-->\n",
        "# Figures\n",
        textwrap.fill(
            "Written by `make bench`; do not edit. The plays of a table run in turns, and each figure is that of the fastest turn, which other work on the "
            "machine disturbs least. *Processor* are the seconds of the processor that Ansible and all its processes take, without waiting and without the "
            "KMS: where the machine is busy with other work, their ratio says more. Ratios are to the first line. " + on_what(figures),
            150,
        ) + "\n",
        *(f"## {title}\n\n{table(variants)}\n" for title, variants in figures.plays.items()),
        *(f"## Growth: {growth.title[0].lower() + growth.title[1:]}\n\n{growth_table(growth)}\n" for growth in figures.growth),
        f"## Unwraps in one process\n\n{figures.rate:.0f} values in a second, each under a data key of its own, 16 at a time (aim: at least 600).\n",
        "## Before the first call\n\nOf a process that has imported what Ansible itself needs.\n\n| | milliseconds of the processor |\n|---|---:|",
        *(f"| {name} | {value:.0f} |" for name, value in figures.start_up.items()),
        "\n## Own work for each value, beside KMS\n\n| | microseconds | aim: at most |\n|---|---:|---:|",
        *(f"| {name} | {value:.1f} | {'' if name.startswith('of it') else _AIM} |" for name, value in figures.own.items()),
        f"\n## Memory\n\nSealing a file of {figures.peak['size'] // _MIB:.0f} MiB into a binary `dest` takes "
        f"{(figures.peak['of_all'] - figures.peak['of_one_byte']) / _MIB:.0f} MiB more than sealing one byte:\n"
        f"{figures.peak['times']:.1f} times its size (aim: at most 4).",
    ]
    return "\n".join(parts) + "\n"


def table(variants: list[Variant]) -> str:
    lines = ["| | turns | seconds | ratio | processor | ratio | calls to KMS | aim: at most |", "|---|---:|---:|---:|---:|---:|---:|---:|"]
    first = variants[0]
    for one in variants:
        lines.append(
            f"| {one.name} | {len(one.seconds)} | {one.fastest:.2f} | {one.fastest / first.fastest:.2f} "
            f"| {one.least_processor:.2f} | {one.least_processor / first.least_processor:.2f} | {one.calls} | {one.aim} |"
        )
    return "\n".join(lines)


def growth_table(growth: Growth) -> str:
    lines = [f"| {growth.unit} | {' | '.join(map(str, growth.sizes))} |", "|---|" + "---:|" * len(growth.sizes)]
    lines += [f"| {row[0].name} | {' | '.join(map(_cell, row))} |" for row in growth.variants]
    return "\n".join(lines) + "\n\nSeconds of the processor, and calls to KMS."


def _cell(one: Variant) -> str:
    return f"{one.least_processor:.2f} s, {one.calls}"


def section(figures: Figures) -> str:
    """What the guide to what it costs says of growth."""
    parts = [
        textwrap.fill(
            "Seconds of the processor for a whole play, which is one task or one role, Ansible's own start included, and calls to KMS. " + on_what(figures), 150
        ) + "\n",
    ]
    for growth in figures.growth:
        parts.append(f"{growth.title}\n{'~' * len(growth.title)}\n")
        lines = [(row[0].name.replace("`", ""), [one.least_processor for one in row]) for row in growth.variants]
        drawn = picture(f"Processor seconds of a play by {growth.unit}", growth.unit, growth.sizes, lines)
        parts.append(".. raw:: html\n\n" + textwrap.indent(drawn, "    ") + "\n")
        rows = [[growth.unit, *map(str, growth.sizes)], *([row[0].name.replace("`", "``"), *map(_cell, row)] for row in growth.variants)]
        cells = ["\n".join(f"{'   * -' if number == 0 else '     -'} {cell}" for number, cell in enumerate(row)) for row in rows]
        parts.append(".. list-table::\n   :header-rows: 1\n\n" + "\n".join(cells) + "\n")
    return "\n".join(parts)


def with_section(guide: str, text: str) -> str:
    """The guide with the section between its two marks replaced."""
    before, begin, rest = guide.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"The guide lacks the marks {BEGIN!r} and {END!r}.")
    return f"{before}{begin}\n\n{text}\n{end}{after}"
