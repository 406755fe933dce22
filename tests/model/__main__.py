# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m model`: try the procedures over the model exhaustively. See README.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .bootstrap import Bootstrap
from .change_key import ChangeKey
from .cluster import AWSKMS, AWSKMS_NEW, NEW, OLD, SHAMIR, Cluster, Node, formed
from .explore import Result, Search, explore, walk
from .migrate import Migrate
from .procedure import Procedure
from .rotate import Rotate

_REPORT = Path(__file__).parents[2] / "benchmarks" / "MODEL.md"
_LIMIT = 100000
_WALKS, _LENGTH = 100, 200
_BOTH = (Migrate(AWSKMS), Migrate(SHAMIR))
_THERE_AND_BACK = (ChangeKey(NEW), ChangeKey(OLD))
_ELSEWHERE = "change_key, keys in two accounts"


@dataclass(frozen=True)
class Case:
    """What is tried. ``faults`` is how many a path may have; ``limit`` ends the search after so many states, 0 never.

    ``together`` is how many runs may be under way at the same time; ``walks`` is how many random paths are taken instead of all.
    """

    name: str
    procedures: Sequence[Procedure]
    count: int
    faults: int
    limit: int = 0
    together: int = 1
    walks: int = 0

    def result(self) -> Result:
        search = Search(self.procedures, self.faults, self.together)
        return walk(self.initial(), search, self.walks, _LENGTH) if self.walks else explore(self.initial(), search, self.limit)

    def initial(self) -> list[Cluster]:
        if self.name.startswith("cluster_bootstrap"):
            new = Cluster((Node(),) * self.count)
            return [new, replace(new, nodes=(Node(running=SHAMIR), *new.nodes[1:]))]
        if self.name.startswith("change_key"):
            return [replace(formed(self.count, seal), apart=self.name == _ELSEWHERE) for seal in (AWSKMS, AWSKMS_NEW)]
        seals = (AWSKMS,) if self.name.startswith("seal_rotate") else (SHAMIR, AWSKMS)
        return [formed(self.count, seal) for seal in seals]


def _cases(sample: bool, limit: int) -> list[Case]:
    wrong = (*_BOTH, Migrate(AWSKMS, right=False), Migrate(SHAMIR, right=False, token=False))
    rotate, bootstrap = (Rotate(),), (Bootstrap(),)
    if sample:
        return [
            Case("migrate", _BOTH, 1, 1), Case("migrate", _BOTH, 3, 0), Case("migrate", _BOTH, 3, 1, 12000), Case("migrate", _BOTH, 3, 0, 4000, 2),
            Case("migrate", _BOTH, 5, 3, together=2, walks=10), Case("migrate, also with wrong shares", wrong, 1, 1),
            Case("seal_rotate", rotate, 1, 2), Case("seal_rotate", rotate, 3, 1), Case("seal_rotate", rotate, 3, 0, together=2),
            Case("cluster_bootstrap", bootstrap, 1, 2), Case("cluster_bootstrap", bootstrap, 3, 1), Case("cluster_bootstrap", bootstrap, 3, 0, together=2),
            Case("change_key", _THERE_AND_BACK, 1, 1), Case(_ELSEWHERE, _THERE_AND_BACK, 1, 1), Case(_ELSEWHERE, _THERE_AND_BACK, 3, 0, 4000),
        ]  # fmt: skip
    return [
        *(Case("migrate", _BOTH, count, 0) for count in (3, 4, 5)),
        *(Case("migrate", _BOTH, count, faults, limit) for count, faults in ((1, 3), (2, 2), (3, 1), (3, 2), (4, 1))),
        *(Case("migrate", _BOTH, count, faults, limit, 2) for count, faults in ((1, 1), (3, 0), (3, 1))),
        *(Case("migrate", _BOTH, count, 3, together=2, walks=_WALKS) for count in (3, 4, 5)),
        Case("migrate, also with wrong shares", wrong, 1, 2, limit), Case("migrate, also with wrong shares", wrong, 3, 0, limit),
        *(Case(name, _THERE_AND_BACK, count, faults, limit) for name in ("change_key", _ELSEWHERE) for count, faults in ((1, 2), (3, 0), (3, 1), (4, 0))),
        *(Case("seal_rotate", rotate, count, faults, limit) for count, faults in ((1, 4), (2, 4), (3, 3), (4, 3), (5, 2))),
        *(Case("seal_rotate", rotate, count, faults, limit, 2) for count, faults in ((1, 2), (3, 1))),
        Case("seal_rotate", rotate, 5, 4, together=2, walks=_WALKS),
        *(Case("cluster_bootstrap", bootstrap, count, faults, limit) for count, faults in ((1, 4), (2, 4), (3, 3), (4, 2), (5, 2))),
        *(Case("cluster_bootstrap", bootstrap, count, faults, limit, 2) for count, faults in ((1, 2), (3, 1))),
        Case("cluster_bootstrap", bootstrap, 5, 4, together=2, walks=_WALKS),
    ]  # fmt: skip


def _row(case: Case, result: Result, seconds: float) -> str:
    limit = "" if result.complete else f" ({case.walks} paths)" if case.walks else " (limit)"
    cells = (
        case.name, case.count, case.faults, case.together, f"{result.states:,}{limit}", f"{result.transitions:,}", f"{result.clusters:,}",
        len(result.violations),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} | {seconds:.0f} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("--sample", action="store_true", help="the bounded part that `make test` runs")
    parser.add_argument("--limit", type=int, default=_LIMIT, help="how many states of a case at most; 0 for all")
    parser.add_argument("--only", default="", help="cases whose name has this text")
    arguments = parser.parse_args()
    head = ("procedure", "nodes", "faults", "runs at once", "states", "transitions", "clusters from which runs begin", "violations", "seconds")
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}"]
    print("\n".join(lines), flush=True)
    wrong = False
    for case in _cases(arguments.sample, arguments.limit):
        if arguments.only not in case.name:
            continue
        began = time.monotonic()
        result = case.result()
        lines.append(_row(case, result, time.monotonic() - began))
        print(lines[-1], flush=True)
        for violation, path in result.violations.items():
            wrong = True
            print("\n".join([f"\n{violation}", *(f"  {step}" for step in path), ""]), flush=True)
    if not arguments.sample and not arguments.only:
        _REPORT.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return int(wrong)


_HEAD = """<!--
Copyright (c) 2026, the sealwright.vault_seal authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# States of a cluster that were tried

Written by `make model`; `tests/model/README.md` explains the model and its properties. A state is a cluster with the steps that a run still has to take;
`faults` is how many faults a path may have, beside runs that are killed, begin again or turn round, which are not limited.
`(limit)` marks a search that ended at its limit of states (`--limit`), and `(100 paths)` a search that took so many random paths of 200 steps, which reach the
depths of a space that is too large. With two runs at once, their steps are taken in any order.

"""

if __name__ == "__main__":
    sys.exit(main())
