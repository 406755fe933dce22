# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other code has to do at the end of a process is done, in Ansible's process and in a module's with foreign code in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A callback's log, whose exit handler is registered first and so runs last, and a temporary file: both hang on a cycle of objects.
FOREIGN = """
import atexit, sys, tempfile

class Callback:
    def __init__(self, folder):
        self.me = self
        self.log = open(f"{folder}/log", "w")
        self.part = tempfile.NamedTemporaryFile(dir=folder, prefix="part-")
        atexit.register(self.finish)
    def finish(self):
        self.log.write("the last line")

kept = Callback(sys.argv[1])
"""
# As the lookup, the filters and the vars plugin do with the first value that they open.
CONTROLLER = """
import foreign
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KMS_SESSIONS
KMS_SESSIONS.session(ConnectionOptions())
"""
MODULE = """
{foreign}
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.process_exit import end_quickly, foreign_modules
end_quickly()
import boto3, botocore.session
print(foreign_modules())
"""


def run(folder: Path, program: str, **environment: str) -> str:
    path = os.pathsep.join([str(folder / "code"), *filter(None, sys.path)])
    ended = subprocess.run(
        [sys.executable, "-c", program, str(folder)], env={**os.environ, "PYTHONPATH": path, **environment},
        check=True, capture_output=True, text=True,
    )
    assert not ended.stderr
    return ended.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "foreign.py").write_text(FOREIGN, encoding="utf-8")
    return tmp_path


def assert_finished(folder: Path) -> None:
    assert (folder / "log").read_text(encoding="utf-8") == "the last line"
    assert [path.name for path in folder.iterdir() if path.name.startswith("part-")] == []


def test_a_callbacks_last_line_and_temporary_file(folder: Path) -> None:
    run(folder, CONTROLLER)
    assert_finished(folder)


@pytest.mark.parametrize("name", ["foreign", "sitecustomize"])
def test_foreign_code_in_a_modules_process(folder: Path, name: str) -> None:
    (folder / "code" / "foreign.py").rename(folder / "code" / f"{name}.py")
    message = run(folder, MODULE.format(foreign="" if name == "sitecustomize" else f"import {name}"))
    assert name in message
    assert_finished(folder)


def test_a_modules_own_process_ends_quickly(folder: Path) -> None:
    """With the SDK alone in it; a distribution's empty sitecustomize is no foreign code."""
    (folder / "code" / "sitecustomize.py").write_text("try:\n    import not_there\nexcept ImportError:\n    pass\n", encoding="utf-8")
    frozen = MODULE + "import atexit, gc\natexit._run_exitfuncs()\nprint(gc.get_freeze_count() > 0)\n"
    assert run(folder, frozen.format(foreign="")).splitlines() == ["[]", "True"]
