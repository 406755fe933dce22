# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awskms_seal_edit killed before each of its writes: the file is old or new, whole and private, and the opened text is gone from memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.kill_steps import KillSteps
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

OLD, NEW = "old: correct-horse-8c2d\n", "typed: battery-staple-e417\n"
_SECONDS = scaled(20)


@pytest.fixture
def memory() -> Iterator[Path]:
    folder = Path("/dev/shm") / f"sealwright-killed-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(mode=0o700)
    yield folder
    for left in folder.iterdir():  # empty, made before the first write
        left.rmdir()
    folder.rmdir()


def forgotten(memory: Path) -> bool:
    """Whether no file is left in memory; what was killed is cleaned up after by a process of its own."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if not [path for path in memory.rglob("*") if not path.is_dir()]:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="killed (SIGKILL) before each call that writes, renames, locks or changes a file",
    outcome="The file is old or new, whole and private. No opened text is left in memory. The next run finishes and leaves nothing beside the file.",
)
@pytest.mark.parametrize("existing", [True, False])
def test_an_edit_killed_at_each_step(kms: StrictKms, tmp_path: Path, memory: Path, existing: bool) -> None:
    values = VaultValues(kms.client(), kms.new_key())
    folder, home, editor = tmp_path / "files", tmp_path / "home", tmp_path / "editor"
    folder.mkdir()
    home.mkdir()
    editor.write_text(f'#!/bin/sh\nprintf "{NEW.strip()}\\n" > "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    file = folder / "secrets.yml.sealed"
    sealed = as_text(values.envelope(OLD.encode())) + "\n"

    def begin() -> None:
        file.unlink(missing_ok=True)
        if existing:
            file.write_text(sealed, encoding="ascii")
            file.chmod(0o640)

    def content() -> str:
        return values.opened(file.read_text(encoding="ascii")).decode() if file.exists() else ""

    begin()
    old, steps = content(), []
    options = {"file": str(file), "editor": str(editor), "kms_key_id": values.key_arn}
    environment = {**kms.environment(), "XDG_RUNTIME_DIR": str(memory)}
    with KillSteps("support.edit_task", options, home, environment) as process:
        for ended in process.each():
            if not ended.killed:
                break
            steps.append(ended.step)
            assert content() in (old, NEW), ended.step
            assert not file.exists() or file.stat().st_mode & 0o777 == (0o640 if existing else 0o600), ended.step
            assert all(path.stat().st_mode & 0o037 == 0 for path in folder.iterdir() if path != file), ended.step
            assert forgotten(memory), ended.step
            result = process.run().result()
            assert (result.get("failed"), content(), list(folder.iterdir())) == (None, NEW, [file]), (ended.step, result)
            begin()
    assert len(steps) >= 10, ended
    assert (ended.result()["changed"], content()) == (True, NEW)
