#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_restore_drill
short_description: Verify a snapshot by restoring it into a temporary server
version_added: 0.1.0
description:
  - Verifies that a raft snapshot of Vault or OpenBao can be restored with the current keys. Starts a temporary server of the same product on the host, with
    the C(awskms) seal of the real server, initialises it, restores the snapshot, waits until the server has unsealed the restored data with KMS, restarts
    it and waits again, optionally reads a canary value, and removes everything.
  - The snapshot is restored through the server's API without force. A new server with the same seal accepts it, because it can decrypt
    C(SHA256SUMS.sealed) with KMS, which also verifies the checksums. If the snapshot cannot be restored, the task fails with the reason, the step, and the
    last lines of the server's log.
  - The restored server holds all secrets of the snapshot for some seconds. Its data are stored in a new directory of mode V(0700), encrypted as usual; its
    API is available through a socket in that directory only.
  - A restored server acts like the real one. It would revoke leases that have expired since the snapshot, and rotate passwords that are due, without the
    knowledge of the real server. Therefore it runs by default in an isolated network, from which only the AWS endpoints of the seal can be reached; see
    O(network).
  - Everything is removed. If the task is killed, a watchdog process stops the server and removes the directory. If that is killed too, the server stops,
    and the next run removes the directory.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    description: Can run in check mode without changing the result.
    support: partial
    details: In check mode nothing is started; RV(planned) describes the steps.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
options:
  src:
    description: The path of the snapshot on the host.
    type: path
    required: true
  seal:
    description:
      - The settings of the seal, by the names of the stanza, instead of the settings in effect of the real server.
      - If not set, the settings in effect are determined from O(unit), O(config), O(environment_files) and O(environment).
    type: dict
  executable:
    description: The server's executable. If not set, the one that O(unit) starts, otherwise C(bao) or C(vault) in E(PATH).
    type: path
  service_user:
    description: The user of the temporary server, if the module runs as root. If not set, the C(User=) of O(unit), otherwise the user of the module.
    type: str
  token:
    description:
      - A token to read the canary with. It must exist in the snapshot and still be valid.
      - Use pipelining for the task, so that Ansible does not write the token to a file.
    type: str
  recovery_keys:
    description:
      - Recovery keys that were valid when the snapshot was taken, as many as the threshold requires. They are verified by generating a root token of the
        restored server, which is removed with it and used to read the canary if O(token) is not set.
    type: list
    elements: str
  canary_path:
    description: The API path of a value to read from the restored server, such as V(kv/data/canary).
    type: str
  canary_field:
    description: The field to read. For a versioned key-value store, a field of the secret.
    type: str
  canary_value:
    description: The expected value. If neither this nor O(canary_sha256) is set, the field only has to exist.
    type: str
  canary_sha256:
    description: The hexadecimal SHA-256 of the expected value, so that the play need not know the value.
    type: str
  canary_namespace:
    description: The namespace of the path.
    type: str
  force:
    description: Whether to force the restore, so that the server does not verify C(SHA256SUMS.sealed). The data must still be unsealed.
    type: bool
    default: false
  network:
    description:
      - V(isolated) runs the temporary server in a separate network namespace. Through a relay of the module it reaches the KMS endpoint of its seal, C(kms)
        and C(sts) of AWS, the credentials endpoints (instance metadata, containers), and the host's proxy if its environment names one. Requires
        root, or a kernel that allows unprivileged user namespaces.
      - V(host) runs it in the network of the host. Use only for a snapshot without leases and rotated passwords.
    type: str
    choices:
      - host
      - isolated
    default: isolated
  temporary_directory:
    description:
      - The parent of the temporary directory. It needs about four times the snapshot's size, and the user of the temporary server must be able to enter it.
      - If the module runs as root, it must be owned by root or by that user.
      - If not set, the host's default directory for temporary files.
    type: path
  timeout:
    description: The timeout of the whole drill in seconds.
    type: float
    default: 600.0
notes:
  - Requires neither boto3 nor cryptography.
  - The restored server also opens the audit devices of the snapshot, as after a disaster. If none of them can be opened, the server does not become
    active, and logs the error.
  - Tested with OpenBao. Vault has the same API.
seealso:
  - module: sealwright.vault_seal.awskms_seal_settings_info
  - module: sealwright.vault_seal.awskms_permission_info
"""

EXAMPLES = r"""
- name: Show the steps of a drill without running it
  sealwright.vault_seal.vault_restore_drill:
    src: "{{ last_snapshot }}"
    unit: openbao
    unit_directories:
      - "{{ units }}"
  check_mode: true

- name: Restore the latest snapshot with the seal of this host's server, and check a canary value
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

- name: Restore it on another host with explicit seal settings
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
  description: The completed steps, in order.
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
      description: The duration in seconds.
      type: float
      returned: always
      sample: 1.3
    proof:
      description: The evidence that the step was completed.
      type: str
      returned: always
      sample: server stopped, folder gone
planned:
  description: The steps that would be done.
  returned: in check mode
  type: list
  elements: str
  sample: ["start /usr/bin/bao as openbao, in an isolated network that reaches only AWS, in a new directory below /tmp"]
failed_step:
  description: The step that failed. The temporary server and its directory are removed in any case.
  returned: failure
  type: str
  sample: unseal
server_log:
  description: The last warnings and errors of the server's log.
  returned: when the server failed
  type: list
  elements: str
  sample: ["2026-05-04T03:02:01.000Z [ERROR] core: failed to unseal"]
cluster_id:
  description: The cluster ID, as reported by the restored server.
  returned: success, not in check mode
  type: str
  sample: c3b0045a-73e7-db73-6eaf-34a27c0ae24f
cluster_name:
  description: The name of the cluster.
  returned: success, not in check mode
  type: str
  sample: vault-cluster-b09b5ac2
version:
  description: The version of the temporary server.
  returned: success, not in check mode
  type: str
  sample: 2.6.2
executable:
  description: The executable of the temporary server.
  returned: always
  type: str
  sample: /usr/bin/bao
network:
  description: The network of the temporary server, as O(network).
  returned: always
  type: str
  sample: isolated
user:
  description: The user of the temporary server; V(null) if it is the user of the module.
  returned: always
  type: str
  sample: openbao
seal:
  description: The settings in effect of the seal, by name, each with its C(value), its C(source), and whether it is C(set).
  returned: always
  type: dict
  sample: {"kms_key_id": {"value": "alias/vault-unseal", "source": "stanza (/etc/openbao/openbao.hcl, line 9)", "set": true}}
snapshot:
  description: The path of the snapshot.
  returned: always
  type: str
  sample: /var/backups/openbao/raft.snap
snapshot_size:
  description: The size of the snapshot in bytes.
  returned: always
  type: int
  sample: 51234
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_restore_drill import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC


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
