# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of `make test`: a step that fails, hangs or is left out never counts as passed."""

from __future__ import annotations

import os
import sys
import time

import pytest

import runner
from runner import Runner, Step, Verdict


@pytest.fixture(autouse=True)
def _logs_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "LOGS", tmp_path)


def step(name, *scripts, **options):
    commands = [[sys.executable, "-c", script] for script in scripts]
    return Step(name, commands, environment=dict(os.environ), **options)


def run(*steps):
    it = Runner(live=False)
    it.run(steps)
    return it


def test_passes_when_every_command_does(capsys):
    it = run(step("one", "pass", "pass"), step("two", "pass"))
    assert it.summarise() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


def test_shows_the_output_of_what_fails_and_of_nothing_else(capsys):
    it = run(step("good", "print('quiet')"), step("bad", "print('loud'); raise SystemExit(3)", "print('never')"))
    assert it.summarise() == 1
    output = capsys.readouterr().out
    assert "loud" in output
    assert "quiet" not in output
    assert "never" not in output
    assert "ended with 3" in output
    assert output.splitlines()[-1] == "1 passed, 1 failed"


def test_ends_what_hangs_with_all_that_it_started(tmp_path):
    started = time.monotonic()
    child = f"import time\nfor i in range(300): open({str(tmp_path / 'alive')!r}, 'w').write(str(i)); time.sleep(0.1)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    it = run(step("hangs", script, minutes=0.05))
    assert it.verdicts[0].word == "failed"
    assert "not done after 0.05 minutes" in it.verdicts[0].reason
    assert time.monotonic() - started < 20
    before = (tmp_path / "alive").read_text()
    time.sleep(0.5)
    assert (tmp_path / "alive").read_text() == before


def test_a_step_of_all_slots_runs_alone(tmp_path):
    log = tmp_path / "order"
    note = "import time; f = open({!r}, 'a', 1); f.write('{}+\\n'); time.sleep(0.3); f.write('{}-\\n')"
    run(*(step(name, note.format(str(log), name, name), slots=slots) for name, slots in (("a", 1), ("b", runner.ALL_SLOTS), ("c", 1))))
    assert log.read_text().split() == ["a+", "a-", "b+", "b-", "c+", "c-"]


def test_counts_what_is_left_out_and_repeats_what_a_tool_left_out(capsys):
    it = run(step("some", "print('WARNING: Skipping sanity test \"import\" on Python 3.99')", "print('SKIPPED [2] tests/test_x.py:1: only root can')"))
    it.record(Verdict("other", "left out", reason="needs Python 3.99"))
    assert it.summarise() == 0
    summary = capsys.readouterr().out.split("Summary")[1]
    assert "needs Python 3.99" in summary
    assert 'WARNING: Skipping sanity test "import" on Python 3.99' in summary
    assert "SKIPPED [2] tests/test_x.py:1: only root can" in summary
    assert summary.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"
