# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seals that contradict each other, and plugins that are missing or not complete: whole findings, and what is sound."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import KEY, SOUND, in_force, seal, words

FOLDER = 'plugin_directory = "/p"\n'


def plugin(*settings: str) -> str:
    return 'plugin "kms" "awskms" {\n ' + "\n ".join(settings) + "\n}\n"


COMMAND, SUM = 'command = "x"', f'sha256sum = "{"a" * 64}"'
BINARY, VERSION = 'binary_name = "x"', 'version = "1"'
INCOMPLETE = "error missing_plugin {}: The plugin of seal.hcl, line 2 is not complete: {} Complete the stanza as OpenBao's documentation of plugins has it."
NO_PLUGIN = (
    "error missing_plugin plugin: OpenBao 2.7.0 has no awskms seal built in, and no plugin brings it{}. "
    'Add a stanza plugin "kms" "awskms" with command and sha256sum, and set plugin_directory.'
)


@pytest.mark.parametrize(("settings", "expected"), [
    ((COMMAND, SUM), []),
    ((COMMAND, f'sha256sum = "{"A0" * 32}"'), []),
    (('image = "x"', SUM, BINARY, VERSION), []),
    (('image = "x"', SUM, VERSION), [INCOMPLETE.format("binary_name", "an image needs a binary_name.")]),
    (('image = "x"', SUM, BINARY), [INCOMPLETE.format("version", "an image needs a version.")]),
    ((COMMAND, 'image = "x"', SUM, BINARY, VERSION), [INCOMPLETE.format("command", "it needs either a command or an image.")]),
    ((COMMAND, f'sha256sum = "{"a" * 63}"'),
     [INCOMPLETE.format("sha256sum", "sha256sum is not the 64 hexadecimal digits of the file's checksum.")]),
    ((COMMAND, f'sha256sum = "{"g" * 64}"'),
     [INCOMPLETE.format("sha256sum", "sha256sum is not the 64 hexadecimal digits of the file's checksum.")]),
])
def test_a_plugin_has_a_command_or_an_image_and_a_checksum(settings: tuple[str, ...], expected: list[str]) -> None:
    assert words(in_force(FOLDER + plugin(*settings) + seal(SOUND), {}, "openbao", "2.7.0")) == expected


def test_openbao_needs_a_plugin_from_2_7_and_takes_one_from_2_6() -> None:
    assert words(in_force(seal(SOUND), {}, "openbao", "2.6.9")) == []
    assert words(in_force(seal(SOUND), {}, "openbao", "2.7.0")) == [NO_PLUGIN.format("")]
    other = 'plugin "kms" "other" {\n}\n'
    assert words(in_force(other + seal(SOUND), {}, "openbao", "2.7.0")) == [
        NO_PLUGIN.format("; that of seal.hcl, line 1 has the name 'other'")
    ]
    assert words(in_force(FOLDER + plugin(COMMAND, SUM) + seal(SOUND), {}, "openbao", "2.6.0")) == []
    assert words(in_force(FOLDER + plugin(COMMAND, SUM) + seal(SOUND), {}, "openbao", "2.5.9")) == [
        "error unknown_setting plugin: OpenBao 2.5.9 takes no plugin of type kms (seal.hcl, line 2). Remove the stanza, or use OpenBao 2.6 or later."
    ]


@pytest.mark.parametrize(("text", "product"), [
    (plugin() + seal(SOUND), "vault"), (plugin() + 'seal "transit" {\n}\n', "openbao"), ('plugin "secret" "awskms" {\n}\n' + seal(SOUND), "openbao"),
])
def test_plugins_are_looked_at_for_an_awskms_seal_of_openbao_only(text: str, product: str) -> None:
    assert words(in_force(text, {}, product)) == []


@pytest.mark.parametrize(("settings", "missing"), [
    (('name = "a"\n priority = 1', "priority = 2"), ["name"]),
    (('name = "a"\n priority = 1', 'name = "b"'), ["priority"]),
    (("", ""), ["name", "priority"]),
    (('name = "a"\n priority = 1', 'name = "b"\n priority = 2'), []),
])
def test_each_of_several_seals_has_a_name_and_a_priority(settings: tuple[str, str], missing: list[str]) -> None:
    text = "enable_multiseal = true\n" + "".join(f'seal "transit" {{\n {each}\n}}\n' for each in settings)
    second = text[: text.rindex("seal")].count("\n") + 1
    assert words(in_force(text)) == [
        f"error several_seals {each}: Of several seals each needs a {each} of its own (seal.hcl, line 2, seal.hcl, line {second}). "
        f"Give each stanza another {each}."
        for each in missing
    ]


DISABLED = 'seal "transit" {\n disabled = true\n}\n'


@pytest.mark.parametrize(("text", "product", "expected"), [
    (DISABLED, "vault", []),
    (DISABLED * 2, "vault", [
        "error no_seal_enabled disabled: All 2 seals are disabled. Enable the seal that is to be used from now on; disabled is for the one that is left."]),
    ('seal "transit" {\n}\n' * 2, "openbao", [
        "error several_seals disabled: 2 seals are enabled where OpenBao takes one (seal.hcl, line 1, seal.hcl, line 3). "
        "Disable the one that is left, or remove it."]),
    ('seal "transit" {\n name = "a"\n priority = 1\n}\nseal "transit" {\n name = "b"\n priority = 2\n}\nenable_multiseal = "f"\n', "vault", [
        "error several_seals enable_multiseal: 2 seals are enabled without enable_multiseal (seal.hcl, line 1, seal.hcl, line 5). "
        "Set enable_multiseal = true (Vault Enterprise 1.16 and later), or disable all but one."]),
    ('seal "awskmz" {\n}\n', "vault", [
        "error unknown_seal_type type: Vault 1.21.0 knows no seal 'awskmz' (seal.hcl, line 1). Did you mean 'awskms'?"]),
])
def test_which_seals_are_enabled(text: str, product: str, expected: list[str]) -> None:
    assert words(in_force(text, {}, product)) == expected


def test_the_type_variable_of_openbao_means_nothing_to_vault() -> None:
    assert words(in_force(seal(SOUND), {"BAO_SEAL_TYPE": "shamir"})) == [
        "warning other_product BAO_SEAL_TYPE: BAO_SEAL_TYPE (from variable BAO_SEAL_TYPE) is not read by Vault. Use VAULT_SEAL_TYPE."
    ]


def test_errors_come_before_warnings_and_each_is_reported_once() -> None:
    text = (seal(f'kms_key_id = "{KEY}"', "name = 1") + "\n") * 2
    settings = seal_problems(in_force(text, {}, "openbao"))
    assert [(problem.level, problem.reason) for problem in settings] == [
        ("error", "several_seals"), ("warning", "other_product"), ("warning", "no_region"), ("warning", "other_product"),
    ]
    assert settings[2].as_result() == {
        "level": "warning", "reason": "no_region", "setting": "region",
        "msg": "No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing.",
        "remedy": "Set the region to eu-west-1.",
    }
