# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where plugins on the controller take their options from: as documented, never from variables, and credentials of one source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible_collections.sealwright.vault_seal.plugins.doc_fragments import awskms_connection, awskms_data_keys, awskms_trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.lookup import awskms_seal_unwrap
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import CONNECTION_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import (
    CONTROLLER_SPEC,
    SEALING_SPEC,
    SOURCES,
    controller_options,
    refuse_variables,
)

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
FRAGMENTS = [fragment.ModuleDocFragment for fragment in (awskms_connection, awskms_data_keys, awskms_trusted_keys)]
ON_THE_CONTROLLER = ("lookup/awskms_seal_unwrap.py", "filter/awskms_seal_unwrap.yml", "filter/awskms_seal_extract.yml", "vars/awskms_seal.py")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS", "ANSIBLE_AWSKMS_", "VAULT_")):
            monkeypatch.delenv(name)


@pytest.fixture
def ini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ansible.cfg in use."""
    file = tmp_path / "ansible.cfg"
    file.write_text("[awskms]\n", encoding="utf-8")
    monkeypatch.setattr(constants, "config", constants.config.__class__(conf_file=str(file)))
    return file


def configure(file: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    file.write_text("[awskms]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()), encoding="utf-8")
    monkeypatch.setattr(constants, "config", constants.config.__class__(conf_file=str(file)))


def documented() -> dict[str, dict[str, Any]]:
    by_name: dict[str, dict[str, Any]] = {}
    for fragment in FRAGMENTS:
        by_name.update(yaml.safe_load(fragment.PLUGINS)["options"])
    return by_name


def test_the_documentation_names_the_same_sources() -> None:
    options = documented()
    assert set(options) == set(CONTROLLER_SPEC)
    for name, option in options.items():
        assert [each["name"] for each in option["env"]] == list(SOURCES[name].environment)
        assert option.get("ini", []) == ([{"section": "awskms", "key": SOURCES[name].ini}] if SOURCES[name].ini else [])
        assert set(option) <= {"env", "ini"}


@pytest.mark.parametrize("file", ON_THE_CONTROLLER)
def test_every_plugin_has_all_options_and_none_from_variables(file: str) -> None:
    text = (PLUGINS / file).read_text(encoding="utf-8")
    for fragment in ("awskms_connection", "awskms_data_keys", "awskms_trusted_keys"):
        assert f"- sealwright.vault_seal.{fragment}\n" in text
        assert f"- sealwright.vault_seal.{fragment}.plugins\n" in text
    for place in (text, *(str(vars(fragment)) for fragment in FRAGMENTS)):
        assert "vars:\n" not in place.replace("      vars:\n        sealed", "")
    assert "vars" not in {key for option in yaml.safe_load(awskms_seal_unwrap.DOCUMENTATION)["options"].values() for key in option}


def test_types_and_names_are_those_of_the_modules() -> None:
    for name, spec in CONNECTION_SPEC.items():
        assert {**SEALING_SPEC[name], "default": spec.get("default")} == {**spec, "default": spec.get("default")}


@pytest.mark.parametrize("name", sorted(set(SEALING_SPEC) - {"secret_key", "session_token", "access_key"}))
def test_precedence(name: str, ini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"bool": ("no", "yes", False), "float": ("1", "2", 3.0), "list": ("alias/a, alias/b", "alias/c", ["alias/d"])}
    low, middle, high = values.get(SEALING_SPEC[name]["type"], ("/a", "/b", "/c"))

    def value(given: Any = None) -> tuple[Any, str]:
        options = controller_options({name: given})
        return getattr(options, name, getattr(options.connection, name, None)), options.source(name)

    configure(ini, monkeypatch, **{name: str(low)})
    assert value()[1] == f"{name} in section [awskms] of {ini}"
    from_ini = value()[0]
    for variable in reversed(SOURCES[name].environment):
        monkeypatch.setenv(variable, str(middle))
        assert value()[1] == f"environment variable {variable}"
        assert value()[0] != from_ini
    assert value(high) == (high, f"option {name}")


def test_lists_paths_and_empty_values(ini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(ini, monkeypatch, allowed_key_ids="alias/a, alias/b", ca_bundle="ca.pem", region="", proxy="{{ lookup('pipe', 'id') }}")
    options = controller_options({})
    assert options.allowed_key_ids == ["alias/a", "alias/b"]
    assert options.connection.ca_bundle == str(ini.parent / "ca.pem")
    assert options.connection.region == ""
    assert options.connection.proxy == "{{ lookup('pipe', 'id') }}"  # never a template
    configure(ini, monkeypatch, allowed_key_ids="")
    assert controller_options({}).allowed_key_ids == []  # refused where it is used: it is not the same as no pin
    assert controller_options({"allowed_key_ids": None}).allowed_key_ids == []


@pytest.mark.parametrize(("environment", "configured", "given", "left"), [
    ({"ACCESS_KEY": "e", "SECRET_KEY": "e", "SESSION_TOKEN": "e"}, {}, {"access_key": "c", "secret_key": "c"}, {"access_key": "c", "secret_key": "c"}),
    ({}, {"shared_creds_profile": "i"}, {"access_key": "c", "secret_key": "c"}, {"access_key": "c", "secret_key": "c"}),
    ({"ACCESS_KEY": "e", "SECRET_KEY": "e"}, {}, {"profile": "c"}, {"shared_creds_profile": "c"}),
    ({}, {"shared_creds_filename": "/i"}, {"profile": "c"}, {"shared_creds_profile": "c", "shared_creds_filename": "/i"}),
    ({"ACCESS_KEY": "e"}, {}, {"secret_key": "c"}, {"secret_key": "c"}),
])
def test_credentials_are_those_of_one_source(
    environment: dict[str, str], configured: dict[str, str], given: dict[str, str], left: dict[str, str], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(ini, monkeypatch, **configured)
    for name, value in environment.items():
        monkeypatch.setenv(f"ANSIBLE_AWSKMS_{name}", value)
    connection = controller_options(given).connection
    names = ("access_key", "secret_key", "session_token", "shared_creds_profile", "shared_creds_filename")
    assert {name: getattr(connection, name) for name in names if getattr(connection, name)} == left


@pytest.mark.parametrize("name", sorted(SEALING_SPEC))
def test_variables_are_refused_unless_the_call_sets_the_option(name: str) -> None:
    with pytest.raises(SettingError, match=f"The variable ansible_awskms_{name} is set") as raised:
        refuse_variables({f"ansible_awskms_{name}": "x", "region": "y"}, {"other": 1, name: None})
    assert f"ANSIBLE_AWSKMS_{name.upper()}" in raised.value.remedy
    for given in (name, *SEALING_SPEC[name].get("aliases", ())):
        refuse_variables({f"ansible_awskms_{name}": "x"}, {given: "y"})
    refuse_variables({"ansible_awskms_other": "x"}, {})
    refuse_variables(None, {})


def test_a_value_of_the_wrong_type_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_AWSKMS_TIMEOUT", "hunter2")
    with pytest.raises(SettingError, match=r"The value of environment variable ANSIBLE_AWSKMS_TIMEOUT must be of type float\.") as raised:
        controller_options({})
    assert "hunter2" not in str(raised.value)
