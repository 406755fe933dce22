# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keeper of a temporary server: a process that outlives the run, ends the server and removes its folder when the run is gone or its time is up.

Should the keeper be killed too, the server ends with the run, and the next run removes the folder.
"""

from __future__ import annotations

import glob
import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import NoReturn

from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.folder import CONFIG, Folder, left_behind, remove_made
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Reachable
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.relay import Relay

GRACE = 15.0
"""Seconds for a server to end by itself."""


def keep(folder: Folder, watched: int, sockets: socket.socket, reachable: Reachable | None, seconds: float) -> NoReturn:
    """The keeper's life. ``watched`` brings the process ids of servers, and ends with the run."""
    try:
        os.setsid()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard_stream in (0, 1, 2):
            os.dup2(nowhere, standard_stream)
        kept = sorted((watched, sockets.fileno(), *folder.handles))
        for low, high in zip([2, *kept], [*kept, 65536]):
            os.closerange(low + 1, high)
        if reachable:
            Relay(reachable, sockets).start()
        _end(_processes(watched, time.monotonic() + seconds + GRACE), folder)
    finally:
        os._exit(0)


def remove_left_behind(parent: str) -> list[str]:
    """Remove this user's folders of ended runs, with their servers; returns their paths. A running run holds the lock of its folder."""
    removed = []
    for held, name, handle in left_behind(parent):
        path = os.path.join(os.path.abspath(parent), name)
        for process in _servers_of(path):
            with suppress(OSError):
                os.killpg(process, signal.SIGKILL)
        if remove_made(held, name, handle, GRACE):
            removed.append(path)
    return removed


def _processes(watched: int, end: float) -> list[int]:
    """The process ids that were written, once the writer is gone or the time is up."""
    received = b""
    while time.monotonic() < end:
        if select.select([watched], [], [], max(0.0, end - time.monotonic()))[0]:
            more = os.read(watched, 4096)
            if not more:
                break
            received += more
    return [int(line) for line in received.split()]


def _end(processes: list[int], folder: Folder) -> None:
    for process in set(processes) & set(_servers_of(folder.path)):
        with suppress(OSError):
            os.killpg(process, signal.SIGKILL)
    # A server that ends may still write.
    end = time.monotonic() + GRACE
    while time.monotonic() < end and not folder.remove(end - time.monotonic()):
        time.sleep(0.05)


def _servers_of(folder: str) -> list[int]:
    """The processes that were started with the configuration in this folder."""
    option = f"-config={os.path.join(folder, CONFIG)}".encode()
    processes = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with suppress(OSError), open(path, "rb") as stream:
            if option in stream.read().split(b"\0"):
                processes.append(int(path.split("/")[2]))
    return processes
