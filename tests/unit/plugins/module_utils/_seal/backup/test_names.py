# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and records of snapshots: only what this collection wrote is recognised."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.names import SnapshotName, checked_name
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.record import Record
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from hypothesis import given
from hypothesis import strategies as st

NAME = "vault-20261128T043607Z.snap"


def record(**changes: Any) -> Record:
    return Record(**{"name": NAME, "time": "2026-11-28T04:36:07+00:00", "size": 5, "sha256": "0" * 64, "proof": "open", **changes})


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)), st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,30}[a-z0-9])?", fullmatch=True), st.booleans())
def test_a_name_is_read_as_it_was_written(time: datetime, name: str, proven: bool) -> None:
    named = SnapshotName(checked_name(name), time.replace(microsecond=0, tzinfo=timezone.utc), proven)
    assert SnapshotName.parse(str(named)) == named


@pytest.mark.parametrize("name", [
    "vault.snap", "vault-20261128T043607Z.snap.json", "vault-20261128T043607Z.snap.bak", "vault-20261328T043607Z.snap", "vault-20261128T043607Z",
    "-20261128T043607Z.snap", ".vault-20261128T043607Z.snap", "vault-20261128T043607Z.snap\n", "vault-\u0662\u0660261128T043607Z.snap",
])  # fmt: skip
def test_another_name_is_foreign(name: str) -> None:
    assert SnapshotName.parse(name) is None


@pytest.mark.parametrize("name", ["", "a/b", "-a", "a-", ".a", "a" * 65, "a b", "\u00e4"])
def test_names_that_are_no_part_of_a_file_name_are_rejected(name: str) -> None:
    with pytest.raises(SettingError, match="name"):
        checked_name(name)


def test_a_record_is_read_as_it_was_written() -> None:
    written = record(sent={"s3://bucket/": {"size": 5}})
    assert Record.parse(written.as_json(), NAME, 5) == written


@pytest.mark.parametrize(("changes", "size"), [
    ({"name": "vault-20261128T043608Z.snap"}, 5), ({}, 6), ({"proof": ""}, 5), ({"sha256": "x"}, 5), ({"format": 2}, 5), ({"sent": []}, 5),
    ({"size": "5"}, 5), ({"uploads": {"a": 1}}, 5), ({"msg": None}, 5),
])  # fmt: skip
def test_a_record_of_another_file_is_none(changes: dict[str, Any], size: int) -> None:
    assert Record.parse(record(**changes).as_json(), NAME, size) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, json.dumps({"format": 1}).encode()])
def test_what_is_no_record(content: bytes) -> None:
    assert Record.parse(content, NAME, 5) is None
