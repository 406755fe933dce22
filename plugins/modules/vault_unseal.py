#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_unseal
short_description: Unseal a Vault or OpenBao server with key shares, also during a seal migration
version_added: 0.1.0
description:
  - Sends as many key shares as required to a sealed server, and waits until it is unsealed and knows the active node of its cluster.
  - To a server that uses auto-unseal, no shares are sent; the module only waits for it. An unsealed server is not changed.
  - The shares are sent to the server and not stored. Enable pipelining (the variable C(ansible_pipelining)); otherwise Ansible writes the options of a task
    to a temporary file on the host.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
attributes:
  check_mode:
    description: Can run in check mode without changing the result.
    support: full
    details: In check mode the state of the server is read, the number of shares is checked, and no share is sent.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: The diff would show a secret.
notes:
  - The task is changed only if the server was sealed and shares were sent to it.
options:
  shares:
    description:
      - The unseal keys of a shamir seal, or the recovery keys if the server migrates from an auto-unseal. Hexadecimal or base64-encoded.
      - If there are more shares than required, the first ones are sent.
    type: list
    elements: str
    default: []
  migrate:
    description:
      - Whether to migrate a server whose configuration requests another seal, as with C(operator unseal -migrate).
      - If V(false), the task fails for such a server.
    type: bool
    default: false
  wait:
    description: Whether to wait up to O(server_timeout) seconds until the server is unsealed and knows the active node.
    type: bool
    default: true
seealso:
  - module: sealwright.vault_seal.vault_init
"""

EXAMPLES = r"""
- name: Unseal a server
  sealwright.vault_seal.vault_unseal:
    server_address: "{{ sealed_server }}"
    shares: "{{ unseal_keys }}"
  vars:
    ansible_pipelining: true

- name: Migrate a server from shamir to awskms with the shares of the old seal, without waiting
  sealwright.vault_seal.vault_unseal:
    server_address: "{{ sealed_server }}"
    shares: "{{ unseal_keys }}"
    migrate: true
    wait: false
  vars:
    ansible_pipelining: true
"""

RETURN = r"""
migrate:
  description: Whether the shares were used for a seal migration.
  returned: success
  type: bool
  sample: false
active:
  description: Whether the server is the active node. V(null) if unknown, as in check mode.
  returned: success
  type: bool
  sample: true
leader:
  description: The address of the active node. V(null) if unknown.
  returned: success
  type: str
  sample: https://vault1.example.org:8200
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_unseal import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import VAULT_API_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **VAULT_API_SPEC,
            "shares": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "migrate": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
        },
        connects=False,
    )


if __name__ == "__main__":
    main()
