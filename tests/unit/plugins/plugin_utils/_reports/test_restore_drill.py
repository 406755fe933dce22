# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a restore drill as lines of text."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.restore_drill import report_lines

STEPS = [{"step": "start", "seconds": 1.25, "proof": "it listens"}, {"step": "initialise", "seconds": "12", "proof": "version 2"}]


@pytest.mark.parametrize(("result", "inspected", "lines"), [
    ({"steps": STEPS}, {"kms_keys": [{"arn": "arn:x"}, {"arn": "arn:y"}]}, [
        "/s: can be restored today", "depends on arn:x", "depends on arn:y", "start           1.2 s  it listens", "initialise     12.0 s  version 2",
    ]),
    ({"planned": ["start a server", "unseal it"]}, {}, ["/s: not tested in check mode", "would start a server", "would unseal it"]),
    ({"msg": "The server is sealed.", "failed_step": "unseal", "server_log": ["one", "two\nthree"]}, {"kms_keys": None}, [
        "/s: CANNOT BE RESTORED", "unseal        FAILED   The server is sealed.", "the server's log: one", "the server's log: two", "three",
    ]),
    ({"msg": "No executable.", "failed_step": None}, {}, ["/s: CANNOT BE RESTORED", "prepare       FAILED   No executable."]),
])  # fmt: skip
def test_the_lines(result: dict[str, Any], inspected: dict[str, Any], lines: list[str]) -> None:
    assert report_lines(result, "/s", inspected) == lines
