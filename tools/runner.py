# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run steps: each has a few commands and one result. Prints a line when a step ends, and a table with the counts at the end."""

from __future__ import annotations

import fcntl
import os
import re
import signal
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

# What a tool says when it leaves something out by itself: it belongs into the summary.
_LEFT_OUT = re.compile(r"^(?:WARNING: (?:Skipping .*|.*could not be found.*|.*not installed.*)|SKIPPED \[\d+\] .*)$", re.MULTILINE)

_COLOURS = {"passed": "32", "failed": "31", "left out": "33"}


# Steps that run at a time. They often wait, for a server or for sshd: one more than the two cores that they are made for.
ALL_SLOTS = 3


@dataclass(frozen=True)
class Step:
    """Something that is checked.

    `needs` names the virtual environments that it uses. `slots` is how many of the places it takes:
    ALL_SLOTS for what keeps the machine busy by itself. `minutes` is when it is ended and counts as failed.
    """

    name: str
    commands: Sequence[Sequence[str]]
    needs: tuple[str, ...] = ("dev",)
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = str(ROOT)
    slots: int = 1
    minutes: float = 10


@dataclass(frozen=True)
class Verdict:
    """The result of a step; `reason` says why it did not pass."""

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
        self._children: set[subprocess.Popen[bytes]] = set()
        self.verdicts: list[Verdict] = []

    def record(self, verdict: Verdict, output: str = "") -> None:
        """Take note of a verdict and print it, with the output where it failed."""
        with self._printing:
            self.verdicts.append(verdict)
            if verdict.word == "failed" and output:
                print(f"----- {verdict.step} -----\n{output.rstrip()}\n----- end of {verdict.step} -----")
            print(verdict.line(), flush=True)

    def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order; a step starts when as many slots are free as it takes."""
        LOGS.mkdir(parents=True, exist_ok=True)
        waiting = list(steps)
        running: dict[Future[None], int] = {}
        with ThreadPoolExecutor(ALL_SLOTS) as pool:
            try:
                while waiting or running:
                    while waiting and sum(running.values()) + waiting[0].slots <= ALL_SLOTS:
                        step = waiting.pop(0)
                        running[pool.submit(self._run, step)] = step.slots
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        del running[done]
                        done.result()
            except BaseException:
                waiting.clear()
                self._end_children()
                raise

    def _run(self, step: Step) -> None:
        Path(step.cwd).mkdir(parents=True, exist_ok=True)
        # Of two runs in the same checkout, one waits for the other's step of this name: they share its folders.
        with open(LOGS / f"{step.name}.lock", "wb") as lock, open(LOGS / f"{step.name}.log", "a+b") as file:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.truncate(0)
            started = time.monotonic()
            reason = self._run_commands(step, None if self._live else file, started + step.minutes * 60)
            file.seek(0)
            output = file.read().decode("utf-8", "replace")
        word = "failed" if reason else "passed"
        notes = tuple(dict.fromkeys(_LEFT_OUT.findall(output)))
        self.record(Verdict(step.name, word, time.monotonic() - started, reason, notes), output)

    def _run_commands(self, step: Step, output: IO[bytes] | None, deadline: float) -> str:
        """Why the step failed; empty if it passed."""
        for command in step.commands:
            # A session of its own, so that whatever the command started can be ended with it.
            child = subprocess.Popen(
                command,
                cwd=step.cwd,
                env=dict(step.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
            self._children.add(child)
            try:
                code = child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return f"not done after {step.minutes:g} minutes"
            finally:
                self._children.discard(child)
                _end(child)
            if code:
                return f"`{' '.join(command[:3])}` ended with {code}"
        return ""

    def _end_children(self) -> None:
        for child in list(self._children):
            _end(child)

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


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a command and all processes that it left running."""
    try:
        os.killpg(child.pid, signal.SIGTERM if child.poll() is None else signal.SIGKILL)
        child.wait(10)
    except ProcessLookupError:
        pass
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
