# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of Ansible's own process once the AWS SDK is in it: Python would take the SDK apart piece by piece before it exits."""

from __future__ import annotations

import atexit
import functools
import gc
import io
from contextlib import suppress
from multiprocessing import parent_process

_WRITERS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


@functools.cache
def exit_soon() -> None:
    """Leave what is in use at the end of this process to the system, as where a process is killed, but for what waits to be written.

    What nobody uses any more is ended in order, as ever.
    """
    atexit.register(_leave)


def _leave() -> None:
    if parent_process() is None:  # Ansible's workers do not take themselves apart
        _flush_files()
        gc.collect()
        gc.freeze()


def _flush_files() -> None:
    """Write what others' plugins, such as a callback that keeps a log, have written to files that they leave open."""
    everything = gc.get_objects()
    writers = {kind for kind in set(map(type, everything)) if issubclass(kind, _WRITERS)}
    for each in everything:
        if type(each) in writers:
            with suppress(OSError, ValueError):  # closed, or on a full disk: Python would not say so either
                each.flush()
