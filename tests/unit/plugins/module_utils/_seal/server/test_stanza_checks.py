# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One stanza's settings: whole findings, each with the setting that it is about, and what is sound."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import KEY, SOUND, STANZA, in_force, seal, words

ID = KEY.rpartition("/")[2]
FORMS = (
    "Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN (arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an "
    "alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."
)
UNKNOWN = "error unknown_setting {0}: OpenBao 2.6.2 does not know the setting {0} (seal.hcl, line 1) and drops it silently. {1}"


def openbao(*settings: str, **environment: str) -> list[str]:
    return words(in_force(seal(*settings), environment, "openbao"))


def vault(*settings: str, **environment: str) -> list[str]:
    return words(in_force(seal(*settings), environment, "vault"))


@pytest.mark.parametrize(("name", "remedy"), [
    ("disable", "Did you mean disabled?"), ("regoin", "Did you mean region?"), ("token", "Did you mean session_token?"), ("xyz", "Remove it."),
])
def test_an_unknown_setting_is_compared_with_those_that_the_product_knows(name: str, remedy: str) -> None:
    assert openbao(SOUND, f"{name} = 1") == [UNKNOWN.format(name, remedy)]


def test_every_unknown_setting_is_named() -> None:
    assert openbao(SOUND, "priority = 1", "xyz = 1", "key_not_required = true", "zyx = 1") == [
        UNKNOWN.format("xyz", "Remove it."),
        UNKNOWN.format("zyx", "Remove it."),
        "warning other_product priority: OpenBao 2.6.2 does not know the setting priority (seal.hcl, line 1) and drops it silently; "
        "Vault Enterprise 1.16 and later knows it. Remove it.",
    ]


def test_a_setting_that_a_variable_overrides_is_named() -> None:
    assert vault(SOUND, AWS_REGION="eu-west-1") == []
    assert vault(SOUND, AWS_KMS_ENDPOINT="https://kms.internal") == []
    assert vault(SOUND, 'endpoint = "https://kms.one"', AWS_KMS_ENDPOINT="https://kms.two") == [
        "warning overridden_setting endpoint: The endpoint of the stanza (seal.hcl, line 1) is not used: variable AWS_KMS_ENDPOINT wins. "
        "Remove the variable, or the setting."
    ]


@pytest.mark.parametrize(("value", "what"), [
    ("https://kms.one\n", "a line break at its end"), ("https://kms.one\r", "a line break at its end"), ("https://kms.one ", "blanks around it"),
    ("\thttps://kms.one", "blanks around it"),
])
def test_blanks_around_a_value(value: str, what: str) -> None:
    assert openbao(SOUND, AWS_KMS_ENDPOINT=value)[0] == (
        f"error surrounding_blanks endpoint: The endpoint (from variable AWS_KMS_ENDPOINT) has {what}, which the server does not take off. "
        "Write it without, such as by printf %s VALUE > FILE."
    )


@pytest.mark.parametrize(("value", "level"), [(" ", "warning"), ("\ttoken ", "warning"), ("token\n", "error"), ("to\x01ken ", "error")])
def test_blanks_around_a_session_token_are_not_sent(value: str, level: str) -> None:
    pair = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    problem = openbao(SOUND, AWS_SESSION_TOKEN=value, **pair)[0]
    assert problem.startswith(f"{level} surrounding_blanks session_token: ")
    assert problem.endswith("which are not sent to AWS. Write it without them, or remove it.") == (level == "warning")


@pytest.mark.parametrize("value", ["a b", "a.b", "\u00e4"])
def test_the_name_of_a_seal_is_of_letters_and_digits(value: str) -> None:
    assert vault(SOUND, f'name = "{value}"') == [
        f"error invalid_option name: {value!r} (seal.hcl, line 4) cannot be the name of a seal. Use letters, digits, _ and - only."
    ]
    assert vault(SOUND, 'name = "A-b_9"') == []


HALF = "error incomplete_credentials {}: The {} (from {}) is set without {}. Set both, or neither."
UNSET = (
    "error unset_variable {0}: The {0} is taken from env://UNSET in the " + STANZA + ", and that variable is not set. "
    "Set the variable in the service's environment. The server does not start without it."
)
UNREADABLE = "error file_error {0}: The {0} is taken from file:///none in the " + STANZA + ", which cannot be read. Check the path and its permissions."
IN_FILE = (
    "warning secret_in_stanza {0}: The {0} stands in the configuration file (seal.hcl, line 1). Prefer an instance profile, a web identity, or an "
    "environment file that only root may read."
)


@pytest.mark.parametrize(("settings", "environment", "expected"), [
    (['access_key = "AKIA"', 'secret_key = "env://S"'], {"S": "x"}, []),  # both from the stanza, one by its name
    (['access_key = "AKIA"'], {}, [HALF.format("secret_key", "access_key", STANZA, "secret_key")]),
    (['secret_key = "env://UNSET"'], {}, [UNSET.format("secret_key"), HALF.format(
        "access_key", "secret_key", f"env://UNSET in the {STANZA}", "access_key")]),
    (['access_key = "env://UNSET"', 'secret_key = "file:///none"', 'session_token = "env://UNSET"'], {}, [
        UNSET.format("access_key"), UNREADABLE.format("secret_key"), UNSET.format("session_token")]),
    (['access_key = "AKIA"', 'secret_key = "FILE:///none"'], {}, [UNREADABLE.format("secret_key").replace("file:///", "FILE:///")]),
    (['access_key = "AKIA"', 'secret_key = "x"', 'session_token = "y"'], {}, [IN_FILE.format("secret_key"), IN_FILE.format("session_token")]),
    (['session_token = "env://T"'], {"T": "x"}, [
        "error incomplete_credentials session_token: The session_token is set without access_key and secret_key. Set all three, or leave it out."]),
])
def test_credentials(settings: list[str], environment: dict[str, str], expected: list[str]) -> None:
    assert words(in_force(seal(SOUND, *settings), environment)) == expected


def test_vault_takes_each_credential_where_it_finds_it() -> None:
    assert vault(SOUND, 'access_key = "AKIA"', AWS_SECRET_ACCESS_KEY="x") == [
        f"error incomplete_credentials secret_key: The access_key comes from {STANZA}, but the secret_key from variable AWS_SECRET_ACCESS_KEY. "
        "Take both from the same place."
    ]
    assert vault(SOUND, AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="x") == []


CN = SOUND.partition("\n")[0].replace("eu-west-1", "cn-north-1").replace("aws:kms", "aws-cn:kms")
EUSC = SOUND.replace("eu-west-1", "eusc-de-east-1").replace("aws:kms", "aws-eusc:kms")
ISO_E = SOUND.replace("eu-west-1", "eu-isoe-west-1").replace("aws:kms", "aws-iso-e:kms")
ISO_F = SOUND.replace("eu-west-1", "us-isof-south-1").replace("aws:kms", "aws-iso-f:kms")
NO_URL = (
    f"error invalid_option endpoint: The endpoint (from {STANZA}) is not a URL of the form https://HOST or https://HOST:PORT. "
    "Give the scheme (https, or http for a test) and the host."
)
NO_SCHEME = (
    f"warning invalid_option endpoint: The endpoint (from {STANZA}) has no scheme; aws-sdk-go v1 puts https:// before it, and later SDKs refuse it. "
    "Begin it with https://."
)


@pytest.mark.parametrize(("settings", "expected"), [
    (['region = "eu-west-1"'], [
        "error no_key kms_key_id: No KMS key is named (seal.hcl, line 1). Set kms_key_id, or VAULT_AWSKMS_SEAL_KEY_ID in the service's environment."]),
    (['kms_key_id = "x"'], [
        f"error malformed_key_id kms_key_id: The key from {STANZA} is malformed: 'x' is not a valid KMS key reference. {FORMS}"]),
    ([f'kms_key_id = "{KEY}"', 'region = "eu-west-2"'], [
        f"error region_mismatch region: The key is in region eu-west-1, but the region in effect is eu-west-2 (from {STANZA}). Set the region to eu-west-1."]),
    (['kms_key_id = "alias/x"', 'region = "eu west"'], [
        f"error invalid_option region: What {STANZA} says is not the name of an AWS region. Give a name such as us-east-1."]),
    ([f'kms_key_id = "{ID}"'], [
        "warning no_region region: No region is set: the server asks the instance metadata, and takes us-east-1 where that says nothing. Set the region."]),
    ([SOUND, 'endpoint = "http://kms.internal"'], []),
    ([SOUND, 'endpoint = "https://"'], [NO_URL]),
    ([SOUND, 'endpoint = "ftp://kms.internal"'], [NO_URL]),
    ([SOUND, 'endpoint = "https://kms.internal:x"'], [NO_URL]),
    (['kms_key_id = "alias/x"', 'region = "us-east-1a"'], [
        f"error invalid_option region: The region (from {STANZA}) is an availability zone, us-east-1a. Give the zone's region, us-east-1."]),
    (['kms_key_id = "alias/x"', 'region = "us-gov-west-1b"'], [
        f"error invalid_option region: The region (from {STANZA}) is an availability zone, us-gov-west-1b. Give the zone's region, us-gov-west-1."]),
    ([SOUND, 'endpoint = "https://kms-fips.eu-west-1.amazonaws.com"'], []),
    ([SOUND, 'endpoint = "kms.internal"'], [NO_SCHEME]),
    ([SOUND, 'endpoint = "kms.us-east-1.amazonaws.com"'], [
        f"error region_mismatch endpoint: The endpoint (from {STANZA}) is one of region us-east-1, but region eu-west-1 is in force (from {STANZA}). "
        "Let both name the same region.",
        NO_SCHEME]),
    ([CN, 'region = "cn-north-1"', 'endpoint = "https://kms.cn-north-1.api.amazonwebservices.com.cn"'], []),
    ([EUSC, 'endpoint = "https://kms.eusc-de-east-1.amazonaws.eu"'], []),
    ([ISO_E, 'endpoint = "https://kms.eu-isoe-west-1.cloud.adc-e.uk"'], []),
    ([ISO_F, 'endpoint = "https://kms-fips.us-isof-south-1.csp.hci.ic.gov"'], []),
    ([SOUND, 'endpoint = "https://kms.eu-west-1.api.aws"'], []),
    ([CN, 'region = "cn-north-1"', 'endpoint = "https://kms.cn-north-1.new-suffix.example"'], []),  # not known: no verdict
    (['kms_key_id = "alias/x"', 'region = "cn-north-1"', 'endpoint = "https://kms.cn-north-1.amazonaws.com.cn"'], []),
    ([SOUND.replace("aws:kms", "aws-iso:kms"), 'endpoint = "https://kms.eu-west-1.amazonaws.com"'], [
        f"error partition_mismatch endpoint: The endpoint (from {STANZA}) is one of partition aws, but the key's ARN of aws-iso. "
        "Let both name the same partition."]),
    ([SOUND.replace("eu-west-1", "us-iso-east-1").replace("aws:kms", "aws-iso:kms"), 'endpoint = "https://kms.us-iso-east-1.c2s.ic.gov"'], []),
    ([SOUND.replace("eu-west-1", "us-gov-west-1").replace("aws:kms", "aws-us-gov:kms"), 'endpoint = "https://kms.us-gov-west-1.amazonaws.com"'], []),
])
def test_key_region_and_endpoint(settings: list[str], expected: list[str]) -> None:
    assert openbao(*settings) == expected
