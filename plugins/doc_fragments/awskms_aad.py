# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the additional authenticated data, which wrap, unwrap and the lookup share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  aad:
    description:
      - Additional authenticated data, as text. It is not stored in the sealed value; the same data is required to decrypt the value.
      - Vault itself uses no additional data for its root keys.
    type: str
  aad_base64:
    description: The same as O(aad), base64-encoded, for binary data.
    type: str
"""
