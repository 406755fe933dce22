# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are read with the rights of the service's user and groups; what this process alone cannot read is not said to be unreadable for the service."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer, read_server, refuse_unread
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import account_of, groups_of, rights_of, sees_as_service
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may take another user's rights")

OPTIONS: dict[str, Any] = dict.fromkeys(
    ("product", "version", "config", "unit", "unit_directories", "environment_files", "environment", "candidates", "service_user")
)
NOBODY, GROUP = 65534, 54321  # a group of nobody's


class Host:
    """A folder that everybody may enter, with a unit and the files of its service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seal("")

    def seal(self, *settings: str) -> None:
        self.write("server.hcl", 'seal "awskms" {\n  kms_key_id = "alias/a"\n' + "".join(f"  {each}\n" for each in settings) + "}\n", 0o644)

    def write(self, name: str, text: str, mode: int, group: int = 0, owner: int = 0) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.chmod(path, mode)
        os.chown(path, owner, group)
        return path

    def unit(self, *lines: str) -> ConfiguredServer:
        """The server of a unit with these lines."""
        home = f"Environment=HOME={self.folder} AWS_EC2_METADATA_DISABLED=true"
        command = f"ExecStart=/usr/bin/bao server -config={self.folder}/server.hcl"
        self.write("units/bao.service", "\n".join(["[Service]", home, command, *lines, ""]), 0o644)
        return self.read()

    def read(self, **options: Any) -> ConfiguredServer:
        return read_server({**OPTIONS, "unit": "bao", "unit_directories": [str(self.folder / "units")], **options})


@pytest.fixture
def host() -> Iterator[Host]:
    """Not below pytest's own folders, which only root may enter."""
    folder = Path(tempfile.mkdtemp())
    os.chmod(folder, 0o755)
    yield Host(folder)
    shutil.rmtree(folder)


@contextmanager
def running_as(user: int, *groups: int) -> Iterator[None]:
    """Another user, who is not root."""
    os.setgroups(groups)
    os.setegid(groups[0])
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([0])


def region(server: ConfiguredServer) -> str:
    seal = server.in_force.awskms
    return seal.value("region") if seal else ""


def reasons(server: ConfiguredServer) -> set[str]:
    return {problem.reason for problem in server.all_problems()}


def test_the_region_is_the_one_that_the_services_user_finds(host: Host) -> None:
    path = host.write(".aws/config", "[default]\nregion = eu-west-1\n", 0o600)
    assert region(host.unit()) == "eu-west-1"
    assert region(host.unit("User=nobody")) == "us-east-1"
    os.chown(path, NOBODY, 0)
    assert region(host.unit("User=nobody")) == "eu-west-1"
    assert region(host.unit(f"User={NOBODY}")) == "eu-west-1"


@pytest.mark.parametrize("lines", [
    (f"Group={GROUP}",), (f"SupplementaryGroups=daemon {GROUP}",), (f"SupplementaryGroups={GROUP}", "SupplementaryGroups=daemon"),
])
def test_groups_that_the_unit_adds(host: Host, lines: tuple[str, ...]) -> None:
    secret = host.write("secret", "hush", 0o640, GROUP)
    host.write(".aws/credentials", "[default]\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = s\n", 0o640, GROUP)
    assert region(host.unit("User=nobody", *lines)) == "eu-west-1"
    assert "no_credentials" in reasons(host.unit("User=nobody"))
    assert "no_credentials" not in reasons(host.unit("User=nobody", *lines))
    host.seal('access_key = "A"', f'secret_key = "file://{secret}"')
    assert "file_error" in reasons(host.unit("User=nobody"))
    assert "file_error" in reasons(host.unit("User=nobody", *lines, "SupplementaryGroups=", "Group="))
    assert "file_error" not in reasons(host.unit("User=nobody", *lines))
    # A command with a plus sign has root's rights.
    assert "file_error" not in reasons(host.unit("User=nobody", "ExecStart=", f"ExecStart=+/usr/bin/bao server -config={host.folder}/server.hcl"))


def test_the_rights_themselves(host: Host) -> None:
    before = (os.geteuid(), os.getegid(), os.getgroups())
    with rights_of(host.unit("User=nobody", f"Group={GROUP}", "SupplementaryGroups=daemon").service):
        assert (os.geteuid(), os.getegid()) == (NOBODY, GROUP)
        assert {GROUP, 1} <= set(os.getgroups())
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before
    assert groups_of(account_of("nobody", str(GROUP)))[0] == GROUP
    assert account_of("nobody").pw_gid == pwd.getpwnam("nobody").pw_gid
    with pytest.raises(SettingError, match="There is no group no-such-group on this host"):
        groups_of(account_of("nobody"), ["no-such-group"])


def test_a_configuration_that_the_service_may_not_read(host: Host) -> None:
    os.chmod(host.folder / "server.hcl", 0o640)
    assert "unreadable_config" not in reasons(host.unit())
    assert "unreadable_config" in reasons(host.unit("User=nobody"))
    os.chown(host.folder / "server.hcl", 0, GROUP)
    assert "unreadable_config" not in reasons(host.unit("User=nobody", f"SupplementaryGroups={GROUP}"))
    candidate = host.write("new.hcl", 'seal "awskms" {}\n', 0o600)
    server = host.read(service_user="daemon", candidates=[{"path": str(host.folder / "server.hcl"), "src": str(candidate)}])
    assert "unreadable_config" not in reasons(server)


@pytest.mark.parametrize(("user", "lines"), [
    (NOBODY, ("User=nobody", f"SupplementaryGroups={GROUP}")), (1, ("User=nobody", f"Group={GROUP}")), (1, ()), (1, ("User=no-such-user",)),
])
def test_what_only_this_process_cannot_read_cannot_be_told(host: Host, user: int, lines: tuple[str, ...]) -> None:
    """As another user than the service's, and as its user without its groups."""
    host.write(".aws/config", "[default]\nregion = eu-west-1\n", 0o640, GROUP)
    secret = host.write("secret", "hush", 0o640, GROUP)
    service = host.unit(*lines).service
    with running_as(user, 1):
        assert not sees_as_service(service)
        server = host.read()
        assert (region(server), "cannot_tell" in reasons(server)) == ("", True)
    host.seal('region = "us-east-1"', 'access_key = "A"', f'secret_key = "file://{secret}"')
    with running_as(user, 1):
        server = host.read()
        assert {"file_error", "unread_credential"} & reasons(server) == {"unread_credential"}
        with pytest.raises(SettingError, match=r"the user of this task may not read .*; run it as root") as error:
            refuse_unread(server)
    assert error.value.reason == "unread_credential"


def test_the_user_of_the_service_with_its_groups(host: Host) -> None:
    host.write(".aws/config", "[default]\nregion = eu-west-1\n", 0o640, GROUP)
    service = host.unit("User=nobody", f"SupplementaryGroups={GROUP}").service
    with running_as(NOBODY, NOBODY, GROUP):
        assert sees_as_service(service)
        assert region(host.read()) == "eu-west-1"
