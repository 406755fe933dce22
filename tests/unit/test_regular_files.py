# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only regular files are opened, and nothing is ever waited for. A test that would wait is ended by an alarm."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.host_files import read
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.regular_files import open_regular, read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.settings import _configured_region
from ansible_collections.sealwright.vault_seal.plugins.module_utils.sealed_input import from_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils.server_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils.snapshot_info import _read as read_snapshot_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils.value_files import read_file

KINDS = ("pipe", "link to a pipe", "socket", "device", "folder")


@pytest.fixture(autouse=True)
def _alarm():
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.fixture(params=KINDS)
def strange(request, tmp_path):
    """A path that is not a regular file."""
    path = tmp_path / "strange"
    with contextlib.ExitStack() as stack:
        if request.param.endswith("pipe"):
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
            yield str(path if request.param.startswith("link") else tmp_path / "pipe")
        elif request.param == "socket":
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            here = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, here)
            listener.bind(f"/proc/self/fd/{here}/strange")
            yield str(path)
        else:
            yield "/dev/tty" if request.param == "device" else str(tmp_path)


def test_only_regular_files_are_opened(strange):
    for follow in (True, False):
        with pytest.raises(OSError, match=r"not a regular file|symbolic link|Is a directory"):
            open_regular(strange, follow=follow)


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


@pytest.mark.parametrize("option", ["ca_bundle", "web_identity_token_file", "shared_creds_filename"])
def test_what_the_sdk_would_open_is_looked_at_first(option, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealError) as raised:
        open_kms(ConnectionOptions(region="us-east-1", **{option: str(tmp_path / "pipe")}), environ={})
    assert raised.value.reason == "file_error"


def test_what_the_environment_names_too(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE"):
        with pytest.raises(SealError) as raised:
            open_kms(ConnectionOptions(region="us-east-1"), environ={name: str(tmp_path / "pipe")})
        assert name in raised.value.message


def test_trust_of_a_server_and_profiles_of_a_service(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealError):
        ServerApi({"server_address": "https://x", "server_ca_path": str(tmp_path / "pipe"), "server_validate_certs": True, "server_timeout": 1.0})
    assert _configured_region(str(tmp_path / "pipe"), "default") == ""


def test_files_are_read_whole_or_up_to_a_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(str(path), 100) == read_regular(str(tmp_path / "link"), 100) == b"content"
    assert read_regular(str(path), 3) == b"con"
    assert read_regular(os.devnull, 3) == b""
    with pytest.raises(OSError, match="symbolic link"):
        open_regular(str(tmp_path / "link"), follow=False)
