# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of Debian packages that PyPI does not have, without installing the packages: downloaded by apt-get and unpacked below `.venv/`."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .slack import scaled

_MADE = Path(__file__).resolve().parents[2] / ".venv" / "debian"
_SECONDS = scaled(300)


def program(package: str, name: str) -> str:
    """The path of a program: that of the machine, or that of the package; the test is skipped where there is neither."""
    found = shutil.which(name)
    if found:
        return found
    path = _MADE / "root" / "usr" / "bin" / name
    if not path.exists():
        why = _unpack(package)
        if why or not path.exists():
            pytest.skip(f"{name} is not installed, and the package {package} cannot be downloaded: {why or 'it does not have the program'}")
    return str(path)


def _unpack(package: str) -> str:
    """Download and unpack a package; returns why it cannot be."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return "this machine has no apt-get"
    folder = _MADE / package
    for each in (folder, _MADE / "lists" / "partial", _MADE / "cache" / "archives" / "partial"):
        each.mkdir(parents=True, exist_ok=True)
    with open(_MADE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Lists of the checkout's own, because those of the machine can be missing and belong to root.
        apt = ["apt-get", "-q", "-o", f"Dir::State::Lists={_MADE / 'lists'}", "-o", f"Dir::Cache={_MADE / 'cache'}", "-o", "APT::Sandbox::User="]
        if not list(folder.glob("*.deb")):
            for command in ([*apt, "update"], [*apt, "download", package]):
                why = _run(command, folder)
                if why:
                    return why
        for each in folder.glob("*.deb"):
            why = _run(["dpkg-deb", "-x", str(each), str(_MADE / "root")], folder)
            if why:
                return why
    return ""


def _run(command: list[str], folder: Path) -> str:
    try:
        answer = subprocess.run(
            command, cwd=folder, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} timed out"
    return "" if answer.returncode == 0 else (answer.stderr.strip().splitlines() or ["it failed"])[-1]
