# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the products' documentation says of each setting, row by row: the rest of what is in test_settings.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import PRODUCTS
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import EffectiveSettings
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import KEY, SOUND, STANZA, in_force, seal, words


def said(found: EffectiveSettings, name: str) -> tuple[str, str] | None:
    assert found.awskms
    setting = found.awskms.settings.get(name)
    return (setting.value, setting.source) if setting else None


@pytest.mark.parametrize(("setting", "variables"), [
    ("kms_key_id", ("VAULT_AWSKMS_SEAL_KEY_ID", "AWSKMS_WRAPPER_KEY_ID")), ("region", ("AWS_REGION", "AWS_DEFAULT_REGION")),
])
def test_vault_takes_either_variable(setting: str, variables: tuple[str, str]) -> None:
    """Each alone wins over the stanza; two that are alike are no conflict, two that differ are one, since it is not defined which counts."""
    text = seal(f'{setting} = "said"')
    for variable in variables:
        assert said(in_force(text, {variable: "set"}), setting) == ("set", f"variable {variable}")
    both = dict.fromkeys(variables, "set")
    assert [line for line in words(in_force(text, both)) if "conflicting" in line] == []
    assert words(in_force(text, {**both, variables[1]: "other"}))[0].startswith(
        f"error conflicting_variables {setting}: {variables[0]} and {variables[1]} differ; which of them counts is not defined."
    )


@pytest.mark.parametrize("reference", ["alias/x", KEY, KEY.rsplit(":", 1)[0] + ":alias/x", KEY.rsplit("/", 1)[1]])
@pytest.mark.parametrize("product", PRODUCTS)
def test_a_key_has_four_forms(reference: str, product: str) -> None:
    assert seal_problems(in_force(seal(f'kms_key_id = "{reference}"', 'region = "eu-west-1"'), {}, product)) == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_region_is_looked_for_in_four_places(product: str, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = eu-west-3\n", encoding="utf-8")
    bare = seal('kms_key_id = "alias/x"')
    assert said(in_force(bare, {"AWS_REGION": "eu-west-2"}, product, home=str(tmp_path)), "region") == ("eu-west-2", "variable AWS_REGION")
    assert said(in_force(bare, {}, product, home=str(tmp_path)), "region") == ("eu-west-3", f"profile default in {tmp_path}/.aws/config")
    assert said(in_force(bare, {}, product), "region") == ("", "instance metadata, else us-east-1")
    assert said(in_force(bare, {"AWS_EC2_METADATA_DISABLED": "true"}, product), "region") == ("us-east-1", "default")
    assert words(in_force(bare, {}, product)) == [
        "warning no_region region: No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing. Set the region."
    ]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("setting", ["kms_key_id", "region", "endpoint", "role_arn", "shared_creds_profile"])
def test_only_credentials_may_be_references(setting: str, product: str) -> None:
    assert said(in_force(seal(f'{setting} = "env://OTHER"'), {"OTHER": "x"}, product), setting) == ("env://OTHER", STANZA)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("setting", ["access_key", "secret_key", "session_token"])
def test_all_credentials_may_be_references(setting: str, product: str, tmp_path: Path) -> None:
    """A file's line break is not taken off, and a variable that is not set is an error."""
    pair = [f'{name} = "x"' for name in ("access_key", "secret_key") if name != setting]
    (tmp_path / "file").write_text("x\n", encoding="utf-8")
    by_file = in_force(seal(SOUND, *pair, f'{setting} = "file://{tmp_path}/file"'), {}, product)
    source = f"file://{tmp_path}/file in the {STANZA}"
    assert said(by_file, setting) == ("x\n", source)
    assert words(by_file)[0] == (
        f"error surrounding_blanks {setting}: The {setting} (from {source}) has a line break at its end, which the server does not take off. "
        "Write it without, such as by printf %s VALUE > FILE."
    )
    unset = in_force(seal(SOUND, *pair, f'{setting} = "env://UNSET"'), {}, product)
    assert words(unset)[0] == (
        f"error unset_variable {setting}: The {setting} is taken from env://UNSET in the {STANZA}, and that variable is not set. Set the variable in the "
        "service's environment. The server does not start without it."
    )


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_type_variable_overrides_every_enabled_block(product: str) -> None:
    text = seal(SOUND) + 'seal "transit" {\n disabled = true\n}\n'
    found = in_force(text, {"VAULT_SEAL_TYPE": "shamir"}, product)
    assert [(each.type, each.enabled) for each in found.seals] == [("shamir", True), ("transit", False)]
    assert words(found)[0].startswith("error stray_seal_type type: 'shamir' (from variable VAULT_SEAL_TYPE) overrides the type 'awskms' of the stanza")


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_disabled_seal_is_one_that_is_left(product: str) -> None:
    """From awskms to shamir by itself, to another type beside it; from awskms to awskms never."""
    leaving = seal(SOUND, "disabled = true")
    assert [(each.type, each.enabled) for each in in_force(leaving, {}, product).seals] == [("awskms", False), ("shamir", True)]
    assert words(in_force(leaving + 'seal "transit" {}\n', {}, product)) == []
    assert words(in_force('seal "transit" {\n disabled = true\n}\n' + seal(SOUND), {}, product)) == [
        "warning unchecked_seal disabled: The server connects to its disabled transit seal too when it starts (seal.hcl, line 1), which is not checked "
        "here. Check that the server can reach transit, or remove the stanza once the migration is complete."
    ]
    assert words(in_force(leaving + seal(SOUND), {}, product))[0].startswith("error awskms_to_awskms disabled: ")


def test_an_endpoint_is_shown_without_its_login() -> None:
    found = in_force(seal(SOUND, 'endpoint = "https://user:hush@kms.internal:1/x"'), {}, "openbao").awskms
    assert found
    assert found.settings["endpoint"].shown()["value"] == "https://kms.internal:1/x"


def test_health_checks_are_unknown_to_vault() -> None:
    assert words(in_force(seal(SOUND, 'health_check_interval = "1m"'))) == [
        "warning other_product health_check_interval: Vault 1.21.0 does not know the setting health_check_interval (seal.hcl, line 1) and drops it silently; "
        "OpenBao 2.7 and later knows it. Remove it."
    ]


def of_several(*seals: tuple[str, int]) -> str:
    return "enable_multiseal = true\n" + "".join(seal(SOUND, f'name = "{name}"', f"priority = {priority}") for name, priority in seals)


PLACES = "seal.hcl, line 2, seal.hcl, line 8"
PLUGIN = 'plugin "kms" "awskms" {{\n {}\n sha256sum = "' + "a" * 64 + '"\n}}\n'
INCOMPLETE = "The plugin of seal.hcl, line {} is not complete: {} Complete the stanza as OpenBao's documentation of plugins has it."
MORE: dict[str, tuple[str, dict[str, str], str, str, list[str]]] = {
    "one priority for two": (of_several(("a", 1), ("b", 1)), {}, "vault", "", [
        f"error several_seals priority: Of several seals each needs a priority of its own ({PLACES}). Give each stanza another priority."]),
    "four seals": (of_several(("a", 1), ("b", 2), ("c", 3), ("d", 4)), {}, "vault", "", [
        f"error several_seals name: 4 seals are enabled, and 3 are the most ({PLACES}, seal.hcl, line 14, seal.hcl, line 20). Remove some."]),
    "three seals": (of_several(("a", 1), ("b", 2), ("c", 3)), {}, "vault", "", []),
    "a type like no other": ('seal "zzz" {}', {}, "vault", "", [
        "error unknown_seal_type type: Vault 1.21.0 knows no seal 'zzz' (seal.hcl, line 1). Name the seal awskms."]),
    "a name like no other": (seal(SOUND, "zzzzzz = 1"), {}, "openbao", "", [
        "error unknown_setting zzzzzz: OpenBao 2.6.2 does not know the setting zzzzzz (seal.hcl, line 1) and drops it silently. Remove it."]),
    "blanks": (seal(f'kms_key_id = "{KEY}"', 'region = "eu-west-1"', 'endpoint = " https://kms.internal"'), {}, "openbao", "", [
        f"error surrounding_blanks endpoint: The endpoint (from {STANZA}) has blanks around it, which the server does not take off. Write it without, such as "
        "by printf %s VALUE > FILE."]),
    "a login": (seal(SOUND, 'endpoint = "https://user:hush@kms.internal"'), {}, "openbao", "", [
        f"warning ignored_login endpoint: The endpoint (from {STANZA}) has a user name or password, which the server does not send to AWS KMS, and shows when "
        "it starts. Remove them: AWS authenticates requests by signatures only."]),
    "no folder of plugins": (PLUGIN.format('command = "x"') + seal(SOUND), {}, "openbao", "2.7.0", [
        "error missing_plugin plugin_directory: " + INCOMPLETE.format(1, "plugin_directory is not set.")]),
    "neither command nor image": ('plugin_directory = "/p"\n' + PLUGIN.format("") + seal(SOUND), {}, "openbao", "2.7.0", [
        "error missing_plugin command: " + INCOMPLETE.format(2, "it needs either a command or an image.")]),
    "an image alone": ('plugin_directory = "/p"\n' + PLUGIN.format('image = "x"') + seal(SOUND), {}, "openbao", "2.7.0", [
        "error missing_plugin binary_name: " + INCOMPLETE.format(2, "an image needs a binary_name."),
        "error missing_plugin version: " + INCOMPLETE.format(2, "an image needs a version.")]),
    "a secret key of the environment alone": (seal(SOUND), {"AWS_SECRET_ACCESS_KEY": "x"}, "vault", "", [
        "error incomplete_credentials access_key: The secret_key (from variable AWS_SECRET_ACCESS_KEY) is set without access_key. Set both, or neither."]),
    "an endpoint of the other partition": (
        seal(f'kms_key_id = "{KEY}"', 'region = "eu-west-1"', 'endpoint = "https://kms.us-gov-west-1.amazonaws.com"'), {}, "openbao", "", [
            f"error region_mismatch endpoint: The endpoint (from {STANZA}) is one of region us-gov-west-1, but region eu-west-1 is in force (from {STANZA}). "
            "Let both name the same region.",
            f"error partition_mismatch endpoint: The endpoint (from {STANZA}) is one of partition aws-us-gov, but the key's ARN of aws. Let both name the same "
            "partition."]),
    "an empty type": (seal(SOUND), {"BAO_SEAL_TYPE": "", "VAULT_SEAL_TYPE": "shamir"}, "openbao", "", [
        "error conflicting_variables type: BAO_SEAL_TYPE and VAULT_SEAL_TYPE differ; the first counts. Remove one of them."]),
}


@pytest.mark.parametrize("case", MORE)
def test_more_problems(case: str) -> None:
    text, environment, product, version, expected = MORE[case]
    assert words(in_force(text, environment, product, version)) == expected
