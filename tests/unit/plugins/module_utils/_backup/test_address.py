# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a token may be sent."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.address import checked_address, why_unsafe
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError


@pytest.mark.parametrize("address", [
    "", "bao", "bao:8200", "ftp://bao", "https://", "https://user:pass@bao", "https://bao?x=1", "https://bao#x", "https://bao:0", "https://bao:99999",
    "https://b ao", "https://bao\n", "https://[::1",
])  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SettingError):
        checked_address(address)


def test_a_slash_at_the_end_is_removed() -> None:
    assert checked_address("https://bao:8200/") == "https://bao:8200"


@pytest.mark.parametrize(("configured", "named", "safe"), [
    ("https://a:8200", "https://b:8200", True),
    ("https://a:8200", "http://b:8200", False),
    ("https://127.0.0.1:8200", "http://127.0.0.1:8200", False),
    ("http://a:8200", "http://b:8200", True),
    ("http://127.0.0.1:8200", "http://127.0.0.2:8200", True),
    ("http://127.0.0.1:8200", "https://b:8200", True),
    ("http://127.0.0.1:8200", "http://10.0.0.1:8200", False),
    ("http://localhost:8200", "http://localhost.example:8200", False),
    ("http://[::1]:8200", "http://127.example:8200", False),
    ("http://[::1]:8200", "http://[fe80::1]:8200", False),
])  # fmt: skip
def test_where_a_token_may_go(configured: str, named: str, safe: bool) -> None:
    assert (why_unsafe(configured, named) == "") is safe
