# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of the products, and which product knows which setting."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product


@pytest.mark.parametrize(("name", "text", "version", "shown"), [
    ("vault", "", (1, 21, 0), "Vault 1.21.0"), ("openbao", "", (2, 6, 2), "OpenBao 2.6.2"),
    ("vault", "v1.15", (1, 15, 0), "Vault 1.15.0"), ("vault", "1.19.3+ent.hsm", (1, 19, 3), "Vault 1.19.3"),
    ("openbao", "2.7.0-beta20260101", (2, 7, 0), "OpenBao 2.7.0"),
    ("openbao", "999999.999999.999999", (999999, 999999, 999999), "OpenBao 999999.999999.999999"),
])
def test_versions(name: str, text: str, version: tuple[int, int, int], shown: str) -> None:
    product = Product.parse(name, text)
    assert (product.version, str(product)) == (version, shown)


def test_a_product_without_a_version_is_the_newest() -> None:
    assert Product.parse("openbao") == Product("openbao", (2, 6, 2))


@pytest.mark.parametrize(("product", "setting", "known", "stranger"), [
    (Product.parse("vault"), "name", True, ""), (Product.parse("vault"), "kms_key_id", True, ""), (Product.parse("vault"), "disabled", True, ""),
    (Product.parse("vault"), "health_check_timeout", False, "OpenBao 2.7 and later"), (Product.parse("vault"), "xyz", False, ""),
    (Product.parse("openbao"), "priority", False, "Vault Enterprise 1.16 and later"),
    (Product.parse("openbao", "2.6.9"), "health_check_enabled", False, "OpenBao 2.7 and later"),
    (Product.parse("openbao", "2.7.0"), "health_check_enabled", True, ""),
    (Product.parse("openbao", "2.7.0"), "purpose", True, ""),
])
def test_who_knows_a_setting(product: Product, setting: str, known: bool, stranger: str) -> None:
    assert (product.known(setting), product.stranger(setting)) == (known, stranger)
