# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The named virtual environments of the checkout, each created from one pinned requirements file.

`python3 tools/environments.py NAME...` makes them; without a name it lists them.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pythons
import uv
import zip_bytecode
from paths import MADE, REQUIREMENTS, environment_bin, environment_dir

_ZIP_BYTECODE = Path(zip_bytecode.__file__)

NEWEST = ((3, 13), (3, 12), (3, 14), (3, 11), (3, 10))


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its purpose, its requirements, and the suitable Python versions, the best first.

    ``collections`` is a namespace of collections: of the package ``ansible`` just these are kept, and nothing is run from the environment.
    """

    name: str
    purpose: str
    requirements: str
    versions: tuple[tuple[int, int], ...]
    collections: str = ""

    def choose(self, interpreters: Mapping[tuple[int, int], pythons.Python]) -> pythons.Python | None:
        """The interpreter to create it with, or None if the machine does not have a suitable one."""
        return next((interpreters[minor] for minor in self.versions if minor in interpreters), None)

    def missing(self) -> str:
        """The reason to report if there is no suitable interpreter."""
        return "needs Python " + " or ".join(map(pythons.name, self.versions)) + ", not found on this machine"


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("dev", "newest versions, every tool for development", "dev", NEWEST),
        Environment("lint", "checks of the collection as a whole", "lint", NEWEST),
        Environment("nox", "runs the sessions of noxfile.py", "nox", NEWEST),
        # botocore 1.29 cannot be imported on Python 3.12.
        Environment("lowest", "ansible-core 2.16, lowest boto3 and cryptography", "lowest", ((3, 10), (3, 11))),
        Environment("host39", "a host: Python 3.9, lowest boto3 and cryptography", "lowest", ((3, 9),)),
        *(
            Environment(f"py3{minor}", f"units on Python 3.{minor}", "units", ((3, minor),)) for minor in (11, 12, 13, 14)
        ),
        Environment("molecule", "dev, and molecule for the scenarios", "molecule", NEWEST),
        Environment("mutants", "mutmut, and what the tests of the seal core need", "mutants", ((3, 12), (3, 13), (3, 11), (3, 10))),
        Environment("fuzz", "units, and atheris, which guides fuzzing by coverage", "fuzz", ((3, 11), (3, 12), (3, 13))),
        Environment("bench", "dev, and what the benchmark compares with", "bench", ((3, 13), (3, 12))),
        Environment("amazon", "the collection amazon.aws, which the role seal_key needs", "amazon", NEWEST, collections="amazon"),
    )
}


def make(environment: Environment, python: pythons.Python) -> bool:
    """Create an environment unless it exists with these requirements; returns whether something was done.

    :raises uv.SetUpError: the installation failed.
    """
    folder = environment_dir(environment.name)
    requirements = REQUIREMENTS / f"{environment.requirements}.txt"
    stamp = folder / "made-from"
    # The folder is part of it because commands carry their interpreter's path: a checkout that was moved is made anew.
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (requirements, _ZIP_BYTECODE)]
    wanted = "\n".join([*hashes, str(python), str(folder), uv.VERSION])
    MADE.mkdir(exist_ok=True)
    with open(MADE / "set-up.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return False
        _venv(python, environment.name)
        uv.install(environment_bin(environment.name) / "python", requirements, bytecode=not environment.collections)
        if environment.collections:
            _keep_collections(environment)
        else:
            _keep_zip_bytecode(environment)
        stamp.write_text(wanted, encoding="utf-8")
    return True


def _keep_zip_bytecode(environment: Environment) -> None:
    for packages in environment_dir(environment.name).glob("lib/python3*/site-packages"):
        shutil.copy(_ZIP_BYTECODE, packages / _ZIP_BYTECODE.name)
        (packages / "zip_bytecode.pth").write_text(zip_bytecode.HOOK, encoding="ascii")


def _keep_collections(environment: Environment) -> None:
    """Remove what else the package ``ansible`` brings: a hundred collections, in 30 000 files."""
    for folder in environment_dir(environment.name).glob("lib/python3*/site-packages/ansible_collections/*"):
        if folder.is_dir() and folder.name != environment.collections:
            shutil.rmtree(folder)


def _venv(python: pythons.Python, name: str) -> None:
    line = [str(uv.command()), "venv", "--quiet", "--clear", "--python", str(python.path), str(environment_dir(name))]
    answer = subprocess.run(
        line, env=uv.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if answer.returncode:
        raise uv.SetUpError(f"{answer.stdout.strip()}\n\nThis failed: {' '.join(line)}")


def main(names: list[str]) -> int:
    """Create the named environments, or list all of them."""
    interpreters = pythons.find()
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown:
        print("No such environment:", *unknown, file=sys.stderr)
        return 2
    for environment in ENVIRONMENTS.values():
        python = environment.choose(interpreters)
        if not names:
            print(f"{environment.name:8} {pythons.name(python.minor) if python else '-':5} {environment.purpose}")
        elif environment.name in names:
            if python is None:
                print(f"{environment.name} {environment.missing()}", file=sys.stderr)
                return 1
            try:
                make(environment, python)
            except uv.SetUpError as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
