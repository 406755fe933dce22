# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Python interpreters of this machine.

They are looked for on PATH and in the folders of pyenv and uv. Each candidate is run and asked who it is, because
a pyenv shim exists for every version and works for one.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from processes import time_factor

OLDEST = (3, 9)

# An interpreter without ssl or zlib cannot install anything; one of another kind or a preview is not supported.
_ASK = (
    "import ssl, sys, zlib\n"
    "final = sys.version_info[3] == 'final' and sys.implementation.name == 'cpython' and 't' not in sys.abiflags\n"
    "print(int(final), *sys.version_info[:3], getattr(sys, '_base_executable', sys.executable))"
)


@dataclass(frozen=True, order=True)
class Python:
    """One interpreter, outside any virtual environment."""

    version: tuple[int, int, int]
    path: Path

    @property
    def minor(self) -> tuple[int, int]:
        """Its release line, such as (3, 12)."""
        return self.version[:2]


def name(minor: tuple[int, int]) -> str:
    """`3.12` for (3, 12)."""
    return ".".join(map(str, minor))


def _candidates() -> Iterator[str]:
    yield sys.executable
    pyenv = _pyenv_root()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if pyenv and os.path.realpath(folder) == os.path.realpath(pyenv + "/shims"):
            continue  # slow to ask, and the interpreters behind them are found below
        yield from glob.glob(glob.escape(folder) + "/python3")
        yield from glob.glob(glob.escape(folder) + "/python3.[0-9]*[0-9]")
        yield from glob.glob(glob.escape(folder) + "/python3.[0-9]")
    home = os.path.expanduser("~")
    for root in (pyenv, os.environ.get("PYENV_ROOT"), home + "/.pyenv"):
        if root:
            yield from glob.glob(glob.escape(root) + "/versions/3.*/bin/python3")
    yield from glob.glob(glob.escape(home) + "/.local/share/uv/python/cpython-3.*/bin/python3")


def _without_doubles(paths: Iterable[str]) -> Iterable[str]:
    names: dict[str, str] = {}
    for path in paths:
        names.setdefault(os.path.realpath(path), path)
    return names.values()


def _pyenv_root() -> str | None:
    try:
        answer = subprocess.run(["pyenv", "root"], capture_output=True, text=True, timeout=20 * time_factor(), check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _ask(candidate: str) -> Python | None:
    try:
        answer = subprocess.run([candidate, "-I", "-c", _ASK], capture_output=True, text=True, timeout=20 * time_factor(), check=True)
        final, major, minor, patch, path = answer.stdout.strip().split(" ", 4)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    python = Python((int(major), int(minor), int(patch)), Path(path))
    return python if final == "1" and python.minor >= OLDEST else None


def find() -> dict[tuple[int, int], Python]:
    """The newest usable interpreter of each release line from 3.9 on, oldest line first."""
    with ThreadPoolExecutor(4) as pool:
        interpreters = [python for python in pool.map(_ask, _without_doubles(_candidates())) if python]
    # Of equal versions the first found wins, so that the choice does not change from run to run.
    best: dict[tuple[int, int], Python] = {}
    for python in interpreters:
        if python.minor not in best or python.version > best[python.minor].version:
            best[python.minor] = python
    return dict(sorted(best.items()))


if __name__ == "__main__":
    for each in find().values():
        print(*each.version, each.path)
