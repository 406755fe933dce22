# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m differential`: ask a real server and the collection's modules about each combination, and compare. See README.md."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from support.openbao import OpenBao

from . import cases, network
from .combination import Combination, matrix
from .comparison import CANNOT_TELL, DISAGREES, Verdict, compare
from .covering import sample
from .report import Result, listing, table

_TESTS = Path(__file__).parents[1]
_MADE = Path(__file__).parents[2] / ".venv" / "differential"
_LIMIT = 900
# Of a hundred combinations, how many may be untold.
_UNTOLD = 5
# What the recording of a server's answers depends on.
_OF_THE_SERVER = (
    *("differential/network.py", "differential/server.py", "differential/world.py"),
    *("support/strict_kms/*.py", "support/credential_endpoints.py", "support/http_proxy.py", "support/certificates.py"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--limit", type=int, default=_LIMIT, help="how many combinations; a large number takes all pairs")
    parser.add_argument("--sample", type=int, default=0, help="take this many of them, the same in each run")
    parser.add_argument("--only", default="", help="those whose name has this text")
    parser.add_argument("--recorded", action="store_true", help="take what the server did from the last run, where nothing changed")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    began = time.monotonic()
    jobs = [job for job in _jobs(arguments.limit, arguments.sample) if arguments.only in job["name"]]
    recording = _Recording(arguments.recorded)
    results = _run(jobs, recording, arguments.workers)
    recording.write()
    bound = len(results) * _UNTOLD // 100
    text = table(results, bound, time.monotonic() - began)
    details = listing(results)
    (_MADE / "report.md").write_text(f"{OpenBao.version()}\n\n{text}\n{details}", encoding="utf-8")
    print(text if len(details) > 20000 else f"{text}\n{details}")
    print(f"All of it: {_MADE / 'report.md'}")
    untold = sum(result.verdict.kind == CANNOT_TELL for result in results)
    return int(any(result.verdict.kind == DISAGREES for result in results) or untold > max(bound, 1))


def _jobs(limit: int, count: int) -> list[dict[str, Any]]:
    chosen = matrix(limit)
    if count:
        wanted = set(sample([each.choice for each in chosen], count))
        chosen = [each for each in chosen if each.choice in wanted]
    single = [{"name": f"case {case['name']}", "case": case} for case in cases.load()]
    return [*single, *({"name": each.name, "choice": each.choice} for each in chosen)]


class _Recording:
    """What a server did with each combination, below ``.venv/``: of use for one whose files, environment and server are the same."""

    def __init__(self, use: bool) -> None:
        sources = b"".join(path.read_bytes() for pattern in _OF_THE_SERVER for path in sorted(_TESTS.glob(pattern)))
        self._base = hashlib.sha256(sources + OpenBao.version().encode()).hexdigest()
        _MADE.mkdir(parents=True, exist_ok=True)
        self._path = _MADE / "server.json"
        self._use = use
        self._answers: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}

    def get(self, job: dict[str, Any]) -> dict[str, Any] | None:
        return self._answers.get(self._key(job)) if self._use else None

    def put(self, job: dict[str, Any], answer: dict[str, Any]) -> None:
        self._answers[self._key(job)] = answer

    def write(self) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(dict(self._answers), indent=1), encoding="utf-8")
        part.replace(self._path)

    def _key(self, job: dict[str, Any]) -> str:
        # The case without what it expects, which decides nothing here.
        content = {**job["case"], "expected": None} if "case" in job else asdict(Combination(job["choice"]).launch({}))
        return hashlib.sha256((self._base + json.dumps(content)).encode()).hexdigest()


def _run(jobs: Sequence[dict[str, Any]], recording: _Recording, workers: int) -> list[Result]:
    waiting: SimpleQueue[tuple[int, dict[str, Any]]] = SimpleQueue()
    for numbered in enumerate(jobs):
        waiting.put(numbered)
    by_name: dict[int, Result] = {}

    def work(_number: int) -> None:
        with subprocess.Popen(
            network.inside([sys.executable, "-m", f"{__package__}.worker"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PATH": f"{network.PATH}:{os.environ.get('PATH', '')}"},
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdout.readline()
            while not waiting.empty():
                number, job = waiting.get()
                asked = {name: job[name] for name in ("choice", "case") if name in job}
                process.stdin.write(json.dumps({**asked, "server": recording.get(job)}) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"the worker ended at {job['name']}")
                answer = json.loads(line)
                recording.put(job, answer["server"])
                by_name[number] = Result(job["name"], answer["server"], answer["module"], _verdict(job, answer))
                if by_name[number].verdict.points:
                    print(f"disagrees: {job['name']}: {'; '.join(by_name[number].verdict.points)}", flush=True)
                if len(by_name) % 25 == 0:
                    recording.write()
                    print(f"{len(by_name)} of {len(jobs)}", flush=True)
            process.stdin.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    return [by_name[number] for number in sorted(by_name)]


def _verdict(job: dict[str, Any], answer: dict[str, Any]) -> Verdict:
    server, module = answer["server"], answer["module"]
    return cases.verdict(job["case"], server, module) if "case" in job else compare(server, module)


if __name__ == "__main__":
    sys.exit(main())
