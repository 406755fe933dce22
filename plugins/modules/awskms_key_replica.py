#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_key_replica
short_description: Replicate a multi-Region KMS key into another region
version_added: 0.1.0
description:
  - Creates a replica of a multi-Region primary key in another region, unless there is one, and waits until it can be used.
  - A replica has the key ID and the key material of its primary key, so that each of them decrypts what the other encrypted. Its policy, aliases, tags and
    description are its own. Automatic rotation follows the primary key.
  - An existing replica is not changed. No key is disabled or deleted.
  - Requires C(kms:DescribeKey) on both keys and C(kms:ReplicateKey) on the primary key, and by an IAM policy C(kms:CreateKey) and, with O(tags),
    C(kms:TagResource) in the region of the replica. The first replica of an account also requires C(iam:CreateServiceLinkedRole).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode the primary key is described, and no replica is created.
  diff_mode:
    support: full
options:
  kms_key_id:
    description: The multi-Region primary key, as key ID, key ARN, alias or alias ARN.
    type: str
    required: true
    aliases:
      - key_id
  replica_region:
    description: The region of the replica.
    type: str
    required: true
  replica_endpoint:
    description: The endpoint of AWS KMS in that region. If not set, that of the environment, otherwise that of the AWS SDK; not O(endpoint).
    type: str
  policy:
    description:
      - The key policy of the replica. KMS refuses a policy after which the caller could not change it.
      - If not set, the default policy of KMS, which delegates to the IAM policies of the account.
    type: dict
  description:
    description: The description of the replica.
    type: str
    default: ""
  tags:
    description: The tags of the replica.
    type: dict
  wait:
    description: The maximum time in seconds to wait until the replica can be used.
    type: float
    default: 300.0
seealso:
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Replicate the key of the seal
  sealwright.vault_seal.awskms_key_replica:
    kms_key_id: "{{ multi_region_key_arn }}"
    replica_region: eu-central-1
    replica_endpoint: "{{ kms_url }}"
    policy: "{{ (servers | sealwright.vault_seal.seal_key_policy(administrators)).policy }}"
    description: Seal of Vault
    tags:
      application: vault
    wait: 120
  vars:
    servers:
      - "{{ vault_role_arn }}"
    administrators:
      - "{{ administrator_arn }}"
"""

RETURN = r"""
key_id:
  description: The ARN of the replica.
  returned: success
  type: str
  sample: arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab
primary_key_id:
  description: The ARN of the primary key.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab
connection:
  description: The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_key_replica import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "kms_key_id": {"type": "str", "required": True, "aliases": ["key_id"], "no_log": False},
            "replica_region": {"type": "str", "required": True},
            "replica_endpoint": {"type": "str"},
            "policy": {"type": "dict"},
            "description": {"type": "str", "default": ""},
            "tags": {"type": "dict"},
            "wait": {"type": "float", "default": 300.0},
        },
    )


if __name__ == "__main__":
    main()
