# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of keys as an HTML page: one file without scripts, external pictures or other references. All text is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import USABLE, Dependent, Key, KeyMap
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map_svg import draw

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 1110px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ddd; }
code { font-size: .93em; overflow-wrap: anywhere; } svg { max-width: 100%; height: auto; }
.usable { color: #1e7e34; } .unusable { color: #b3261e; font-weight: 600; } .unknown { color: #6b6b6b; }
"""


def page(key_map: KeyMap, title: str) -> str:
    """The page, with a line feed at its end."""
    keys = list(key_map.keys.values())
    unsure = sum(key.verdict != USABLE for key in keys)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{_text(title)}</h1>",
        f"<p>{len(keys)} keys, {unsure} of them not known to be usable.",
        "Before you disable a key, make sure that nothing that is still needed depends on it. This page only covers the given hosts, folders and "
        "snapshots.</p>",
        draw(key_map),
        *(_key(key) for key in keys),
        *([_table("Unknown key", "", key_map.loose, with_count=False)] if key_map.loose else []),
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _key(key: Key) -> str:
    about = ", ".join(filter(None, [key.verdict, key.state, key.why]))
    return _table(f"<code><bdi>{_text(key.arn)}</bdi></code>", f'<p class="{key.verdict}">{_text(about)}</p>\n', key.dependents, with_count=True)


def _table(head: str, about: str, dependents: Iterable[Dependent], with_count: bool) -> str:
    count = "<th>Sealed values</th>" if with_count else ""
    rows = "".join(
        f"<tr><td>{each.kind}</td><td><bdi>{_text(each.host)}</bdi></td><td><code><bdi>{_text(each.name)}</bdi></code></td>"
        + (f"<td>{each.count}</td>" if with_count else "")
        + f"<td><bdi>{_text(each.note)}</bdi></td></tr>\n"
        for each in dependents
    )
    return f"<h2>{head}</h2>\n{about}<table>\n<tr><th>Kind</th><th>Host</th><th>Name</th>{count}<th></th></tr>\n{rows}</table>"


def _text(text: str) -> str:
    """A text escaped for HTML, and against Jinja templates."""
    return html.escape(text, quote=True).replace("{", "&#123;").replace("}", "&#125;")
