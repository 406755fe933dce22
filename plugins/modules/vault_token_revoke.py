#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_token_revoke
short_description: Revoke a Vault or OpenBao token that is stored in a sealed file
version_added: 0.1.0
description:
  - Decrypts the sealed file, revokes the token in it, and removes the file. The token never appears in a task, variable or log.
  - If the file does not exist, nothing is changed.
  - A server that does not know the token may have revoked it, or may belong to another cluster than the one where the token is still valid. The file is
    then removed only if O(cluster_id) is that of the server, or with O(remove_unknown=true). Otherwise the task fails and the file is kept.
  - A token whose policies do not allow it to look itself up, as the policy V(default) does, counts as unknown to the server.
  - Requires the permission C(kms:Decrypt) for the key that the token is sealed under.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode the file is decrypted, the token is looked up on the server, and nothing is revoked or removed.
  diff_mode:
    support: none
    details: The diff would show a secret.
options:
  src:
    description: The sealed file on the host, such as one that M(sealwright.vault_seal.vault_init) or M(sealwright.vault_seal.awskms_seal_wrap) wrote.
    type: path
    required: true
  cluster_id:
    description:
      - The ID of the cluster that the token belongs to. The record of M(sealwright.vault_seal.vault_init) contains it, as does its return value
        RV(sealwright.vault_seal.vault_init#module:cluster_id).
      - The token is not sent to a server of another cluster, or to a sealed server, which does not report its cluster; the task fails instead.
    type: str
  remove_unknown:
    description: Whether to remove the file of a token that the server does not know, even if the server may belong to another cluster.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.vault_init
"""

EXAMPLES = r"""
- name: Revoke the root token after the initial setup
  sealwright.vault_seal.vault_token_revoke:
    server_address: "{{ new_server }}"
    src: "{{ init_folder }}/root-token.sealed"
    cluster_id: "{{ initialised.cluster_id | default(omit, true) }}"

- name: Remove the file of a token that was revoked manually
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
  description: Whether the server knew the token; V(null) if the file did not exist.
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
