# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs plays and takes their time: Ansible in a folder of its own, variants in turn, medians and ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
_SECONDS = 1200


@dataclass
class Variant:
    """A play to measure; ``calls`` are those to KMS in its last run, ``scale`` what its time is multiplied by."""

    name: str
    tasks: list[dict[str, Any]]
    variables: str = ""
    scale: float = 1.0
    repetitions: int | None = None
    seconds: list[float] = field(default_factory=list)
    calls: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) * self.scale

    @property
    def spread(self) -> float:
        """Half the distance between the fastest and the slowest run, as a part of the median."""
        return (max(self.seconds) - min(self.seconds)) / 2 / statistics.median(self.seconds)


class Stage:
    """Where plays run: their folder, and the environment that leads to the KMS."""

    def __init__(self, folder: Path, kms: Any) -> None:
        self.folder = folder
        self.kms = kms
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "ansible.cfg").write_text(f"[defaults]\nvault_password_file = {folder / 'password'}\n", encoding="utf-8")
        (folder / "password").write_text("benchmark", encoding="utf-8")

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
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "AWS_ENDPOINT_URL_KMS": self.kms.url,
            **self.kms.environment(),
        }

    def play(self, variant: Variant, variables: Mapping[str, str] | None = None) -> float:
        """Run a variant's play once; its seconds."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": variant.tasks}
        if variant.variables:
            play["vars_files"] = [variant.variables]
        book = self.folder / "play.yml"
        book.write_text(json.dumps([play]), encoding="utf-8")
        before = len(self.kms.calls())
        begun = time.perf_counter()
        ended = subprocess.run(
            [BIN / "ansible-playbook", book], env={**self.environment(), **(variables or {})}, cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )
        spent = time.perf_counter() - begun
        if ended.returncode:
            raise SystemExit(f"{variant.name} failed:\n{ended.stdout}{ended.stderr}")
        variant.calls = len(self.kms.calls()) - before
        return spent

    def measure(self, variants: list[Variant], repetitions: int) -> None:
        """Run all variants in turn, so that what the machine does besides meets all alike; the first round warms up."""
        for turn in range(repetitions + 1):
            for variant in variants:
                wanted = variant.repetitions if variant.repetitions is not None else repetitions
                if turn > wanted or (turn == 0 and wanted < repetitions):
                    continue
                spent = self.play(variant)
                if turn:
                    variant.seconds.append(spent)
