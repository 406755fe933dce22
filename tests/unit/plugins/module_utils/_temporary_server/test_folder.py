# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a temporary server: what of it is whose, and how it is removed whatever somebody else put into it."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import stat

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.folder import CONFIG, DATA, PREFIX, SOCKETS, TEMPORARY, Folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.keeper import remove_left_behind

ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def _alarm():
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture
def made(tmp_path):
    folder = Folder(str(tmp_path), pwd.getpwnam("nobody") if ROOT else None)
    folder.make({"key": "value"})
    yield folder
    folder.close()


def owner_and_mode(path):
    status = os.lstat(path)
    return status.st_uid, stat.S_IMODE(status.st_mode)


def test_what_is_whose(made):
    user = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
    mine = os.geteuid()
    assert owner_and_mode(made.path) == (mine, 0o711 if ROOT else 0o700)
    assert owner_and_mode(os.path.join(made.path, CONFIG)) == (mine, 0o640 if ROOT else 0o600)
    assert owner_and_mode(os.path.join(made.path, "log")) == (mine, 0o600)
    assert owner_and_mode(os.path.join(made.path, "lock")) == (mine, 0o600)
    for name in (DATA, TEMPORARY, SOCKETS):
        assert owner_and_mode(os.path.join(made.path, name)) == (user, 0o700)
    assert made.remove(10)
    assert not os.path.exists(made.path)


def test_the_log_is_read_by_descriptor(made, tmp_path):
    os.write(made.log, b"x" * 300_000 + b"the end")
    log = os.path.join(made.path, "log")
    os.rename(log, log + ".old")
    (tmp_path / "victim").write_text("another's")
    os.symlink(tmp_path / "victim", log)
    os.write(made.log, b"!")
    assert made.read_log().endswith("the end!")
    assert len(made.read_log()) == 256 * 1024
    assert (tmp_path / "victim").read_text() == "another's"


def test_data_that_became_something_else_are_renewed_or_refused(made, tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_text("another's")
    data = os.path.join(made.path, DATA)
    os.symlink(tmp_path / "victim", os.path.join(data, "link"))
    os.mkfifo(os.path.join(data, "pipe"))
    made.renew_data(10)
    assert os.listdir(data) == []
    os.rmdir(data)
    os.symlink(tmp_path / "victim", data)
    with pytest.raises(OSError, match=r"Not a directory|Too many"):
        made.renew_data(10)
    assert made.remove(10)
    assert (tmp_path / "victim" / "file").read_text() == "another's"


def test_a_tree_of_any_depth_goes(made):
    handle = os.open(os.path.join(made.path, DATA), os.O_RDONLY | os.O_DIRECTORY)
    for _level in range(3000):
        os.mkdir("d", dir_fd=handle)
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    assert made.remove(30)


def left(parent, name, owner=None):
    path = parent / f"{PREFIX}{name}"
    path.mkdir()
    (path / "data").mkdir()
    return path


def test_left_overs(tmp_path, made):
    """Those of this user whose run is gone; a pipe, a device or a link for a lock is not waited for."""
    gone, pipe, link, bare, half = (left(tmp_path, name) for name in ("gone", "pipe", "link", "bare", "half"))
    (gone / "lock").write_text("")
    os.mkfifo(pipe / "lock")
    (link / "lock").symlink_to(gone / "lock")
    (bare / "data").rmdir()
    (tmp_path / f"{PREFIX}file").write_text("")
    assert remove_left_behind(str(tmp_path)) == [str(gone)]
    assert not gone.exists()
    assert not bare.exists()
    assert pipe.exists()
    assert link.exists()
    assert half.exists()
    assert os.path.exists(made.path)
    fcntl.flock(made.handles[0], fcntl.LOCK_UN)
    assert remove_left_behind(str(tmp_path / "none")) == []


@pytest.mark.fault(
    operation="vault_restore_drill",
    fault="two runs at once on one host",
    outcome="Each has its own folder. Neither removes the folder of the other.",
)
@pytest.mark.parametrize("call", ["open", "flock"])
@pytest.mark.parametrize("times", [1, 3, 1000])
def test_another_run_removes_leftovers_at_the_same_time(tmp_path, monkeypatch, call, times):
    """It takes a folder that is not locked yet for a left-over: before its lock is there, and before that is locked."""
    owner = os if call == "open" else fcntl
    original = getattr(owner, call)
    turns = [None] * times

    def hooked(*arguments, **named):
        makes = call == "flock" and arguments[1] == fcntl.LOCK_EX or arguments[0] == "lock" and arguments[1] & os.O_CREAT
        if turns and makes:
            turns.pop()
            remove_left_behind(str(tmp_path))
        return original(*arguments, **named)

    monkeypatch.setattr(owner, call, hooked)
    folder = Folder(str(tmp_path), None)
    if times == 1000:
        with pytest.raises(OSError, match="removes every new directory"):
            folder.make({})
    else:
        folder.make({})
        assert (os.listdir(tmp_path), remove_left_behind(str(tmp_path))) == ([os.path.basename(folder.path)], [])
    folder.close()


@pytest.mark.skipif(not ROOT, reason="makes a folder of another user, which takes root")
def test_left_overs_of_another_user_stay(tmp_path):
    theirs = left(tmp_path, "theirs")
    (theirs / "lock").write_text("")
    os.chown(theirs, 12345, 12345)
    assert remove_left_behind(str(tmp_path)) == []
    assert theirs.exists()
