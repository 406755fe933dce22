# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS KMS on loopback, as strict as AWS documents it: moto's key store and services behind a layer of rules."""

from .client import Credentials, StrictKms

__all__ = ["Credentials", "StrictKms"]
