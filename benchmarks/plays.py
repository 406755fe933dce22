# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs plays and takes their time: Ansible in a folder of its own, variants in turn, and what to say of their times."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
COLLECTION = "sealwright.vault_seal"
FORKS = 10
_SECONDS = 1200


@dataclass
class Variant:
    """A play to measure.

    ``folder`` holds what lies beside its playbook, such as ``group_vars``; ``hosts`` says on how many it runs, 0 for one named localhost.
    ``calls`` are those to KMS in its last run, ``scale`` what time and calls are multiplied by where only a part is run. ``processor`` holds
    the processor's seconds for ``seconds``, of Ansible and all that it starts.
    """

    name: str
    tasks: list[dict[str, Any]]
    variables: str = ""
    folder: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    hosts: int = 0
    scale: float = 1.0
    repetitions: int | None = None
    aim: str = ""
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    counted: int = 0

    @property
    def fastest(self) -> float:
        """What other work on the machine has disturbed least."""
        return min(self.seconds) * self.scale

    @property
    def least_processor(self) -> float:
        """What hardly depends on what else the machine does."""
        return min(self.processor) * self.scale

    @property
    def calls(self) -> int:
        return round(self.counted * self.scale)


class Stage:
    """Where plays run: their folder, and the environment that leads to the KMS."""

    def __init__(self, folder: Path, kms: Any) -> None:
        self.folder = folder
        self.kms = kms
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "password").write_text("benchmark", encoding="utf-8")
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")

    def environment(self) -> dict[str, str]:
        # Without PYTHONDONTWRITEBYTECODE, which would have each start compile anew.
        return {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_LIBRARY": str(HERE / "modules"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.folder / "password"),
            "AWS_ENDPOINT_URL_KMS": self.kms.url,
            **self.kms.environment(),
        }

    def room(self, name: str) -> Path:
        """A new folder for a playbook and what lies beside it."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def play(self, variant: Variant, variables: Mapping[str, str] | None = None) -> None:
        """Run a variant's play once, and note its time with it."""
        folder = variant.folder or self.folder
        play = {"hosts": "all", "gather_facts": False, "tasks": variant.tasks}
        if variant.variables:
            play["vars_files"] = [variant.variables]
        book = folder / "play.yml"
        book.write_text(json.dumps([play]), encoding="utf-8")
        names = [f"host{number}" for number in range(variant.hosts)] or ["localhost"]
        inventory = folder / "inventory"
        local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
        inventory.write_text("".join(f"{name} {local}\n" for name in names), encoding="utf-8")
        before = len(self.kms.calls())
        begun, busy = time.perf_counter(), processor()
        ended = subprocess.run(
            [BIN / "ansible-playbook", "-i", inventory, "--forks", str(FORKS), book],
            env={**self.environment(), **variant.environment, **(variables or {})}, cwd=folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )
        spent = time.perf_counter() - begun
        if ended.returncode:
            raise SystemExit(f"{variant.name} failed:\n{ended.stdout}{ended.stderr}")
        variant.counted = len(self.kms.calls()) - before
        variant.seconds.append(spent)
        variant.processor.append(processor() - busy)
        print(f"{spent:7.2f} s  {variant.name}", file=sys.stderr, flush=True)

    def measure(self, variants: list[Variant], repetitions: int, warm: bool = True) -> list[Variant]:
        """Run all variants in turn, so that what the machine does besides meets all alike; the first round may warm up."""
        for turn in range(0 if warm else 1, repetitions + 1):
            for variant in variants:
                wanted = variant.repetitions if variant.repetitions is not None else repetitions
                if turn > wanted or (turn == 0 and wanted < repetitions):
                    continue
                self.play(variant)
                if not turn:
                    variant.seconds.clear()
                    variant.processor.clear()
        return variants


def processor() -> float:
    """The processor's seconds of all processes that were started here and have ended; the KMS has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def counted(expression: str, total: int) -> list[dict[str, Any]]:
    """Tasks that use all values, and fail where their lengths do not add up to ``total``."""
    return [{"ansible.builtin.assert": {"that": f"{expression} | map('length') | sum == {total}", "quiet": True}, "no_log": True}]
