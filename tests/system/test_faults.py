# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that write files, with every fault of the host, the disk and AWS KMS: nothing is lost or incomplete, and the next run succeeds.

The marker ``fault`` names each row of the table in the guide about faults, which is written from these tests.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.kill_steps import KillSteps
from support.module_run import start_module
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

OLD, NEW = b"the old value, which must not be lost", b"the new value, which nobody else may read"
_SECONDS = scaled(120)


@dataclass
class Case:
    """One module that writes one file: its options, and the possible contents of the file afterwards."""

    module: str
    kms: StrictKms
    folder: Path
    options: Mapping[str, Any]
    reset: Callable[[], None]
    holds: Callable[[], str]  # "old", "new", "nothing" or what is wrong

    @property
    def file(self) -> Path:
        return self.folder / "file"

    def environment(self, **more: str) -> dict[str, str]:
        return {**self.kms.environment(), **more}

    def home(self) -> Path:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return home

    def run(self, **more: Any) -> tuple[int, str]:
        process = start_module(self.module, {**self.options, **more}, self.home(), self.environment())
        output = process.communicate(timeout=_SECONDS)[0].decode()
        assert "Traceback" not in output
        return process.returncode, output

    def others(self) -> list[Path]:
        """All other files in the folder."""
        return [path for path in self.folder.iterdir() if path.name != "file"]


def _wrap(kms: StrictKms, folder: Path, replaces: bool) -> Case:
    key = kms.new_key()
    vault = VaultValues(kms.client(), key)
    old = as_text(vault.envelope(OLD)).encode()
    file = folder / "file"

    def holds() -> str:
        if not file.exists():
            return "nothing"
        return {OLD: "old", NEW: "new"}.get(vault.opened(file.read_text(encoding="ascii")), "something else")

    # An old value is kept as long as it opens to the plaintext; it is another one here.
    options = {"plaintext": NEW.decode(), "kms_key_id": key, "dest": str(file)}
    return Case("awskms_seal_wrap", kms, folder, options, lambda: _begin(folder, old if replaces else None), holds)


def _unwrap(kms: StrictKms, folder: Path, replaces: bool) -> Case:
    key = kms.new_key()
    blob = as_text(VaultValues(kms.client(), key).envelope(NEW))
    file = folder / "file"

    def holds() -> str:
        if not file.exists():
            return "nothing"
        return {OLD: "old", NEW: "new"}.get(file.read_bytes(), "something else")

    options = {"blob": blob, "dest": str(file)}
    return Case("awskms_seal_unwrap", kms, folder, options, lambda: _begin(folder, OLD if replaces else None), holds)


def _rewrap(kms: StrictKms, folder: Path, replaces: bool) -> Case:
    assert replaces
    before, after = kms.new_key(), kms.new_key()
    old = as_text(VaultValues(kms.client(), before).envelope(OLD)).encode() + b"\n"
    file = folder / "file"

    def holds() -> str:
        content = file.read_bytes()
        if VaultValues(kms.client(), before).opened(content.decode()) != OLD:
            return "something else"
        return "old" if content == old else "new" if after.encode() in base64.b64decode(content) else "something else"

    options = {"src": [str(file)], "kms_key_id": after}
    return Case("awskms_seal_rewrap", kms, folder, options, lambda: _begin(folder, old), holds)


def _begin(folder: Path, content: bytes | None) -> None:
    for path in folder.iterdir():
        path.unlink()
    if content is not None:
        file = folder / "file"
        file.write_bytes(content)
        file.chmod(0o600)


CASES = {
    "wrap, a new file": (_wrap, False),
    "wrap, a file is replaced": (_wrap, True),
    "unwrap, a new file": (_unwrap, False),
    "unwrap, a file is replaced": (_unwrap, True),
    "rewrap": (_rewrap, True),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest, kms: StrictKms, tmp_path: Path) -> Iterator[Case]:
    folder = tmp_path / "folder"
    folder.mkdir()
    make, replaces = CASES[request.param]
    made = make(kms, folder, replaces)
    made.reset()
    yield made
    kms.clear_faults()


def check_next_run_finishes(case: Case) -> None:
    code, output = case.run()
    assert code == 0, output
    assert case.holds() == "new"
    assert case.others() == []
    assert case.file.stat().st_mode & 0o777 == 0o600


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="killed (SIGKILL) before each call that writes, renames, locks or changes a file",
    outcome="The file has its complete old or new contents. The next run succeeds and leaves nothing else behind.",
)
def test_killed_at_each_step(case: Case) -> None:
    before = case.holds()
    steps = 0
    with KillSteps(case.module, case.options, case.home(), case.environment()) as process:
        for ended in process.each():
            if not ended.killed:
                break
            steps += 1
            assert case.holds() in (before, "new"), ended.step
            for path in case.others():
                assert path.lstat().st_mode & 0o077 == 0, (path, ended.step)
            last = process.run()
            assert not last.killed
            assert last.result().get("failed") is not True, (ended.step, last.output)
            assert (case.holds(), case.others()) == ("new", []), ended.step
            case.reset()
    assert steps >= 3  # at least the content, its mode or disk, and its name


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="the disk is full",
    outcome="`file_error`. The file keeps its old contents, and nothing is left beside it. The next run succeeds.",
)
def test_a_full_disk(case: Case) -> None:
    before = case.holds()
    # What a process may write to one file is limited to a few bytes: what it prints goes to a pipe.
    hooks = case.home() / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))\n"
    )
    process = start_module(case.module, case.options, case.home(), case.environment(PYTHONDONTWRITEBYTECODE="1"), [str(hooks)])
    output = process.communicate(timeout=_SECONDS)[0].decode()
    assert process.returncode != 0
    assert "Traceback" not in output
    assert '"file_error"' in output, output
    assert (case.holds(), case.others()) == (before, [])
    check_next_run_finishes(case)


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="two runs at once",
    outcome="Neither ends with a traceback, at least one succeeds, and the file has the complete new contents.",
)
def test_two_runs_at_once(case: Case) -> None:
    case.kms.fault("slow", seconds=0.3)
    processes = []
    for number in range(2):
        home = case.folder.parent / f"home{number}"
        home.mkdir()
        processes.append(start_module(case.module, case.options, home, case.environment()))
    outputs = [process.communicate(timeout=_SECONDS)[0].decode() for process in processes]
    assert 0 in [process.returncode for process in processes], outputs
    assert not any("Traceback" in output for output in outputs), outputs
    assert (case.holds(), case.others()) == ("new", [])


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "throttled": ({"kind": "throttle"}, "throttled"),
    "down": ({"kind": "503"}, "kms_internal"),
    "resets connections": ({"kind": "reset"}, "unreachable"),
    "slow beyond the timeout": ({"kind": "slow", "seconds": 4.0}, "timed_out"),
    "of another clock": ({"kind": "clock_skew", "seconds": 3600.0}, "clock_skew"),
}


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="KMS is throttled, down, resets connections, is slower than the timeout, or has a different clock",
    outcome="`throttled`, `kms_internal`, `unreachable`, `timed_out` or `clock_skew` in time. The file keeps its old contents. The next run succeeds.",
)
@pytest.mark.parametrize("fault", list(FAULTS))
def test_kms_faults(case: Case, fault: str) -> None:
    before = case.holds()
    settings, reason = FAULTS[fault]
    case.kms.fault(**settings)
    code, output = case.run(timeout=2)
    case.kms.clear_faults()
    assert code != 0
    assert f'"{reason}"' in output, output
    assert (case.holds(), case.others()) == (before, [])


READ_ONLY = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x20000) or libc.mount(None, b"/", None, 0x44000, None):
    sys.exit(77)
folder = sys.argv[1].encode()
if libc.mount(folder, folder, None, 0x1000, None) or libc.mount(None, folder, None, 0x1021, None):
    sys.exit(77)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="the file system is read-only",
    outcome="`file_error` before anything is written. The file keeps its old contents. The next run succeeds.",
)
def test_a_read_only_file_system(case: Case) -> None:
    before = case.holds()
    process = start_module(case.module, case.options, case.home(), case.environment())
    process.kill()
    process.communicate(timeout=_SECONDS)  # its arguments are written, and nothing else is done yet
    case.reset()
    arguments = case.home() / f"{case.module}.json"
    name = f"ansible_collections.sealwright.vault_seal.plugins.modules.{case.module}"
    command = [sys.executable, "-c", READ_ONLY, str(case.folder), sys.executable, "-m", name, str(arguments)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(case.home()), "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], **case.environment()}
    ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if ended.returncode == 77:
        pytest.skip("a read-only mount needs root")
    assert ended.returncode != 0
    assert '"file_error"' in ended.stdout, ended.stdout + ended.stderr
    assert (case.holds(), case.others()) == (before, [])
    check_next_run_finishes(case)
