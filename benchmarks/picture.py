# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of how something grows: lines on two logarithmic scales, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.ticker import NullFormatter, ScalarFormatter

# Okabe and Ito's colours, which most people tell apart, and dashes for those who do not.
_COLOURS = ("#000000", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00")
_DASHES = ("-", "--", ":", "-.", (0, (8, 3)), (0, (4, 2)))


def draw(
    path: Path, title: str, across: str, sizes: Sequence[int], lines: Sequence[tuple[str, Sequence[float]]], unit: str = "seconds of the processor"
) -> None:
    """Write a PNG with the seconds of each line at each of the sizes."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for number, (name, values) in enumerate(lines):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        axes.loglog(sizes, values, color=colour, linestyle=dash, marker="o", label=name)
    axes.set(title=title, xlabel=across, ylabel=unit, xticks=list(sizes))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#dddddd")
    figure.legend(loc="outside right upper")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
