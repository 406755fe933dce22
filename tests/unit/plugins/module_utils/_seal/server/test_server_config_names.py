# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of a folder and which blocks of a file count, as for the servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import (
    ServerConfig,
    is_temporary,
    parse_config,
    read_config,
)


@pytest.mark.parametrize(("name", "temporary"), [
    ("a.hcl", False), ("#10-seal.hcl", False), ("a.hcl~", True), (".#a.hcl", True), ("#a.hcl#", True), (".a.hcl", False), ("a#.hcl", False),
])
def test_temporary_files(name: str, temporary: bool) -> None:
    assert is_temporary(name) is temporary


@pytest.mark.parametrize("text", ['Seal "awskms" {}', 'SEAL "awskms" {}', 'Hsm "awskms" {}', '{"Seal": {"awskms": {"x": "1"}}}'])
def test_blocks_match_without_case(text: str) -> None:
    config = ServerConfig()
    parse_config(text, "f", config)
    assert [stanza.type for stanza in config.stanzas] == ["awskms"]


@pytest.mark.parametrize(("number", "text"), [("1.23456789012345", "1.23456789012345"), ("0.0000001", "0.0000001"), ("1.5", "1.5"), ("2.0", "2")])
def test_numbers_are_written_as_go_writes_them(number: str, text: str) -> None:
    config = ServerConfig()
    parse_config(f'seal "awskms" {{\n  x = {number}\n}}\n', "f", config)
    assert config.stanzas[0].settings == {"x": text}


def test_what_cannot_be_read_is_kept_on_request(tmp_path: Path) -> None:
    (tmp_path / "a.hcl").write_text('seal "awskms" {', encoding="utf-8")
    (tmp_path / "b.hcl").write_text('storage "raft" {\n  path = "/data"\n}\n', encoding="utf-8")
    unread: list[SettingError] = []
    config = read_config([str(tmp_path)], unread=unread)
    assert [str(tmp_path / "a.hcl") in error.message for error in unread] == [True]
    assert config.storages == [("raft", "/data")]
    with pytest.raises(SettingError):
        read_config([str(tmp_path)])
