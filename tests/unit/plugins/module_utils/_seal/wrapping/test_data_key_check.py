# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A data key counts as one that opens only if what KMS decrypts is that very key: nothing that is sealed later can be opened otherwise."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import WrappedDataKey
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


def test_another_data_key_is_no_proof():
    aws = FakeAws()
    data_key = WrappedDataKey.new(aws(), ID)
    data_key.check_opens(aws())
    for other in (bytes(32), b"", data_key._plain[:-1], data_key._plain + b"\0"):
        with pytest.raises(KmsError, match="answers with another one") as raised:
            dataclasses.replace(data_key, _plain=other).check_opens(aws())
        assert raised.value.reason == "wrong_endpoint"
        assert data_key.key_arn in raised.value.message
        assert raised.value.remedy == "Check the endpoint, and the proxy: something alters what KMS is sent, or what it answers."
