# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Throttling slows calls down, but none fails within the timeout, for any number of clients. For a single call see test_timeouts.py."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import BotoKms, open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap_many

from support.strict_kms import StrictKms

ALIAS = "alias/throttled"


@pytest.fixture(scope="module", autouse=True)
def key(kms: StrictKms) -> str:
    return kms.new_key(alias=ALIAS)


def opened(kms: StrictKms, timeout: float) -> BotoKms:
    admin = kms.admin
    return open_kms(
        ConnectionOptions(region="us-east-1", access_key=admin.access_key, secret_key=admin.secret_key, endpoint=kms.url, timeout=timeout)
    )


def test_many_calls_go_on_where_botocore_has_used_up_its_retries(kms: StrictKms) -> None:
    client = opened(kms, timeout=30)
    use_up_retries(kms, client)
    kms.clear_calls()
    kms.fault("throttle", "Encrypt", times=24)
    try:
        wrapped = wrap_many(client, ALIAS, [b"%d" % number for number in range(48)])
    finally:
        kms.clear_faults()
    assert len(kms.calls("Encrypt")) == 48 + 24
    values = [one.value for one in wrapped]
    assert [value.plaintext for value in Unwrapper(lambda _region: client).unwrap_many(values)] == [b"%d" % number for number in range(48)]


def use_up_retries(kms: StrictKms, client: BotoKms) -> None:
    """Fail until a server error is not tried again any more; each retry costs some of what all calls of a client have."""
    kms.fault("500", "Encrypt")
    try:
        for _turn in range(100):
            with pytest.raises(KmsError):
                wrap_many(client, ALIAS, [b"x"] * 16)
            kms.clear_calls()
            with pytest.raises(KmsError):
                client.encrypt(ALIAS, b"x")
            if len(kms.calls("Encrypt")) == 1:
                return
    finally:
        kms.clear_faults()
    raise AssertionError("botocore does not limit retries any more")
