# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only regular files are opened, and nothing is ever waited for. A test that would wait is ended by an alarm."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import _configured_region


@pytest.fixture(autouse=True)
def _alarm():
    signal.alarm(20)
    yield
    signal.alarm(0)


def test_only_regular_files_are_opened(strange):
    for follow in (True, False):
        with pytest.raises(OSError, match=r"not a regular file|symbolic link|Is a directory"):
            open_regular(strange, follow=follow)


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


def test_profiles_of_a_service(tmp_path):
    os.mkfifo(tmp_path / "pipe")
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
