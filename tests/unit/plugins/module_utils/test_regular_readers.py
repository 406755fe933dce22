# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The readers of files that need ansible-core open only regular files too. A test that would wait is ended by an alarm."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_snapshot_info import _read as read_snapshot_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import from_file, read_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.staged_files import read


@pytest.fixture(autouse=True)
def _alarm():
    signal.alarm(20)
    yield
    signal.alarm(0)


READERS = {
    "value": lambda path: read_file(path, "The file of option src", 100),
    "sealed value": lambda path: from_file(path, "The file of option src", 1 << 20),
    "configuration": lambda path: read(path, {}, 100),
    "candidate": lambda path: read("/etc/vault.hcl", {"/etc/vault.hcl": path}, 100),
    "snapshot": lambda path: read_snapshot_file(path, 100),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses_the_rest(reader, strange):
    with pytest.raises(SealError) as raised:
        READERS[reader](strange)
    assert raised.value.reason == "file_error"


def test_trust_of_a_server(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealError):
        ServerApi({"server_address": "https://x", "server_ca_path": str(tmp_path / "pipe"), "server_validate_certs": True, "server_timeout": 1.0})
