# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands behind a reference, a profile, a variable of a pair, and a stanza that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_blocks import Stanza
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import Seal, Setting
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import STANZA, hcl, in_force, value


def test_what_cannot_be_dereferenced_is_empty_and_says_why(tmp_path: Path) -> None:
    text = hcl(access_key="env://UNSET", secret_key=f"file://{tmp_path}/none", session_token="file:///a\\u0000b")
    settings = in_force(text).awskms
    assert settings
    assert {name: setting for name, setting in settings.settings.items() if setting.failure} == {
        "access_key": Setting("access_key", "", f"env://UNSET in the {STANZA}", "unset_variable"),
        "secret_key": Setting("secret_key", "", f"file://{tmp_path}/none in the {STANZA}", "file_error"),
        "session_token": Setting("session_token", "", f"file:///a\0b in the {STANZA}", "file_error"),
    }


def test_a_reference_is_read_up_to_64_kib_as_the_bytes_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"\xff" + b"x" * 65536)
    text = hcl(access_key="env://OWN", secret_key=f"file://{tmp_path}/large", session_token="string://a://b")
    settings = in_force(text, {"OWN": ""}).awskms
    assert settings
    assert [settings.settings[name] for name in ("access_key", "secret_key", "session_token")] == [
        Setting("access_key", "", f"env://OWN in the {STANZA}, which is variable OWN"),
        Setting("secret_key", "\udcff" + "x" * 65535, f"file://{tmp_path}/large in the {STANZA}"),
        Setting("session_token", "a://b", f"string:// in the {STANZA}"),
    ]


def test_a_setting_is_shown_with_its_source_and_a_secret_without_its_value() -> None:
    assert Setting("region", "eu-west-1", "default").shown() == {"value": "eu-west-1", "source": "default", "set": True}
    assert Setting("secret_key", "hush", STANZA).shown() == {"value": None, "source": STANZA, "set": True}
    assert Setting("region", "", "instance metadata, else us-east-1").shown() == {"value": None, "source": "instance metadata, else us-east-1", "set": False}


def test_variables_of_a_pair_keep_their_sources_with_openbao() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "token"}
    settings = in_force(hcl(session_token="said"), variables, product="openbao").awskms
    assert settings
    assert settings.settings == {
        "access_key": Setting("access_key", "AKIA", "variable AWS_ACCESS_KEY_ID"),
        "secret_key": Setting("secret_key", "hush", "variable AWS_SECRET_ACCESS_KEY"),
        "session_token": Setting("session_token", "token", "variable AWS_SESSION_TOKEN"),
        "region": Setting("region", "", "instance metadata, else us-east-1"),
    }


@pytest.mark.parametrize("text", ["", 'seal "transit" {\n disabled = true\n}\n'])
def test_a_server_without_an_enabled_seal_has_shamir(text: str) -> None:
    settings = in_force(text)
    assert settings.seals[-1] == Seal("shamir", Stanza("", "shamir", {}, False, "no stanza"), {})
    assert settings.awskms is None


def test_a_seal_of_another_type_has_no_settings() -> None:
    assert [each.settings for each in in_force('seal "transit" {\n region = "x"\n}\n', {"AWS_REGION": "y"}).seals] == [{}]


@pytest.mark.parametrize(("text", "product", "region"), [
    (hcl(name="one"), "vault", "plain"),  # one seal alone takes the variables as they are
    (hcl(name="one") + hcl(disabled="true", name="two"), "vault", "plain"),
    (hcl(name="one") + hcl(), "openbao", "plain"),
    (hcl() + hcl(name="two"), "vault", "plain"),  # the first has no name
])
def test_variables_have_no_seals_name_without_several_named_seals_of_vault(text: str, product: str, region: str) -> None:
    assert in_force(text, {"AWS_REGION": "plain", "AWS_REGION_one": "first"}, product).seals[0].value("region") == region


@pytest.mark.parametrize(("content", "profile", "region"), [
    ("[default]\nregion = a\n[profile default]\nregion = b\n", "default", "a"),
    ("[profile default]\nregion = b\n", "default", "b"),
    ("[vault]\nregion = a\n[profile vault]\nregion = b\n", "vault", "a"),
    ("[vault]\nregion = a\n", "vault", "a"),
    ("[default]\noutput = json\n", "default", ""),
    ("[default]\nREGION =  a \n", "default", ""),
    ("region = a\n", "default", ""),
    ("[default]\nregion = \u00e4\n", "default", "\u00e4"),
])
def test_the_profile_of_the_file_that_a_variable_names(content: str, profile: str, region: str, tmp_path: Path) -> None:
    """A profile is in a section of its name, or else in a section ``profile NAME``."""
    file = tmp_path / "config"
    file.write_text(content, encoding="utf-8")
    expected = (region, f"profile {profile} in {file}") if region else ("", "instance metadata, else us-east-1")
    assert value("region", hcl(), {"AWS_CONFIG_FILE": str(file), "AWS_PROFILE": profile}, home="/none") == expected


def test_no_file_of_this_folder_is_read_where_no_home_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = here\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert value("region", hcl(), {}) == ("", "instance metadata, else us-east-1")
