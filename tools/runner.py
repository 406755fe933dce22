# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run steps: each is a few commands with one verdict.

A line is printed when a step starts (with the path of its log), every minute while steps run, and when a step ends; a table and the count at the end.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from paths import LOGS, ROOT
from processes import STEP_VARIABLE, end, time_factor

# Messages of tools about skipped checks, for the summary.
_LEFT_OUT = re.compile(r"^(?:WARNING: (?:Skipping .*|.*could not be found.*|.*not installed.*)|SKIPPED \[\d+\] .*)$", re.MULTILINE)

_COLOURS = {"passed": "32", "failed": "31", "left out": "33"}


PROGRESS_SECONDS = 60.0

# Steps that run at a time. They often wait, for a server or for sshd: one more than the two cores that they are made for.
ALL_SLOTS = 3


@dataclass(frozen=True)
class Step:
    """Something that is checked.

    `needs` names the virtual environments that it uses. `slots` is how many of the places it takes:
    ALL_SLOTS for what keeps the machine busy by itself. `minutes` without any output count as a hang, and the step as failed;
    SEALWRIGHT_TIME_FACTOR multiplies them.
    """

    name: str
    commands: Sequence[Sequence[str]]
    needs: tuple[str, ...] = ("dev",)
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = str(ROOT)
    slots: int = 1
    minutes: float = 20


@dataclass(frozen=True)
class Verdict:
    """The result of a step; `reason` is why it did not pass."""

    step: str
    word: str
    seconds: float = 0.0
    reason: str = ""
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        """The line of the table."""
        seconds = f"{self.seconds:6.1f} s" if self.seconds else " " * 8
        word = _coloured(f"{self.word:8}", _COLOURS[self.word])
        return f"  {word} {seconds}  {self.step}" + (f": {self.reason}" if self.reason else "")


def _coloured(text: str, colour: str) -> str:
    plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if plain else f"\033[{colour}m{text}\033[0m"


class Runner:
    """Runs steps, a few at a time."""

    def __init__(self, live: bool) -> None:
        """With `live`, the commands write to the terminal; otherwise into a file that is shown when they fail."""
        self._live = live
        self._printing = threading.Lock()
        self._starting = threading.Lock()
        self._stopped = False
        self._children: dict[subprocess.Popen[bytes], str] = {}
        self._running: dict[str, float] = {}
        self.verdicts: list[Verdict] = []

    def record(self, verdict: Verdict, output: str = "") -> None:
        """Record a verdict and print it, with the output if it failed."""
        with self._printing:
            self.verdicts.append(verdict)
            if verdict.word == "failed" and output:
                print(f"----- {verdict.step} -----\n{output.rstrip()}\n----- end of {verdict.step} -----")
            print(verdict.line(), flush=True)

    def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order; a step starts when as many slots are free as it takes.

        What they started is ended when an exception, such as that of a signal handler, interrupts the wait for them.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        waiting = list(steps)
        running: dict[Future[None], int] = {}
        with ThreadPoolExecutor(ALL_SLOTS) as pool:
            try:
                while waiting or running:
                    while waiting and sum(running.values()) + waiting[0].slots <= ALL_SLOTS:
                        step = waiting.pop(0)
                        running[pool.submit(self._run, step)] = step.slots
                    finished = wait(running, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED).done
                    for done in finished:
                        del running[done]
                        done.result()
                    if not finished:
                        self._report_progress(len(waiting))
            except BaseException:
                self._stop()
                raise

    def _report_progress(self, waiting: int) -> None:
        now = time.monotonic()
        steps = ", ".join(f"{name} for {(now - started) / 60:.0f} min" for name, started in list(self._running.items()))
        self._print(f"  running  {steps}; {waiting} to come")

    def _print(self, line: str) -> None:
        if not self._live:
            with self._printing:
                print(line, flush=True)

    def _run(self, step: Step) -> None:
        Path(step.cwd).mkdir(parents=True, exist_ok=True)
        # Of two runs in the same checkout, one waits for the other's step of this name: they share its folders.
        with open(LOGS / f"{step.name}.lock", "wb") as lock, open(LOGS / f"{step.name}.log", "a+b") as file:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.truncate(0)
            self._print(f"  started            {step.name}: log in {_shown(Path(file.name))}")
            self._running[step.name] = started = time.monotonic()
            try:
                reason = self._run_commands(step, None if self._live else file)
            finally:
                del self._running[step.name]
            file.seek(0)
            output = file.read().decode("utf-8", "replace")
        if self._stopped:
            return
        word = "failed" if reason else "passed"
        notes = tuple(dict.fromkeys(_LEFT_OUT.findall(output)))
        self.record(Verdict(step.name, word, time.monotonic() - started, reason, notes), output)

    def _run_commands(self, step: Step, output: IO[bytes] | None) -> str:
        """Why the step failed; empty if it passed."""
        for command in step.commands:
            child = self._start(step, command, output)
            if child is None:
                return "interrupted"
            try:
                hung = _hangs(child, output, step.minutes * 60 * time_factor())
            finally:
                self._children.pop(child, None)
                end(child, _label(step.name))
            if hung:
                return f"no output for {step.minutes * time_factor():g} minutes"
            if child.returncode:
                return f"`{' '.join(command[:3])}` ended with {child.returncode}"
        return ""

    def _start(self, step: Step, command: Sequence[str], output: IO[bytes] | None) -> subprocess.Popen[bytes] | None:
        with self._starting:
            if self._stopped:
                return None
            # A new session, so that all processes of the command can be ended with it.
            child = subprocess.Popen(
                command,
                cwd=step.cwd,
                env={**step.environment, STEP_VARIABLE: _label(step.name)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
            self._children[child] = _label(step.name)
            return child

    def _stop(self) -> None:
        with self._starting:
            self._stopped = True
        for child, label in list(self._children.items()):
            end(child, label)

    def summarise(self) -> int:
        """Print the table and the count; the exit code."""
        count = {word: sum(verdict.word == word for verdict in self.verdicts) for word in _COLOURS}
        print("\nSummary")
        for verdict in self.verdicts:
            print(verdict.line())
            for note in verdict.notes:
                print(f"           {note}")
        skipped = f", {count['left out']} skipped" if count["left out"] else ""
        print(f"{count['passed']} passed, {count['failed']} failed{skipped}", flush=True)
        return 1 if count["failed"] else 0


def _hangs(child: subprocess.Popen[bytes], output: IO[bytes] | None, seconds: float) -> bool:
    """Wait for a command; True if it wrote no output for this long. A command that writes to the terminal is not limited."""
    if output is None:
        child.wait()
        return False
    size, since = -1, time.monotonic()
    while True:
        try:
            child.wait(max(0.05, min(5.0, seconds / 2)))
            return False
        except subprocess.TimeoutExpired:
            written = os.fstat(output.fileno()).st_size
            if written != size:
                size, since = written, time.monotonic()
            elif time.monotonic() - since > seconds:
                return True


def _label(step: str) -> str:
    return f"{os.getpid()}-{step}"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
