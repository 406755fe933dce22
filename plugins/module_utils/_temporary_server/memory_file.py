# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file in memory that has no name in a file system: memfd_create(2). It is gone with the last process that holds it."""

from __future__ import annotations

import errno
import fcntl
import os

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError

_NOT_EXECUTABLE = 0x8  # MFD_NOEXEC_SEAL, which Linux knows since 6.3 and may demand (vm.memfd_noexec)
_ADD_SEALS, _ALL_SEALS = 1033, 0xF  # F_ADD_SEALS; F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE


def in_memory(content: bytes, owner: int) -> int:
    """The descriptor of a file that only this user may open, and that nobody changes any more.

    Raises :class:`SealError` (``file_error``) where the kernel has no such files.
    """
    handle = -1
    try:
        handle = _created()
        write_all(handle, content)
        os.fchmod(handle, 0o400)
        if os.geteuid() == 0:
            os.fchown(handle, owner, -1)
        fcntl.fcntl(handle, _ADD_SEALS, _ALL_SEALS)
    except (OSError, AttributeError) as error:
        if handle >= 0:
            os.close(handle)
        raise SealError(
            f"A temporary server cannot be given its configuration in memory: {getattr(error, 'strerror', None) or 'this Python has no memfd_create'}.",
            reason="file_error", remedy="Use a kernel and a Python with memfd_create.",
        ) from None
    return handle


def _created() -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        return os.memfd_create("configuration", flags | _NOT_EXECUTABLE)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create("configuration", flags)
