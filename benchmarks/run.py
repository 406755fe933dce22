# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of this collection beside what users would pick instead, in one run, as ratios.

`python benchmarks/run.py` takes a quarter of an hour and writes RESULTS.md and the pictures of growth beside itself;
`--quick` runs everything once, on few values and hosts, and writes nothing: it shows that the benchmark works, and counts the calls to KMS.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import growth  # noqa: E402
import report  # noqa: E402
import scenarios  # noqa: E402
from peers import ALIAS  # noqa: E402
from plays import Stage  # noqa: E402

from support.strict_kms import StrictKms  # noqa: E402

MIB = 1 << 20
LATENCY_MS = 10


def measured(stage: Stage, quick: bool, turns: int) -> report.Figures:
    turns, count, slow, hosts, each = (1, 20, 2, 3, 2) if quick else (turns, 500, 20, 100, 10)
    few = min(turns, 3)
    plays = {
        "One task": scenarios.one_task(stage, turns),
        f"Sealing {count} values": scenarios.many_sealed(stage, few, count),
        f"{count} values in one file of variables": scenarios.one_file(stage, turns, count),
        f"{count} values sealed one by one, in one task": scenarios.one_by_one(stage, few, count, slow),
        f"{hosts} hosts with {each} values each, in two tasks": scenarios.many_hosts(stage, min(turns, 2), hosts, each),
    }
    hosts_grown = [1, 3] if quick else [1, 10, 100, 500]
    grown = [
        growth.of_values(stage, min(turns, 2), [1, 10] if quick else [1, 10, 100, 1000]),
        growth.of_hosts(stage, hosts_grown, each),
        growth.of_asking_hosts(stage, hosts_grown, each),
    ]
    own = subprocess.run([sys.executable, HERE / "own_work.py"], check=True, capture_output=True, text=True, timeout=300).stdout
    peak = scenarios.memory(stage, MIB if quick else 16 * MIB)
    rate = scenarios.unwraps_per_second(stage, 50 if quick else 1000)
    return report.Figures(LATENCY_MS, plays, grown, json.loads(own), peak, rate, scenarios.start_up(stage, turns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything once, on few values and hosts; writes nothing")
    parser.add_argument("--turns", type=int, default=5, help="how often the quick plays run (default: 5); the slow ones run once or twice")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vault-seal-bench-") as name, StrictKms(latency_ms=LATENCY_MS) as kms:
        kms.new_key(alias=ALIAS)
        figures = measured(Stage(Path(name), kms), options.quick, options.turns)
    text = report.results(figures)
    print(text)
    if not options.quick:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
        report.draw_pictures(HERE, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
