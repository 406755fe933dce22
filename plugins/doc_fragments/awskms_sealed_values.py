# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that name sealed values, which the modules about their life share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  blob:
    description:
      - A sealed value as base64. White space is skipped.
      - Exactly one of O(blob), O(blobs), O(src) and O(folder) is needed.
    type: str
  blobs:
    description: Several sealed values as base64, by name.
    type: dict
  src:
    description:
      - Files on the host that hold a sealed value each, as it is or as base64. Of a symbolic link the file that it names is meant.
      - Give a list where a path holds a comma.
    type: list
    elements: path
  folder:
    description:
      - A folder on the host whose files hold a sealed value each. Symbolic links and names that begin with a dot are passed over.
      - A file that matches O(patterns) and is no sealed value is a failure of its own, since it could be a damaged one.
    type: path
  patterns:
    description: Which files of O(folder) are meant, as shell patterns of their names; one of them has to match.
    type: list
    elements: str
    default:
      - "*"
  recurse:
    description: Look into the folders below O(folder) too.
    type: bool
    default: false
  allowed_key_ids:
    description:
      - The keys to trust, as key IDs, key ARNs, aliases or alias ARNs. A value sealed under any other key is refused before KMS is asked about it.
      - If not set, every key that the caller may use is trusted, as Vault does.
    type: list
    elements: str
  max_size:
    description: The most bytes that a sealed value may have, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
"""
