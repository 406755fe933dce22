# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter to_hcl writes, read by python-hcl2 (HCL 2); the server reads it (HCL 1) in tests/system."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.hcl import parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.hcl_text import to_hcl_text
from hypothesis import example, given, settings
from hypothesis import strategies as st

HOSTILE = ['"', '\\"', "${x}", "%{ if true }", "$${x}", "a\nseal {", '"}\nseal "shamir" {', "\\", "\u2028", "\ue123", "\x7f", "$", "{", "é😀", "\ufeff"]
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20) | st.sampled_from(HOSTILE)


def test_a_whole_server() -> None:
    assert to_hcl_text({
        "ui": True,
        "storage": {"raft": {"path": "/opt", "performance_multiplier": 1, "retry_join": [{"leader_api_addr": "a"}, {"leader_api_addr": "b"}]}},
        "listener": [{"tcp": {"address": "[::]:8200", "tls_disable": False}}, {"unix": {}}],
        "seal": [{"awskms": {"kms_key_id": "alias/x", "region": None}}],
        "telemetry": {"labels": ["a", 1.5], "x y": "z"},
        "plugin": {"kms": {"awskms": {"command": "c"}}},
    }) == """ui = true

storage "raft" {
  path = "/opt"
  performance_multiplier = 1
  retry_join {
    leader_api_addr = "a"
  }
  retry_join {
    leader_api_addr = "b"
  }
}

listener "tcp" {
  address = "[::]:8200"
  tls_disable = false
}

listener "unix" {}

seal "awskms" {
  kms_key_id = "alias/x"
}

telemetry {
  labels = ["a", 1.5]
  "x y" = "z"
}

plugin "kms" "awskms" {
  command = "c"
}
"""


@given(st.lists(TEXT, max_size=3))
@example(HOSTILE)
def test_hcl1_reads_every_text_back(texts: list[str]) -> None:
    (item,) = parse_hcl(to_hcl_text({"seal": [{"awskms": {"a": texts}}]}))
    assert item.keys == ("seal", "awskms")
    assert item.value[0].value == texts


@settings(max_examples=30, deadline=None)
@given(TEXT)
@example("${x}")
@example("%{ if true }")
@example('"}\nseal "shamir" {')
def test_hcl2_reads_every_text_back(text: str) -> None:
    """Its reader keeps quotes and escapes, which are JSON's; what begins a template it would show otherwise."""
    hcl2 = pytest.importorskip("hcl2", reason="only the environment for development has it")
    found = hcl2.loads(to_hcl_text({"seal": [{"awskms": {"a": text}}]}))
    assert list(found) == ["seal"]
    ((label, body),) = found["seal"][0].items()
    assert (label, set(body)) == ('"awskms"', {"a", "__is_block__"})
    assert json.loads(body["a"]) == text


@pytest.mark.parametrize(("data", "message"), [
    ({"a": {"b": "x\0"}}, "a.b has a NUL character, which no configuration file can hold."),
    ({"a": float("nan")}, "a is a number that is not finite."),
    ({"a": "\ud800"}, "a is no text in UTF-8."),
    ({1: "a"}, "The data has a key that is no text."),
    ({"a": {1: "b"}}, "a has a key that is no text."),
    ({"a": b"x"}, "a is a bytes, which HCL does not know."),
    ([], "The data is no dictionary."),
])
def test_what_hcl_cannot_hold(data: Any, message: str) -> None:
    with pytest.raises(SettingError) as error:
        to_hcl_text(data)
    assert error.value.message == message
