# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as they would be with candidates in their places, and the secrets that their settings' names give away."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.secret_names import is_secret
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import read_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import read_environment_file, read_unit


def seal(region: str) -> str:
    return f'seal "awskms" {{ region = "{region}" }}\n'


def test_a_folder_with_candidates(tmp_path: Path) -> None:
    """One replaces, one is new, one takes a file away; each under the name of its place."""
    etc, new = tmp_path / "etc", tmp_path / "new"
    etc.mkdir()
    new.write_text(seal("new"), encoding="utf-8")
    for name in ("a", "b", "c"):
        (etc / f"{name}.hcl").write_text(seal(name), encoding="utf-8")
    config = read_config([f"{etc}/"], {f"{etc}/a.hcl": str(new), f"{etc}/b.hcl": "", f"{etc}/d.hcl": str(new), f"{etc}/e.txt": str(new)})
    assert [(stanza.settings["region"], stanza.source) for stanza in config.stanzas] == [
        ("new", f"{etc}/a.hcl, line 1"), ("c", f"{etc}/c.hcl, line 1"), ("new", f"{etc}/d.hcl, line 1"),
    ]


def test_a_folder_and_a_file_that_are_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "new").write_text(seal("new"), encoding="utf-8")
    for path in ("etc", "etc/a.hcl"):
        config = read_config([str(tmp_path / path)], {f"{tmp_path}/etc/a.hcl": str(tmp_path / "new")})
        assert config.files == [f"{tmp_path}/etc/a.hcl"]
    assert read_config([f"{tmp_path}/etc/a.hcl"], {f"{tmp_path}/etc/a.hcl": ""}).files == []
    with pytest.raises(SettingError) as error:
        read_config([f"{tmp_path}/etc/a.hcl"], {f"{tmp_path}/etc/a.hcl": "/none"})
    assert error.value.message == f"{tmp_path}/etc/a.hcl cannot be read: No such file or directory."


def test_environment_files_with_candidates(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("A=new\r\n", encoding="utf-8")
    place = f"{tmp_path}/server.env"
    assert read_environment_file(place, {place: str(tmp_path / "new")})["A"].source == f"{place}, line 1"
    (tmp_path / "v.service").write_text(f"[Service]\nEnvironmentFile=-{place}\n", encoding="utf-8")
    assert read_unit("v", [str(tmp_path)]).environment == {}
    assert read_unit("v", [str(tmp_path)], {place: str(tmp_path / "new")}).environment["A"].value == "new"


@pytest.mark.parametrize("name", [
    "secret_key", "access_key", "session_token", "token", "password", "passwd", "AWS_SECRET_ACCESS_KEY", "connection_url", "client_secret", "accountKey",
    "current_key", "circonus_api_token", "credentials", "env", "pin", "passphrase",
])
def test_what_is_secret_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", [
    "tls_key_file", "kms_key_id", "key_name", "web_identity_token_file", "shared_creds_filename", "token_ttl", "region", "environment", "path", "api_addr",
    "require_secret", "secret_shares_type", "node_id", "key_label",
])
def test_what_is_none(name: str) -> None:
    assert not is_secret(name)


def test_secrets_in_files_are_named_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "a.hcl").write_text(
        'storage "consul" {\n  address = "x"\n  token = "hush"\n}\nplugin "kms" "p" {\n  env = ["A=hush"]\n}\nlistener "tcp" {\n  tls_key_file = "/k"\n}\n'
        'seal "awskms" {\n  secret_key = "env://S"\n  session_token = ""\n}\n', encoding="utf-8"
    )
    (tmp_path / "b.json").write_text('{"seal": [{"transit": {"token": "hush"}}, {"static": {"current_key": "hush"}}]}', encoding="utf-8")
    config = read_config([str(tmp_path)])
    assert [(Path(file).name, line, name) for file, line, name in config.secrets] == [
        ("a.hcl", 3, "storage.consul.token"), ("a.hcl", 6, "plugin.kms.p.env"), ("b.json", 1, "seal.transit.token"), ("b.json", 1, "seal.static.current_key"),
    ]
    assert "hush" not in repr(config.secrets)
