# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of the role seal_rotate."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_rotate_report import report

ALIAS = "alias/vault"
PRICE = (
    "The next server is restarted only when the previous one is unsealed and raft reports all servers as healthy. While the active server restarts, requests "
    "fail for some seconds."
)
VERIFY = "Take a new snapshot, and verify that nothing in it depends on another key."


def made(**facts: Any) -> dict[str, Any]:
    return {"before": "old", "new": "new", "active": "a", "order": ["b", "c", "a"], "left": [], "found": {"index": 7}, **facts}


def texts(plan: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return report({"alias": ALIAS, "files": [], "snapshots": [], "at_first": {"others": []}, **run}, made() if plan is None else plan)


def test_the_steps() -> None:
    assert texts(made(left=["old", "older"]))["steps"] == [
        "Next steps:",
        f"Point {ALIAS} to new instead of old. This does not change any stored data.",
        f"Restart b, then c, then a, because the stored keys depend on old and older. {PRICE}",
        VERIFY,
        "Leave all keys enabled.",
    ]


def test_the_steps_of_a_run_that_changes_nothing() -> None:
    assert texts(made(before="new"))["steps"][1:3] == [
        f"Leave {ALIAS} unchanged: it already points to new.", "Restart no server: the stored keys depend on new only."
    ]


def test_the_steps_in_check_mode_without_a_token() -> None:
    older = [{"item": "x.snap", "kms_keys": [{"arn": "old"}, {"arn": "new"}]}]
    steps = texts(check_mode=True, at_first={}, files=["f", "g"], older=older)["steps"]
    assert steps[0] == "Check mode: nothing is changed. A run without --check would:"
    assert steps[2:] == [
        "Restart b, then c, then a, unless a snapshot shows that the stored keys depend on the new key only; this cannot be checked without seal_rotate_token. "
        + PRICE,
        VERIFY,
        "Move these files to new, unless they use it already: f, g.",
        "Report that these older snapshots depend on another key: x.snap: old.",
        "Leave all keys enabled.",
    ]


@pytest.mark.parametrize(("older", "snapshots", "line"), [
    ([{"item": "x", "kms_keys": [{"arn": "old"}, {"arn": "older"}]}, {"item": "y", "kms_keys": [{"arn": "new"}]}, {"item": "z"}], ["x", "y", "z"],
     "These snapshots depend on another key, which must stay enabled as long as they are kept: x: old and older."),
    ([{"item": "y", "kms_keys": [{"arn": "new"}]}], ["y"], "None of the older snapshots in seal_rotate_snapshots depends on another key."),
    ([], [], "No older snapshots were checked (seal_rotate_snapshots); all snapshots that were taken before depend on the old key."),
])  # fmt: skip
def test_the_verdict(older: list[dict[str, Any]], snapshots: list[str], line: str) -> None:
    rewrapped = [{"name": "f", "changed": True, "from_key_arns": ["old"]}, {"name": "g", "changed": False, "from_key_arns": ["new"]}]
    verdict = texts(older=older, snapshots=snapshots, files=["f", "g"], rewrapped=rewrapped)["verdict"]
    assert verdict[:4] == [
        "3 servers are unsealed; a is active.",
        "A new snapshot, at index 7, depends on new only: no server needs another key any more.",
        "1 of 2 sealed files were moved; all of them use new.",
        line,
    ]


def test_the_old_keys_and_the_files() -> None:
    facts = texts(
        made(before="new"), at_first={"others": ["old"]}, older=[{"item": "x", "kms_keys": [{"arn": "older"}, {"arn": "new"}]}],
        rewrapped=[{"name": "f", "changed": True, "from_key_arns": ["oldest", "old"]}],
    )  # fmt: skip
    assert (facts["old_keys"], facts["moved"], facts["still"]) == (["old", "older", "oldest"], ["f"], ["x: older"])
    assert "It is safe to disable old and older and oldest when no backup" in facts["verdict"][-1]
    assert "It is safe to disable the old key when no backup" in texts(made(before="new"))["verdict"][-1]


@pytest.mark.parametrize(("run", "line"), [
    ({"rotation": {"changed": True, "rotated_at": None}, "check_mode": True},
     f"Check mode: the key material of old ({ALIAS}) would be rotated, since it has not been rotated since 2026-01-31."),
    ({"rotation": {"changed": False, "rotated_at": "2026-02-01"}, "check_mode": True}, f"The key material of old ({ALIAS}) was rotated at 2026-02-01, after "
     "2026-01-31."),
    ({"rotation": {"changed": True, "rotated_at": "2026-02-01"}}, f"The key material of old ({ALIAS}) was rotated at 2026-02-01, after 2026-01-31."),
])  # fmt: skip
def test_new_material(run: dict[str, Any], line: str) -> None:
    first, second = texts(rotated_since="2026-01-31", **run)["rotation"]
    assert (first, second.startswith("Nothing has to be encrypted again, and no server has to be restarted: ")) == (line, True)
    assert texts()["rotation"] == []
