# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left to the system at the end of a process, and what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROLOGUE = """
import atexit, sys
from multiprocessing import get_context
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils.process_exit import exit_soon

class Circle:
    def __init__(self, name):
        self.me = self
        self.name = name
        self.file = open(f"{sys.argv[1]}/{name}", "w")
        self.file.write(name)
    def __del__(self):
        print("ended", self.name, flush=True)
"""


def output(folder: Path, program: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", PROLOGUE + program, str(folder)], check=True, capture_output=True, text=True, timeout=60)
    assert not ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize(("before", "ended"), [("", ["ended unused", "ended used"]), ("exit_soon(); exit_soon()\n", ["ended unused"])])
def test_only_what_is_in_use_is_left(tmp_path: Path, before: str, ended: list[str]) -> None:
    assert output(tmp_path, f'{before}kept = Circle("used")\nCircle("unused")\n') == ended


FILES = """
exit_soon()
kept = Circle("used")
Circle("unused")
log = open(f"{sys.argv[1]}/log", "wb")
log.write(b"log")
"""


def test_what_the_program_has_written_is_in_its_files(tmp_path: Path) -> None:
    """Also where nobody closes the file, and it hangs on a circle of objects, as a callback does."""
    output(tmp_path, FILES)
    for name in ("used", "unused", "log"):
        assert (tmp_path / name).read_text(encoding="utf-8") == name


BROKEN_FILES = """
exit_soon()
closed = open(f"{sys.argv[1]}/log", "w")
closed.close()
full = Circle("used")
full.file = open("/dev/full", "w")
full.file.write("x")
atexit.register(print, "still there")
"""


def test_a_file_that_is_closed_or_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    assert output(tmp_path, BROKEN_FILES) == ["still there"]


def test_handlers_for_the_exit_still_run(tmp_path: Path) -> None:
    assert output(tmp_path, 'atexit.register(print, "before")\nexit_soon()\natexit.register(print, "after")\n') == ["after", "before"]


WORKER = """
def work():
    exit_soon()
    Circle("unused")

process = get_context("fork").Process(target=work)
process.start()
process.join()
"""


def test_a_worker_does_not_look_for_what_is_unused(tmp_path: Path) -> None:
    assert output(tmp_path, WORKER) == []
