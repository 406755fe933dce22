# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzz the parsers of untrusted bytes, each driver in a separate process, and report the inputs and findings. See README.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.sealwright.vault_seal.tests.fuzz.catalogue import drivers

_ROOT = Path(__file__).parents[2]
_LEAST_GUIDED = 20.0  # seconds of a driver, below which the start of atheris would take most of it
_GRACE = 150.0  # seconds after its time in which a process ends by itself


@dataclass
class Outcome:
    """The result of one driver."""

    name: str
    engine: str
    inputs: int = 0
    seconds: float = 0.0
    findings: dict[str, dict[str, str]] = field(default_factory=dict)
    fault: str = ""


def fuzz(name: str, seconds: float, seed: int, engine: str, folders: Sequence[str], corpus: Path) -> Outcome:
    """Run one driver, and end its process if it does not end by itself."""
    outcome = Outcome(name, engine)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
        state, log = Path(work, "state.json"), Path(work, "log")
        line = [sys.executable, str(Path(__file__).with_name("worker.py")), name, str(seconds), str(seed), engine, str(state), str(corpus / name), *folders]
        environment = {**os.environ, "TMPDIR": work, "PYTHONDONTWRITEBYTECODE": "1"}
        with open(log, "wb") as stream, subprocess.Popen(line, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, env=environment) as process:
            try:
                code = process.wait(seconds + _GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                code = None
        read: dict[str, Any] = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
        outcome.inputs, outcome.seconds, outcome.findings = read.get("inputs", 0), read.get("seconds", 0.0), read.get("findings", {})
        if code != 0:
            why = "did not end: a reader hangs" if code is None else f"ended with {code}"
            outcome.fault = f"its process {why}\n" + log.read_text(encoding="utf-8", errors="replace")[-3000:]
    return outcome


def replay(paths: Sequence[str]) -> int:
    """Run single inputs again in this process, with a traceback if one fails."""
    known = drivers()
    for path in paths:
        print(f"{path}: {known[Path(path).parent.name].one(Path(path).read_bytes())}")
    return 0


def report(outcomes: Sequence[Outcome]) -> int:
    """Print the table; returns 1 if there is a finding."""
    print(f"{'driver':22} {'engine':7} {'inputs':>10} {'per s':>7} {'findings':>9}")
    for each in outcomes:
        print(f"{each.name:22} {each.engine:7} {each.inputs:10} {each.inputs / max(each.seconds, 0.001):7.0f} {len(each.findings) + bool(each.fault):9}")
    findings = sum(len(each.findings) + bool(each.fault) for each in outcomes)
    print(f"{len(outcomes)} drivers, {sum(each.inputs for each in outcomes)} inputs, {findings} findings")
    for each in outcomes:
        for kind, result in each.findings.items():
            print(f"\n{each.name}: {kind}, kept in {result['file']}\n{result['traceback']}")
        if each.fault:
            print(f"\n{each.name}: {each.fault}")
    return 1 if findings else 0


def main(line: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for all drivers together")
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--driver", action="append", help="one of: " + ", ".join(drivers()))
    parser.add_argument("--engine", choices=("auto", "guided", "random"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--corpus", action="append", default=[], help="a folder with further inputs")
    parser.add_argument("--report", help="a file to write the outcome to, as JSON")
    parser.add_argument("--replay", action="append", help="a finding to run again")
    options = parser.parse_args(line)
    if options.replay:
        return replay(options.replay)
    names = options.driver or list(drivers())
    jobs = min(options.jobs, len(names))
    each = (options.seconds if options.minutes is None else options.minutes * 60) * jobs / len(names)
    guided = options.engine == "guided" or (options.engine == "auto" and each >= _LEAST_GUIDED)
    engine = "guided" if guided and importlib.util.find_spec("atheris") else "random"
    corpus = _ROOT / ".venv" / "fuzz-corpus"
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda name: fuzz(name, each, options.seed, engine, options.corpus, corpus), names))
    if options.report:
        Path(options.report).write_text(json.dumps([vars(outcome) for outcome in outcomes], indent=1) + "\n", encoding="utf-8")
    return report(outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
