# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a restore drill of the timer is due, and what the status keeps of it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.drill import ServerOptions, is_due
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.status import Status, new_result
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
PASSED, FAILED = {"restorable": True}, {"restorable": False}
TAKEN = {"taken": True, "proven": True, "time": "", "path": "/x", "size": 1, "sha256": "", "index": 1, "proof": "open", "cluster_id": ""}


@pytest.mark.parametrize(("status", "due"), [
    ({}, False), ({"undrilled": 1}, True), ({"undrilled": 23, "drill": PASSED}, False), ({"undrilled": 24, "drill": PASSED}, True),
    ({"undrilled": 0, "drill": FAILED}, False), ({"undrilled": 1, "drill": FAILED}, True), ({"undrilled": 1, "drill": {}}, True),
    ({"undrilled": True, "drill": PASSED}, False), ({"undrilled": "99", "drill": PASSED}, False), ({"undrilled": 1, "drill": "passed"}, True),
])
def test_when_a_drill_is_due(status, due):
    assert is_due(status, 24) is due


@pytest.mark.parametrize(("former", "result", "count"), [
    (None, {}, 0), (None, TAKEN, 1), ({"undrilled": 4}, TAKEN, 5), ({"undrilled": 4}, {**TAKEN, "proven": False}, 4), ({"undrilled": -4}, TAKEN, 1),
])
def test_the_status_counts_and_keeps(tmp_path, former, result, count):
    path = tmp_path / "status.json"
    if former:
        path.write_text(json.dumps({"format": 1, "drill": PASSED, "drill_passed": "x", **former}), encoding="utf-8")
    Status(str(path), NOW).write({**new_result(), **result}, None)
    status = json.loads(path.read_text(encoding="utf-8"))
    assert (status["undrilled"], status["drill"]) == (count, PASSED if former else None)


def test_each_run_has_its_own_name(tmp_path):
    runs = set()
    for _time in range(3):
        Status(str(tmp_path / "status.json"), NOW).write(new_result(), None)
        runs.add(json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))["run"])
    assert len(runs) == 3


def test_a_drill_has_all_parameters_of_the_module():
    parameters = ServerOptions.of({"unit": "openbao"}).parameters("/x.snap")
    assert set(SERVER_SETTINGS_SPEC) | {"src", "token", "recovery_keys", "canary_path", "force", "network", "timeout", "seal"} <= set(parameters)
    assert (parameters["unit"], parameters["config"], parameters["product"], parameters["src"]) == ("openbao", None, None, "/x.snap")
    assert ServerOptions.of({"config": []}).parameters("/x")["config"] == []
