# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of how something grows: lines on two logarithmic scales, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 190, 30, 46
# Okabe and Ito's colours, which most people tell apart, and marks for those who do not.
_COLOURS = ("#000000", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "10 4", "4 2")


def picture(title: str, across: str, sizes: Sequence[int], lines: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Seconds of each line at each of the sizes."""
    everything = [value for _name, values in lines for value in values]
    low, high = 10 ** math.floor(math.log10(min(everything))), 10 ** math.ceil(math.log10(max(everything)))

    def x(size: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * math.log(value / low) / math.log(high / low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>',
    ]
    for value in _ticks(low, high):
        parts.append(f'<path d="M{_LEFT} {y(value):.1f}H{WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g} s</text>')
    for size in sizes:
        parts.append(f'<path d="M{x(size):.1f} {_TOP}V{HEIGHT - _BOTTOM}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size}</text>')
    parts.append(f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>')
    for number, (name, values) in enumerate(lines):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>' for size, value in zip(sizes, values)]
        at = _TOP + 20 + 22 * number
        parts.append(f'<path d="M{WIDTH - _RIGHT + 10} {at}h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{WIDTH - _RIGHT + 40}" y="{at + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"])


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten."""
    powers = range(round(math.log10(low)), round(math.log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]
