# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of how data keys are kept, which everything shares that opens values."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cache_data_keys:
    description:
      - Whether to cache decrypted data keys in the memory of the process, so that KMS is called once for each data key, however many values share it.
      - At most 4096 data keys are cached. They are never written to disk, and are overwritten when the process exits.
      - If V(false), each value requires one Decrypt call, even if several values share a data key.
    type: bool
    default: true
"""

    # The same option in the environment and in ansible.cfg, for plugins on the controller; read by plugin_utils/_options.py.
    PLUGINS = r"""
options:
  cache_data_keys:
    env:
      - name: ANSIBLE_AWSKMS_CACHE_DATA_KEYS
    ini:
      - section: awskms
        key: cache_data_keys
"""
