# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opened documents, which are secrets: YAML and JSON of lookup and filters, and files of variables."""

from __future__ import annotations

import contextlib
import json

from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import at_path, encoded
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.document import parse_variables
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import MARK, Driver, check_same

Display.verbosity = -1
_LOADER = DataLoader()
_MARK = MARK.encode()
_YAML = (
    b"---\na: &x {b: [1, 0x1f, 1:30, 2026-01-31, null, yes, 1.5]}\nc: *x\nd:\n  <<: *x\n  e: !unsafe '{{ f }}'\n",
    b"password: " + _MARK + b"\nlist:\n  - " + _MARK + b"\n  - |\n    text\n  - >-\n    more\n",
    b"a: !!bool " + _MARK + b"\n? [b]\n: " + _MARK,
    b"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3862\n",
    b'{"a": "' + _MARK + b'", "b": [1, -2.5e3, true, null, "\\ud83d\\ude00"]}',
)
_WORDS = (
    *(_MARK, b"&x ", b"*x", b"<<: ", b"!!", b"!!bool ", b"!!int ", b"!!float ", b"!!timestamp ", b"!!binary ", b"!!set ", b"!!omap ", b"!!pairs "),
    *(b"!!null ", b"!!str "),
    *(b"!unsafe ", b"!vault ", b"!!python/", b"%YAML 1.1\n", b"---\n", b"...\n", b"? ", b": ", b"- ", b"|\n", b">-\n", b"[", b"]", b"{", b"}"),
    *(b"2026-02-30", b"0x", b"1:59", b".inf", b"\\x", b"\\U0001f600"),
)


def _yaml(data: bytes) -> None:
    document = encoded("The value", data, "yaml", _LOADER)
    with contextlib.suppress(KeyError):
        at_path("The value", document, ["a", "0", "-1"])


def _json(data: bytes) -> None:
    document = encoded("The value", data, "json")
    check_same("the document", document, encoded("The value", json.dumps(document).encode(), "json"))


DRIVERS = (
    Driver("document_yaml", _yaml, lambda: _YAML, _WORDS, secret=True),
    Driver(
        "document_json",
        _json,
        lambda: [_YAML[-1], b'["' + _MARK + b'", {}]'],
        (*_WORDS[:1], b'"', b"{", b"[", b":", b",", b"NaN", b"1e400", b"\\u"),
        secret=True,
    ),
    Driver("document_variables", lambda data: parse_variables(_LOADER, data, "/srv/all.yml.sealed"), lambda: _YAML, _WORDS, secret=True),
)
