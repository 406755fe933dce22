# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of profiles, as aws-sdk-go v1 reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.profiles import MalformedProfiles, parse_profiles, read_profiles


@pytest.mark.parametrize(("text", "sections"), [
    ("", {}),
    ("[default]\nregion=a\n", {"default": {"region": "a"}}),
    ("  [ profile  x ]\r\n\tregion : a b\t \r\n", {"profile  x": {"region": "a b\t"}}),
    ("[a]\nx = 1 # no\ny = 1#yes\n; z = 1\n", {"a": {"x": "1", "y": "1#yes"}}),
    ("[a]\nx = 1\n[a]\ny = 2\n", {"a": {"y": "2"}}),
    ("[a]\nx =\n  nested = 1\n\ny = 2\n", {"a": {"y": "2"}}),
    ("[a]\nword\n  nested = 1\ny = 2", {"a": {"y": "2"}}),
    ('[a]\nx = "b # c"\ny = "q\\"r"\n', {"a": {"x": "b # c", "y": 'q"r'}}),
    ('[a]\nx = "two\nlines" rest\n', {"a": {"x": "two\nlines"}}),
    ("[a]\nx = 1 ,2\ny = 1,2\n", {"a": {"y": "1,2"}}),
    ("[a]\nx = b = c [d]\n", {"a": {"x": "b = c [d]"}}),
    ("[a]\ntwo words = 1\n", {"a": {"two words": "1"}}),
    ("[a] x = 1\n", {"a": {"x": "1"}}),
    ("[two\nlines]\nx = 1\n", {"twolines": {"x": "1"}}),
    ("x = 1\n", {"": {"x": "1"}}),
    ("[a]\nX = 1\n", {"a": {"X": "1"}}),
    ("[a]\nx =", {"a": {}}),
])
def test_what_is_read(text: str, sections: dict[str, dict[str, str]]) -> None:
    assert parse_profiles(text) == sections


@pytest.mark.parametrize("text", [
    "[a\n", "[a", "[]\n", "[a ,b]\n", "[a[b]]\n", "= 1\n", ", 1\n", "]\n", "[a]\nword", "[a]\nword # comment\n", "[a]\nx = # comment\n", "[a]\nx = ,1\n",
    '[a]\nx = "open\n', "[a # b]\n", "[a]\nword [b]\n",
])
def test_what_is_refused(text: str) -> None:
    with pytest.raises(MalformedProfiles):
        parse_profiles(text)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"[a]\nx = \xff\n")
    assert read_profiles(str(tmp_path / "config")) == {"a": {"x": "\ufffd"}}
    assert read_profiles(str(tmp_path / "none")) is None
    assert read_profiles(str(tmp_path)) is None
    assert read_profiles("") is None
    assert read_profiles("a\0b") is None
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * (1 << 20) + b"\n")
    for name in ("pipe", "large"):
        with pytest.raises(SettingError) as refused:
            read_profiles(str(tmp_path / name))
        assert refused.value.reason == "cannot_tell"
