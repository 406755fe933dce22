# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of sealed values: found, read in every form, replaced in the same one, and never half."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import stat

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.sealed_files import SealedFile, files_in, remove_left_overs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue

LIMIT = 1 << 20
OLD = SealedValue((BlobInfo(b"c" * 300, b"n" * 12, KeyInfo(1, "old key", b"wrapped")),))
NEW = SealedValue((BlobInfo(b"c" * 300, b"n" * 12, KeyInfo(1, "the new key", b"wrapped anew")),))


def lines(value, width, end, last=True):
    text = base64.b64encode(value.encode())
    return end.join(text[start : start + width] for start in range(0, len(text), width)) + (end if last else b"")


FORMS = {
    "binary": lambda value: value.encode(),
    "one line": lambda value: lines(value, 10000, b"\n"),
    "no line end": lambda value: lines(value, 10000, b"\n", last=False),
    "lines of 76": lambda value: lines(value, 76, b"\n"),
    "lines of 64 of another system": lambda value: lines(value, 64, b"\r\n"),
    "last line not ended": lambda value: lines(value, 76, b"\n", last=False),
}


def error_of(call, *arguments):
    with pytest.raises(SealError) as raised:
        call(*arguments)
    return raised.value


@pytest.mark.parametrize("form", FORMS)
def test_a_file_keeps_its_form_and_what_belongs_to_it(form, tmp_path):
    path = tmp_path / "value.sealed"
    path.write_bytes(FORMS[form](OLD))
    path.chmod(0o640)
    before = path.stat()
    file = SealedFile(str(path), LIMIT)
    assert file.read().encode() == OLD.encode()
    file.replace(NEW)
    assert path.read_bytes() == FORMS[form](NEW)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert os.listdir(tmp_path) == ["value.sealed"]


def test_extended_attributes_are_kept(tmp_path):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    with contextlib.suppress(OSError):  # not every file system has them
        os.setxattr(path, "user.note", b"keep me")
    expected = os.listxattr(path)
    file = SealedFile(str(path), LIMIT)
    file.read()
    file.replace(NEW)
    assert os.listxattr(path) == expected


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    target.write_bytes(OLD.encode())
    link.symlink_to(target)
    file = SealedFile(str(link), LIMIT)
    file.read()
    assert file.folder == str(tmp_path / "folder")
    file.replace(NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW.encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="changes of owner need root")
@pytest.mark.parametrize("link", ["theirs/file", "theirs/folder/file"])
def test_a_link_of_another_user_leads_to_no_file_of_ours(link, tmp_path):
    (tmp_path / "ours").mkdir()
    file = tmp_path / "ours" / "file"
    file.write_bytes(FORMS["one line"](OLD))
    (tmp_path / "theirs").mkdir()
    made = tmp_path / "theirs" / link.split("/")[1]
    made.symlink_to(file if made.name == "file" else file.parent)
    SealedFile(str(tmp_path / link), LIMIT).read()
    os.chown(made, 12345, 12345, follow_symlinks=False)
    with pytest.raises(SealError, match="is owned by user 12345") as raised:
        SealedFile(str(tmp_path / link), LIMIT).read()
    assert raised.value.reason == "file_error"
    # What is theirs anyway may be reached through it.
    os.chown(file if made.name == "file" else file.parent, 12345, 12345)
    SealedFile(str(tmp_path / link), LIMIT).read()


def test_what_somebody_else_wrote_meanwhile_is_not_lost(tmp_path):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    file = SealedFile(str(path), LIMIT)
    file.read()
    path.write_bytes(b"newer and longer" + OLD.encode())
    error = error_of(file.replace, NEW)
    assert (error.reason, str(error)) == (
        "file_error", f"The file {path} was changed by another process in the meantime. It was not replaced. Run the task again."
    )
    assert path.read_bytes() == b"newer and longer" + OLD.encode()
    assert os.listdir(tmp_path) == ["value"]


def test_an_owner_that_cannot_be_kept_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    file = SealedFile(str(path), LIMIT)
    file.read()
    seen = list(file._seen)
    seen[stat.ST_UID] = 12345
    file._seen = os.stat_result(seen)

    def refuse(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    error = error_of(file.replace, NEW)
    assert error.message == f"The file {path} is owned by user 12345 and group {seen[stat.ST_GID]}, which this task cannot keep. It was not changed."
    assert path.read_bytes() == OLD.encode()
    assert os.listdir(tmp_path) == ["value"]


def test_a_full_disk_in_full(tmp_path, monkeypatch):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    file = SealedFile(str(path), LIMIT)
    file.read()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert str(error_of(file.replace, NEW)) == (
        f"The file {path} cannot be replaced: No space left on device. It was not changed. Check the space, quota and limits of its file system."
    )
    assert path.read_bytes() == OLD.encode()
    assert os.listdir(tmp_path) == ["value"]


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 200)
    where = "Check the path and its permissions on the host where the task runs."
    assert str(error_of(SealedFile(str(tmp_path / "pipe"), LIMIT).read)) == f"The file {tmp_path / 'pipe'} is not a regular file. Use the path of a file."
    assert str(error_of(SealedFile(str(tmp_path), LIMIT).read)) == f"The file {tmp_path} cannot be read: Is a directory. {where}"
    assert str(error_of(SealedFile(str(tmp_path / "none"), LIMIT).read)) == f"The file {tmp_path / 'none'} cannot be read: No such file or directory. {where}"
    assert str(error_of(SealedFile(str(tmp_path / "large"), 100).read)) == (
        f"The file {tmp_path / 'large'} is larger than 150 bytes. If it is the right file, increase max_size."
    )
    assert str(error_of(files_in, str(tmp_path / "none"), ["*"], False)) == (
        f"The directory {tmp_path / 'none'} cannot be read: No such file or directory. {where}"
    )


def test_the_files_of_a_folder(tmp_path):
    for name in ("b.sealed", "a.sealed", "README", ".hidden.sealed", "below/c.sealed", "below/.deep/d.sealed", ".git/e.sealed"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "link.sealed").symlink_to(tmp_path / "a.sealed")
    (tmp_path / "linked").symlink_to(tmp_path / "below")
    os.mkfifo(tmp_path / "pipe.sealed")

    def listed(patterns, recurse):
        return [os.path.relpath(path, tmp_path) for path in files_in(str(tmp_path), patterns, recurse)]

    assert listed(["*.sealed"], False) == ["a.sealed", "b.sealed"]
    assert listed(["*.sealed"], True) == ["a.sealed", "b.sealed", "below/c.sealed"]
    assert listed(["*"], False) == ["README", "a.sealed", "b.sealed"]
    assert listed(["R*", "b*"], False) == ["README", "b.sealed"]
    assert listed([], True) == []


def test_left_overs_are_removed_unless_somebody_writes_them(tmp_path):
    dead, alive, other = (tmp_path / name for name in (".a.x1.sealwright-part", ".a.x2.sealwright-part", ".a.part"))
    for path in (dead, alive, other):
        path.write_bytes(b"x")
    with alive.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        remove_left_overs(str(tmp_path))
        assert sorted(os.listdir(tmp_path)) == [other.name, alive.name]
    remove_left_overs(str(tmp_path))
    assert os.listdir(tmp_path) == [other.name]
    remove_left_overs(str(tmp_path / "none"))
