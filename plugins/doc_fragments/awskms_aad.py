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
      - Additional authenticated data, as text. It is not stored in the sealed value, and whoever opens it must give it again.
      - Vault itself seals its root keys without any.
    type: str
  aad_base64:
    description: The same as O(aad) as base64, for data that is no text.
    type: str
"""
