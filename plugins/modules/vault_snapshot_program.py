#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_snapshot_program
short_description: Install the program of the backup timer
version_added: 0.2.0
description:
  - Writes one executable Python archive that does what M(sealwright.vault_seal.vault_snapshot) does, without Ansible and without a controller.
  - It is made of the code of this collection that it needs, and requires boto3 and cryptography only.
  - C(python3 -I PROGRAM CONFIGURATION.json) runs it. The configuration is a JSON object with the options of M(sealwright.vault_seal.vault_snapshot).
    C(--check) runs it in check mode.
  - The role P(sealwright.vault_seal.seal_backup#role) uses it, and installs a systemd timer for it.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - ansible.builtin.files
attributes:
  check_mode:
    description: Can run in check mode without changing the result.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: The file is binary.
options:
  dest:
    description:
      - The path of the program. Its directory must exist. Only root should be able to write to it.
      - The file is replaced atomically, and has the mode V(0600) unless O(mode) is set.
    type: path
    required: true
seealso:
  - module: sealwright.vault_seal.vault_snapshot
"""

EXAMPLES = r"""
- name: Install the program of the backup timer
  sealwright.vault_seal.vault_snapshot_program:
    dest: "{{ backup_folder }}/vault-snapshot.pyz"
    mode: "0644"
"""

RETURN = r"""
dest:
  description: The path of the program.
  returned: success
  type: str
  sample: /usr/local/lib/sealwright-vault-seal/vault-snapshot.pyz
sha256:
  description: The SHA-256 checksum of the program.
  returned: success
  type: str
  sample: 1284066a9217c0e4f9d3d1fd8b3a3a0c6dc35b8b4f0e6f3f8e9f7bbd3d3b4e1a
size:
  description: The size of the program in bytes.
  returned: success
  type: int
  sample: 150000
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_snapshot_program import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(run, argument_spec={"dest": {"type": "path", "required": True}}, connects=False, add_file_common_args=True)


if __name__ == "__main__":
    main()
