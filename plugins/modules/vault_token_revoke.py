#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_token_revoke
short_description: Revoke a token of Vault or OpenBao that is kept as a sealed file
version_added: 0.1.0
description:
  - Opens the sealed file, has the server revoke the token in it, and removes the file. The token is in no task, variable or log.
  - Where the file is not there, there is nothing to do.
  - A server that does not know the token may have revoked it, or may belong to another cluster, where the token is still valid. Then the file is only
    removed if O(cluster_id) is that of the server, or with O(remove_unknown=true). Otherwise the task fails and the file stays.
  - A token that its policies do not allow to look itself up, which the policy V(default) does, counts as one that the server does not know.
  - Needs the permission C(kms:Decrypt) for the key that the token is sealed under.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode the file is opened and the server asked whether it knows the token.
  diff_mode:
    support: none
    details: What would be shown is a secret.
options:
  src:
    description: The sealed file on the host, such as one that M(sealwright.vault_seal.vault_init) or M(sealwright.vault_seal.awskms_seal_wrap) wrote.
    type: path
    required: true
  cluster_id:
    description:
      - The ID of the cluster that the token belongs to. The record of M(sealwright.vault_seal.vault_init) has it, and its return value
        RV(sealwright.vault_seal.vault_init#module:cluster_id).
      - A server of another cluster, or one that does not say its cluster since it is sealed, is not given the token, and the task fails.
    type: str
  remove_unknown:
    description: Whether to remove the file of a token that the server does not know, though the server is not known to belong to the token's cluster.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.vault_init
"""

EXAMPLES = r"""
- name: Revoke the root token, once all is set up
  sealwright.vault_seal.vault_token_revoke:
    server_address: "{{ new_server }}"
    src: "{{ init_folder }}/root-token.sealed"
    cluster_id: "{{ initialised.cluster_id | default(omit, true) }}"

- name: Remove the file of a token that was revoked by hand
  sealwright.vault_seal.vault_token_revoke:
    server_address: "{{ new_server }}"
    src: "{{ init_folder }}/root-token.sealed"
    remove_unknown: true
"""

RETURN = r"""
src:
  description: The sealed file.
  returned: success
  type: str
  sample: /etc/openbao/root-token.sealed
was_valid:
  description: Whether the server knew the token; V(null) where there was no file.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_token_revoke import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import VAULT_API_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **VAULT_API_SPEC,
            "src": {"type": "path", "required": True},
            "cluster_id": {"type": "str"},
            "remove_unknown": {"type": "bool", "default": False},
        },
    )


if __name__ == "__main__":
    main()
