# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of keys as an HTML page."""

from __future__ import annotations

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import FILES, HOST, Dependent, KeyMap
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map_html import page

ARN = "arn:aws:kms:us-east-1:111122223333:key/1"


def test_the_rows_are_escaped() -> None:
    found = KeyMap()
    found.add(Dependent(FILES, "a<b", "{{ x }}'\"", (ARN,), 3, "<i>"))
    found.key(ARN).learn(False, "Disabled", ["It is & was."])
    text = page(found, "T & <u>")
    row = '<tr><td>files</td><td><bdi>a&lt;b</bdi></td><td><code><bdi>&#123;&#123; x &#125;&#125;&#x27;&quot;</bdi></code></td><td>3</td>'
    assert row + "<td><bdi>&lt;i&gt;</bdi></td></tr>" in text
    assert f"<h2><code><bdi>{ARN}</bdi></code></h2>" in text
    assert '<p class="unusable">unusable, Disabled, It is &amp; was.</p>' in text
    assert "<h1>T &amp; &lt;u&gt;</h1>" in text
    assert "<p>1 keys, 1 of them not known to be usable." in text
    assert "Unknown key" not in text
    assert "{{" not in text
    assert text.endswith("</html>\n")


def test_what_has_no_key() -> None:
    found = KeyMap()
    found.add(Dependent(HOST, "a", "seal", (), note="this host was not checked"))
    text = page(found, "T")
    assert "<h2>Unknown key</h2>" in text
    assert "<td>host</td><td><bdi>a</bdi></td><td><code><bdi>seal</bdi></code></td><td><bdi>this host was not checked</bdi></td></tr>" in text
    assert "<p>0 keys, 0 of them" in text
