# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run checks by name: `python3 tools/check.py [NAME...] [-- ARGUMENT...]`.

A name is a step, a group of tools/steps.py or `all`. Arguments go to the last command of a step that runs alone.
What a step needs is set up first. The exit code is 0 when nothing failed.
"""

from __future__ import annotations

import fnmatch
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType

if sys.version_info < (3, 10):
    sys.exit("Python 3.10 or newer is needed; name one with `make PYTHON=/path/to/python3 ...`")

import environments
import home
import pythons
import trees
import uv
from runner import Runner, Step, Verdict
from steps import GROUPS, NOT_IN_ALL, Catalogue

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def select(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The steps with these names or group names, in the order of the catalogue."""
    wanted: set[str] = set()
    for name in names:
        patterns = GROUPS.get(name, (name,))
        matching = {step for step in known if any(fnmatch.fnmatch(step, pattern) for pattern in patterns)}
        if name == "all":
            matching = set(known) - set(NOT_IN_ALL)
        if not matching:
            sys.exit(f"No such step or group: {name}\nGroups: all {' '.join(GROUPS)}\nSteps: {' '.join(known)}")
        wanted |= matching
    return [step for step in known if step in wanted]


class SetUp:
    """Makes what steps need, once."""

    def __init__(self, interpreters: dict[tuple[int, int], pythons.Python]) -> None:
        """:param found: the Pythons of the machine."""
        self._interpreters = interpreters
        self._missing: dict[str, str] = {}

    def everything(self, names: Sequence[str]) -> None:
        """Make the environments of these names, the trees and the home."""
        trees.link()
        home.prepare()
        for name in dict.fromkeys(names):
            environment = environments.ENVIRONMENTS[name]
            python = environment.choose(self._interpreters)
            if python is None:
                self._missing[name] = environment.missing()
                continue
            print(f"Set-up: {name} ({environment.purpose}), Python {pythons.name(python.minor)}", flush=True)
            environments.make(environment, python)
            home.prepare_ansible_test(name)

    def missing(self, step: Step) -> str:
        """Why a step cannot run here; empty when it can."""
        return next((self._missing[name] for name in step.needs if name in self._missing), "")


def run(names: Sequence[str], arguments: Sequence[str]) -> int:
    """Set up and run; the exit code."""
    interpreters = pythons.find()
    catalogue = Catalogue(interpreters)
    chosen = select(names, [step.name for step in catalogue.steps])
    steps = [step for step in catalogue.steps if step.name in chosen]
    if len(steps) == 1 and arguments:
        commands = steps[0].commands
        steps = [replace(steps[0], commands=[*commands[:-1], [*commands[-1], *arguments]])]
    set_up = SetUp(interpreters)
    set_up.everything([name for step in steps for name in step.needs])
    runner = Runner(live=len(steps) == 1)
    ready = []
    for step in steps:
        reason = catalogue.left_out.get(step.name) or set_up.missing(step)
        if reason:
            runner.record(Verdict(step.name, "left out", reason=reason))
        else:
            ready.append(step)
    runner.run(ready)
    return runner.summarise()


class Interrupted(BaseException):
    """A signal asks for the end."""

    def __init__(self, number: int) -> None:
        """:param number: that of the signal."""
        super().__init__(signal.strsignal(number))
        self.code = 128 + number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # Once: a second signal may not keep the first from ending what runs.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def main(line: Sequence[str]) -> int:
    """Split the command line and run."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as of nohup
            signal.signal(number, _interrupt)
    names, arguments = list(line), []
    if "--" in names:
        at = names.index("--")
        names, arguments = names[:at], names[at + 1 :]
    try:
        return run(names or ["all"], arguments)
    except uv.SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except Interrupted as error:
        print(f"\n{error}: all that was started is ended.", file=sys.stderr)
        return error.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
