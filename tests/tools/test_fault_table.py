# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table in the guide on failures matches the tests."""

from __future__ import annotations

import fault_table


def test_the_guide_is_up_to_date():
    guide = fault_table.GUIDE.read_text(encoding="utf-8")
    assert guide == fault_table.written(guide, fault_table.rows()), "run `python3 tools/fault_table.py`"


def test_rows_come_from_tests_and_scenarios(tmp_path, monkeypatch):
    monkeypatch.setattr(fault_table, "ROOT", tmp_path)
    tests, scenario = tmp_path / "tests" / "system", tmp_path / "extensions" / "molecule" / "rotate"
    for folder in (tests, scenario):
        folder.mkdir(parents=True)
    (tests / "test_one.py").write_text(
        '@pytest.mark.fault(operation="wrap", fault="the disk " "is full", outcome="`file_error`")\ndef test_full(): ...\n', encoding="utf-8"
    )
    (scenario / "converge.yml").write_text("    # Fault: rotate; the run is killed; The next run succeeds.\n", encoding="utf-8")
    result = fault_table.rows()
    assert [(row.operation, row.fault, row.outcome) for row in result] == [
        ("rotate", "the run is killed", "The next run succeeds."),
        ("wrap", "the disk is full", "`file_error`"),
    ]
    assert "     - ``file_error``\n     - ``test_full``\n" in fault_table.table(result)
    assert "     - ``molecule/rotate/converge.yml``\n" in fault_table.table(result)
