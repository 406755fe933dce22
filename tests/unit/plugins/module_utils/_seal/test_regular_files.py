# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only regular files are opened, and nothing is ever waited for. A test that would wait is ended by an alarm."""

from __future__ import annotations

import errno
import os
import signal

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, open_stream, read_descriptor, read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.profiles import read_profiles


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
    with pytest.raises(SealError, match="not a regular file") as raised:
        read_profiles(str(tmp_path / "pipe"))
    assert raised.value.reason == "cannot_tell"


def test_files_are_read_whole_or_up_to_a_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(str(path), 100) == read_regular(str(tmp_path / "link"), 100) == b"content"
    assert read_regular(str(path), 3) == b"con"
    assert read_regular(os.devnull, 3) == b""
    with pytest.raises(OSError, match="symbolic link"):
        open_regular(str(tmp_path / "link"), follow=False)


class Replaced(os.PathLike):
    """A path at which another file stands each time that it is looked at."""

    def __init__(self, *paths):
        self._paths = [str(path) for path in paths]

    def __fspath__(self):
        return self._paths.pop(0)


def _descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(("kind", "code", "text"), [
    ("folder", errno.EISDIR, "Is a directory"), ("pipe", errno.EINVAL, "It is not a regular file"), ("link", errno.ELOOP, "It is a symbolic link"),
])
def test_the_error_says_what_the_file_is(kind, code, text, tmp_path):
    path = tmp_path / kind
    {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "link": lambda: path.symlink_to("file")}[kind]()
    with pytest.raises(OSError, match=text) as raised:
        open_regular(str(path), follow=False)
    assert (raised.value.errno, raised.value.strerror, raised.value.filename) == (code, text, str(path))
    assert isinstance(raised.value, IsADirectoryError) == (kind == "folder")


def test_a_file_that_is_replaced_by_a_pipe_before_it_is_opened_is_refused_and_closed(tmp_path):
    signal.alarm(3)
    (tmp_path / "file").write_bytes(b"content")
    os.mkfifo(tmp_path / "pipe")
    path, before = Replaced(tmp_path / "file", tmp_path / "pipe"), _descriptors()
    with pytest.raises(OSError, match="It is not a regular file") as raised:
        open_regular(path)
    assert raised.value.filename is path
    assert _descriptors() == before


def test_a_file_that_is_replaced_by_a_link_before_it_is_opened_is_not_followed(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(OSError, match="symbolic links") as raised:
        open_regular(Replaced(tmp_path / "file", tmp_path / "link"), follow=False)
    assert raised.value.errno == errno.ELOOP


def test_a_file_is_opened_within_a_folder(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        handle = open_regular("file", folder=folder)
        assert read_descriptor(handle, 100) == b"content"
        os.close(handle)
        with pytest.raises(OSError, match="It is a symbolic link"):
            open_regular("link", follow=False, folder=folder)
    finally:
        os.close(folder)


def test_a_stream_reads_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"one\r\ntwo\xff")
    with open_stream(str(tmp_path / "file")) as stream:
        assert (stream.mode, stream.read()) == ("rb", b"one\r\ntwo\xff")


def test_files_are_read_in_pieces_and_closed(tmp_path):
    content = bytes(range(256)) * 12_288  # 3 MiB, which is three pieces
    (tmp_path / "file").write_bytes(content)
    before = _descriptors()
    assert read_regular(str(tmp_path / "file"), 1 << 30) == content
    assert read_regular(str(tmp_path / "file"), (1 << 20) + 1) == content[: (1 << 20) + 1]
    assert read_regular(str(tmp_path / "file"), 1) == content[:1]
    assert read_regular(str(tmp_path / "file"), 0) == b""
    assert _descriptors() == before
