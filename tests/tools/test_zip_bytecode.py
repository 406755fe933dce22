# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Byte code that is kept for zip files: the same module comes out, and only a changed source is compiled again."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import pythons
import zip_bytecode

SOURCE = "import traceback\nTOLD = {0!r}\ndef fail():\n    raise ValueError(TOLD)\n"
PROGRAM = """
import sys, traceback, zipimport
assert "zip_bytecode" not in sys.modules
sys.path.insert(0, sys.argv[1])
import inside
try:
    inside.fail()
except ValueError:
    print(traceback.format_exc())
"""


@pytest.fixture(scope="module", params=[pythons.name(minor) for minor in pythons.find()])
def python(request, tmp_path_factory):
    """An environment with the hook, on each Python of this machine."""
    interpreter = pythons.find()[tuple(map(int, request.param.split(".")))].path
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([interpreter, "-m", "venv", "--without-pip", folder], check=True)
    for packages in folder.glob("lib/python3*/site-packages"):
        shutil.copy(zip_bytecode.__file__, packages)
        (packages / "zip_bytecode.pth").write_text(zip_bytecode.HOOK)
    return folder / "bin" / "python"


def printed(python: Path, folder: Path, text: str) -> str:
    folder.mkdir()
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("inside.py", SOURCE.format(text))
    answer = subprocess.run([python, "-c", PROGRAM, folder / "z.zip"], capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return answer.stdout


def test_the_same_comes_out_of_kept_byte_code(python, tmp_path):
    kept = python.parents[1] / "zip-bytecode"
    for number in range(3):
        folder = tmp_path / f"run-{number}"
        output = printed(python, folder, "first")
        assert output.endswith("ValueError: first\n\n")
        assert f'File "{folder}/z.zip/inside.py", line 4, in fail' in output  # not the path of the first run
        assert len(list(kept.iterdir())) == 1
        if number == 1:
            next(kept.iterdir()).write_bytes(b"damaged")
    assert printed(python, tmp_path / "changed", "second").endswith("ValueError: second\n\n")
    assert len(list(kept.iterdir())) == 2
