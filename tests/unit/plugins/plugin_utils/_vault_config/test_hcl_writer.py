# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter to_hcl writes, read by python-hcl2 (HCL 2); the server reads it (HCL 1) in tests/system."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import Body, parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_json import parse_json
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.hcl_writer import to_hcl_text, to_json_text
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
    result = hcl2.loads(to_hcl_text({"seal": [{"awskms": {"a": text}}]}))
    assert list(result) == ["seal"]
    ((label, body),) = result["seal"][0].items()
    assert (label, set(body)) == ('"awskms"', {"a", "__is_block__"})
    assert json.loads(body["a"]) == text


@pytest.mark.parametrize(("data", "message"), [
    ({"a": {"b": "x\0"}}, "a.b contains a NUL character, which a configuration file cannot represent."),
    ({"a": float("nan")}, "a is a number that is not finite."),
    ({"a": "\ud800"}, "a is not valid UTF-8."),
    ({1: "a"}, "The data has a key that is not a string."),
    ({"a": {1: "b"}}, "a has a key that is not a string."),
    ({"a": b"x"}, "a is a bytes, which HCL does not support."),
    ([], "The data must be a dictionary."),
    ({"a": datetime.date(2026, 1, 1)}, "a is a date, which HCL does not support."),
    ({"a": [None]}, "a is a NoneType, which HCL does not support."),
    ({"a": 1 << 63}, "a is a number of more than 64 bits."),
    ({"a": [{"b": float("inf")}, 1]}, "a.b is a number that is not finite."),
    ({"a": [1, {2: "b"}]}, "a has a key that is not a string."),
    ({"a\0": 1}, "The data contains a NUL character, which a configuration file cannot represent."),
    ({"storage": {"\udc80": {}}}, "storage is not valid UTF-8."),
])
def test_what_hcl_cannot_hold(data: Any, message: str) -> None:
    with pytest.raises(SettingError) as error:
        to_hcl_text(data)
    assert error.value.message == message
    with pytest.raises(SettingError) as error:
        to_json_text(data)
    assert error.value.message == message


@pytest.mark.parametrize(("data", "hcl"), [
    ({"storage": {"raft": {"retry_join": [{"auto_join": "x"}]}}}, 'storage "raft" {\n  retry_join {\n    auto_join = "x"\n  }\n}\n'),
    ({"storage": {"raft": {"retry_join": {"auto_join": "x"}}}}, 'storage "raft" {\n  retry_join {\n    auto_join = "x"\n  }\n}\n'),
    ({"HA_Storage": {"raft": {"retry_join": {"a": {"b": {}}}}}}, 'HA_Storage "raft" {\n  retry_join {\n    a {\n      b {}\n    }\n  }\n}\n'),
    ({"listener": [{"tcp": {"telemetry": {"x": True}}}]}, 'listener "tcp" {\n  telemetry {\n    x = true\n  }\n}\n'),
    ({"listener": {"tcp": [{"a": 1}, {"b": 2}]}}, 'listener "tcp" {\n  a = 1\n}\n\nlistener "tcp" {\n  b = 2\n}\n'),
    ({"storage": {"inmem": None}}, 'storage "inmem" {}\n'),
    ({"audit": {"file": {"a": {"options": {"file_path": "x"}}}}}, 'audit "file" "a" {\n  options {\n    file_path = "x"\n  }\n}\n'),
    ({"initialize": {"i": {"request": {"r": {"data": {"a": {"b": 1}}}}}}}, (
        'initialize "i" {\n  request "r" {\n    data {\n      a {\n        b = 1\n      }\n    }\n  }\n}\n'
    )),
    ({"telemetry": {"x": {"y": 1}}}, "telemetry {\n  x {\n    y = 1\n  }\n}\n"),
    ({"other": {"x": {"y": {"z": 1}}}}, 'other "x" "y" {\n  z = 1\n}\n'),
    ({"true": 1}, '"true" = 1\n'),
    ({"user_lockout": {"lockout_threshold": 5}}, "user_lockout {\n  lockout_threshold = 5\n}\n"),
])
def test_labels_only_where_the_type_has_them(data: Any, hcl: str) -> None:
    assert to_hcl_text(data, {"other": 2}) == hcl
    same(data, {"other": 2})


def same(data: Any, labels: dict[str, int] | None = None) -> None:
    """What HCL 1 makes of both forms is the same."""
    def plain(value: Any) -> Any:
        if isinstance(value, Body):
            return [(item.keys, plain(item.value)) for item in value]
        return [plain(each) for each in value] if isinstance(value, list) else (type(value), value)

    assert plain(parse_hcl(to_hcl_text(data, labels))) == plain(parse_json(to_json_text(data, labels)))


NAMES = st.sampled_from(["storage", "Listener", "plugin", "initialize", "request", "telemetry", "raft", "tcp", "true", "a b", "x"])
VALUES = st.one_of(TEXT, st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(allow_nan=False, allow_infinity=False), st.lists(TEXT, max_size=2))
DATA = st.recursive(
    st.dictionaries(NAMES, VALUES, max_size=2),
    lambda inner: st.dictionaries(NAMES, st.one_of(inner, st.lists(inner, min_size=1, max_size=2), VALUES), max_size=3), max_leaves=8,
)


@settings(max_examples=300)
@given(DATA)
@example({"storage": {"raft": {"retry_join": [{"a": {}}]}}})
@example({"a": "\U0001f600\u2028/</"})
def test_hcl_and_json_are_the_same(data: Any) -> None:
    same(data)


@pytest.mark.parametrize("value", [[True], [[1]], [1, {"a": [[1]]}]])
def test_what_the_servers_json_cannot_hold(value: Any) -> None:
    to_hcl_text({"a": value})
    with pytest.raises(SettingError) as error:
        to_json_text({"a": value})
    assert error.value.message == "a has a boolean or a list in a list, which the servers cannot read in JSON; write it as HCL."


def test_json_has_no_escape_of_a_surrogate() -> None:
    assert to_json_text({"a": "\U0001f600\u2028"}) == '{\n  "a": "\U0001f600\u2028"\n}\n'
