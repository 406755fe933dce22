# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation testing of the domain (`plugins/module_utils/_seal`) with mutmut.

`make mutants` measures all files, `make mutants ARGS="kms/keys wrapping/rewrap"` some of them, and `make mutants ARGS="--survivors wrapping/rewrap"`
runs again those mutants of a file that survived last time, after tests were added. The file itself must not have changed since.

mutmut names a mutant by its path, and Python a function by its module. Both are the same in a folder that holds `ansible_collections/`: a clone
tree, whose settings this writes, and below which mutmut makes its own copy with the mutants. The checkout is never changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from mutmut.mutation.diff_apply import get_diff_for_mutant

import trees
from paths import CLONE_TREES, COLLECTION, HOME, ROOT, environment_bin

WORK = CLONE_TREES / "mutants"
CORE = Path("plugins/module_utils/_seal")
REPORT = ROOT / "benchmarks" / "MUTANTS.md"
REASONS = ROOT / "benchmarks" / "surviving_mutants.json"
RESULTS = ROOT / "benchmarks" / "mutants.json"

# REUSE-IgnoreStart
_HEAD = (
    "<!--",
    "Copyright (c) 2026, the sealwright.vault_seal authors",
    "GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
    "-->",
    # REUSE-IgnoreEnd
    "",
    "# Mutation tests",
    "",
    "Written by `make mutants`. mutmut changes one thing at a time in `plugins/module_utils/_seal/`, and the unit tests of that folder must fail.",
    "A mutant that a test cannot tell from the original, because both do the same, is equivalent and not counted in the score.",
    "mutmut leaves properties and module-level constants as they are.",
    "",
    "| file | mutants | killed | equivalent | score |",
    "|---|---|---|---|---|",
)

# Tests that measure time or go through every bit of a value: they take longer than all others together, and mutmut runs a test for each mutant.
_LEFT_OUT = ("linear_time", "in_time", "bounded", "multiply", "when_it_exits", "tampering", "against_protobuf")

_SETTINGS = """\
[mutmut]
source_paths={core}
only_mutate=
{files}
also_copy={collection}
pytest_add_cli_args=
    -q
    -x
    -k
    {tests_taken}
    --import-mode=importlib
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
    tests = COLLECTION / "tests/unit/plugins" / CORE.relative_to("plugins")
    taken = f"not ({' or '.join(_LEFT_OUT)})"
    text = _SETTINGS.format(core=COLLECTION / CORE, files=lines, collection=COLLECTION, copy=WORK / "mutants", tests=tests, tests_taken=taken)
    (WORK / "setup.cfg").write_text(text, encoding="utf-8")


def run(mutants: list[str]) -> None:
    """Run mutmut on these mutants, or on all if none is named, and print a line for each tenth of the mutants; raises CalledProcessError."""
    # No PYTHONPATH to the copy, which is not there yet: Python would remember that.
    environment = {
        "PATH": os.pathsep.join([str(environment_bin("mutants")), os.environ.get("PATH", os.defpath)]),
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(environment_bin("mutants") / "mutmut"), "run", "--max-children", str(os.cpu_count() or 1), *mutants]
    shown = -1
    with subprocess.Popen(command, cwd=WORK, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        assert process.stdout
        for line in process.stdout:  # mutmut rewrites its line of progress several times a second
            progress = re.search(r"(\d+)/(\d+) ", line)
            if not progress:
                if line.strip()[:1] < "\u2801" or line.strip()[:1] > "\u28ff":  # not a spinner
                    print(line, end="", flush=True)
                continue
            done, of = map(int, progress.groups())
            if of and done * 10 // of > shown:
                shown = done * 10 // of
                print(f"{done} of {of} mutants", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def outcomes() -> dict[str, list[dict[str, str]]]:
    """Each mutant of each file that was run: its name and its result."""
    by_kind: dict[str, list[dict[str, str]]] = {}
    core = WORK / "mutants" / COLLECTION / CORE
    for path in sorted(core.rglob("*.py.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            name = str(path.relative_to(core)).removesuffix(".py.meta")
            by_kind[name] = [{"name": mutant, "outcome": _outcome(code)} for mutant, code in codes.items()]
    return by_kind


def _outcome(code: int | None) -> str:
    # mutmut's codes: pytest's 1 and 3 kill; so do a timeout and a crash. 33: no test reaches it. None: it was not run.
    if code is None:
        return "not run"
    return "survived" if code in (0, 33, 5) else "killed"


def changed(mutant: str) -> tuple[str, str]:
    """The lines that a mutant changes, before and after."""
    path = Path(*mutant.rpartition(".")[0].split(".")).with_suffix(".py")
    os.chdir(WORK)  # where mutmut reads its settings
    diff = get_diff_for_mutant(mutant, path=path).splitlines()
    lines = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
    before, after = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return " ".join(before), " ".join(after)


def measured() -> dict[str, Any]:
    """The results of earlier runs: each file with its figures and survivors."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return results


def record() -> None:
    """Merge the results with those of earlier runs for other files, and write the report."""
    results = measured()
    for name, mutants in outcomes().items():
        done = [each for each in mutants if each["outcome"] != "not run"]
        survivors = [each["name"] for each in done if each["outcome"] == "survived"]
        results[name] = {
            "mutants": len(done),
            "killed": len(done) - len(survivors),
            "not_run": len(mutants) - len(done),
            "survivors": [[mutant, *changed(mutant)] for mutant in survivors],
        }
    _write(results)


def record_survivors(names: list[str]) -> None:
    """Take those that are killed now off the survivors of these files; the others must be what they were."""
    results, now = measured(), outcomes()
    for name in names:
        codes = {each["name"]: each["outcome"] for each in now.get(name, [])}
        left = []
        for mutant, before, after in results[name]["survivors"]:
            if codes.get(mutant, "not run") == "not run" or changed(mutant) != (before, after):
                sys.exit(f"{name}.py has changed since it was measured: measure all of it.")
            if codes[mutant] == "survived":
                left.append([mutant, before, after])
        results[name]["killed"] += len(results[name]["survivors"]) - len(left)
        results[name]["survivors"] = left
    _write(results)


def _write(results: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    REPORT.write_text(report(results), encoding="utf-8")
    print(f"Written: {REPORT.relative_to(ROOT)}")


def _function(mutant: str) -> str:
    name = mutant.rpartition(".")[2].partition("__mutmut_")[0]
    return name.removeprefix("x\u01c1").replace("\u01c1", ".") if name.startswith("x\u01c1") else name.removeprefix("x_")


def report(results: dict[str, Any]) -> str:
    """The table of scores and the list of survivors, each with its reason."""
    reasons = {(each["file"], each["before"], each["after"]): each["reason"] for each in json.loads(REASONS.read_text(encoding="utf-8"))}
    rows, survivors = [], []
    for name, result in sorted(results.items()):
        equivalent = 0
        for mutant, before, after in result["survivors"]:
            reason = reasons.get((name, before, after), "")
            equivalent += reason.startswith("Equivalent")
            survivors.append(f"- `{name}.py`, `{_function(mutant)}`: {_code(before)} became {_code(after)}. {reason or 'No reason yet.'}")
        counted = result["mutants"] - equivalent
        score = f"{100 * result['killed'] / counted:.1f} %" if counted else "-"
        rest = f" ({result['not_run']} not run)" if result["not_run"] else ""
        rows.append(f"| `{name}.py` | {result['mutants']}{rest} | {result['killed']} | {equivalent} | {score} |")
    missing = [f"`{name}`" for name in files([]) if name.removesuffix(".py") not in results]
    lines = [*_HEAD, *rows, "", f"Not measured yet: {', '.join(missing)}." if missing else "Every file is measured.", "", "## Survivors", "", *survivors]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    text = text if len(text) <= 160 else f"{text[:157]}..."
    return f"`{text.replace('`', chr(39))}`" if text else "nothing"


def main(arguments: list[str]) -> None:
    again = "--survivors" in arguments
    chosen = files([each for each in arguments if each != "--survivors"])
    names = [each.removesuffix(".py") for each in chosen]
    survivors = []
    if again:
        results = measured()
        missing = [name for name in names if name not in results]
        if missing:
            sys.exit(f"Not measured yet: {' '.join(missing)}")
        names = [name for name in names if results[name]["survivors"]]
        survivors = [mutant for name in names for mutant, _before, _after in results[name]["survivors"]]
        if not survivors:
            sys.exit("No mutant of these files survived.")
    prepare([f"{name}.py" for name in names])
    try:
        run(survivors)
    finally:
        if again:
            record_survivors(names)
        else:
            record()


if __name__ == "__main__":
    main(sys.argv[1:])
