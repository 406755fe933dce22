# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is checked: every step by name, and the groups that the Makefile's targets stand for."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Mapping, Sequence

import home
import pythons
import trees
from paths import HOME, LINK_TREE, MADE, ROOT, environment_bin
from runner import Step

Command = Sequence[str]

# Settings of whoever runs the checks that would change what is checked.
_FOREIGN = ("ANSIBLE_", "AWS_", "AWSKMS_", "BAO_", "BOTO_", "LC_", "MOLECULE_", "PYTEST_", "PYTHON", "VAULT_", "VIRTUAL_ENV")

_CORE_TESTS = "tests/unit/plugins/module_utils/seal"

# Groups, in the order of `make help`; "all" is made of every step.
GROUPS = {
    "unit": ("units",),
    "lint": ("style", "types", "ansible-lint", "changelog", "licences"),
    "system": ("system",),
    "matrix": ("units-*", "matrix-*"),
    "sanity": ("sanity*", "shellcheck"),
    "integration": ("integration",),
    "docs": ("docs", "docsite"),
    "importer": ("archive", "importer", "execution-environment"),
    "demo": ("demo",),
    "bench": ("bench",),
}
# Figures depend on the machine; they are not a verdict.
NOT_IN_ALL = ("bench",)


class Catalogue:
    """All steps of this machine, and those that it cannot run, with the reason."""

    def __init__(self, found: Mapping[tuple[int, int], pythons.Python]) -> None:
        """:param found: the Pythons of the machine."""
        self._found = found
        self.steps: list[Step] = []
        self.left_out: dict[str, str] = {}
        # Long ones first, then those that share the machine in pairs.
        self._tests()
        self._matrix()
        self._ansible_test()
        self._whole_collection()
        self._extras()

    def _add(
        self, name: str, *commands: Command, needs: Sequence[str] = ("dev",), cwd: Path = ROOT, slots: int = 1,
        minutes: float = 10, **variables: str,
    ) -> None:
        environment = {**self._environment(needs[0]), **variables}
        self.steps.append(Step(name, commands, tuple(needs), environment, str(cwd), slots, minutes))

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        folders = [str(environment_bin(name)), *(str(python.path.parent) for python in reversed(self._found.values()))]
        return {
            **kept,
            "PATH": os.pathsep.join([*dict.fromkeys(folders), os.environ.get("PATH", os.defpath)]),
            "HOME": str(HOME),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(home.ANSIBLE_CFG),
            "ANSIBLE_COLLECTIONS_PATH": str(LINK_TREE),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(LINK_TREE)]),
            "MYPYPATH": str(LINK_TREE),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(MADE / "hypothesis"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _tests(self) -> None:
        self._add("units", _pytest("dev", "tests/unit"), slots=2)
        self._add("system", _pytest("dev", "tests/system"), slots=2, minutes=20)
        self._add("demo", [_tool("dev", "python"), "demo/run.py"], slots=2)
        self._add("bench", [_tool("bench", "python"), "benchmarks/run.py"], needs=("bench",), slots=2, minutes=30)

    def _matrix(self) -> None:
        self._add("units-3.9-lowest", _pytest("host39", _CORE_TESTS), needs=("host39",))
        self._add("units-lowest", _pytest("lowest", "tests/unit"), needs=("lowest",))
        for minor in self._found:
            if minor >= (3, 11):
                name = f"py{minor[0]}{minor[1]}"
                self._add(f"units-{pythons.name(minor)}", _pytest(name, "tests/unit"), needs=(name,))
        self._system_matrix("matrix-lowest", controller="lowest", host="lowest")
        self._system_matrix("matrix-host-3.9", controller="dev", host="host39")

    def _system_matrix(self, name: str, controller: str, host: str) -> None:
        self._add(
            name,
            _pytest("dev", "tests/system", "-m", "matrix"),
            needs=("dev", controller, host),
            slots=2,
            SEALWRIGHT_ANSIBLE_BIN=str(environment_bin(controller)),
            SEALWRIGHT_HOST_PYTHON=str(environment_bin(host) / "python"),
        )

    def _ansible_test(self) -> None:
        self._in_clone("sanity", "dev", ["sanity", "--local", "--color", "no", "--skip-test", "shellcheck"])
        self._in_clone("sanity-2.16", "lowest", ["sanity", "--local", "--color", "no", "--skip-test", "shellcheck"])
        self._in_clone("shellcheck", "dev", ["sanity", "--local", "--color", "no", "--test", "shellcheck"])
        if not shutil.which("shellcheck"):
            self.left_out["shellcheck"] = "the command shellcheck is not installed (Debian: apt-get install shellcheck)"
        self._in_clone("integration", "dev", ["integration", "--local", "--color", "no"], slots=2)

    def _in_clone(self, name: str, needs: str, arguments: Sequence[str], slots: int = 1) -> None:
        # The collection's own path is found from the current folder, and a path in the environment would add the checkout.
        self._add(
            name,
            [sys.executable, str(ROOT / "tools" / "trees.py"), name],
            ["env", "-u", "ANSIBLE_COLLECTIONS_PATH", "-u", "PYTHONPATH", _tool(needs, "ansible-test"), *arguments],
            needs=(needs,),
            cwd=trees.clone_dir(name),
            slots=slots,
        )

    def _whole_collection(self) -> None:
        self._add("style", [_tool("dev", "ruff"), "check", "."])
        core = "ansible_collections.sealwright.vault_seal.plugins.module_utils.seal"
        self._add("types", [_tool("dev", "mypy"), "-p", core])

    def _extras(self) -> None:
        pass


def _tool(environment: str, command: str) -> str:
    return str(environment_bin(environment) / command)


def _pytest(environment: str, *arguments: str) -> Command:
    return [_tool(environment, "python"), "-m", "pytest", "-q", "-n", "2", *arguments]
