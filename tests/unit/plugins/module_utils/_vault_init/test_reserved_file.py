# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reserved files while other runs create, fill and remove theirs: each of those moments is provoked, and none loses what another run stored."""

from __future__ import annotations

import fcntl
import json
import os
import threading

import pytest
from ansible.module_utils import basic
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.new_file_attributes import FileAttributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init import reserved_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init.reserved_file import MARK, FileState, ReservedFile, find

SIZE = 4096
RESERVED = MARK + b"\n" * (SIZE - len(MARK))
BY_ANOTHER, MEANWHILE = "is reserved by another run of vault_init", "was created while this task ran"


@pytest.fixture(params=[True, False], ids=["unnamed", "named"])
def file_system(request, monkeypatch):
    """One with unnamed files, and one without."""
    if not request.param:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.fixture
def new_file(monkeypatch, tmp_path):
    """Makes a file as vault_init does."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {}}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    module = basic.AnsibleModule({}, add_file_common_args=True)
    return lambda: ReservedFile(module, str(tmp_path / "shares.json"), FileAttributes(-1, -1, 0o600))


class Others:
    """What another run does in the moment before this one gives its file a name."""

    def __init__(self, monkeypatch, turns):
        self._place, self._turns = reserved_file.place_new, list(turns)
        monkeypatch.setattr(reserved_file, "place_new", self)

    def __call__(self, *arguments):
        if self._turns:
            self._turns.pop(0)()
        self._place(*arguments)


def test_a_file_is_reserved_filled_and_kept(file_system, new_file, tmp_path):
    file = new_file()
    file.reserve(SIZE)
    path = tmp_path / "shares.json"
    assert (path.read_bytes(), path.stat().st_mode & 0o777, find(str(path))) == (RESERVED, 0o600, FileState.HELD)
    file.fill(b"shares")
    file.discard()
    assert (path.read_bytes(), find(str(path))) == (b"shares", FileState.OTHER)


def test_an_unused_file_is_removed(file_system, new_file, tmp_path):
    file = new_file()
    file.reserve(SIZE)
    file.discard()
    assert list(tmp_path.iterdir()) == []
    assert find(str(tmp_path / "shares.json")) is FileState.NOTHING


@pytest.mark.parametrize("left", [RESERVED, MARK, b""])
def test_what_a_killed_run_left_is_taken_over(file_system, new_file, tmp_path, left):
    (tmp_path / "shares.json").write_bytes(left)
    file = new_file()
    file.reserve(SIZE)
    file.fill(b"shares")
    file.discard()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"shares"]


@pytest.mark.parametrize("there", [b"shares of another cluster", b" ", MARK[:-1]])
def test_a_file_that_is_there_is_never_replaced(file_system, new_file, tmp_path, there):
    (tmp_path / "shares.json").write_bytes(there)
    file = new_file()
    with pytest.raises(SettingError, match=MEANWHILE):
        file.reserve(SIZE)
    file.discard()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [there]


def test_another_run_reserves_it_in_between(file_system, new_file, tmp_path, monkeypatch):
    other, file = new_file(), new_file()
    Others(monkeypatch, [lambda: other.reserve(SIZE)])
    with pytest.raises(SettingError, match=BY_ANOTHER):
        file.reserve(SIZE)
    file.discard()
    other.fill(b"shares")
    other.discard()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"shares"]


def test_another_run_finishes_in_between(file_system, new_file, tmp_path, monkeypatch):
    def finish():
        other = new_file()
        other.reserve(SIZE)
        other.fill(b"shares")
        other.discard()

    file = new_file()
    Others(monkeypatch, [finish])
    with pytest.raises(SettingError, match=MEANWHILE) as raised:
        file.reserve(SIZE)
    assert "Run the task again" in raised.value.remedy
    file.discard()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"shares"]


@pytest.mark.parametrize("make", ["link", "folder", "pipe"])
def test_something_else_appears_in_between(file_system, new_file, tmp_path, monkeypatch, make):
    path = tmp_path / "shares.json"
    turns = {"link": lambda: path.symlink_to("nowhere"), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}
    file = new_file()
    Others(monkeypatch, [turns[make]])
    with pytest.raises(SettingError, match=MEANWHILE):
        file.reserve(SIZE)
    file.discard()
    assert os.path.lexists(path)


@pytest.mark.parametrize("times", [1, 3])
def test_another_run_is_killed_in_between(file_system, new_file, tmp_path, monkeypatch, times):
    file = new_file()
    Others(monkeypatch, [lambda: (tmp_path / "shares.json").write_bytes(RESERVED)] * times)
    file.reserve(SIZE)
    file.fill(b"shares")
    file.discard()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"shares"]


def test_files_that_come_without_end_end_it(file_system, new_file, tmp_path, monkeypatch):
    file = new_file()
    Others(monkeypatch, [lambda: (tmp_path / "shares.json").write_bytes(RESERVED)] * 1000)
    with pytest.raises(SettingError, match=BY_ANOTHER):
        file.reserve(SIZE)
    file.discard()


@pytest.fixture(params=["filled", "filled anew", "discarded"])
def ends_before_lock(request, monkeypatch, new_file, tmp_path):
    """Another run stores its answer, or gives up, between the moment in which its file is opened and the one in which it is judged."""
    other, lock = new_file(), reserved_file._locked
    other.reserve(SIZE)

    def end(handle):
        monkeypatch.setattr(reserved_file, "_locked", lock)
        if request.param == "filled anew":
            (tmp_path / "shares.json").unlink()
        if request.param != "discarded":
            other.fill(b"shares")
        other.discard()
        return lock(handle)

    monkeypatch.setattr(reserved_file, "_locked", end)
    return request.param


def test_what_is_found_is_judged_under_its_lock(ends_before_lock, tmp_path):
    assert find(str(tmp_path / "shares.json")) is (FileState.NOTHING if ends_before_lock == "discarded" else FileState.OTHER)


def test_what_is_removed_is_judged_under_its_lock(ends_before_lock, new_file, tmp_path):
    file = new_file()
    if ends_before_lock == "discarded":
        file.reserve(SIZE)
    else:
        with pytest.raises(SettingError, match=MEANWHILE):
            file.reserve(SIZE)
        assert (tmp_path / "shares.json").read_bytes() == b"shares"
    file.discard()


def test_without_locks_a_reservation_may_be_held(new_file, tmp_path, monkeypatch):
    def no_lock(_handle, _how):
        raise OSError(37, "No locks available")

    (tmp_path / "shares.json").write_bytes(RESERVED)
    monkeypatch.setattr(fcntl, "flock", no_lock)
    with pytest.raises(SettingError, match=BY_ANOTHER) as raised:
        new_file().reserve(SIZE)
    assert "remove the file" in raised.value.remedy


def test_many_at_once_and_one_has_it(file_system, new_file, tmp_path):
    files, errors, ready = [new_file() for _number in range(8)], [], threading.Barrier(8)

    def reserve(file):
        ready.wait()
        try:
            file.reserve(SIZE)
        except SettingError as error:
            errors.append(error.message)

    for _turn in range(20):
        errors.clear()
        threads = [threading.Thread(target=reserve, args=(file,)) for file in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 7
        assert all(BY_ANOTHER in error for error in errors)
        for file in files:
            file.discard()
        assert list(tmp_path.iterdir()) == []
