# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error of a public key that cannot be used."""

from __future__ import annotations

from ..errors import SettingError

LEAST_RSA_BITS = 2048


def invalid_recipient(what: str) -> SettingError:
    return SettingError(
        f"The recipient's public key is invalid: {what}.",
        reason="invalid_recipient",
        remedy=f"Use an RSA public key of at least {LEAST_RSA_BITS} bits or an X25519 public key, as PEM (BEGIN PUBLIC KEY), or an age recipient (age1...).",
    )
