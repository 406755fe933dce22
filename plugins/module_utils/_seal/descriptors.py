# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done with the descriptor of an open file, and the standard library has for file objects only."""

from __future__ import annotations

import hashlib
import os

_PIECE = 1 << 20


def write_all(handle: int, content: bytes) -> None:
    """Write all of the content, in several calls if the system takes a part only; raises :class:`OSError`."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def sha256_of(handle: int) -> str:
    """The SHA-256 checksum of the whole file in hexadecimal digits, whatever its position; raises :class:`OSError`."""
    digest, start = hashlib.sha256(), 0
    while True:
        piece = os.pread(handle, _PIECE, start)
        if not piece:
            return digest.hexdigest()
        digest.update(piece)
        start += len(piece)
