# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awskms_seal_wrap and awskms_seal_unwrap killed (SIGKILL) at every step of writing ``dest``: nothing of a secret stays behind.

Without a file of that name nothing is left at all. Where one is replaced, a complete new file has a temporary name for the moment before the rename, and
the next run removes it. On a file system without unnamed files it has that name from the beginning.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.module_run import finished, start_module
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

SECRET, OLDER = "the new secret value", "an old one"
PART = ".sealwright-part"
# The process ends at the named step, of which the audit hook tells before it is done; without unnamed files where NAMED is set.
HOOK = """
import os, signal, sys
event, turn = os.environ["KILL_AT"].split(":")
if os.environ.get("NAMED"):
    del os.O_TMPFILE
seen = []
def see(name, arguments):
    written = name != "open" or str(arguments[0]).endswith(".sealwright-part")
    if name == event and written:
        seen.append(name)
        if len(seen) == int(turn):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
"""
# Step, whether a file is replaced, whether without unnamed files, and how many temporary names stay.
STEPS = [
    ("os.chmod:1", False, False, 0),
    ("os.link:1", False, False, 0),
    ("os.chown:1", True, False, 0),
    ("os.chmod:1", True, False, 0),
    ("os.link:1", True, False, 0),
    ("os.link:2", True, False, 0),
    ("os.rename:1", True, False, 1),
    ("open:1", False, True, 0),
    ("fcntl.flock:1", False, True, 1),
    ("os.chmod:1", True, True, 1),
    ("os.rename:1", False, True, 1),
    ("os.rename:1", True, True, 1),
]


class Bench:
    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.key = kms.new_key()
        self.values = VaultValues(kms.client(), self.key)
        self.environment = kms.environment()
        self.folder, self.hooks = folder / "files", folder / "hooks"
        self.folder.mkdir()
        self.hooks.mkdir()
        (self.hooks / "sitecustomize.py").write_text(HOOK)
        self.dest = self.folder / "dest"
        self.options = {
            "awskms_seal_unwrap": {"blob": as_text(self.values.envelope(SECRET.encode()))},
            "awskms_seal_wrap": {"plaintext": SECRET, "kms_key_id": self.key},
        }
        self.content: dict[str, Callable[[bytes], bytes]] = {
            "awskms_seal_unwrap": lambda content: content, "awskms_seal_wrap": lambda content: self.values.opened(content.decode()),
        }
        self.older = {"awskms_seal_unwrap": OLDER.encode(), "awskms_seal_wrap": as_text(self.values.envelope(OLDER.encode())).encode()}

    def names(self) -> list[str]:
        return [name for name in os.listdir(self.folder) if name != "dest"]


@pytest.mark.parametrize("module", ["awskms_seal_unwrap", "awskms_seal_wrap"])
def test_killed_at_each_step(kms: StrictKms, tmp_path: Path, module: str) -> None:
    bench = Bench(kms, tmp_path)
    options = {**bench.options[module], "dest": str(bench.dest), "mode": "0640"}
    for step, replaces, named, left in STEPS:
        bench.dest.unlink(missing_ok=True)
        if replaces:
            bench.dest.write_bytes(bench.older[module])
            bench.dest.chmod(0o644)
            if os.geteuid() == 0:
                os.chown(bench.dest, 12345, 12345)
        elif step.startswith("os.chown"):
            continue
        process = start_module(module, options, bench.hooks, {**bench.environment, "KILL_AT": step, "NAMED": "1" if named else ""}, [str(bench.hooks)])
        output = process.communicate(timeout=scaled(180))[0]
        assert process.returncode == -9, (step, replaces, named, output)
        names = bench.names()
        assert len(names) == left, (step, replaces, named, names)
        assert all(name.endswith(PART) and (bench.folder / name).stat().st_mode & 0o777 in (0o600, 0o640) for name in names)
        assert (bench.dest.read_bytes() if bench.dest.exists() else None) == (bench.older[module] if replaces else None)
        finished(start_module(module, options, bench.hooks, bench.environment))
        assert bench.names() == []
        assert bench.content[module](bench.dest.read_bytes()) == SECRET.encode()
        assert bench.dest.stat().st_mode & 0o777 == 0o640
