# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awskms_seal_edit when KMS or the disk fails: detected before the editor opens, or the edited text is kept."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.lying_kms import LyingKms
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

OLD, TYPED = b"old: correct-horse-8c2d\n", "typed: battery-staple-e417\n"


class Desk:
    """A sealed file in a separate folder, an editor that leaves a trace, and a folder in memory."""

    def __init__(self, kms: StrictKms, relay: LyingKms, folder: Path, memory: Path) -> None:
        self.kms, self.relay, self.memory = kms, relay, memory
        self.files, self.began = folder / "files", folder / "began"
        self.files.mkdir()
        self.file = self.files / "secrets.yml.sealed"
        self.ansible = Ansible(folder / "ansible", {**relay.environment(), "XDG_RUNTIME_DIR": str(memory)})
        self.values = VaultValues(kms.client(), kms.new_key())
        self.sealed = (as_text(self.values.envelope(OLD)) + "\n").encode()
        self.file.write_bytes(self.sealed)

    def edit(self, more: str = "") -> dict[str, Any]:
        editor = self.began.parent / "editor"
        editor.write_text(f'#!/bin/sh\ntouch {self.began}\nprintf "{TYPED.strip()}\\n" > "$1"\n{more}\n', encoding="utf-8")
        editor.chmod(0o755)
        run = self.ansible.ad_hoc("sealwright.vault_seal.awskms_seal_edit", f"file={self.file} editor={editor} timeout=2")
        assert "Traceback" not in run.output
        assert not any(secret in run.output for secret in ("correct-horse", "battery-staple"))
        result: dict[str, Any] = run.results[0]["result"]
        return result

    def check_refused(self, *reasons: str) -> None:
        result = self.edit()
        assert (result["failed"], result["reason"] in reasons) == (True, True), result
        assert not self.began.exists()
        assert (list(self.files.iterdir()), self.file.read_bytes(), list(self.memory.iterdir())) == ([self.file], self.sealed, [])


@pytest.fixture
def desk(kms: StrictKms, tmp_path: Path) -> Iterator[Desk]:
    memory = Path("/dev/shm") / f"sealwright-faults-{os.getpid()}-{time.monotonic_ns()}"
    memory.mkdir(mode=0o700)
    with LyingKms(kms) as relay:
        yield Desk(kms, relay, tmp_path, memory)
    kms.clear_faults()
    subprocess.run(["rm", "-rf", str(memory)], check=True)


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="KMS is throttled, down, resets connections, is slower than the timeout, has a different clock, or returns false answers",
    outcome="Detected before the editor opens. The file keeps its old contents. The next run succeeds.",
)
def test_kms_faults_are_detected_before_the_editor_opens(desk: Desk) -> None:
    faults: dict[str, dict[str, Any]] = {
        "throttled": {"kind": "throttle"}, "kms_internal": {"kind": "503"}, "unreachable": {"kind": "reset"},
        "timed_out": {"kind": "slow", "seconds": 4.0}, "clock_skew": {"kind": "clock_skew", "seconds": 3600.0},
    }
    for reason, settings in faults.items():
        desk.kms.fault(**settings)
        desk.check_refused(reason)
        desk.kms.clear_faults()
    for operation, field in (("Decrypt", "Plaintext"), ("Encrypt", "CiphertextBlob")):
        desk.relay.lies = {operation: lambda answer, field=field: {**answer, field: ""}}  # type: ignore[misc]
        desk.check_refused("wrong_endpoint", "not_authentic")
    desk.relay.lies = {}
    assert desk.edit()["changed"] is True
    assert desk.values.opened(desk.file.read_text(encoding="ascii")).decode() == TYPED


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="the disk is full or read-only, before or while the file is edited",
    outcome="`file_error` before the editor opens; or the file keeps its old contents, and the edited text is kept in the folder in memory.",
)
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts file systems, which takes root")
def test_the_disk_fails(desk: Desk) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(desk.files)], check=True)
    read_only = f"mount -o remount,ro {desk.files}"
    try:
        desk.file.write_bytes(desk.sealed)
        subprocess.run(read_only.split(), check=True)
        desk.check_refused("file_error")
        subprocess.run(["mount", "-o", "remount,rw", str(desk.files)], check=True)
        for fails in (read_only, f"cat /dev/zero > {desk.files}/room"):
            result = desk.edit(f"{fails} 2> /dev/null\ntrue")
            assert (result["failed"], result["reason"], desk.file.read_bytes()) == (True, "file_error", desk.sealed), result
            kept = Path(result["kept"])
            assert (kept.read_text(encoding="utf-8"), kept.stat().st_mode & 0o777) == (TYPED, 0o600)
            subprocess.run(["rm", "-rf", str(kept.parent)], check=True)
            subprocess.run(["mount", "-o", "remount,rw", str(desk.files)], check=True)
            (desk.files / "room").unlink(missing_ok=True)
            assert (list(desk.files.iterdir()), list(desk.memory.iterdir())) == ([desk.file], [])
        assert desk.edit()["changed"] is True
    finally:
        subprocess.run(["umount", str(desk.files)], check=True)
