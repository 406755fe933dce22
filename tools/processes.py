# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End processes with all that they started, and scale limits for slow machines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

STEP_VARIABLE = "SEALWRIGHT_STEP"
"""Names the step in the environment of everything that it starts: a process that left the process group is found by it."""

_GRACE_SECONDS = 10.0


def time_factor() -> float:
    """SEALWRIGHT_TIME_FACTOR, by which a slow machine multiplies all limits; 1 if it is not set.

    :raises SystemExit: it is not a number above 0.
    """
    text = os.environ.get("SEALWRIGHT_TIME_FACTOR") or "1"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise SystemExit(f"SEALWRIGHT_TIME_FACTOR must be a number above 0, not {text!r}.")
    return factor


def end(child: subprocess.Popen[bytes], label: str) -> None:
    """End a leader of a session and all that it left running: politely if it still runs itself, otherwise at once.

    :param label: its STEP_VARIABLE.
    """
    if child.poll() is None and _signal_group(child.pid, signal.SIGTERM):
        deadline = time.monotonic() + _GRACE_SECONDS * time_factor()
        while time.monotonic() < deadline and (child.poll() is None or _signal_group(child.pid, 0)):
            time.sleep(0.05)
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()
    for process in _labelled(label):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    """Whether the group had a process to signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
        return False
    return True


def _labelled(label: str) -> Iterator[int]:
    """The processes with this label, on Linux."""
    entry = f"{STEP_VARIABLE}={label}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            entries = path.read_bytes().split(b"\0")
        except OSError:  # it ended, or is another user's
            continue
        if entry in entries:
            yield int(path.parent.name)
