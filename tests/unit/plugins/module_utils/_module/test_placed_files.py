# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are written by descriptor: whoever owns their folder, and swaps what is in it at any moment, has nothing else changed."""

from __future__ import annotations

import contextlib
import os
import stat

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import PART, held_folder, is_private, place, remove_parts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.sealed_files import SealedFile
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue

OLD = SealedValue((BlobInfo(b"c" * 300, b"n" * 12, KeyInfo(1, "old key", b"wrapped")),))
NEW = SealedValue((BlobInfo(b"c" * 300, b"n" * 12, KeyInfo(1, "the new key", b"wrapped anew")),))
# Where an attacker is given the turn: before each of these calls of the writer.
MOMENTS = ("chown", "chmod", "fchmod", "fsync", "link", "rename", "setxattr", "listxattr")
UNNAMED = [True, False]


@pytest.fixture(params=UNNAMED, ids=["unnamed", "named"])
def file_system(request, monkeypatch):
    """One with unnamed files, and one without."""
    if not request.param:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return request.param


def written(text):
    def write(handle):
        os.ftruncate(handle, 0)
        os.pwrite(handle, text, 0)

    return write


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_name_is_given_and_replaced(file_system, tmp_path):
    with held_folder(str(tmp_path)) as folder:
        place(folder, "name", written(b"one"))
        place(folder, "name", written(b"two"))
        (tmp_path / "link").symlink_to("name")
        place(folder, "link", written(b"three"))
    assert contents(tmp_path) == {"name": b"two", "link": b"three"}
    assert not (tmp_path / "link").is_symlink()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_nothing_has_a_name_before_it_is_complete(file_system, tmp_path):
    seen = []

    def write(handle):
        os.write(handle, b"half")
        seen.extend(os.listdir(tmp_path))
        raise OSError(28, "No space left on device")

    with held_folder(str(tmp_path)) as folder, pytest.raises(OSError, match="No space"):
        place(folder, "name", write)
    assert os.listdir(tmp_path) == []
    assert len(seen) == (0 if file_system else 1)


def test_a_file_system_on_which_unnamed_files_get_no_name(tmp_path, monkeypatch):
    """As where procfs is hidden: the content is written once more, into a file with a name."""
    def refuse(*_arguments, **_options):
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(os, "link", refuse)
    with held_folder(str(tmp_path)) as folder:
        place(folder, "name", written(b"content"))
    assert contents(tmp_path) == {"name": b"content"}


class Attacker:
    """The folder's owner: swaps all that has a name in it for links to a file of somebody else."""

    def __init__(self, folder, victim):
        self.folder = folder
        self.victim = victim
        self.turns = 0

    def swap(self, names):
        for name in names:
            if name.endswith(PART) or name == "value":
                self.turns += 1
                with contextlib.suppress(OSError):
                    os.replace(self.folder / name, self.folder / f"kept{self.turns}")
                (self.folder / name).symlink_to(self.victim)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("what", ["part", "value", "both"])
def test_whoever_owns_the_folder_leads_the_writer_nowhere(file_system, moment, what, tmp_path, monkeypatch):
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"root's own")
    victim.chmod(0o600)
    before = victim.stat()
    path = folder / "value"
    path.write_bytes(OLD.encode())
    path.chmod(0o666)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    with contextlib.suppress(OSError):
        os.setxattr(path, "user.note", b"keep me")
    file = SealedFile(str(path), 1 << 20)
    file.read()
    attacker = Attacker(folder, victim)
    real = getattr(os, moment)

    def turn(*arguments, **options):
        names = os.listdir(folder)
        attacker.swap([name for name in names if what == "both" or name.endswith(PART) == (what == "part")])
        return real(*arguments, **options)

    monkeypatch.setattr(os, moment, turn)
    with contextlib.suppress(SealError):
        file.replace(NEW)
    monkeypatch.undo()
    after = victim.stat()
    assert (after.st_mode, after.st_uid, after.st_gid, after.st_size) == (before.st_mode, before.st_uid, before.st_gid, before.st_size)
    assert victim.read_bytes() == b"root's own"
    with contextlib.suppress(OSError):
        assert "user.note" not in os.listxattr(victim)


def test_a_swapped_part_is_found_out(monkeypatch, tmp_path):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    file = SealedFile(str(path), 1 << 20)
    file.read()
    real = os.link

    def link(source, name, **options):
        real(source, name, **options)
        os.unlink(tmp_path / name)
        (tmp_path / name).write_bytes(b"mine")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(SealError) as raised:
        file.replace(NEW)
    assert raised.value.message == f"The file {path} cannot be replaced: Another process replaced the new file. It was not changed."
    assert path.read_bytes() == OLD.encode()


def test_another_file_of_the_same_name_is_not_replaced(tmp_path):
    path = tmp_path / "value"
    path.write_bytes(OLD.encode())
    file = SealedFile(str(path), 1 << 20)
    file.read()
    (tmp_path / "other").write_bytes(OLD.encode())
    os.rename(tmp_path / "other", path)
    with pytest.raises(SealError):
        file.replace(NEW)
    assert path.read_bytes() == OLD.encode()


def test_links_in_the_path(tmp_path):
    """Those that this user made are followed. As root: those of another user only to what is that user's."""
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "up").symlink_to("real/deep/..")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")
    for path in ("link/deep", "up/deep", "link/../real/deep"):
        with held_folder(str(tmp_path / path)) as folder:
            assert os.path.samestat(os.fstat(folder), os.stat(tmp_path / "real" / "deep"))
    for path in ("loop", "none", "file", "file/below"):
        with pytest.raises(OSError, match=r"Too many|No such|Not a directory"), held_folder(str(tmp_path / path)):
            pass
    if os.geteuid() == 0:
        (tmp_path / "theirs").symlink_to("real")
        os.chown(tmp_path / "theirs", 12345, 12345, follow_symlinks=False)
        with pytest.raises(PermissionError, match="is owned by user 12345"), held_folder(str(tmp_path / "theirs" / "deep")):
            pass
        os.chown(tmp_path / "real", 12345, 12345)
        with held_folder(str(tmp_path / "theirs")):
            pass
    assert len(os.listdir("/proc/self/fd")) < 100


def test_whose_folder_it_is(tmp_path):
    with held_folder(str(tmp_path)) as folder:
        for mode, private in ((0o700, True), (0o755, True), (0o775, False), (0o1777, False)):
            os.chmod(tmp_path, mode)
            assert is_private(folder) is private


def test_only_files_are_left_overs(tmp_path):
    part, given, pipe, link = (tmp_path / f".{name}{PART}" for name in ("part", "given", "pipe", "link"))
    part.write_bytes(b"x")
    given.write_bytes(b"x")
    os.mkfifo(pipe)
    link.symlink_to(part)
    if os.geteuid() == 0:
        os.chown(given, 12345, 12345)  # as the owner of what it was to replace
    with held_folder(str(tmp_path)) as folder:
        remove_parts(folder)
    assert set(os.listdir(tmp_path)) == {pipe.name, link.name}
