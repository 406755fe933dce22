# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import ACCESS_KEY, SECRET_KEY, clear_environment

KEYS = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "endpoint": "http://127.0.0.1:9"}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path)


def test_each_region_has_one_client():
    clients = KmsClients(ConnectionOptions(**KEYS))
    first = clients("us-east-1")
    assert first.region == Sourced("us-east-1", "the sealed value's key ARN")
    second = clients("eu-central-1", "the key's ARN")
    assert second.region == Sourced("eu-central-1", "the key's ARN")
    assert clients("us-east-1", "the key's ARN") is first
    assert clients("eu-central-1") is second
    assert first is not second


def test_no_region_is_made_up():
    with pytest.raises(SettingError) as raised:
        KmsClients(ConnectionOptions(**KEYS))()
    assert raised.value.reason == "no_region"


def test_where_a_region_is_set_one_client_serves_all():
    clients = KmsClients(ConnectionOptions(region="us-east-1", **KEYS))
    first = clients()
    assert first.region == Sourced("us-east-1", "option region")
    assert clients("eu-central-1") is first
    assert clients("us-east-1") is first


def test_the_connection_is_that_of_the_first_client():
    clients = KmsClients(ConnectionOptions(**KEYS))
    assert clients.connection() == {}
    clients("eu-central-1")
    clients("us-east-1")
    assert clients.connection() == {
        "region": {"value": "eu-central-1", "source": "the sealed value's key ARN"},
        "endpoint": {"value": "http://127.0.0.1:9", "source": "option endpoint"},
        "credentials": {"value": ACCESS_KEY, "source": "options access_key and secret_key"},
    }
