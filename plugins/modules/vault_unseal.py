#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_unseal
short_description: Unseal a server of Vault or OpenBao with key shares, also one that migrates its seal
version_added: 0.1.0
description:
  - Gives a sealed server as many key shares as it wants, and waits until it is unsealed and knows the active node of its cluster.
  - A server that unseals itself is given none; it is only waited for. One that is unsealed is left as it is.
  - The shares are sent to the server and kept nowhere. Have Ansible use pipelining (the variable C(ansible_pipelining)), without which it writes what a task is
    given to a temporary file on the host.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details: In check mode the server is asked for its state, the number of shares is checked, and none is given to it.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: What would be shown is a secret.
notes:
  - Changed only where the server was sealed and given shares. Run again it changes nothing.
options:
  shares:
    description:
      - Unseal keys where the seal is shamir; recovery keys where the server comes from a seal that unseals itself. As hexadecimal digits or base64.
      - Of more than the server wants, the first ones are given.
    type: list
    elements: str
    default: []
  migrate:
    description:
      - Whether a server whose configuration makes it migrate to another seal may be given the shares for that, as with C(operator unseal -migrate).
      - If not, such a server is refused.
    type: bool
    default: false
  wait:
    description: Whether to wait until the server is unsealed and knows the active node, for as long as O(server_timeout) says.
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

- name: Unseal one that was configured to go from shamir to awskms, with the old seal's shares, and leave it to a later task to wait
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
  description: Whether the shares were given for a migration of the seal.
  returned: success
  type: bool
  sample: false
active:
  description: Whether this is the active node. V(null) where that is not known, as in check mode.
  returned: success
  type: bool
  sample: true
leader:
  description: The address of the active node. V(null) where that is not known.
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
