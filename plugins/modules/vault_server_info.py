#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_server_info
short_description: Get the state of a server of Vault or OpenBao, and wait for the one that is wanted
version_added: 0.1.0
description:
  - Asks a server, without a token, whether it is initialised and sealed, for its seal, and for the active node of its cluster.
  - Waits until the server is in the state that O(until) names, for as long as O(timeout) says.
  - An unsealed node whose seal is not that of its cluster, as during a migration of the seal, answers with an error. It is reported with
    RV(migration=true), its own seal as RV(type) and that of its cluster as RV(cluster_type).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Nothing is changed.
notes:
  - An answer that is not one of a server, such as the error page of a proxy, counts as no answer; RV(summary) describes it.
options:
  until:
    description:
      - The state to wait for.
      - V(asked) asks once and waits for nothing; a server that does not answer is a result too.
      - V(answers) is any state; V(initialized), V(sealed) and V(unsealed) are what the server says of itself; V(led) is unsealed, in a cluster whose
        active node is known.
    type: str
    choices:
      - asked
      - answers
      - initialized
      - sealed
      - unsealed
      - led
    default: asked
  seal_type:
    description:
      - The type of seal to wait for as well, with a migration of the seal to it carried out.
      - If not set, any does.
    type: str
  timeout:
    description:
      - How long to wait for the state, in seconds by the clock, up to 86400. A request that is under way then is given up.
      - One request takes O(server_timeout) at most.
    type: float
    default: 180.0
  fail_unless_reached:
    description: Whether to fail where the state is not reached in time. If not, RV(reached) tells.
    type: bool
    default: true
seealso:
  - module: sealwright.vault_seal.vault_unseal
"""

EXAMPLES = r"""
- name: Get the state of a server
  sealwright.vault_seal.vault_server_info:
    server_address: "{{ sealed_server }}"
  register: server

- name: Wait up to five minutes until a server answers
  sealwright.vault_seal.vault_server_info:
    server_address: "{{ sealed_server }}"
    until: answers
    timeout: 300
    server_timeout: 10

- name: Tell whether it has migrated to awskms, and is at work
  sealwright.vault_seal.vault_server_info:
    server_address: "{{ sealed_server }}"
    until: led
    seal_type: awskms
    timeout: 2
    fail_unless_reached: false
  register: migrated
"""

RETURN = r"""
answers:
  description: Whether the server answered.
  returned: always
  type: bool
  sample: true
initialized:
  description: Whether it is initialised.
  returned: always
  type: bool
  sample: true
sealed:
  description: Whether it is sealed; V(true) where it does not answer.
  returned: always
  type: bool
  sample: false
type:
  description: The type of its seal.
  returned: always
  type: str
  sample: awskms
migration:
  description: Whether its seal is being migrated.
  returned: always
  type: bool
  sample: false
cluster_type:
  description: The type of the seal of its cluster.
  returned: always
  type: str
  sample: awskms
recovery_seal:
  description: Whether the seal has recovery keys.
  returned: always
  type: bool
  sample: true
threshold:
  description: How many shares of its keys are needed.
  returned: always
  type: int
  sample: 3
version:
  description: Its version.
  returned: always
  type: str
  sample: 2.6.2
storage:
  description: The type of its storage.
  returned: always
  type: str
  sample: raft
cluster_id:
  description: The ID of its cluster.
  returned: always
  type: str
  sample: 2f1c1b6e-7a36-4d0c-9d1e-3f2b1c6a5d4e
active:
  description: Whether it is the active node of its cluster.
  returned: always
  type: bool
  sample: true
leader:
  description: The address of the active node; empty where the server knows none.
  returned: always
  type: str
  sample: https://vault1.example.org:8200
reached:
  description: Whether the state that O(until) names was reached.
  returned: always
  type: bool
  sample: true
seconds:
  description: How long that took, in seconds.
  returned: always
  type: float
  sample: 4.2
summary:
  description: The state in words, as they follow the name of the server in a sentence.
  returned: always
  type: str
  sample: is unsealed and active, with the seal awskms
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_server_info import STATES, run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import VAULT_API_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **VAULT_API_SPEC,
            "until": {"type": "str", "choices": list(STATES), "default": "asked"},
            "seal_type": {"type": "str"},
            "timeout": {"type": "float", "default": 180.0},
            "fail_unless_reached": {"type": "bool", "default": True},
        },
        connects=False,
    )


if __name__ == "__main__":
    main()
