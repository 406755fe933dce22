# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of checks: every step by name, and the groups of the Makefile's targets."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import environments
import home
import namespaces
import pythons
import trees
from paths import HOME, LINK_TREE, MADE, ROOT, environment_bin
from processes import time_factor
from runner import ALL_SLOTS, Step

Command = Sequence[str]

# Settings of the user that would affect the checks. A proxy would intercept the servers of the tests.
_FOREIGN = (
    *("ANSIBLE_", "AWS_", "AWSKMS_", "BAO_", "BOTO_", "LC_", "MOLECULE_", "PYTEST_", "PYTHON", "VAULT_", "VIRTUAL_ENV"),
    *("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"),
)

_PLUGINS = "ansible_collections.sealwright.vault_seal.plugins"
_CORE_TESTS = "tests/unit/plugins/module_utils/_seal"

_DOCS_LINT = ("--plugin-docs", "--check-extra-docs-refs", "--disallow-unknown-collection-refs")

# Units run on every release line up to this one, or the summary lists the missing ones.
PROMISED = (3, 13)

# Groups, in the order of `make help`; "all" is made of every step.
GROUPS = {
    "unit": ("units",),
    "lint": ("tools", "style", "types", "ansible-lint", "changelog", "licences", "extra-checks"),
    "system": ("system",),
    "matrix": ("units-*", "matrix-*"),
    "sanity": ("sanity*", "shellcheck"),
    "integration": ("integration",),
    "molecule": ("molecule", "molecule-*"),
    "docs": ("docs", "docsite"),
    "importer": ("archive",),
    "demo": ("demo",),
    "bench": ("bench",),
    "mutants": ("mutants",),
    "fuzz": ("fuzz",),
    "differential": ("differential",),
    "model": ("model",),
}
# The scenarios of extensions/molecule that need no root, one after the other; those of three hosts have a step each, the long ones first.
SCENARIOS = ("default", "environment_only", "static_credentials", "refused_change", "openbao_2_7", "restore_drill")
OF_THREE_HOSTS = ("migrate", "rotate", "bootstrap", "cluster")
# Figures are not a verdict, mutants take hours, and of the differential test and of the model a sample is in all.
NOT_IN_ALL = ("bench", "mutants", "differential", "model")
_SAMPLE = 20


class Catalogue:
    """All steps of this machine, and those that it cannot run with the reason."""

    def __init__(self, interpreters: Mapping[tuple[int, int], pythons.Python]) -> None:
        """:param found: the Pythons of the machine."""
        self._interpreters = interpreters
        self.steps: list[Step] = []
        self.left_out: dict[str, str] = {}
        # Those that need the whole machine first, then those that share it, the long ones before the short.
        self._tests()
        self._system_matrix()
        self._molecule()
        self._ansible_test()
        self._units_matrix()
        self._model()
        self._whole_collection()

    def _add(
        self, name: str, *commands: Command, needs: Sequence[str] = ("dev",), cwd: Path = ROOT, slots: int = 1,
        minutes: float = 20, **variables: str,
    ) -> None:
        environment = {**self._environment(needs[0]), **variables}
        self.steps.append(Step(name, commands, tuple(needs), environment, str(cwd), slots, minutes))

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        folders = [str(environment_bin(name)), *(str(python.path.parent) for python in reversed(list(self._interpreters.values())))]
        return {
            **kept,
            "PATH": os.pathsep.join([*dict.fromkeys(folders), os.environ.get("PATH", os.defpath)]),
            "HOME": str(HOME),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(home.ANSIBLE_CFG),
            "ANSIBLE_COLLECTIONS_PATH": str(LINK_TREE),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(LINK_TREE)]),
            "MYPYPATH": os.pathsep.join([str(LINK_TREE), str(ROOT / "tools")]),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(MADE / "hypothesis"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _tests(self) -> None:
        self._add("units", _pytest("dev", "tests/unit", workers=2), slots=ALL_SLOTS)
        # Guided by coverage if a suitable Python exists, otherwise random.
        fuzz = "fuzz" if environments.ENVIRONMENTS["fuzz"].choose(self._interpreters) else "dev"
        self._add("fuzz", [_tool(fuzz, "python"), "tests/fuzz/run.py"], needs=(fuzz,), slots=ALL_SLOTS)
        self._add("system", _pytest("dev", "tests/system", workers=3), needs=("dev", "amazon"), slots=ALL_SLOTS)
        differential = [_tool("dev", "python"), "-m", "differential"]
        self._add("differential", differential, slots=ALL_SLOTS)
        self._add("differential-sample", [*differential, "--sample", str(_SAMPLE)], slots=ALL_SLOTS)
        reason = namespaces.missing_network()
        if reason:
            self.left_out.update(dict.fromkeys(("differential", "differential-sample"), reason))
        self._add("demo", [_tool("dev", "python"), "demo/run.py"], slots=ALL_SLOTS)
        self._add("bench", [_tool("bench", "python"), "benchmarks/run.py"], needs=("bench",), slots=ALL_SLOTS)
        self._add("mutants", [_tool("mutants", "python"), "tools/mutants.py"], needs=("mutants",), slots=ALL_SLOTS)

    def _model(self) -> None:
        model = [_tool("dev", "python"), "-m", "model"]
        self._add("model", model, minutes=120)
        self._add("model-sample", [*model, "--sample"])

    def _molecule(self) -> None:
        reason = namespaces.missing()
        for scenario in OF_THREE_HOSTS:
            self._scenarios(f"molecule-{scenario}", (scenario,))
            if reason:
                self.left_out[f"molecule-{scenario}"] = reason
        self._scenarios("molecule", SCENARIOS)

    def _scenarios(self, name: str, scenarios: Sequence[str]) -> None:
        # One for each checkout, with a short name: sockets are made below it.
        checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
        self._add(
            name,
            *([_tool("molecule", "molecule"), "test", "--scenario-name", scenario] for scenario in scenarios),
            needs=("molecule",),
            SEALWRIGHT_PYTHON=str(environment_bin("molecule") / "python"),
            SEALWRIGHT_LAB=str(Path(tempfile.gettempdir(), f"lab-{os.getuid()}-{checkout}-{scenarios[0][:3]}")),
            # Archives of modules are built once, rather than in each of the hundred runs of a scenario.
            ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests" / "support" / "callbacks"),
            ANSIBLE_CALLBACKS_ENABLED="reuse_payloads",
            ANSIBLE_TIMEOUT=str(round(20 * time_factor())),  # seconds that a connection may take
            MOLECULE_NO_COLOR="1",
            NO_COLOR="1",
        )

    def _units_matrix(self) -> None:
        self._add("units-3.9-lowest", _pytest("host39", _CORE_TESTS), needs=("host39",))
        self._add("units-lowest", _pytest("lowest", "tests/unit"), needs=("lowest",))
        newest = environments.ENVIRONMENTS["dev"].choose(self._interpreters)
        for name, environment in environments.ENVIRONMENTS.items():
            minor = environment.versions[0]
            if environment.requirements != "units" or (newest and newest.minor == minor):
                continue  # `units` is that already
            # A Python beyond the supported ones is used if it exists.
            if minor in self._interpreters or minor <= PROMISED:
                self._add(f"units-{pythons.name(minor)}", _pytest(name, "tests/unit"), needs=(name,))

    def _system_matrix(self) -> None:
        # The lowest of all at a time; and the newest ansible-core, whose modules have to run on the oldest Python too.
        oldest = "host39" if (3, 9) in self._interpreters else "lowest"
        self._with_versions("matrix-lowest", ("tests/system",), controller="lowest", host=oldest)
        self._with_versions("matrix-host-3.9", ("tests/system/test_wrap.py", "tests/system/test_unwrap.py"), controller="dev", host="host39")

    def _with_versions(self, name: str, tests: Sequence[str], controller: str, host: str) -> None:
        self._add(
            name,
            _pytest("dev", *tests, "-m", "matrix", workers=3),
            needs=("dev", controller, host),
            slots=ALL_SLOTS,
            SEALWRIGHT_ANSIBLE_BIN=str(environment_bin(controller)),
            SEALWRIGHT_HOST_PYTHON=str(environment_bin(host) / "python"),
        )

    def _ansible_test(self) -> None:
        self._in_clone("sanity", "dev", ["sanity", "--local", "--color", "no", "--skip-test", "shellcheck"])
        lowest = environments.ENVIRONMENTS["lowest"].choose(self._interpreters)
        # The other Pythons compile and import the same files in `sanity` and in the units of each Python.
        own = ["--python", pythons.name(lowest.minor)] if lowest else []
        self._in_clone("sanity-2.16", "lowest", ["sanity", "--local", "--color", "no", *own, "--skip-test", "shellcheck"])
        self._in_clone("shellcheck", "dev", ["sanity", "--local", "--color", "no", "--test", "shellcheck"])
        if not shutil.which("shellcheck"):
            self.left_out["shellcheck"] = "the command shellcheck is not installed (Debian: apt-get install shellcheck)"
        self._in_clone("integration", "dev", ["integration", "--local", "--color", "no"])

    def _in_clone(self, name: str, needs: str, arguments: Sequence[str]) -> None:
        # The collection's own path is found from the current folder, and a path in the environment would add the checkout.
        # As a module, because in a folder with a space in its name the command of ansible-core 2.16 is not valid Python.
        program = [_tool(needs, "python"), "-m", "ansible_test._util.target.cli.ansible_test_cli_stub"]
        self._add(
            name,
            _refresh(name),
            ["env", "-u", "ANSIBLE_COLLECTIONS_PATH", "-u", "PYTHONPATH", *program, *arguments],
            needs=(needs,),
            cwd=trees.clone_dir(name),
            HOME=str(home.of_ansible_test(needs)),
        )

    def _whole_collection(self) -> None:
        lint = ("lint",)
        self._add("tools", _pytest("dev", "tests/tools"))
        self._add("style", [_tool("dev", "ruff"), "check", "."])
        self._add("types", [_tool("dev", "mypy"), "-p", _PLUGINS], [_tool("dev", "mypy"), *_own_tools()])
        lints = ["--profile", "production", "--offline", "--nocolor", "--exclude", "changelogs/changelog.yaml"]  # which antsibull-changelog indents
        self._add("ansible-lint", [_tool("lint", "ansible-lint"), *lints], needs=lint)
        self._add("changelog", [_tool("lint", "antsibull-changelog"), "lint"], needs=lint)
        self._nox("licences", "license-check")
        self._nox("extra-checks", "extra-checks")
        self._add("docs", [_tool("lint", "antsibull-docs"), "lint-collection-docs", *_DOCS_LINT, "."], needs=lint)
        self._add("docsite", [_tool("lint", "python"), "tools/build_docsite.py"], needs=lint)
        self._add(
            "archive",
            [_tool("lint", "python"), "tools/archive.py"],
            [_tool("lint", "python"), "tools/check_archive.py"],
            needs=lint,
        )

    def _nox(self, name: str, session: str) -> None:
        """A session of antsibull-nox.toml. In a clone, because byte code that appears meanwhile would count as files without a licence."""
        environment = self._environment("nox")
        self._add(
            name,
            _refresh(name),
            # With the tools of `lint`, because nox would install a new environment from the network.
            [_tool("nox", "nox"), "--no-venv", "--no-install", "--session", session],
            needs=("nox", "lint"),
            cwd=trees.clone_dir(name),
            PATH=os.pathsep.join([str(environment_bin("nox")), str(environment_bin("lint")), environment["PATH"]]),
            ANTSIBULL_NOX_INSTALL_COLLECTIONS="never",
            PYTHONDONTWRITEBYTECODE="1",
        )


def _tool(environment: str, command: str) -> str:
    return str(environment_bin(environment) / command)


def _refresh(clone: str) -> Command:
    return [sys.executable, "-B", str(ROOT / "tools" / "trees.py"), clone]


def _own_tools() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tools").glob("*.py"))


def _pytest(environment: str, *arguments: str, workers: int = 0) -> Command:
    # Tests of one file stay together until a worker has nothing left, so that each server and key of a file is made about once.
    spread = ["--dist", "worksteal"] if workers else []
    return [_tool(environment, "python"), "-m", "pytest", "-q", "-n", str(workers), *spread, *arguments]
