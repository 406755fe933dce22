# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in the environment, a file that changed on disk, a file system without locks, a login in an address."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.folder import locked, snapshot_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.program import main
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.server import SnapshotServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.upload import Upload


class Recorder(BaseHTTPRequestHandler):
    paths: list[str] = []

    def do_GET(self):
        self.paths.append(self.path)
        self.send_error(503)

    def log_message(self, *_arguments):
        pass


def test_a_proxy_for_http_is_not_used(monkeypatch, tmp_path):
    proxy = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    options = BackupOptions.of({"server_address": "http://127.0.0.1:1", "dest": str(tmp_path), "token": "a-token-of-the-server", "server_timeout": 1})
    with pytest.raises(SealError) as failure:
        SnapshotServer(options, Secrets()).active_node()
    proxy.shutdown()
    proxy.server_close()
    assert failure.value.reason == "server_unreachable"
    assert not Recorder.paths


class Client:
    """An S3 that takes everything."""

    def __init__(self, options):
        self.options = options
        self.operations = []

    def call(self, operation, *_arguments, **_parameters):
        self.operations.append(operation)
        return {}


def test_a_file_that_changed_on_disk_is_not_sent(tmp_path):
    options = BackupOptions.of({"server_address": "http://x", "dest": "/x", "token": "a", "s3": {"bucket": "example-snapshots"}}).s3
    (tmp_path / "vault.snap").write_bytes(b"rotten")
    handle = os.open(tmp_path / "vault.snap", os.O_RDONLY)
    client = Client(options)
    with pytest.raises(SealError) as failure:
        Upload(client, "vault.snap", handle, {}, lambda: None).run(hashlib.sha256(b"proven").hexdigest())
    os.close(handle)
    assert (failure.value.reason, client.operations) == ("checksum_mismatch", [])


@pytest.mark.parametrize(("number", "reason"), [(errno.EAGAIN, "backup_running"), (errno.ENOLCK, "file_error")])
def test_only_a_lock_that_is_held_means_that_another_run_is_in_progress(monkeypatch, tmp_path, number, reason):
    tmp_path.chmod(0o700)

    def flock(_handle, _operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with snapshot_folder(str(tmp_path), "vault") as folder, pytest.raises(SealError) as failure, locked(folder):
        pass
    assert failure.value.reason == reason


def test_a_login_in_an_address_is_not_shown(tmp_path, capsys):
    content = {"server_address": "https://bk:PASSWORD-of-backup@vault.example:8200", "dest": str(tmp_path), "token": "a-token-of-the-server"}
    path = tmp_path / "backup.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(path)]) != 0
    assert "PASSWORD-of-backup" not in capsys.readouterr().err
