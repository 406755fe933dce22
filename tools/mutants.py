# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation testing of the seal core with mutmut: `make mutants`, or `make mutants ARGS="sealer rewrap"` for some files.

mutmut names a mutant by its path, and Python a function by its module. Both are the same in a folder that holds `ansible_collections/`: a clone
tree, whose settings this writes, and below which mutmut makes its own copy with the mutants. The checkout is never changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import trees
from paths import CLONE_TREES, COLLECTION, HOME, MADE, ROOT, environment_bin

WORK = CLONE_TREES / "mutants"
CORE = Path("plugins/module_utils/seal")
REPORT = ROOT / "benchmarks" / "MUTANTS.md"
REASONS = ROOT / "benchmarks" / "surviving_mutants.json"
RESULTS = MADE / "mutants.json"
KILLED = ("killed", "timeout", "suspicious", "caught by type check")

_SETTINGS = """\
[mutmut]
source_paths={core}
only_mutate=
{files}
also_copy={collection}
pytest_add_cli_args=
    -q
    -x
    --import-mode=append
    -o
    pythonpath={copy}/{collection}/tests
pytest_add_cli_args_test_selection={tests}
track_dependencies=false
use_git_change_detection=false
"""


def files(names: list[str]) -> list[str]:
    """The files of the core, all or those named, as paths from its folder."""
    known = sorted(str(path.relative_to(ROOT / CORE)) for path in (ROOT / CORE).rglob("*.py") if path.name != "__init__.py")
    wanted = [name if name.endswith(".py") else f"{name}.py" for name in names]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        sys.exit(f"No such file of the seal core: {', '.join(unknown)}\nFiles: {' '.join(known)}")
    return wanted or known


def prepare(chosen: list[str]) -> None:
    """Bring the clone to the checkout's state, with the settings for these files."""
    trees.clone("mutants")
    shutil.rmtree(WORK / "mutants", ignore_errors=True)
    lines = "\n".join(f"    {COLLECTION / CORE / name}" for name in chosen)
    text = _SETTINGS.format(core=COLLECTION / CORE, files=lines, collection=COLLECTION, copy=WORK / "mutants", tests=COLLECTION / "tests/unit/seal")
    (WORK / "setup.cfg").write_text(text, encoding="utf-8")


def run() -> None:
    """Run mutmut; its own words go to the terminal."""
    # No PYTHONPATH to the copy, which is not there yet: Python would remember that.
    environment = {
        "PATH": os.pathsep.join([str(environment_bin("mutants")), os.environ.get("PATH", os.defpath)]),
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(environment_bin("mutants") / "mutmut"), "run", "--max-children", str(os.cpu_count() or 1)]
    subprocess.run(command, cwd=WORK, env=environment, check=True)


if __name__ == "__main__":
    prepare(files(sys.argv[1:]))
    run()
