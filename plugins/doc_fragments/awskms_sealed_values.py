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
      - A sealed value, base64-encoded. Whitespace is ignored.
      - Exactly one of O(blob), O(blobs), O(src) and O(folder) is required.
    type: str
  blobs:
    description: Several base64-encoded sealed values, by name.
    type: dict
  src:
    description:
      - Files on the host that contain one sealed value each, binary or base64-encoded. Symbolic links are followed.
      - Use a list if a path contains a comma.
    type: list
    elements: path
  folder:
    description:
      - A directory on the host whose files contain one sealed value each. Symbolic links and names that begin with a dot are ignored.
      - A file that matches O(patterns) and is not a sealed value is an error, because it could be a damaged sealed value.
    type: path
  patterns:
    description: Shell patterns that select files of O(folder) by name. A file is selected if at least one pattern matches.
    type: list
    elements: str
    default:
      - "*"
  recurse:
    description: Whether to search the subdirectories of O(folder) too.
    type: bool
    default: false
  allowed_key_ids:
    description:
      - The keys to trust, as key IDs, key ARNs, aliases or alias ARNs. A value sealed under any other key is rejected before KMS is called.
      - If not set, every key that the caller is allowed to use is trusted, as in Vault.
    type: list
    elements: str
  max_size:
    description: The maximum size of a sealed value in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
"""
