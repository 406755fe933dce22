#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_server_info
short_description: Get the state of a Vault or OpenBao server, or wait for a state
version_added: 0.1.0
description:
  - Reads from a server, without a token, whether it is initialised and sealed, its seal type, and the active node of its cluster.
  - Waits up to O(timeout) seconds until the server has the state O(until).
  - An unsealed node whose seal differs from that of its cluster, as during a seal migration, responds with an error. It is reported with
    RV(migration=true), its own seal as RV(type) and that of its cluster as RV(cluster_type).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
attributes:
  check_mode:
    description: Can run in check mode without changing the result.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
notes:
  - A response that does not come from a server, such as the error page of a proxy, counts as no response; RV(summary) describes it.
options:
  until:
    description:
      - The state to wait for.
      - V(asked) requests the state once and does not wait. The task succeeds even if the server does not respond.
      - V(answers) is any state; V(initialized), V(sealed) and V(unsealed) are the states that the server reports; V(led) means unsealed, in a cluster
        whose active node is known.
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
      - The seal type to wait for in addition, with a seal migration to it completed.
      - If not set, any type is accepted.
    type: str
  timeout:
    description:
      - The maximum time in seconds to wait for the state, up to 86400. A request that is in progress at that time is cancelled.
      - One request takes at most O(server_timeout) seconds.
    type: float
    default: 180.0
  fail_unless_reached:
    description: Whether to fail if the state is not reached in time. If V(false), check RV(reached).
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

- name: Wait up to five minutes until a server responds
  sealwright.vault_seal.vault_server_info:
    server_address: "{{ sealed_server }}"
    until: answers
    timeout: 300
    server_timeout: 10

- name: Check whether the server has migrated to awskms and knows the active node
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
  description: Whether the server responded.
  returned: always
  type: bool
  sample: true
initialized:
  description: Whether the server is initialised.
  returned: always
  type: bool
  sample: true
sealed:
  description: Whether the server is sealed; V(true) if it does not respond.
  returned: always
  type: bool
  sample: false
type:
  description: The seal type of the server.
  returned: always
  type: str
  sample: awskms
migration:
  description: Whether a seal migration is in progress.
  returned: always
  type: bool
  sample: false
cluster_type:
  description: The seal type of the cluster.
  returned: always
  type: str
  sample: awskms
recovery_seal:
  description: Whether the seal has recovery keys.
  returned: always
  type: bool
  sample: true
threshold:
  description: The number of key shares that are required.
  returned: always
  type: int
  sample: 3
version:
  description: The version of the server.
  returned: always
  type: str
  sample: 2.6.2
storage:
  description: The storage type of the server.
  returned: always
  type: str
  sample: raft
cluster_id:
  description: The cluster ID.
  returned: always
  type: str
  sample: 2f1c1b6e-7a36-4d0c-9d1e-3f2b1c6a5d4e
active:
  description: Whether the server is the active node of its cluster.
  returned: always
  type: bool
  sample: true
leader:
  description: The address of the active node; empty if unknown.
  returned: always
  type: str
  sample: https://vault1.example.org:8200
reached:
  description: Whether the state O(until) was reached.
  returned: always
  type: bool
  sample: true
seconds:
  description: The time until the state was reached, in seconds.
  returned: always
  type: float
  sample: 4.2
summary:
  description: A description of the state, phrased to follow the name of the server.
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
