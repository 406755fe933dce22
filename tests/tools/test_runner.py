# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of `make test`: a step that fails, hangs or is left out never counts as passed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import processes
import runner
from runner import Runner, Step, Verdict

TOOLS = str(Path(runner.__file__).parent)


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
    assert "no output for 0.05 minutes" in it.verdicts[0].reason
    assert time.monotonic() - started < 20
    assert has_stopped(tmp_path / "alive")


def test_slow_steps_that_write_are_not_ended():
    it = run(step("slow", "import time\nfor i in range(8): print(i, flush=True); time.sleep(0.5)", minutes=0.04))
    assert it.verdicts[0].word == "passed"


def test_a_slow_machine_raises_the_limits(monkeypatch):
    monkeypatch.setenv("SEALWRIGHT_TIME_FACTOR", "1000")
    assert run(step("slow", "import time; time.sleep(1)", minutes=0.001)).verdicts[0].word == "passed"
    monkeypatch.setenv("SEALWRIGHT_TIME_FACTOR", "0")
    with pytest.raises(SystemExit, match="SEALWRIGHT_TIME_FACTOR must be a number above 0, not '0'"):
        processes.time_factor()


def test_prints_where_the_log_is_while_a_step_runs(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "PROGRESS_SECONDS", 0.2)
    run(step("slow", "import time; time.sleep(1)", slots=runner.ALL_SLOTS), step("next", "pass"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["started", "slow:", "log", "in", str(tmp_path / "slow.log")]
    assert lines[1].split() == ["running", "slow", "for", "0", "min;", "1", "to", "come"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_steps_with_all_that_they_started(tmp_path, number):
    """Also what made a session of its own, and what does not heed a polite request; and no further command is begun."""
    alive = [tmp_path / f"alive-{each}" for each in range(3)]
    child = "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: open(sys.argv[1], 'a').write('.'); time.sleep(0.05)"
    script = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}, {str(alive[0])!r}], start_new_session=True)\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, {str(alive[1])!r}])\ntime.sleep(600)"
    )
    program = (
        f"import os, sys, pathlib; sys.path.insert(0, {TOOLS!r}); import check, processes, runner\n"
        f"runner.LOGS = pathlib.Path({str(tmp_path)!r}); processes._GRACE_SECONDS = 1.0\n"
        f"commands = [[sys.executable, '-c', {script!r}], [sys.executable, '-c', {child!r}, {str(alive[2])!r}]]\n"
        "check.run = lambda *_: runner.Runner(live=False).run([runner.Step('one', commands, environment=dict(os.environ))])\n"
        "sys.exit(check.main([]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (alive[0].exists() and alive[1].exists()) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(number)
    _none, printed = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert printed.strip() == f"{signal.strsignal(number)}: all that was started is ended."
    assert all(has_stopped(path) for path in alive[:2])
    assert not alive[2].exists()


def has_stopped(path):
    before = path.read_text()
    time.sleep(0.5)
    return path.read_text() == before


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
