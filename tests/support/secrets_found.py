# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Search for secrets where they must not be: in output, in leftover files, on command lines."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """All command lines that processes have while this lasts."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            for process in filter(str.isdigit, os.listdir("/proc")):
                try:
                    seen.add(Path("/proc", process, "cmdline").read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def places_with(secrets: Iterable[str], printed: Mapping[str, bytes], folder: Path, apart: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Where a secret was found: in what was ``printed``, by name, or in a file below ``folder`` whose name is none of those ``apart``."""
    places = dict(printed)
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in apart:
            places[str(path.relative_to(folder))] = path.read_bytes()
    assert places.keys() > printed.keys()
    return [(place, secret) for place, content in places.items() for secret in secrets if secret.encode() in content]
