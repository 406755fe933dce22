# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are written in folders that another user may change, and nothing is written elsewhere."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.environment_owner import is_marked, why_foreign
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.host import foreign_environment
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.options import Wanted
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.restart_marker import RestartMarker, ServiceState, service_state
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.safe_folder import Attributes, Folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.stage import Stage
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.unit_name import service_unit

PRIVATE = Attributes(os.geteuid(), os.getegid(), 0o600)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    (tmp_path / "etc").mkdir()
    folder = Folder.open(str(tmp_path / "etc"))
    yield folder
    folder.close()


def test_a_file_takes_its_name_when_it_is_complete(tmp_path: Path, folder: Folder) -> None:
    umask = os.umask(0)
    try:
        part = folder.prepare("a.hcl", b"one", Attributes(os.geteuid(), os.getegid(), 0o640))
    finally:
        os.umask(umask)
    assert not (tmp_path / "etc" / "a.hcl").exists()
    part.commit()
    path = tmp_path / "etc" / "a.hcl"
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"one", 0o640)
    assert os.listdir(tmp_path / "etc") == ["a.hcl"]
    existing = folder.read("a.hcl")
    assert existing
    assert existing.matches(b"one", Attributes(os.geteuid(), os.getegid(), 0o640))


def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(tmp_path: Path, folder: Folder) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "a.hcl").write_text("root's", encoding="utf-8")
    (tmp_path / "etc").rename(tmp_path / "moved")
    (tmp_path / "etc").symlink_to(victim)
    folder.prepare("a.hcl", b"one", PRIVATE).commit()
    assert (victim / "a.hcl").read_text(encoding="utf-8") == "root's"
    assert (tmp_path / "moved" / "a.hcl").read_bytes() == b"one"


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_a_link_that_another_user_can_make_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "etc").symlink_to(tmp_path / "real")
    Folder.open(str(theirs / "etc")).close()  # root's own link in root's own folder
    os.chown(theirs, 65534, 65534)
    with pytest.raises(SettingError, match="symbolic link that another user can change"):
        Folder.open(str(theirs / "etc"))


def test_only_regular_files_are_read_and_no_link_is_replaced(tmp_path: Path, folder: Folder) -> None:
    os.mkfifo(tmp_path / "etc" / "pipe")
    (tmp_path / "etc" / "link").symlink_to("/etc/passwd")
    (tmp_path / "etc" / "folder").mkdir()
    for name in ("pipe", "link", "folder"):
        with pytest.raises(SettingError):
            folder.read(name)
    assert folder.read("missing") is None


def test_a_part_that_was_swapped_is_noticed(tmp_path: Path, folder: Folder) -> None:
    part = folder.prepare("a.hcl", b"one", PRIVATE)
    (tmp_path / "etc" / part.part).unlink()
    (tmp_path / "etc" / part.part).symlink_to("/etc/passwd")
    with pytest.raises(SettingError, match="was replaced by another process while it was written"):
        part.commit()


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path, folder: Folder) -> None:
    folder.prepare("a.hcl", b"secret", PRIVATE)
    folder.remove_parts("a.hcl")
    assert os.listdir(tmp_path / "etc") == []


def test_backups_replace_nothing(tmp_path: Path, folder: Folder) -> None:
    paths = [folder.keep("a.hcl.now", content, PRIVATE) for content in (b"one", b"two")]
    assert [Path(path).read_bytes() for path in paths] == [b"one", b"two"]
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in paths} == {0o600}


def test_a_stage_is_private_and_replaces_what_was_left(tmp_path: Path) -> None:
    first = Stage.make("/etc/openbao/openbao.hcl", str(tmp_path))
    path = first.add("openbao.hcl", "secret")
    assert stat.S_IMODE(os.stat(first.path).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    other = Stage.make("/etc/vault.d/vault.hcl", str(tmp_path))
    second = Stage.make("/etc/openbao/openbao.hcl", str(tmp_path))
    assert not os.path.exists(first.path)
    assert {os.path.exists(each.path) for each in (other, second)} == {True}
    second.remove()
    assert not os.path.exists(second.path)


def test_a_stage_needs_a_folder_that_others_cannot_change(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(SettingError):
        Stage.make("/etc/openbao/openbao.hcl", str(tmp_path))


@pytest.mark.parametrize(("name", "full"), [
    ("vault", "vault.service"), ("vault.service", "vault.service"), ("vault@a", "vault@a.service"), ("vault@a.service", "vault@a.service"),
    ("vault-1.20", "vault-1.20.service"),
])
def test_units(name: str, full: str) -> None:
    assert service_unit(name) == full


@pytest.mark.parametrize("name", ["vault.socket", "vault.timer", "vault@", "vault@.service", "", "a/b", "../a", "a b", "*", "a\n"])
def test_what_is_no_service_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="vault_config_unit"):
        service_unit(name)


def test_whose_an_environment_file_is() -> None:
    ours = b"# Managed by Ansible (sealwright.vault_seal.vault_config).\nA=1\n"
    assert is_marked(ours)
    assert not is_marked(b"VAULT_LICENSE=x\n" + ours)
    assert not is_marked(b"")
    assert not is_marked(b"A=sealwright.vault_seal\n")
    owned: list[str] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        return (0 if command[-1] in owned else 1), "", ""

    assert why_foreign("/etc/a.env", ours, ["/etc/systemd/system/a.service"], run) == ""
    assert "not written by this collection" in why_foreign("/etc/a.env", b"", [], run)
    assert "uses it" in why_foreign("/etc/a.env", ours, ["/usr/lib/systemd/system/vault.service"], run)
    owned.append("/etc/systemd/system/a.service")
    assert "uses it" in why_foreign("/etc/a.env", ours, ["/etc/systemd/system/a.service"], run)
    owned.append("/etc/a.env")
    assert "it belongs to an installed package" in why_foreign("/etc/a.env", ours, [], run)


def test_a_pipe_in_the_place_of_the_environment_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "seal.env"
    os.mkfifo(pipe)
    wanted = Wanted("/etc/a.hcl", "/etc", "", str(pipe), "A=1\n", "openbao.service", True, str(tmp_path))
    signal.alarm(20)
    try:
        assert foreign_environment(wanted, None, lambda _command: (1, "", "")) == "it cannot be read (It is not a regular file)"
    finally:
        signal.alarm(0)


def test_a_restart_stays_due_until_the_server_is_younger_than_the_files(tmp_path: Path) -> None:
    marker = RestartMarker("openbao.service", "/etc/systemd/system", "/etc/openbao/openbao.hcl", str(tmp_path / "run"))
    running, this = ServiceState("active"), ServiceState("active", os.getpid())
    assert not marker.pending(running)
    marker.note(written=False)  # killed here
    assert marker.pending(running)
    assert marker.pending(this)
    marker.note(written=True)
    assert marker.pending(running)
    assert marker.pending(this)
    assert not marker.pending(ServiceState("inactive"))
    assert marker.pending(ServiceState("inactive"), starts=True)
    assert marker.pending(ServiceState("failed"))
    assert marker.pending(ServiceState())
    other = RestartMarker("openbao.service", "/etc/systemd/system", "/etc/openbao/other.hcl", str(tmp_path / "run"))
    assert not other.pending(running)
    assert marker.remove()
    assert not marker.remove()
    assert not marker.pending(running)


@pytest.mark.parametrize(("message", "never"), [
    ("LoadState=loaded\nActiveState=inactive\nMainPID=0\nInactiveExitTimestampMonotonic=0\n", True),
    ("LoadState=loaded\nActiveState=inactive\nMainPID=0\nInactiveExitTimestampMonotonic=812345\n", False),
    ("LoadState=loaded\nActiveState=inactive\nMainPID=0\n", False),
    ("LoadState=masked\nActiveState=inactive\nInactiveExitTimestampMonotonic=0\n", False),
    ("LoadState=loaded\nActiveState=active\nMainPID=7\nInactiveExitTimestampMonotonic=0\n", False),
    ("", False),
])
def test_a_service_that_was_never_started(message: str, never: bool) -> None:
    assert service_state("openbao.service", lambda _command: (0, message, "")).never_started is never


def test_a_marker_that_cannot_be_read_is_one(tmp_path: Path) -> None:
    marker = RestartMarker("openbao.service", "/etc/systemd/system", "/etc/openbao/openbao.hcl", str(tmp_path / "run"))
    marker.note(written=True)
    next((tmp_path / "run").iterdir()).write_text("{", encoding="ascii")
    assert marker.pending(ServiceState("active"))
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(SettingError):
        marker.note(written=False)
    assert marker.pending(ServiceState("active"))
