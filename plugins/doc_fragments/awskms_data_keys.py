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
      - Whether a data key that KMS has opened is kept in the memory of the process, so that each is asked for once, however many values are sealed under it.
      - At most 4096 are kept, nothing is written to disk, and they are overwritten when the process exits.
      - If V(false), each value costs one Decrypt, also where several share a data key.
    type: bool
    default: true
"""

    # The same option in the environment and in ansible.cfg, for plugins on the controller: plugin_utils/_options.py reads them.
    PLUGINS = r"""
options:
  cache_data_keys:
    env:
      - name: ANSIBLE_AWSKMS_CACHE_DATA_KEYS
    ini:
      - section: awskms
        key: cache_data_keys
"""
