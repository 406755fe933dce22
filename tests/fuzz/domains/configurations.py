# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations of servers, in HCL and in JSON; and HCL as it is written and read back."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.hcl_writer import to_hcl_text
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import LARGE, Driver, check_same
from ansible_collections.sealwright.vault_seal.tests.fuzz.structure import Source

_HCL = (
    b'seal "awskms" {\n  region = "us-east-1" # here\n  kms_key_id = "alias/x"\n  disabled = "true"\n}\n',
    b'storage "raft" {\n path = "/srv"\n retry_join { leader_api_addr = "a" }\n}\nlistener "tcp" { address = "[::]:1", tls_disable = 1 }\n',
    b'a = <<EOT\nx\n EOT\nEOT\nb = <<-END\n  y\n  END\nc = [1, 0x1f, 017, 1.5e3, true, "${x}"]\n',
    b'/* a */ // b\n"key" "label" = 5\nplugin "kms" "awskms" { command = "c\\u00e9\\x41\\101" }\nui = true',
)
_JSON = (
    b'{"seal": [{"awskms": {"region": "us-east-1", "disabled": "false"}}], "ui": true}',
    b'{"seal": {"awskms": [{"kms_key_id": "x"}, {"endpoint": null}]}, "a": [1, 1.5, -2e3, "\\ud83d\\ude00"]}',
    b'{"plugin": {"kms": {"awskms": {"command": "c", "args": ["a"]}}},}',
)
_WORDS = (
    b'"', b"{", b"}", b"[", b"]", b"=", b",", b"<<EOT\n", b"<<-EOT\n", b"\nEOT\n", b"${", b"/*", b"*/", b"#", b"\\u0041", b"\\x", b"seal", b"awskms",
    b"0x", b"1e9", b"true",
)


def _hcl(data: bytes) -> None:
    parse_config("\n" + data.decode("utf-8", "surrogateescape"), "file", ServerConfig())


def _json(data: bytes) -> None:
    parse_config("{" + data.decode("utf-8", "surrogateescape").lstrip("{"), "file", ServerConfig())


def _written(data: bytes) -> None:
    attributes = Source(data).attributes()
    items = parse_hcl(to_hcl_text({"seal": [{"awskms": attributes}]}))
    check_same("the block", [("seal", "awskms")], [item.keys for item in items])
    check_same("its settings", {(name,): _like_hcl(value) for name, value in attributes.items()}, {item.keys: item.value for item in items[0].value})


def _like_hcl(value: Any) -> Any:
    return [_like_hcl(each) for each in value] if isinstance(value, list) else value


DRIVERS = (
    Driver("config_hcl", _hcl, lambda: _HCL, _WORDS, longest=LARGE),
    Driver("config_json", _json, lambda: _JSON, (*_WORDS, b":", b"null", b"\\ud800"), longest=LARGE),
    Driver(
        "hcl_written",
        _written,
        lambda: [bytes(range(64)), b"\x04\x01\x05\x20${x}\"\\\n\xef\xbb\xbf", bytes(200)],
        (b"${", b"%{", b"\\", b'"', b"\n", b"\xe2\x80\xa8"),
    ),
)
