# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client to ask for a key: its region, the key's id there, and the variable that named it. Nothing is sent."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, open_for_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MRK_ARN = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
OPTION, VARIABLE = "option kms_key_id", "environment variable VAULT_AWSKMS_SEAL_KEY_ID"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def clients(region=""):
    return KmsClients(ConnectionOptions(region=region, access_key="AKIA", secret_key="secret"))


def key(text, source=OPTION):
    return Key(KeyReference.parse(text), source)


def test_a_keys_arn_names_the_region():
    kms, key_id = open_for_key(clients(), key(ARN))
    assert (kms.region, key_id) == (Sourced("eu-central-1", "the key ARN of option kms_key_id"), ARN)
    kms, _key_id = open_for_key(clients(), key(ARN), "us-east-1", region_source="the key's ARN")
    assert kms.region == Sourced("eu-central-1", "the key's ARN")


def test_a_key_without_a_region_is_looked_for_in_that_of_the_values():
    kms, key_id = open_for_key(clients(), key("alias/vault"), "us-east-1")
    assert (kms.region, key_id) == (Sourced("us-east-1", "the sealed value's key ARN"), "alias/vault")
    with pytest.raises(SettingError) as caught:
        open_for_key(clients(), key("alias/vault"))
    assert caught.value.reason == "no_region"


def test_of_a_multi_region_key_the_replica_in_the_region_in_force_is_used():
    kms, key_id = open_for_key(clients("us-east-1"), key(MRK_ARN))
    assert (kms.region.value, key_id) == ("us-east-1", MRK_ARN.replace("eu-central-1", "us-east-1"))
    with pytest.raises(SettingError) as caught:
        open_for_key(clients("us-east-1"), key(ARN))
    assert caught.value.reason == "region_mismatch"


def test_a_key_from_the_environment_is_noted_for_errors_about_it():
    opened = clients()
    kms, _key_id = open_for_key(opened, key(ARN, VARIABLE))
    assert kms.key_in_environment == Sourced(ARN, VARIABLE)
    again, _key_id = open_for_key(opened, key(ARN))
    assert (again, again.key_in_environment) == (kms, None)
