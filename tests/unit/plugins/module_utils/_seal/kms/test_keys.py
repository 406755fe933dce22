# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.credentials import check_region_name
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, check_region, named_key, no_key, resolved
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
HERE = Sourced("us-east-1", "option region")


def refusal(call, *arguments):
    with pytest.raises(SettingError) as raised:
        call(*arguments)
    return raised.value.reason, raised.value.message, raised.value.remedy


def test_the_key_that_is_named_whatever_its_form():
    environ = {"AWSKMS_WRAPPER_KEY_ID": "wrapper", "VAULT_AWSKMS_SEAL_KEY_ID": "vault"}
    assert named_key("option", environ) == Sourced("option", "option kms_key_id")
    assert named_key("", environ) == named_key(None, environ) == Sourced("vault", "environment variable VAULT_AWSKMS_SEAL_KEY_ID")
    assert named_key("", {"AWSKMS_WRAPPER_KEY_ID": "wrapper"}) == Sourced("wrapper", "environment variable AWSKMS_WRAPPER_KEY_ID")
    assert named_key("", {}) is None


def test_no_key_in_full():
    error = no_key()
    assert (type(error), error.reason, error.message, error.remedy) == (
        SettingError, "no_key", "No KMS key is set.", "Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID.",
    )


@pytest.mark.parametrize("name", ["us-east-1", "cn-northwest-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"])
def test_the_name_of_a_region(name):
    check_region_name(Sourced(name, "option region"))


@pytest.mark.parametrize("name", ["us east 1", "us-east-1.evil.example", "us-east-1/", "us_east_1", "-", "us-east-1\n"])
def test_what_is_no_name_of_a_region_in_full(name):
    assert refusal(check_region_name, Sourced(name, "environment variable AWS_REGION")) == (
        "invalid_option", f"{name!r} (from environment variable AWS_REGION) is not a valid AWS region name.", "Use a name such as us-east-1.",
    )


def test_a_key_of_another_region_in_full():
    key = key_arn(ID, "eu-west-1")
    assert refusal(check_region, HERE, Key.parse(Sourced(key, "option kms_key_id"))) == (
        "region_mismatch",
        f"The key {key} (from option kms_key_id) is in region eu-west-1, but the region in effect is us-east-1 (from option region).",
        "Remove the region setting, or set it to eu-west-1.",
    )


def test_a_malformed_key_has_no_region():
    assert refusal(Key.parse, Sourced("vault", "option kms_key_id"))[:2] == (
        "malformed_key_id", "The key from option kms_key_id is invalid: 'vault' is not a valid KMS key reference.",
    )


@pytest.mark.parametrize(
    ("reference", "region", "asked"),
    [
        ("alias/vault", "", ""),
        ("alias/vault", "eu-west-1", "eu-west-1"),
        ("arn:aws:kms:us-east-1:111122223333:alias/vault", "eu-west-1", "us-east-1"),
    ],
)
def test_an_alias_is_described_in_its_own_region_or_else_in_the_one_given(reference, region, asked):
    aws, regions = FakeAws(), []
    aws.aliases["alias/vault"] = key_arn(ID)
    assert resolved(KeyReference.parse(reference), lambda name: regions.append(name) or aws(name), region) == KeyReference.parse(key_arn(ID))
    assert regions == [asked]
    assert [(call.operation, call.key_id) for call in aws.calls] == [("DescribeKey", reference)]


@pytest.mark.parametrize("reference", [ID, key_arn(ID)])
def test_what_is_no_alias_is_not_asked_for(reference):
    assert resolved(KeyReference.parse(reference), lambda _region: pytest.fail("KMS was asked")) == KeyReference.parse(reference)
