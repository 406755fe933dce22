# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file in memory: read by its descriptor, changed by nobody, and without a name."""

from __future__ import annotations

import os

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.memory_file import in_memory


def test_it_is_read_through_its_descriptor_and_changed_by_nobody() -> None:
    content = b"x" * 100_000
    handle = in_memory(content, os.geteuid())
    try:
        with open(f"/proc/self/fd/{handle}", "rb") as stream:
            assert stream.read() == content
        assert os.fstat(handle).st_mode & 0o777 == 0o400
        assert os.fstat(handle).st_nlink == 0
        with pytest.raises(PermissionError):
            os.write(handle, b"y")
        with pytest.raises(PermissionError):
            os.ftruncate(handle, 0)
        assert not os.get_inheritable(handle)
    finally:
        os.close(handle)
