# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of keys as an SVG 1.1 image: dependents on the left, keys on the right, a line for each dependency.

The image contains no scripts, style sheets or external references, and all text is escaped. Shortened text is available in full as a title,
which browsers show as a tooltip.
"""

from __future__ import annotations

import html

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import (
    FILES,
    HOST,
    SNAPSHOT,
    UNKNOWN,
    UNUSABLE,
    USABLE,
    Dependent,
    Key,
    KeyMap,
    plain,
)

_LEFT, _BOX, _GAP, _KEY_BOX = 16, 430, 220, 430  # widths, in pixels
_ROW, _HEIGHT, _HEAD = 58, 44, 52
_WIDTH = _LEFT + _BOX + _GAP + _KEY_BOX + _LEFT
_LETTERS, _SMALL_LETTERS = 50, 60  # that fit into a box

_NAMES = {HOST: "Hosts", SNAPSHOT: "Snapshots", FILES: "Sealed files"}
_FILL = {HOST: "#e8eef9", SNAPSHOT: "#f3eafa", FILES: "#eef3ea"}
_EDGE = {HOST: "#3b62a8", SNAPSHOT: "#7d4aa0", FILES: "#557a36"}
# Verdicts also differ in their text and line style, for readers who cannot distinguish the colours.
_VERDICT = {USABLE: ("#e6f4ea", "#1e7e34", "none"), UNUSABLE: ("#fdeaea", "#b3261e", "6 3"), UNKNOWN: ("#f2f2f2", "#6b6b6b", "2 3")}


def draw(key_map: KeyMap) -> str:
    """The image, as one ``svg`` element."""
    dependents, keys = key_map.dependents, list(key_map.keys.values())
    rows = max(len(dependents), len(keys), 1)
    height = _HEAD + rows * _ROW + 12
    left = {each: _middle(number, len(dependents), rows) for number, each in enumerate(dependents)}
    right = {key.arn: _middle(number, len(keys), rows) for number, key in enumerate(keys)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>Dependencies on KMS keys</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 30, "Dependents", size=15, weight="bold"),
        _text(_LEFT + _BOX + _GAP, 30, "KMS keys", size=15, weight="bold"),
    ]
    for key in keys:
        parts += [_line(left[each], right[key.arn], key.verdict) for each in key.dependents]
    parts += [_dependent(each, middle) for each, middle in left.items()]
    parts += [_key(key, right[key.arn]) for key in keys]
    return "\n".join([*parts, "</svg>"])


def escape(text: str) -> str:
    """A text escaped for HTML and SVG, and against Jinja templates."""
    return html.escape(plain(text), quote=True).replace("{", "&#123;").replace("}", "&#125;")


def _middle(number: int, count: int, rows: int) -> float:
    """The vertical center of one box; the shorter column is spread over the height of the longer one."""
    return _HEAD + rows * _ROW * (number + 0.5) / count


def _dependent(each: Dependent, middle: float) -> str:
    full = f"{_NAMES[each.kind]}: {each.title()}"
    second = each.note or ("" if each.keys else "no key is known")
    return _box(_LEFT, middle, _BOX, _FILL[each.kind], _EDGE[each.kind], "none", f"{full}\n{second}".strip(), each.title(), second or _NAMES[each.kind])


def _key(key: Key, middle: float) -> str:
    fill, edge, dashes = _VERDICT[key.verdict]
    arn = key.arn.split(":", 5)
    name = arn[5].removeprefix("key/") if len(arn) == 6 else key.arn
    second = " - ".join(filter(None, [":".join(arn[3:5]) if len(arn) == 6 else "", key.state, key.verdict]))
    return _box(_LEFT + _BOX + _GAP, middle, _KEY_BOX, fill, edge, dashes, f"{key.arn}\n{key.verdict} {key.why}".strip(), name, second)


def _box(left: float, middle: float, width: float, fill: str, edge: str, dashes: str, full: str, first: str, second: str) -> str:
    top = middle - _HEIGHT / 2
    title = " \u2014 ".join(escape(line) for line in full.splitlines())
    return (
        f"<g><title>{title}</title>"
        f'<rect x="{left}" y="{top:.1f}" width="{width}" height="{_HEIGHT}" rx="6" fill="{fill}" stroke="{edge}" stroke-width="1.5" '
        f'stroke-dasharray="{dashes}"/>'
        # A nested svg element clips wide letters at the box.
        f'<svg x="{left}" y="{top:.1f}" width="{width - 6}" height="{_HEIGHT}">'
        + _text(12, 19, _cut(first, _LETTERS), weight="600")
        + _text(12, 36, _cut(second, _SMALL_LETTERS), size=12, fill="#444444")
        + "</svg></g>"
    )


def _line(start: float, end: float, verdict: str) -> str:
    left, right = _LEFT + _BOX, _LEFT + _BOX + _GAP
    bend = _GAP / 2
    _fill, edge, dashes = _VERDICT[verdict]
    path = f"M {left} {start:.1f} C {left + bend} {start:.1f} {right - bend} {end:.1f} {right} {end:.1f}"
    return f'<path d="{path}" fill="none" stroke="{edge}" stroke-width="1.5" stroke-opacity="0.75" stroke-dasharray="{dashes}"/>'


def _text(left: float, base: float, text: str, size: int = 13, weight: str = "normal", fill: str = "#1a1a1a") -> str:
    return f'<text x="{left}" y="{base:.1f}" font-size="{size}" font-weight="{weight}" fill="{fill}">{escape(text)}</text>'


def _cut(text: str, most: int) -> str:
    """A text shortened in the middle to fit into a box, because paths differ at their ends."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}\u2026{text[-half:]}"
