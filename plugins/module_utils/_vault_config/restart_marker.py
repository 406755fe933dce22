# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remembers that a server still runs with the files that were replaced, until it was restarted.

A marker is written before the first file is replaced, below ``/run``, where only root can change it and which a reboot empties. It goes when the
role has restarted the server, and counts no more once the server's process is younger than the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder, place
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

from .stage import volatile_folder

_FOLDER = "sealwright-vault-config"
RUNNING = ("active", "reloading", "activating", "deactivating", "failed")
"""States of a unit that nobody stopped on purpose."""


@dataclass(frozen=True)
class ServiceState:
    """The state of a service according to systemd: empty if unknown; and its main process."""

    active: str = ""
    main_pid: int = 0
    never_started: bool = False
    """Whether it is loaded, and was not started since the machine was."""

    @property
    def stopped(self) -> bool:
        """Whether the service was stopped, or never started."""
        return self.active == "inactive"


def service_state(unit: str, run: Callable[[list[str]], tuple[int, str, str]]) -> ServiceState:
    """Ask systemd; ``run`` runs a command and returns its exit code and output."""
    code, output, _errors = run(["systemctl", "show", unit, "--property=LoadState,ActiveState,MainPID,InactiveExitTimestampMonotonic"])
    facts = dict(line.partition("=")[::2] for line in output.splitlines())
    if code != 0:
        return ServiceState()
    pid = facts.get("MainPID", "")
    state = ServiceState(facts.get("ActiveState", ""), int(pid) if pid.isdecimal() else 0)
    never = state.stopped and facts.get("LoadState") == "loaded" and facts.get("InactiveExitTimestampMonotonic") == "0"
    return replace(state, never_started=never)


class RestartMarker:
    """The marker of one service whose files one folder of drop-ins and one configuration file are."""

    def __init__(self, unit: str, systemd_directory: str, path: str, folder: str = "") -> None:
        digest = hashlib.sha256(f"{systemd_directory}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._name = f"{unit}-{digest}"
        self._folder = folder or _default_folder()

    def note(self, written: bool) -> None:
        """Record that files are about to be replaced, or were replaced; raises :class:`SettingError` (``file_error``)."""
        try:
            _own_folder(self._folder, make=True)
            text = json.dumps({"boot": _boot(), "written": _uptime() if written else None})
            with held_folder(self._folder) as folder:
                place(folder, self._name, lambda handle: _write(handle, text))
        except OSError as error:
            raise SettingError(
                f"The restart marker cannot be written in {self._folder}: {error.strerror}.", reason="file_error",
                remedy="Check the directory, and that the role runs as root (become).",
            ) from None

    def pending(self, state: ServiceState, starts: bool = False) -> bool:
        """Whether the running server was started before the files were replaced, or a server that has to be started was not.

        :param starts: whether a stopped service has to be started.
        """
        try:
            _own_folder(self._folder, make=False)
            with open(os.path.join(self._folder, self._name), encoding="ascii") as stream:
                marker = json.loads(stream.read(4096))
            boot, written = marker["boot"], marker["written"]
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError):
            return True  # a malformed marker counts too
        if state.stopped and not starts or boot != _boot():
            return False
        started = _started(state.main_pid)
        return not (isinstance(written, float) and started is not None and started > written)

    def remove(self) -> bool:
        """Remove the marker; returns whether it existed."""
        try:
            _own_folder(self._folder, make=False)
            os.unlink(os.path.join(self._folder, self._name))
        except FileNotFoundError:
            return False
        return True


def _write(handle: int, text: str) -> None:
    with os.fdopen(handle, "w", encoding="ascii", closefd=False) as stream:
        stream.seek(0)
        stream.write(text)


def marker_folder() -> str:
    """The folder of all markers, created if missing; raises :class:`OSError` unless only this user can write to it."""
    folder = _default_folder()
    _own_folder(folder, make=True)
    return folder


def _default_folder() -> str:
    return os.path.join(volatile_folder(), _FOLDER if os.geteuid() == 0 else f"{_FOLDER}-{os.geteuid()}")


def _own_folder(path: str, make: bool) -> None:
    """Raise OSError unless the folder is this user's alone."""
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(1, "it is owned by another user, or writable by others", path)


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _started(pid: int) -> float | None:
    """When a process began, in seconds since the machine's start; None where that is not known."""
    if pid <= 0:
        return None
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stream:
            ticks = int(stream.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")
