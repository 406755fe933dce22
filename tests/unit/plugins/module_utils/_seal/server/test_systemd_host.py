# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, aliases and masks of units, the manager's environment, specifiers of the host, and what a service does not see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server import systemd_specifiers
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import home_of, read_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_credentials import Credentials
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_specifiers import Specifiers
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_syntax import unescaped
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_view import view_of


def unit(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")
    return path


def test_an_alias_has_the_name_and_the_drop_ins_of_the_unit(tmp_path: Path) -> None:
    etc, lib = tmp_path / "etc", tmp_path / "lib"
    unit(lib / "vault.service", "Environment=NAME=%n", "ExecStart=/usr/bin/vault server -config=/etc/%p")
    etc.mkdir()
    (etc / "secrets.service").symlink_to(lib / "vault.service")
    unit(etc / "vault.service.d" / "a.conf", "Environment=A=1")
    unit(etc / "secrets.service.d" / "b.conf", "Environment=B=1")
    service = read_unit("secrets", [str(etc), str(lib)])
    assert {name: each.value for name, each in service.environment.items()} == {"NAME": "vault.service", "A": "1", "B": "1"}
    assert (service.name, service.config) == ("vault.service", ["/etc/vault"])


def test_a_link_to_a_file_elsewhere_keeps_its_name(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    unit(tmp_path / "opt" / "unit-1.20.service", "Environment=NAME=%n")
    etc.mkdir()
    (etc / "vault.service").symlink_to(tmp_path / "opt" / "unit-1.20.service")
    assert read_unit("vault", [str(etc)]).environment["NAME"].value == "vault.service"


def test_a_masked_unit_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    etc, lib = tmp_path / "etc", tmp_path / "lib"
    unit(lib / "vault.service", "ExecStart=/usr/bin/vault server -config=/etc")
    etc.mkdir()
    (etc / "vault.service").symlink_to("/dev/null")
    with pytest.raises(SettingError) as error:
        read_unit("vault", [str(etc), str(lib)])
    assert error.value.reason == "unit_masked"


@pytest.mark.parametrize("name", ["vault@", "vault@.service"])
def test_a_template_needs_an_instance(name: str, tmp_path: Path) -> None:
    unit(tmp_path / "vault@.service", "ExecStart=/usr/bin/vault server -config=/etc/%i")
    with pytest.raises(SettingError, match="is a template of units"):
        read_unit(name, [str(tmp_path)])
    assert read_unit("vault@a.b.service", [str(tmp_path)]).config == ["/etc/a.b"]


def test_the_environment_of_the_service_manager(tmp_path: Path) -> None:
    """systemd-system.conf(5): DefaultEnvironment= is in the environment of all services, and what the unit says wins."""
    etc, lib = tmp_path / "etc" / "systemd" / "system", tmp_path / "lib" / "systemd" / "system"
    unit(lib / "vault.service", "Environment=B=unit", "UnsetEnvironment=C", "PassEnvironment=D")
    main = etc.parent / "system.conf"
    etc.mkdir(parents=True)
    main.write_text("[Manager]\nDefaultEnvironment=A=main B=main C=1 D=1\n[Service]\nEnvironment=E=1\n", encoding="utf-8")
    (lib.parent / "system.conf").write_text("[Manager]\nDefaultEnvironment=E=1\n", encoding="utf-8")
    drop_in = etc.parent / "system.conf.d" / "proxy.conf"
    drop_in.parent.mkdir()
    drop_in.write_text('[Manager]\nDefaultEnvironment="HTTPS_PROXY=http://proxy:3128"\n', encoding="utf-8")
    service = read_unit("vault", [str(etc), str(lib)])
    assert {name: each.value for name, each in service.environment.items()} == {"A": "main", "B": "unit", "HTTPS_PROXY": "http://proxy:3128"}
    assert service.environment["HTTPS_PROXY"].source == f"{drop_in}, line 2"
    assert service.unknown == {"D": f"{lib}/vault.service, line 4"}
    assert service.files == [str(main), str(drop_in), f"{lib}/vault.service"]
    drop_in.write_text("[Manager]\nDefaultEnvironment=\n", encoding="utf-8")
    assert list(read_unit("vault", [str(etc), str(lib)]).environment) == ["B"]


def test_specifiers_of_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = os.uname()
    release = tmp_path / "os-release"
    release.write_text('ID=debian\nVERSION_ID="12"\nBUILD_ID=$x\n', encoding="utf-8")
    monkeypatch.setattr(systemd_specifiers, "_OS_RELEASE_FILES", (str(release),))
    monkeypatch.setattr(systemd_specifiers, "_MACHINE_ID", str(tmp_path / "machine-id"))
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    monkeypatch.setattr(systemd_specifiers, "systemd_release", lambda: None)
    result = Specifiers("v@one.service", "/etc/systemd/system/v@.service")
    assert result.resolve(b"%H/%v/%m") == f"{machine.nodename}/{machine.release}/0123456789abcdef0123456789abcdef".encode()
    assert result.resolve(b"%l") == machine.nodename.partition(".")[0].encode()
    assert result.resolve(b"%o-%w-%W|") == b"debian-12-|"
    assert result.resolve(b"%y %Y %f") == b"/etc/systemd/system/v@.service /etc/systemd/system /one"
    assert [result.resolve(each) for each in (b"%B", b"%b", b"%q", b"%s", b"%Z")] == [None] * 5


def test_an_older_systemd_has_no_folder_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for release, value in ((249, None), (250, b"/run/credentials/v.service"), (None, b"/run/credentials/v.service")):
        monkeypatch.setattr(systemd_specifiers, "systemd_release", lambda release=release: release)
        assert Specifiers("v.service").resolve(b"%d") == value


def test_units_of_a_user_have_other_folders(tmp_path: Path) -> None:
    unit(tmp_path / "user" / "vault.service", "Environment=A=%h B=%p", "ExecStart=/usr/bin/vault server -config=%h/vault.hcl")
    service = read_unit("vault", [str(tmp_path / "user")])
    assert (list(service.environment), list(service.unknown), service.directory) == (["B"], ["A"], "")
    assert "%h/vault.hcl of ExecStart= has a specifier that cannot be told here" in service.unclear


def test_what_a_service_does_not_see() -> None:
    view = view_of({
        "ProtectHome": [b"read-only", b"yes"], "PrivateTmp": [b"true"], "InaccessiblePaths": [b"-/srv /opt/x"], "TemporaryFileSystem": [b"/var:ro"],
        "BindReadOnlyPaths": [b"/root/vault", b"/src/etc:/etc/vault:norbind"], "BindPaths": [b"/tmp/kept"],
    })
    assert [view.hides(path) for path in ("/root/.aws", "/root/vault/x", "/srv", "/srvx", "/opt/x/y", "/var/lib", "/etc", "/home")] == [
        "ProtectHome=yes", "", "InaccessiblePaths=", "", "InaccessiblePaths=", "TemporaryFileSystem=", "", "ProtectHome=yes",
    ]
    assert [view.replaces(path) for path in ("/tmp/a", "/tmp/kept/a", "/etc/vault/a", "/etc")] == ["PrivateTmp=", "", "BindReadOnlyPaths=", ""]
    assert view_of({"ProtectHome": [b"read-only"]}).hides("/root") == ""


def test_names_and_values_of_credentials() -> None:
    specifiers = Specifiers("v@one.service")
    result = Credentials("v@one.service")
    for line in (b"%i:/etc/%i", b"a/b:/x", b":/x", b"..:/x", b"", b"k:/etc/k", b"two"):
        result.take("LoadCredential", line, specifiers)
    result.take("SetCredential", b"k:lost", specifiers)
    result.take("SetCredential", b"kept:a\\n: b", specifiers)
    result.take("SetCredential", b"bad:\\q", specifiers)
    assert result.paths() == [f"/run/credentials/v@one.service/{name}" for name in ("k", "two", "kept", "bad")]
    assert result.values() == {"/run/credentials/v@one.service/kept": b"a\n: b"}
    assert [result.has(f"/run/credentials/{name}") for name in ("v@one.service", "v@one.service/two", "v@one.service/none", "v.service/two")] == [
        True, True, False, False,
    ]
    assert "malformed" in result.why_unread("/run/credentials/v@one.service/bad")


def test_texts_with_escapes() -> None:
    assert unescaped(b"a\\x41\\n\\\\") == b"aA\n\\"
    assert unescaped(b"\\q") is unescaped(b"a\\") is None
    assert unescaped(b"") == b""


def test_homes_of_users_by_name_and_number() -> None:
    assert home_of("0") == home_of("root") != ""
    assert home_of("no-such-user-here") == home_of("4294967290999") == ""
