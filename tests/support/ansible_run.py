# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run Ansible like a user, in a separate folder and environment, and return the result of every task.

Nothing of the caller's home, AWS settings or ansible.cfg takes part. Which Ansible runs is said by SEALWRIGHT_ANSIBLE_BIN (a
folder; that of this Python where it is not set), which Python runs the modules by SEALWRIGHT_HOST_PYTHON (this one).
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .slack import scaled

_SUPPORT = Path(__file__).parent
_CHECKOUT = _SUPPORT.parents[1]
_NOT_BEGUN = "Local RPC server did not start"  # ansible-core 2.21 waits 5 s for it, before any play
_ATTEMPTS = 3
_SECONDS = scaled(600)  # only a run that hangs takes so long

# What reads like an error or is an empty play: a normal run of a playbook of the collection shows none of it.
_NOISE = re.compile(r"^.*(?:^(?:fatal|failed): |^\.\.\.ignoring|FAILED - RETRYING|\[(?:WARNING|ERROR|DEPRECATION WARNING)\]|no hosts matched).*$", re.MULTILINE)

Task = dict[str, Any]


def ansible_bin() -> Path:
    """The folder of the Ansible commands under test."""
    return Path(os.environ.get("SEALWRIGHT_ANSIBLE_BIN") or Path(sys.executable).parent)


def host_python() -> str:
    """The Python that modules run with."""
    return os.environ.get("SEALWRIGHT_HOST_PYTHON") or sys.executable


def collections_path() -> Path:
    """The path of a tree in which the checkout is the installed collection."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if given:
        return Path(given)
    tree = _CHECKOUT / ".venv" / "link"
    link = tree / "ansible_collections" / "sealwright" / "vault_seal"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(_CHECKOUT)
    return tree


@dataclass(frozen=True)
class Run:
    """What came of one command. ``results`` are those that callbacks get to see, in order, with ``task`` and ``outcome``."""

    code: int
    stdout: str
    stderr: str
    results: list[dict[str, Any]] = field(repr=False)
    of_collection: bool = False
    """Whether it is a run of one of the collection's playbooks."""

    def __getitem__(self, task: str) -> dict[str, Any]:
        """The result of the task of this name."""
        result: dict[str, Any] = self._record(task)["result"]
        return result

    def calls(self, task: str, journal: Sequence[dict[str, Any]]) -> list[str]:
        """The KMS operations in the journal that were called while the task ran, in order."""
        record = self._record(task)
        return [call["operation"] for call in journal if record["began"] <= call["time"] <= record["ended"]]

    def _record(self, task: str) -> dict[str, Any]:
        for record in self.results:
            if record["task"] == task:
                return record
        raise KeyError(f"no task {task!r} ran:\n{self.output}")

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def succeeded(self) -> Run:
        """This run; raises AssertionError with its output if it failed or, of one of the collection's playbooks, if it shows what looks like an error."""
        assert self.code == 0, self.output
        assert not (self.of_collection and self.noise()), self.noise()
        return self

    def noise(self) -> list[str]:
        """The lines that look like errors, and those of empty plays."""
        return _NOISE.findall(self.output)


class Ansible:
    """Ansible with its home, temporary files and playbooks in one folder.

    :param environment: variables of each run, such as the connection to a KMS.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = dict(environment or {})
        self._runs = 0
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.config = folder / "ansible.cfg"
        self.config.write_text("[defaults]\n", encoding="utf-8")
        self.inventory = folder / "inventory"
        self.inventory.write_text(f"localhost ansible_connection=local ansible_python_interpreter={host_python()!r}\n", encoding="utf-8")

    @classmethod
    def like(cls, other: Ansible, environment: Mapping[str, str]) -> Ansible:
        """Another one with the same folder, ansible.cfg and inventory, and a different environment."""
        made = copy.copy(other)
        made._environment = dict(environment)
        return made

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment of a run."""
        return {
            "PATH": os.pathsep.join([str(ansible_bin()), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.config),
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
            "ANSIBLE_CALLBACK_PLUGINS": str(_SUPPORT / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results,reuse_payloads",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",  # the ad hoc command asks for it
            "ANSIBLE_INVENTORY": str(self.inventory),
            "ANSIBLE_NOCOLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._environment,
            **more,
        }

    def playbook(
        self, content: Sequence[Task], *arguments: str, env: Mapping[str, str] | None = None, **play: Any
    ) -> Run:
        """Run tasks on localhost; ``play`` are additional keys of the play. A list of plays is run unchanged."""
        plays = list(content)
        if plays and "hosts" not in plays[0]:
            plays = [{"hosts": "localhost", "gather_facts": False, **play, "tasks": plays}]
        book = self.folder / "playbook.yml"
        book.write_text(json.dumps(plays, indent=1), encoding="utf-8")  # JSON is YAML
        return self.command(["ansible-playbook", *arguments, str(book)], env)

    def ad_hoc(self, module: str, arguments: str, *options: str, env: Mapping[str, str] | None = None) -> Run:
        """Run one module by the command `ansible`."""
        return self.command(["ansible", "localhost", "-m", module, "-a", arguments, *options], env)

    def command(self, line: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
        """Run one of Ansible's commands in ``folder``; again if the machine was too busy for Ansible to start."""
        for _attempt in range(_ATTEMPTS):
            run = self._command(line, env)
            if _NOT_BEGUN not in run.stderr:
                break
        return run

    def _command(self, line: Sequence[str], env: Mapping[str, str] | None) -> Run:
        self._runs += 1
        recorded = self.folder / f"results-{self._runs}.jsonl"
        answer = subprocess.run(
            [str(ansible_bin() / line[0]), *line[1:]],
            cwd=self.folder,
            env=self.environment(RECORD_RESULTS=str(recorded), **(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        lines = recorded.read_text(encoding="utf-8").splitlines() if recorded.exists() else []
        of_collection = any(word.startswith("sealwright.vault_seal.") for word in line[1:2])
        return Run(answer.returncode, answer.stdout, answer.stderr, [json.loads(line) for line in lines], of_collection)
