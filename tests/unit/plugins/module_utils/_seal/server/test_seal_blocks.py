# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only one product or release refuses in a configuration, and what surprises in its files."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config, read_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_decode import as_field, decoded
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import settings_in_force
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import SOUND, in_force, seal, words

TWICE = f"{SOUND}\n region = \"eu-west-1\""
DUPLICATE = "duplicate_attribute region: seal.hcl, line 4: region is set a second time, which Vault 1.21 and later refuse. Keep one of the two."
ALLOW = "VAULT_ALLOW_PENDING_REMOVAL_DUPLICATE_HCL_ATTRIBUTES"


@pytest.mark.parametrize(("product", "version", "environment", "level"), [
    ("vault", "1.21.0", {}, "error"), ("vault", "", {}, "error"), ("vault", "2.1.0", {}, "error"), ("vault", "1.20.4", {}, "warning"),
    ("openbao", "2.6.2", {}, "warning"), ("vault", "1.21.0", {ALLOW: "true"}, "warning"), ("vault", "1.21.0", {ALLOW: "false"}, "error"),
    ("vault", "2.0.4", {ALLOW: "true"}, "error"),
])
def test_attributes_that_come_twice(product: str, version: str, environment: dict[str, str], level: str) -> None:
    assert words(in_force(seal(TWICE), environment, product, version)) == [f"{level} {DUPLICATE}"]


@pytest.mark.parametrize("text", [
    'seal "awskms" {\n x = 1\n "x" = 2\n}\n', '{"seal": {"awskms": {"x": 1, "x": 2}}}', 'a {\n x = 1\n}\na {\n x = 1\n}\n', 'a = 1\nb = { a = 1 }\n',
])
def test_attributes_that_do_not_come_twice_for_vault(text: str) -> None:
    config = ServerConfig()
    parse_config(text, "f", config)
    assert not config.refusals


@pytest.mark.parametrize(("setting", "value", "problem"), [
    ("name", "true", "The value (seal.hcl, line 4) cannot be the name of a seal."), ("name", '""', "'' (seal.hcl, line 4) cannot be the name of a seal."),
    *(("priority", value, "The value (seal.hcl, line 4) cannot be the priority of a seal.") for value in ("0", "-1", '""', "true", "1.5", '"1_0"', '"x"')),
])
def test_what_vault_refuses_in_name_and_priority(setting: str, value: str, problem: str) -> None:
    text = seal(SOUND, f"{setting} = {value}")
    remedy = {"name": "Use letters, digits, _ and - only.", "priority": "Give a whole number from 1 on."}[setting]
    assert words(in_force(text, {}, "vault", "1.16.0")) == [f"error invalid_option {setting}: {problem} {remedy}"]
    assert not any("error" in each for each in words(in_force(text, {}, "openbao", "2.6.2")))


@pytest.mark.parametrize("value", ["1", '"1"', '"+2"', "0x10", "9223372036854775807"])
def test_priorities_that_vault_takes(value: str) -> None:
    assert words(in_force(seal(SOUND, f"priority = {value}"), {}, "vault")) == []


@pytest.mark.parametrize(("product", "version", "most"), [("openbao", "2.6.2", 3), ("vault", "1.15.0", 3), ("vault", "1.16.0", 5)])
def test_seal_blocks_are_limited_and_disabled_ones_count(product: str, version: str, most: int) -> None:
    for count in (3, 4, 5):
        text = seal(SOUND) + 'seal "transit" {\n disabled = true\n}\n' * (count - 1)
        matching = [each for each in words(in_force(text, {}, product, version)) if "seal blocks in one file" in each]
        assert len(matching) == (count > most)


def test_openbao_refuses_to_lock_memory() -> None:
    text = "disable_mlock = false\n" + seal(SOUND)
    assert words(in_force(text, {}, "openbao")) == [
        "error invalid_option disable_mlock: disable_mlock is false (seal.hcl, line 1), and OpenBao, which locks no memory, refuses that. "
        "Remove it, and disable or encrypt swap."
    ]
    assert words(in_force(text, {}, "vault")) == []
    assert words(in_force("disable_mlock = true\n" + seal(SOUND), {}, "openbao")) == []


@pytest.mark.parametrize(("block", "setting"), [
    ('plugin "kms" "a" {\n command = true\n}\n', "command"), ('plugin "kms" "a" {\n args = "x"\n}\n', "args"),
    ('plugin "kms" "a" {\n env = [true]\n}\n', "env"),
    ('plugin "kms" {\n}\n', "plugin"), ('plugin "kms" "a" "b" {\n}\n', "plugin"),
])
def test_plugins_that_openbao_refuses(block: str, setting: str) -> None:
    settings = words(in_force(block + seal(SOUND), {}, "openbao"))
    assert [each.split(": ")[0] for each in settings] == [f"error malformed_config {setting}"]
    assert words(in_force(block + seal(SOUND), {}, "vault")) == []


def test_a_seal_may_have_the_name_of_a_plugin() -> None:
    plugin = 'plugin_directory = "/p"\nplugin "kms" "aws" {\n Command = "x"\n sha256sum = "' + "a" * 64 + '"\n}\n'
    text = plugin + 'seal "aws" {\n region = "us-east-1"\n}\n'
    assert words(in_force(text, {}, "openbao", "2.6.2")) == words(in_force(text, {}, "openbao", "2.7.0")) == []
    for product, version in (("openbao", "2.5.0"), ("vault", "1.20.0")):
        assert any("unknown_seal_type" in each for each in words(in_force(text, {}, product, version)))
    incomplete = text.replace("plugin_directory", "cluster_name")
    assert [each.split(": ")[0] for each in words(in_force(incomplete, {}, "openbao", "2.6.2"))] == ["error missing_plugin plugin_directory"]


@pytest.mark.parametrize(("setting", "value"), [
    ("access_key", '{{env "AWS_ACCESS_KEY_ID"}}'), ("secret_key", "${AWS_SECRET_ACCESS_KEY}"), ("region", "{{ region }}"), ("endpoint", "https://<%= host %>"),
    ("kms_key_id", "{% x %}"), ("session_token", "#{token}"),
])
def test_expressions_of_templates(setting: str, value: str) -> None:
    settings = {"region": "eu-west-1", "kms_key_id": "alias/x", "access_key": "AKIA", "secret_key": "x"}
    settings[setting] = value.replace('"', '\\"')
    text = seal(*(f'{name} = "{each}"' for name, each in settings.items()))
    for product in ("vault", "openbao"):
        effective = words(in_force(text, {}, product))
        assert any(each.startswith(f"error template_expression {setting}: The {setting} (from stanza (seal.hcl, line 1)) holds") for each in effective)
        assert not any(value in each for each in effective) or setting in ("kms_key_id", "endpoint")


def test_an_access_key_of_another_form() -> None:
    settings = words(in_force(seal(SOUND, 'access_key = "<your key>"', 'secret_key = "x"'), {}, "openbao"))
    assert [each for each in settings if "form" in each] == [
        "error invalid_credentials access_key: The access_key (from stanza (seal.hcl, line 1)) does not have the form of an access key ID. "
        "An access key ID has letters and digits only, such as AKIAIOSFODNN7EXAMPLE."
    ]


@pytest.mark.parametrize(("region", "zone"), [
    ("us-east-1a", True), ("us-gov-west-1b", True), ("us-west-2-lax-1a", True), ("us-east-1", False), ("us-iso-east-1", False), ("eusc-de-east-1", False),
    ("us-isof-south-1", False), ("local", False),
])
def test_availability_zones(region: str, zone: bool) -> None:
    settings = words(in_force(seal('kms_key_id = "alias/x"', f'region = "{region}"'), {}, "vault"))
    assert [("availability zone" in each) for each in settings] == [True] * zone


def test_json_that_the_server_passes_over_is_told() -> None:
    settings = words(in_force('{"seal": {"awskms": {"kms_key_id": "alias/x", "region": "eu-west-1"}}', {}, "vault"))
    assert settings == [
        "warning ignored_text config: seal.hcl, line 1: this is not JSON as the server reads it, which passes over it, or over what follows, without a word. "
        "Correct the file."
    ]


def test_files_of_a_folder_that_do_not_agree(tmp_path: Path) -> None:
    (tmp_path / "a.hcl").write_text('plugin_directory = "/a"\nlog_level = "info"\nstorage "raft" {\n path = "/a"\n}\n' + seal(SOUND), encoding="utf-8")
    (tmp_path / "b.hcl").write_text('Plugin_Directory = "/b"\nlog_level = "info"\nstorage "raft" {\n path = "/b"\n}\n', encoding="utf-8")
    (tmp_path / "c.hcl").write_text('plugin_directory = ""\n', encoding="utf-8")
    config = read_config([str(tmp_path)])
    files = [str(tmp_path / "a.hcl"), str(tmp_path / "b.hcl")]
    assert config.undecided == {"plugin_directory": files, "storage": files}
    assert config.values["plugin_directory"][0] == "/b"
    matching = [problem for problem in seal_problems(settings_in_force(Product.parse("openbao"), config, {})) if problem.reason == "directory_order"]
    assert [(problem.level, problem.setting) for problem in matching] == [("warning", "plugin_directory"), ("warning", "storage")]
    assert f"plugin_directory differs between {files[0]}, {files[1]}." in matching[0].msg
    assert read_config(files).undecided == {}


def test_a_link_to_a_folder_is_a_file_for_the_servers(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a.hcl").symlink_to(tmp_path / "real", target_is_directory=True)
    unread: list[Exception] = []
    read_config([str(tmp_path)], unread=unread)  # type: ignore[arg-type]
    assert len(unread) == 1


@pytest.mark.parametrize(("text", "value"), [
    ('x = "a"\nx = 010', "010"), ("x = 1\nx = 0x10", 16), ('x = 1\nx = "17"', 17), ("x = 1.5\nx = 010", 10.0), ("x = 1.5\nx = 2.5", 2.5),
    ('x = "a"\nx = "b"', "b"),
    ("x = true\nx = false", False),
])
def test_an_attribute_that_comes_twice_keeps_its_type(text: str, value: object) -> None:
    result = decoded(parse_hcl(text))["x"].value
    assert (result, isinstance(result, bool)) == (value, isinstance(value, bool))


@pytest.mark.parametrize(("text", "value"), [
    ("x = 010", "010"), ("x = 08", "08"), ("x = 99999999999999999999", "99999999999999999999"), ("x = 1.5", None), ("x = 1e400", None), ("x = true", None),
    ("x = []", None), ('x = "a"', "a"),
])
def test_a_setting_that_is_a_text_takes_the_digits_of_a_whole_number(text: str, value: str | None) -> None:
    assert as_field(parse_hcl(text)[0].value) == value


@pytest.mark.parametrize("shape", ["x{} = 1\n", 'region = "eu-west-1"\n', "x{} {{\n y = 1\n y = 2\n}}\n"])
def test_problems_are_found_in_linear_time(shape: str) -> None:
    def seconds(count: int) -> float:
        text = seal(SOUND, *(shape.format(number) for number in range(count)))
        begin = time.process_time()
        with contextlib.suppress(SettingError):
            assert words(in_force(text, {}, "openbao"))
        return time.process_time() - begin

    assert min(seconds(8000) for _turn in range(2)) < 64 * max(seconds(500), 0.005)
