# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All drivers by name, without the domains whose libraries are missing."""

from __future__ import annotations

import importlib

from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver

_DOMAINS = ("sealed_values", "snapshots", "configurations", "environments", "public_keys", "documents", "answers")
_PACKAGE = "ansible_collections.sealwright.vault_seal.tests.fuzz.domains"


def drivers() -> dict[str, Driver]:
    """The drivers of every domain that can be imported."""
    by_name: dict[str, Driver] = {}
    for domain in _DOMAINS:
        try:
            module = importlib.import_module(f"{_PACKAGE}.{domain}")
        except ImportError as error:
            if "ansible_collections" in str(error.name):
                raise
            continue
        by_name.update({driver.name: driver for driver in module.DRIVERS})
    return by_name
