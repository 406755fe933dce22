# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the pin, which all plugins on the controller share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  allowed_key_ids:
    description:
      - The keys to trust, as key IDs, key ARNs, aliases or alias ARNs. A value sealed under any other key is rejected before KMS is called, and Decrypt
        is restricted to the trusted key.
      - A bare key ID matches the ID in an ARN of any region and account. An alias is resolved first. The replicas of a multi-Region key count as
        one key.
      - If not set in the call, the environment variable E(ANSIBLE_AWSKMS_ALLOWED_KEY_IDS) is used, then C(allowed_key_ids) in section C([awskms]) of
        C(ansible.cfg). An empty list is rejected.
      - If not set at all, every key that the caller is allowed to use is trusted, as in Vault. Anyone who can replace a sealed value and can encrypt with
        such a key can then choose the plaintext.
    type: list
    elements: str
"""

    # The same option in the environment and in ansible.cfg, for plugins on the controller; read by plugin_utils/_options.py.
    PLUGINS = r"""
options:
  allowed_key_ids:
    env:
      - name: ANSIBLE_AWSKMS_ALLOWED_KEY_IDS
    ini:
      - section: awskms
        key: allowed_key_ids
"""
