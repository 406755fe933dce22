# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the table of the guide about faults from the tests of its rows: `python3 tools/fault_table.py`.

A row is a marker `@pytest.mark.fault(operation=..., fault=..., outcome=...)` of a test, or a comment of a scenario in extensions/molecule:
`# Fault: OPERATION; FAULT; OUTCOME`. With `--check` nothing is written, and the exit code says whether the guide is up to date.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paths import ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_faults.rst"
_BEGIN, _END = ".. The table is written by tools/fault_table.py.\n", ".. End of the table.\n"
_COMMENT = re.compile(r"^ *# Fault: ([^;]+); ([^;]+); (.+)$", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Row:
    """One row: the operation, the fault, its result, and the test."""

    operation: str
    fault: str
    outcome: str
    test: str


def rows() -> list[Row]:
    """All rows, sorted by operation."""
    collected = [row for path in sorted((ROOT / "tests").rglob("test_*.py")) for row in _of_tests(path)]
    collected += [row for path in sorted((ROOT / "extensions" / "molecule").rglob("*.yml")) for row in _of_scenario(path)]
    return sorted(collected)


def _of_tests(path: Path) -> Iterator[Row]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
                fields = {each.arg: ast.literal_eval(each.value) for each in decorator.keywords}
                yield Row(fields["operation"], fields["fault"], fields["outcome"], f"{path.relative_to(ROOT)}: {node.name}")


def _of_scenario(path: Path) -> Iterator[Row]:
    for operation, fault, outcome in _COMMENT.findall(path.read_text(encoding="utf-8")):
        yield Row(operation, fault, outcome, str(path.relative_to(ROOT)))


def table(entries: list[Row]) -> str:
    """The rows as a list-table in reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 26 36 20", ""]
    for cells in [("Operation", "Fault", "Result", "Test"), *((row.operation, row.fault, row.outcome, row.test) for row in entries)]:
        for number, cell in enumerate(cells):
            text = cell.replace("`", "``")
            proof = re.sub(r"^(tests|extensions)/(\S+?)(: (\w+))?$", lambda match: f"``{match[4] or match[2]}``", text) if number == 3 else text
            lines.append(f"   {'*' if number == 0 else ' '} - {proof}")
    return "\n".join(lines) + "\n"


def written(guide: str, entries: list[Row]) -> str:
    """The guide with its table replaced by these rows."""
    before, rest = guide.split(_BEGIN)
    return f"{before}{_BEGIN}\n{table(entries)}\n{_END}{rest.split(_END)[1]}"


def main(arguments: list[str]) -> int:
    """The exit code."""
    guide = GUIDE.read_text(encoding="utf-8")
    wanted = written(guide, rows())
    if "--check" in arguments:
        if guide != wanted:
            print(f"{GUIDE.relative_to(ROOT)} is out of date: run `python3 tools/fault_table.py`.")
        return int(guide != wanted)
    GUIDE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
