# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a change of seal is refused: what is not known is a reason to refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.initialised import Answer, has_data, read_answer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.seal_change import (
    ALLOW,
    SAME_KEY,
    Comparison,
    Present,
    check_change,
)

DOUBT = ("/etc/openbao/10-seal.json: line 3: this is no JSON",)
OTHER, UNTOLD, SAME = Comparison(False, "a", "b"), Comparison(None, "a", "b", "KMS said no."), Comparison(True)


def known(**more: Any) -> Present:
    return Present(**{"initialised": True, "type": "awskms", "has_key": True, **more})


def refusal(present: Present, new: str = "awskms", compared: Comparison = SAME, **flags: bool) -> str:
    try:
        check_change(present, new, "alias/new", lambda: compared, **flags)
    except SettingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("present", "new", "compared", "variable"), [
    (known(), "awskms", OTHER, SAME_KEY),
    (known(), "awskms", UNTOLD, SAME_KEY),
    (known(has_key=False), "awskms", SAME, SAME_KEY),
    (known(), "shamir", SAME, ALLOW),
    (known(type="shamir"), "awskms", SAME, ALLOW),
    (known(type="transit"), "awskms", SAME, ALLOW),
    (known(type="", doubts=DOUBT), "awskms", SAME, SAME_KEY),
    (known(doubts=DOUBT), "awskms", SAME, SAME_KEY),
    (known(type="", doubts=DOUBT), "shamir", SAME, ALLOW),
    (known(type="", fresh=True), "awskms", SAME, SAME_KEY),
    (known(initialised=None, type="", doubts=DOUBT, fresh=True), "awskms", SAME, SAME_KEY),
    (known(initialised=None), "awskms", OTHER, SAME_KEY),
])
def test_a_refusal_names_what_overrides_it(present: Present, new: str, compared: Comparison, variable: str) -> None:
    message = refusal(present, new, compared)
    assert variable in message
    assert all(doubt in message for doubt in present.doubts)
    assert refusal(present, new, compared, **{{SAME_KEY: "same_key", ALLOW: "allow"}[variable]: True}) == ""
    assert refusal(present, new, compared, **{{SAME_KEY: "allow", ALLOW: "same_key"}[variable]: True}) == message


@pytest.mark.parametrize(("present", "new"), [
    (known(initialised=False, type="", doubts=DOUBT), "awskms"),
    (known(initialised=None, type="", fresh=True), "awskms"),
    (known(unchanged=True), "awskms"),
    (known(type="shamir"), "shamir"),
])
def test_nothing_is_lost(present: Present, new: str) -> None:
    assert refusal(present, new, OTHER) == ""


def test_an_allowed_change_of_type_allows_no_other_key() -> None:
    assert SAME_KEY in refusal(known(), compared=OTHER, allow=True)


@pytest.mark.parametrize(("status", "content", "expected"), [
    (200, b'{"initialized": true, "type": "awskms"}', Answer(True, "awskms")),
    (200, b'{"initialized": false, "type": "shamir"}', Answer(False, "shamir")),
    (200, b'{"initialized": "true", "type": "awskms"}', None),
    (200, b'{"initialized": true}', None),
    (200, b'{"initialized": true, "type": null}', None),
    (200, b"<html>", None),
    (200, b"[]", None),
    (200, b"[" * 100000, None),
    (503, b'{"initialized": false, "type": "awskms"}', None),
    (200, b"\xff", None),
])
def test_an_answer_is_understood_or_a_doubt(status: int, content: bytes, expected: Any) -> None:
    answer = read_answer(status, content, "https://server")
    assert answer == expected if expected else (answer.initialised is None and answer.doubt.startswith("The response of https://server"))


def test_data_on_disk(tmp_path: Any) -> None:
    path = str(tmp_path)
    assert has_data([("raft", path)]) is False
    assert has_data([("inmem", "")]) is False
    assert has_data([]) is None
    assert has_data([("consul", "vault/")]) is None
    assert has_data([("raft", "")]) is None
    assert has_data([("raft", path), ("consul", "")]) is None
    (tmp_path / "raft").mkdir()
    (tmp_path / "raft" / "raft.db").touch()
    assert has_data([("raft", path), ("consul", "")]) is True
