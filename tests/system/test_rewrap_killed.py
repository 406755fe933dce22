# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_rewrap killed (SIGKILL) at every kind of point: no value is lost, and the next run finishes the work.

The module runs in a process of its own, without Ansible around it, so that just this process is killed.
"""

from __future__ import annotations

import base64
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

from support.module_run import finished, start_module
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

FILES = 24  # more than are moved at a time
_SECONDS = scaled(120)

# Python's own audit hook ends the process at the named step of the file whose turn it is.
HOOK = """
import os, signal, sys, threading
event, turn = os.environ["KILL_AT"].split(":")
seen, lock = [], threading.Lock()
def see(name, arguments):
    if name == event and (name != "os.rename" or ".sealwright-part" in str(arguments)):
        with lock:
            seen.append(name)
            if len(seen) >= int(turn):
                os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
"""


class Bench:
    """A folder of values under an old key, each in a different form."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.sealed = folder / "sealed"
        self.hooks = folder / "hooks"
        self.old, self.new = kms.new_key(), kms.new_key()
        vault = VaultValues(kms.client(), self.old)
        self.sealed.mkdir()
        self.hooks.mkdir()
        (self.hooks / "sitecustomize.py").write_text(HOOK)
        for number in range(FILES):
            message = vault.envelope(b"value %d" % number)
            (self.sealed / f"{number:02}").write_bytes(written(message) if number % 2 else as_text(message).encode() + b"\n")

    def files(self) -> list[Path]:
        return sorted(path for path in self.sealed.iterdir() if not path.name.startswith("."))

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        options = {"folder": str(self.sealed), "kms_key_id": self.new}
        hooks = [str(self.hooks)] if environment else []
        return start_module("awskms_seal_rewrap", options, self.hooks, {**self.kms.environment(), **environment}, hooks)

    def values(self) -> list[bytes]:
        """The values, each from a file in the form that it was made in."""
        contents = [path.read_bytes() for path in self.files()]
        return [content if number % 2 else base64.b64decode(content, validate=False) for number, content in enumerate(contents)]

    def count(self) -> int:
        """The number of values under the new key, without calling KMS."""
        return sum(HASHICORP.BlobInfo.FromString(value).key_info.key_id == self.new for value in self.values())

    def moved(self) -> int:
        """The same; each value opens under the key that it names, and is the same as ever."""
        client, values = self.kms.client(), self.values()
        assert len(values) == FILES
        for number, value in enumerate(values):
            key = HASHICORP.BlobInfo.FromString(value).key_info.key_id
            assert key in (self.old, self.new)
            assert VaultValues(client, key).opened(as_text(value)) == b"value %d" % number
        return self.count()

    def left_over(self) -> list[str]:
        return [path.name for path in self.sealed.iterdir() if path.name.startswith(".")]


@pytest.fixture
def bench(kms: StrictKms, tmp_path: Path) -> Bench:
    return Bench(kms, tmp_path)


def check_next_run(bench: Bench, moved: int) -> None:
    result = finished(bench.start())
    assert result["changed"]
    assert sum(entry["changed"] for entry in result["sealed_values"]) == FILES - moved
    assert result["key_arns_no_longer_used"] == [bench.old]
    assert bench.moved() == FILES
    assert bench.left_over() == []
    assert not finished(bench.start())["changed"]


@pytest.mark.fault(
    operation="awskms_seal_rewrap of a folder",
    fault="killed while a file is written or replaced",
    outcome="Every value can be unwrapped with the key that it names. The next run moves the rest and leaves nothing behind.",
)
@pytest.mark.parametrize(
    "point",
    [
        "os.chmod:1",  # the first new file is written, and has no name
        "os.link:2",  # the moment before it has a temporary one
        "os.rename:1",  # the moment before the first file is replaced
        "os.rename:13",
    ],
)
def test_killed_while_it_writes(bench: Bench, point: str) -> None:
    process = bench.start(KILL_AT=point)
    output = process.communicate(timeout=_SECONDS)[0]
    assert process.returncode == -9, output
    assert bool(bench.left_over()) == point.startswith("os.rename")
    moved = bench.moved()
    assert moved < FILES
    check_next_run(bench, moved)


@pytest.mark.fault(
    operation="awskms_seal_rewrap of a folder",
    fault="killed while KMS is slow",
    outcome="Some values are moved, the others are unchanged. The next run moves the rest.",
)
@pytest.mark.parametrize("operation", ["ReEncrypt", "Decrypt"])
def test_killed_while_kms_is_slow(bench: Bench, operation: str) -> None:
    """Some values are moved, and the answers to the others do not come."""
    bench.kms.fault("slow", operation, after=6, seconds=20.0, key=bench.new if operation == "ReEncrypt" else "")
    try:
        process = bench.start()
        end = time.monotonic() + _SECONDS
        while bench.count() < 3:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.05)
        process.kill()
        process.communicate(timeout=_SECONDS)
    finally:
        bench.kms.clear_faults()
    moved = bench.moved()
    assert 3 <= moved < FILES
    check_next_run(bench, moved)
