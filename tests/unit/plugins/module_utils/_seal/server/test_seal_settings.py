# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which setting is in force, and every problem in its exact words. For OpenBao the server itself judges, in tests/system."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import Setting, naming_variables
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import KEY, STANZA, hcl, in_force, value

OTHER = KEY.replace("1234567890ab", "ffff67890abf")
MRK = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
SOUND = {"kms_key_id": KEY, "region": "eu-west-1"}
VARIABLES = {
    "kms_key_id": "VAULT_AWSKMS_SEAL_KEY_ID", "endpoint": "AWS_KMS_ENDPOINT", "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN", "shared_creds_profile": "AWS_PROFILE",
    "region": "AWS_REGION",
}


@pytest.mark.parametrize("setting", VARIABLES)
def test_vault_takes_the_variable_before_the_stanza(setting: str) -> None:
    both = value(setting, hcl(**{setting: "said"}), {VARIABLES[setting]: "set"})
    assert both == ("set", f"variable {VARIABLES[setting]}")
    assert value(setting, hcl(**{setting: "said"}), {VARIABLES[setting]: ""}) == ("said", STANZA)
    assert value(setting, "", {VARIABLES[setting]: "set", "VAULT_SEAL_TYPE": "awskms"}) == ("set", f"variable {VARIABLES[setting]}")


def test_variables_that_name_type_or_key() -> None:
    """Whether a seal is there yet or not; neither other settings nor empty ones, and of Vault not what only OpenBao reads."""
    result = dict.fromkeys(("AWSKMS_WRAPPER_KEY_ID", "BAO_SEAL_TYPE", "VAULT_AWSKMS_SEAL_KEY_ID_second", "VAULT_SEAL_TYPE", "AWS_REGION"), "awskms")
    result["VAULT_AWSKMS_SEAL_KEY_ID"] = ""
    openbao = naming_variables(in_force(hcl(**SOUND), result, "openbao"))
    assert sorted(openbao) == ["AWSKMS_WRAPPER_KEY_ID", "BAO_SEAL_TYPE", "VAULT_AWSKMS_SEAL_KEY_ID_second", "VAULT_SEAL_TYPE"]
    assert openbao["BAO_SEAL_TYPE"].source == "variable BAO_SEAL_TYPE"
    assert sorted(naming_variables(in_force("", result))) == ["AWSKMS_WRAPPER_KEY_ID", "VAULT_AWSKMS_SEAL_KEY_ID_second", "VAULT_SEAL_TYPE"]
    assert naming_variables(in_force("", {"AWS_REGION": "eu-west-1"})) == {}


@pytest.mark.parametrize(("setting", "variable"), [
    ("role_arn", "AWS_ROLE_ARN"),
    ("role_session_name", "AWS_ROLE_SESSION_NAME"),
    ("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("shared_creds_filename", "AWS_SHARED_CREDENTIALS_FILE"),
])
@pytest.mark.parametrize("product", ["vault", "openbao"])
def test_both_take_the_stanza_before_the_variable(setting: str, variable: str, product: str) -> None:
    assert value(setting, hcl(**{setting: "said"}), {variable: "set"}, product=product) == ("said", STANZA)
    assert value(setting, hcl(), {variable: "set"}, product=product) == ("set", f"variable {variable}")


@pytest.mark.parametrize(("setting", "environment", "expected"), [
    ("region", {"AWS_REGION": "set"}, "said"),
    ("region", {"AWS_DEFAULT_REGION": "set"}, "said"),
    ("endpoint", {"AWS_KMS_ENDPOINT": "set"}, "set"),
    ("shared_creds_profile", {"AWS_PROFILE": "set"}, "set"),
    ("kms_key_id", {"VAULT_AWSKMS_SEAL_KEY_ID": "second", "AWSKMS_WRAPPER_KEY_ID": "first"}, "first"),
    ("kms_key_id", {"VAULT_AWSKMS_SEAL_KEY_ID": "second"}, "second"),
])
def test_openbao(setting: str, environment: dict[str, str], expected: str) -> None:
    result = value(setting, hcl(**{setting: "said"}), environment, product="openbao")
    assert result
    assert result[0] == expected


def test_vault_before_1_15_takes_the_region_of_the_stanza_first() -> None:
    assert value("region", hcl(region="said"), {"AWS_REGION": "set"}, version="1.14.9") == ("said", STANZA)
    assert value("region", hcl(region="said"), {"AWS_REGION": "set"}, version="1.15") == ("set", "variable AWS_REGION")


def test_vault_takes_each_credential_for_itself() -> None:
    text = hcl(access_key="said", secret_key="said", session_token="said", **SOUND)
    settings = in_force(text, {"AWS_SECRET_ACCESS_KEY": "set"}).awskms
    assert settings
    assert {name: settings.value(name) for name in ("access_key", "secret_key", "session_token")} == {
        "access_key": "said", "secret_key": "set", "session_token": "said",
    }


def test_openbao_takes_credentials_from_one_place() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "set", "AWS_SECRET_ACCESS_KEY": "set", "AWS_SESSION_TOKEN": "set"}
    pair = in_force(hcl(access_key="said", secret_key="said"), variables, product="openbao").awskms
    token = in_force(hcl(session_token="said"), variables, product="openbao").awskms
    assert pair
    assert token
    assert (pair.value("access_key"), pair.value("session_token")) == ("said", "")
    assert (token.value("access_key"), token.value("session_token")) == ("set", "set")


def test_the_region_of_the_aws_config_file(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    file = tmp_path / ".aws" / "config"
    file.write_text("[default]\nregion = eu-west-3\n[profile vault]\nregion = eu-west-2\n", encoding="utf-8")
    assert value("region", hcl(), {}, home=str(tmp_path)) == ("eu-west-3", f"profile default in {file}")
    assert value("region", hcl(), {"AWS_PROFILE": "vault"}, home=str(tmp_path)) == ("eu-west-2", f"profile vault in {file}")
    assert value("region", hcl(), {}) == ("", "instance metadata, else us-east-1")
    assert value("region", hcl(), {"AWS_EC2_METADATA_DISABLED": "TRUE"}) == ("us-east-1", "default")
    cases: tuple[tuple[dict[str, str], str], ...] = (({}, str(tmp_path)), ({"AWS_EC2_METADATA_DISABLED": "true"}, ""), ({}, ""))
    matching = [in_force(hcl(), environment, home=home).awskms for environment, home in cases]
    assert [each.settings["region"].name for each in matching if each] == ["region"] * 3


def test_seal_ha_has_variables_by_name() -> None:
    text = "enable_multiseal = true\n" + hcl(name="one", priority=1) + hcl(name="two", priority=2)
    environment = {"AWS_REGION": "plain", "AWS_REGION_one": "first", "AWS_REGION_two": "second"}
    assert [seal.value("region") for seal in in_force(text, environment).seals] == ["first", "second"]


def test_references(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush", encoding="utf-8")
    text = hcl(access_key="env://OWN", secret_key=f"file://{tmp_path}/secret", session_token="string://token")
    settings = in_force(text, {"OWN": "AKIA"}).awskms
    assert settings
    assert [settings.value(name) for name in ("access_key", "secret_key", "session_token")] == ["AKIA", "hush", "token"]
    assert settings.settings["access_key"].source == f"env://OWN in the {STANZA}, which is variable OWN"
    assert [settings.settings[name].shown()["value"] for name in ("access_key", "secret_key", "session_token")] == ["AKIA", None, None]


def test_health_checks_of_openbao_2_7() -> None:
    text = hcl(health_check_interval="5m", **SOUND)
    assert value("health_check_interval", text, {}, product="openbao", version="2.7.0") == ("5m", STANZA)
    assert value("health_check_timeout", text, {}, product="openbao", version="2.7.0") == ("1m", "default")
    assert value("health_check_timeout", text, {}, product="openbao", version="2.6.2") is None
    settings = in_force(hcl(**SOUND), product="openbao", version="2.7.0").awskms
    assert settings
    assert {name: setting for name, setting in settings.settings.items() if name.startswith("health")} == {
        "health_check_enabled": Setting("health_check_enabled", "true", "default"), "health_check_timeout": Setting("health_check_timeout", "1m", "default"),
        "health_check_interval": Setting("health_check_interval", "10m", "default"),
        "health_check_interval_unhealthy": Setting("health_check_interval_unhealthy", "1m", "default"),
    }


def test_a_version_that_is_none() -> None:
    with pytest.raises(SettingError) as error:
        Product.parse("vault", "newest")
    assert str(error.value) == "'newest' is not a version. Give one such as 2.6.2 or 1.19.0+ent."


@pytest.mark.parametrize("version", ["1" * 5000 + ".0", "\u0661.2", "+1.2", "1_0.2", " 1.2"])
def test_a_version_is_read_strictly(version: str) -> None:
    with pytest.raises(SettingError) as error:
        Product.parse("vault", version)
    assert error.value.reason == "invalid_option"


PAIR = {"access_key": "AKIA", "secret_key": "env://S"}
PLUGIN = 'plugin_directory = "/p"\nplugin "kms" "%s" {\n command = "x"\n sha256sum = "' + "a" * 64 + '"\n}\n'
CASES: dict[str, tuple[str, dict[str, str], str, str, list[str]]] = {
    "nothing wrong": (hcl(**SOUND), {}, "vault", "", []),
    "nothing wrong with OpenBao": (hcl(**SOUND), {}, "openbao", "", []),
    "misspelt": (hcl(kms_keyid="x", **SOUND), {}, "vault", "", [
        "error unknown_setting: Vault 1.21.0 does not know the setting kms_keyid (seal.hcl, line 1) and drops it silently. Did you mean kms_key_id?"]),
    "the other product's": (hcl(name="x", **SOUND), {}, "openbao", "", [
        "warning other_product: OpenBao 2.6.2 does not know the setting name (seal.hcl, line 1) and drops it silently; "
        "Vault Enterprise 1.16 and later knows it. Remove it."]),
    "health checks too early": (hcl(health_check_timeout="1m", **SOUND), {}, "openbao", "2.6.2", [
        "warning other_product: OpenBao 2.6.2 does not know the setting health_check_timeout (seal.hcl, line 1) and drops it silently; "
        "OpenBao 2.7 and later knows it. Remove it."]),
    "overridden": (hcl(**SOUND), {"VAULT_AWSKMS_SEAL_KEY_ID": OTHER}, "vault", "", [
        "warning overridden_setting: The kms_key_id of the stanza (seal.hcl, line 1) is not used: variable VAULT_AWSKMS_SEAL_KEY_ID wins. "
        "Remove the variable, or the setting."]),
    "variables disagree": ("", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "VAULT_SEAL_TYPE": "awskms",
                                "VAULT_AWSKMS_SEAL_KEY_ID": KEY}, "vault", "", [
        "error conflicting_variables: AWS_REGION and AWS_DEFAULT_REGION differ; which of them counts is not defined. Set one of them, or both alike."]),
    "variables disagree with OpenBao": ("", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "VAULT_SEAL_TYPE": "awskms",
                                             "VAULT_AWSKMS_SEAL_KEY_ID": KEY}, "openbao", "", [
        "warning conflicting_variables: AWS_REGION and AWS_DEFAULT_REGION differ; the first counts. Set one of them, or both alike."]),
    "a stray type": (hcl(**SOUND), {"VAULT_SEAL_TYPE": "shamir"}, "vault", "", [
        "error stray_seal_type: 'shamir' (from variable VAULT_SEAL_TYPE) overrides the type 'awskms' of the stanza (seal.hcl, line 1). "
        "Remove the variable, or the stanza."]),
    "types disagree": (hcl(**SOUND), {"BAO_SEAL_TYPE": "awskms", "VAULT_SEAL_TYPE": "shamir"}, "openbao", "", [
        "error conflicting_variables: BAO_SEAL_TYPE and VAULT_SEAL_TYPE differ; the first counts. Remove one of them."]),
    "a type for OpenBao": (hcl(**SOUND), {"BAO_SEAL_TYPE": "awskms"}, "vault", "", [
        "warning other_product: BAO_SEAL_TYPE (from variable BAO_SEAL_TYPE) is not read by Vault. Use VAULT_SEAL_TYPE."]),
    "an unknown type": ('seal "awskm" {}', {}, "openbao", "", [
        "error unknown_seal_type: OpenBao 2.6.2 knows no seal 'awskm' (seal.hcl, line 1). Did you mean 'awskms'?"]),
    "half a pair": (hcl(access_key="AKIA", **SOUND), {}, "vault", "", [
        f"error incomplete_credentials: The access_key (from {STANZA}) is set without secret_key. Set both, or neither."]),
    "half of each": (hcl(**PAIR, **SOUND), {"AWS_ACCESS_KEY_ID": "AKIB", "S": "x"}, "vault", "", [
        f"error incomplete_credentials: The access_key comes from variable AWS_ACCESS_KEY_ID, but the secret_key from env://S in the {STANZA}, "
        "which is variable S. Take both from the same place.",
        "warning overridden_setting: The access_key of the stanza (seal.hcl, line 1) is not used: variable AWS_ACCESS_KEY_ID wins. "
        "Remove the variable, or the setting."]),
    "a token alone": (hcl(session_token="env://T", **SOUND), {"T": "x"}, "openbao", "", [
        "warning incomplete_credentials: The session_token is set without access_key and secret_key. Set all three, or leave it out."]),
    "a secret in the file": (hcl(access_key="AKIA", secret_key="hush", **SOUND), {}, "openbao", "", [
        "warning secret_in_stanza: The secret_key stands in the configuration file (seal.hcl, line 1). Prefer an instance profile, a web "
        "identity, or an environment file that only root may read."]),
    "an unset variable": (hcl(**PAIR, **SOUND), {}, "openbao", "", [
        f"error unset_variable: The secret_key is taken from env://S in the {STANZA}, and that variable is not set. "
        "Set the variable in the service's environment. The server does not start without it."]),
    "a line break": (hcl(**PAIR, **SOUND), {"S": "x\n"}, "openbao", "", [
        f"error surrounding_blanks: The secret_key (from env://S in the {STANZA}, which is variable S) has a line break at its end, which the "
        "server does not take off. Write it without, such as by printf %s VALUE > FILE."]),
    "a missing file": (hcl(access_key="AKIA", secret_key="file:///none", **SOUND), {}, "openbao", "", [
        f"error file_error: The secret_key is taken from file:///none in the {STANZA}, which cannot be read. Check the path and its permissions."]),
    "no key": (hcl(region="eu-west-1"), {}, "openbao", "", [
        "error no_key: No KMS key is named (seal.hcl, line 1). Set kms_key_id, or VAULT_AWSKMS_SEAL_KEY_ID in the service's environment."]),
    "a malformed key": (hcl(kms_key_id="my key", region="eu-west-1"), {}, "openbao", "", [
        f"error malformed_key_id: The key from {STANZA} is malformed: 'my key' is not a valid KMS key reference. Use a key ID "
        "(1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN (arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an "
        "alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."]),
    "another region": (hcl(kms_key_id=KEY, region="eu-west-2"), {}, "openbao", "", [
        f"error region_mismatch: The key is in region eu-west-1, but the region in effect is eu-west-2 (from {STANZA}). Set the region to eu-west-1."]),
    "a replica": (hcl(kms_key_id=MRK, region="eu-west-2"), {}, "openbao", "", [
        f"error region_mismatch: The key is in region eu-west-1, but the region in effect is eu-west-2 (from {STANZA}). "
        "Set the region to eu-west-1, or name the replica of region eu-west-2 by its own ARN."]),
    "no region": (hcl(kms_key_id=KEY), {}, "openbao", "", [
        "warning no_region: No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing. "
        "Set the region to eu-west-1."]),
    "no such region": (hcl(kms_key_id="alias/x", region="${eu}"), {}, "openbao", "", [
        f"error template_expression: The region (from {STANZA}) holds an expression of a template, such as {{{{ ... }}}} or ${{...}}, which the server takes "
        "as it is. Deploy the file that the template makes, or write env://NAME where the server is to read a variable."]),
    "a region with a blank inside": (hcl(kms_key_id="alias/x", region="eu west 1"), {}, "openbao", "", [
        f"error invalid_option: What {STANZA} says is not the name of an AWS region. Give a name such as us-east-1."]),
    "a zone": (hcl(kms_key_id="alias/x", region="us-east-1a"), {}, "vault", "", [
        f"error invalid_option: The region (from {STANZA}) is an availability zone, us-east-1a. Give the zone's region, us-east-1."]),
    "an endpoint elsewhere": (hcl(endpoint="https://kms.us-east-1.amazonaws.com", **SOUND), {}, "openbao", "", [
        f"error region_mismatch: The endpoint (from {STANZA}) is one of region us-east-1, but region eu-west-1 is in force (from {STANZA}). "
        "Let both name the same region."]),
    "a private endpoint elsewhere": (hcl(endpoint="https://vpce-0e1b-pz8n.kms.us-east-1.vpce.amazonaws.com", **SOUND), {}, "openbao", "", [
        f"error region_mismatch: The endpoint (from {STANZA}) is one of region us-east-1, but region eu-west-1 is in force (from {STANZA}). "
        "Let both name the same region."]),
    "an endpoint of its own": (hcl(endpoint="https://kms.internal:8443", **SOUND), {}, "openbao", "", []),
    "an endpoint of another partition": (
        hcl(kms_key_id=KEY.replace("eu-west-1", "cn-north-1"), region="cn-north-1", endpoint="https://kms.cn-north-1.amazonaws.com.cn"), {}, "vault", "", [
            f"error partition_mismatch: The endpoint (from {STANZA}) is one of partition aws-cn, but the key's ARN of aws. "
            "Let both name the same partition."]),
    "an endpoint without scheme": (hcl(endpoint="kms.internal", **SOUND), {}, "openbao", "", [
        f"warning invalid_option: The endpoint (from {STANZA}) has no scheme; aws-sdk-go v1 puts https:// before it, and later SDKs refuse it. "
        "Begin it with https://."]),
    "two enabled": (hcl(**SOUND) * 2, {}, "openbao", "", [
        "error several_seals: 2 seals are enabled where OpenBao takes one (seal.hcl, line 1, seal.hcl, line 5). Disable the one that is left, or remove it."]),
    "two enabled with Vault": (hcl(name="a", priority=1, **SOUND) + hcl(name="b", priority=2, **SOUND), {}, "vault", "", [
        "error several_seals: 2 seals are enabled without enable_multiseal (seal.hcl, line 1, seal.hcl, line 7). "
        "Set enable_multiseal = true (Vault Enterprise 1.16 and later), or disable all but one."]),
    "seal HA": ("enable_multiseal = true\n" + hcl(name="a", priority=1, **SOUND) + hcl(name="b", priority=2, **SOUND), {}, "vault", "", []),
    "one name for two": ("enable_multiseal = true\n" + hcl(name="a", priority=1, **SOUND) + hcl(name="a", priority=2, **SOUND), {}, "vault", "", [
        "error several_seals: Of several seals each needs a name of its own (seal.hcl, line 2, seal.hcl, line 8). Give each stanza another name."]),
    "a name that cannot be": (hcl(name="a b", **SOUND), {}, "vault", "", [
        "error invalid_option: 'a b' (seal.hcl, line 2) cannot be the name of a seal. Use letters, digits, _ and - only."]),
    "none enabled": (hcl(disabled="true", **SOUND) * 2, {}, "openbao", "", [
        "error no_seal_enabled: All 2 seals are disabled. Enable the seal that is to be used from now on; disabled is for the one that is left."]),
    "awskms to awskms": (hcl(disabled="true", **SOUND) + hcl(**SOUND), {}, "openbao", "", [
        "error awskms_to_awskms: A change from one awskms seal to another is supported by neither product (seal.hcl, line 1). Keep one stanza, and "
        "let its alias lead to the new key; or change to shamir first, and then to awskms with the new key."]),
    "leaving awskms": (hcl(disabled="true", **SOUND), {}, "openbao", "", []),
    "no plugin": (hcl(**SOUND), {}, "openbao", "2.7.2", [
        "error missing_plugin: OpenBao 2.7.2 has no awskms seal built in, and no plugin brings it. "
        'Add a stanza plugin "kms" "awskms" with command and sha256sum, and set plugin_directory.']),
    "a plugin of another name": (PLUGIN % "aws" + hcl(**SOUND), {}, "openbao", "2.7.2", [
        "error missing_plugin: OpenBao 2.7.2 has no awskms seal built in, and no plugin brings it; that of seal.hcl, line 2 has the name 'aws'. "
        'Add a stanza plugin "kms" "awskms" with command and sha256sum, and set plugin_directory.']),
    "a plugin": (PLUGIN % "awskms" + hcl(**SOUND), {}, "openbao", "2.7.2", []),
    "a plugin too early": (PLUGIN % "awskms" + hcl(**SOUND), {}, "openbao", "2.5.1", [
        "error unknown_setting: OpenBao 2.5.1 takes no plugin of type kms (seal.hcl, line 2). Remove the stanza, or use OpenBao 2.6 or later."]),
    "a plugin without sum": ('plugin_directory = "/p"\nplugin "kms" "awskms" {\n command = "x"\n}\n' + hcl(**SOUND), {}, "openbao", "2.6.2", [
        "error missing_plugin: The plugin of seal.hcl, line 2 is not complete: sha256sum is not the 64 hexadecimal digits of the file's checksum. "
        "Complete the stanza as OpenBao's documentation of plugins has it."]),
}


@pytest.mark.parametrize("case", CASES)
def test_problems(case: str) -> None:
    text, environment, product, version, expected = CASES[case]
    settings = seal_problems(in_force(text, environment, product, version))
    assert [f"{problem.level} {problem.reason}: {problem.msg} {problem.remedy}" for problem in settings] == expected


@pytest.mark.parametrize("case", [case for case in CASES if "hush" in CASES[case][0]])
def test_no_secret_is_said(case: str) -> None:
    text, environment, product, version, _expected = CASES[case]
    settings = in_force(text, environment, product, version)
    assert "hush" not in repr(settings) + repr(seal_problems(settings))
