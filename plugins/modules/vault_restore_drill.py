#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_restore_drill
short_description: Restore a snapshot into a throw-away server, and see that it unseals itself
version_added: 0.1.0
description:
  - Answers whether a raft snapshot of Vault or OpenBao can be restored today, with today's keys. It starts a server of the same product on the host, with
    the C(awskms) seal of the real one, initialises it, restores the snapshot, waits until it has unsealed the data of the snapshot by KMS, starts it again
    and waits once more, reads a value where one is named, and removes everything.
  - The snapshot is restored as the server's API does without force. A new server with the same seal takes it, since it opens C(SHA256SUMS.sealed) by KMS, and
    so checks it. What cannot be restored is a failure with its reason, the step, and the last lines of the server's log.
  - The restored server holds all secrets of the snapshot for some seconds. Its data lie in a new folder of mode 0700, encrypted as always; its API is
    reached through a socket in that folder.
  - A restored server acts as the real one. It would revoke leases that have ended since the snapshot, and rotate passwords that are due, which the real
    server never learns. So by default it has a network of its own, in which it reaches AWS's endpoints of the seal and nothing else; see O(network).
  - Nothing is left behind. Should the task be killed, a process beside it ends the server and removes the folder; should that be killed too, the server ends
    and the next run removes the folder.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: partial
    details: In check mode nothing is started; RV(planned) says what would be done.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
options:
  src:
    description: The snapshot, on the host where the module runs.
    type: path
    required: true
  seal:
    description:
      - The settings of the seal, by the names of the stanza, in place of those in force.
      - If not set, those that O(unit), O(config), O(environment_files) and O(environment) say are used, the settings in force of the real server.
    type: dict
  executable:
    description: The server's executable. If not set, the one that O(unit) starts, else C(bao) or C(vault) of the path.
    type: path
  service_user:
    description: The user as whom the throw-away server runs, where the module runs as root. If not set, the C(User=) of O(unit), else the module's own.
    type: str
  token:
    description:
      - A token to read the canary with. It has to be one of the snapshot that is valid still, since a restored server knows no other.
      - The task should be sent by pipelining, so that Ansible writes no file with it.
    type: str
  recovery_keys:
    description:
      - Recovery keys that were in force when the snapshot was taken, as many as their threshold says. They are proven by making a root token of the
        restored server, which goes with it and is used for the canary where there is no O(token).
    type: list
    elements: str
  canary_path:
    description: The path of a value to read from the restored server, as the API has it, such as V(kv/data/canary).
    type: str
  canary_field:
    description: The field of it. Of a versioned key-value store, a field of the secret.
    type: str
  canary_value:
    description: What it should be. If neither this nor O(canary_sha256) is set, it only has to be there.
    type: str
  canary_sha256:
    description: The SHA-256 of what it should be, in hexadecimal digits, so that the value need not be known to the play.
    type: str
  canary_namespace:
    description: The namespace in which the path is.
    type: str
  force:
    description: Whether to restore by force, so that the server does not look at C(SHA256SUMS.sealed). The data have to unseal all the same.
    type: bool
    default: false
  network:
    description:
      - V(isolated) gives the throw-away server a network namespace of its own. It reaches the KMS endpoint of its seal, C(kms) and C(sts) of AWS, and what
        gives it credentials (instance metadata, containers), through a relay of the module, and the host's own proxy where its environment names one. Needs
        root, or a kernel that lets users have namespaces.
      - V(host) leaves it in the network of the host. Only for a snapshot that has no leases and no rotated passwords.
    type: str
    choices:
      - host
      - isolated
    default: isolated
  temporary_directory:
    description:
      - Where the folder is made. It needs some four times the snapshot's size, and the user as whom the throw-away server runs has to be able to enter it.
      - If the module runs as root, it must belong to root or to that user.
      - If not set, the host's folder for temporary files.
    type: path
  timeout:
    description: How long all of it may take, in seconds.
    type: float
    default: 600.0
notes:
  - Needs neither boto3 nor cryptography.
  - An audit device of the snapshot is opened by the restored server too, as it would be after a disaster. Where none of them can be, it does not become
    active, and the log says so.
  - Proven against OpenBao. Vault has the same API.
seealso:
  - module: sealwright.vault_seal.awskms_seal_settings_info
  - module: sealwright.vault_seal.awskms_permission_info
"""

EXAMPLES = r"""
- name: Say what a drill would do
  sealwright.vault_seal.vault_restore_drill:
    src: "{{ last_snapshot }}"
    unit: openbao
    unit_directories:
      - "{{ units }}"
  check_mode: true

- name: Restore today's snapshot with the seal of this host's server, and read a value that should be in it
  sealwright.vault_seal.vault_restore_drill:
    src: "{{ last_snapshot }}"
    unit: openbao
    unit_directories:
      - "{{ units }}"
    recovery_keys: "{{ recovery_keys }}"
    canary_path: kv/data/canary
    canary_field: word
    canary_sha256: "{{ 'tweet' | hash('sha256') }}"
  vars:
    ansible_pipelining: true

- name: Restore it on another host, with the settings of the seal given
  sealwright.vault_seal.vault_restore_drill:
    src: "{{ last_snapshot }}"
    product: openbao
    version: 2.6.2
    executable: "{{ bao }}"
    service_user: "{{ current_user }}"
    config: []
    environment_files:
      - "{{ config_folder }}/seal-credentials.env"
    environment:
      AWS_EC2_METADATA_DISABLED: "true"
    seal:
      kms_key_id: alias/vault-unseal
      region: eu-central-1
      endpoint: "{{ kms_url }}"
    token: "{{ token_of_the_snapshot }}"
    canary_path: kv/data/canary
    canary_field: word
    canary_value: tweet
    canary_namespace: ""
    force: false
    network: isolated
    temporary_directory: "{{ config_folder }}"
    timeout: 300
  vars:
    ansible_pipelining: true
"""

RETURN = r"""
restorable:
  description: Whether the snapshot was restored and the server unsealed itself with it; V(null) in check mode.
  returned: always
  type: bool
  sample: true
steps:
  description: What was done, in order.
  returned: always
  type: list
  elements: dict
  sample: [{"step": "remove", "seconds": 0.4, "proof": "server stopped, folder gone"}]
  contains:
    step:
      description: V(start), V(initialise), V(restore), V(unseal), V(restart), V(recovery_keys), V(canary) or V(remove).
      type: str
      returned: always
      sample: restart
    seconds:
      description: How long it took.
      type: float
      returned: always
      sample: 1.3
    proof:
      description: What shows that it was done.
      type: str
      returned: always
      sample: server stopped, folder gone
planned:
  description: What would be done, in words.
  returned: in check mode
  type: list
  elements: str
  sample: ["start /usr/bin/bao as openbao, in a network of its own that leads to AWS alone, in a new folder below /tmp"]
failed_step:
  description: The step that failed. What was made is removed all the same.
  returned: failure
  type: str
  sample: unseal
server_log:
  description: The last warnings and errors of the server's log.
  returned: where the server failed
  type: list
  elements: str
  sample: ["2026-05-04T03:02:01.000Z [ERROR] core: failed to unseal"]
cluster_id:
  description: The ID of the cluster of the snapshot, as the restored server tells it.
  returned: success, not in check mode
  type: str
  sample: c3b0045a-73e7-db73-6eaf-34a27c0ae24f
cluster_name:
  description: The name of that cluster.
  returned: success, not in check mode
  type: str
  sample: vault-cluster-b09b5ac2
version:
  description: The version of the throw-away server.
  returned: success, not in check mode
  type: str
  sample: 2.6.2
executable:
  description: What was started.
  returned: always
  type: str
  sample: /usr/bin/bao
network:
  description: Where, as O(network).
  returned: always
  type: str
  sample: isolated
user:
  description: The user as whom; V(null) where it is the module's own.
  returned: always
  type: str
  sample: openbao
seal:
  description: The settings of the seal in force, by name, each with its C(value), its C(source), and whether it is C(set).
  returned: always
  type: dict
  sample: {"kms_key_id": {"value": "alias/vault-unseal", "source": "stanza (/etc/openbao/openbao.hcl, line 9)", "set": true}}
snapshot:
  description: The snapshot.
  returned: always
  type: str
  sample: /var/backups/openbao/raft.snap
snapshot_size:
  description: Its size in bytes.
  returned: always
  type: int
  sample: 51234
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.run import run


def main() -> None:
    run_module(
        run,
        argument_spec={
            **SERVER_SETTINGS_SPEC,
            "src": {"type": "path", "required": True},
            "seal": {"type": "dict", "no_log": True},  # may hold credentials
            "executable": {"type": "path"},
            "service_user": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "recovery_keys": {"type": "list", "elements": "str", "no_log": True},
            "canary_path": {"type": "str"},
            "canary_field": {"type": "str"},
            "canary_value": {"type": "str", "no_log": True},
            "canary_sha256": {"type": "str", "no_log": False},
            "canary_namespace": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "network": {"type": "str", "choices": ["host", "isolated"], "default": "isolated"},
            "temporary_directory": {"type": "path"},
            "timeout": {"type": "float", "default": 600.0},
        },
        connects=False,
    )


if __name__ == "__main__":
    main()
