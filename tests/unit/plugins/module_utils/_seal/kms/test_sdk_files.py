# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_files import check_opens, check_sdk_files


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))


def refusal(options=None, environ=None):
    with pytest.raises(SettingError) as raised:
        check_sdk_files(options or ConnectionOptions(), environ or {})
    error = raised.value
    assert (error.reason, error.remedy) == (
        "file_error", "Use a regular file; reading a pipe, a device or a socket could block."
    )
    assert error.__cause__ is None
    return error.message


@pytest.mark.parametrize("option", ["shared_creds_filename", "web_identity_token_file", "ca_bundle"])
def test_a_pipe_in_an_option(pipe, option):
    assert refusal(ConnectionOptions(**{option: pipe})) == f"{pipe} (from option {option}) cannot be read: it is not a regular file."


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
    ],
)
def test_a_pipe_in_a_variable(pipe, variable):
    for value in (pipe, "~/pipe"):
        assert refusal(environ={variable: value}) == f"{pipe} (from environment variable {variable}) cannot be read: it is not a regular file."


@pytest.mark.parametrize("name", ["credentials", "config"])
def test_a_pipe_in_the_home_folder(tmp_path, name):
    (tmp_path / ".aws").mkdir()
    path = tmp_path / ".aws" / name
    os.mkfifo(path)
    assert refusal() == f"{path} (from the AWS SDK's default) cannot be read: it is not a regular file."


def test_a_socket_and_a_device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    for path in ("socket", "/dev/full"):
        with pytest.raises(SettingError, match=f"^{path} \\(from the test\\) cannot be read: it is not a regular file\\. Use a regular file"):
            check_opens("the test", path)


def test_what_the_sdk_itself_reports(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    os.symlink(tmp_path / "file", tmp_path / "link")
    paths = [str(tmp_path / name) for name in ("file", "link", "missing", "")]
    for path in [*paths, "nul\0", "x" * 5000]:
        check_opens("the test", path)
        check_sdk_files(ConnectionOptions(ca_bundle=path), {"AWS_CONFIG_FILE": path})
    check_sdk_files(object(), {"AWS_CONFIG_FILE": ""})


def test_no_file_is_left_open(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    before = len(os.listdir("/proc/self/fd"))
    check_opens("the test", str(tmp_path / "file"))
    assert len(os.listdir("/proc/self/fd")) == before
