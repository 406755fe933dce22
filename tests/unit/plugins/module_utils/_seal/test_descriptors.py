# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import sha256_of, write_all


@pytest.fixture
def handle(tmp_path):
    handle = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield handle
    os.close(handle)


def test_all_is_written_where_the_system_takes_a_part_only(handle, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda target, content: write(target, content[:3]))
    write_all(handle, b"0123456789")
    write_all(handle, b"")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_an_error_is_raised(tmp_path):
    reading = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        write_all(reading, b"x")
    os.close(reading)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_the_checksum_is_that_of_the_whole_file(handle, size):
    write_all(handle, b"x" * size)
    assert sha256_of(handle) == hashlib.sha256(b"x" * size).hexdigest()
