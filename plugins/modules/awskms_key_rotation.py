#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_key_rotation
short_description: Rotate the key material of an AWS KMS key on demand
version_added: 0.1.0
description:
  - Rotates the key material of a key on demand, unless it was rotated since O(rotated_since), and waits until KMS has completed the rotation.
  - Existing sealed values need not be sealed again. The key keeps its ID, policy and aliases. KMS retains all previous key material as long as the key
    exists, and selects the right one to decrypt a value.
  - Supports keys whose origin is C(AWS_KMS). For a multi-Region key, specify the primary key. KMS limits the number of on-demand rotations of a key, and
    AWS charges a monthly fee for the first and second rotation.
  - If a rotation is in progress, the module waits for it and does not start another one.
  - Requires C(kms:DescribeKey), C(kms:GetKeyRotationStatus), C(kms:ListKeyRotations) and C(kms:RotateKeyOnDemand), and boto3 1.34.86 or later on the host.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode the key and its rotations are described, and the key is not rotated.
  diff_mode:
    support: full
options:
  kms_key_id:
    description: The key, as key ID, key ARN, alias or alias ARN.
    type: str
    required: true
    aliases:
      - key_id
  rotated_since:
    description:
      - The key material must have been rotated since this time, on demand or automatically. The time is in UTC, as V(2026-01-31) or V(2026-01-31T12:00:00Z),
        and must not be in the future.
      - With a fixed time the task is idempotent; it rotates the key once, however often it runs.
    type: str
    required: true
  wait:
    description: The maximum time in seconds to wait until KMS has completed the rotation. A rotation usually takes a few seconds.
    type: float
    default: 300.0
seealso:
  - module: sealwright.vault_seal.awskms_alias
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Ensure that the key material was rotated after an administrator left the company
  sealwright.vault_seal.awskms_key_rotation:
    kms_key_id: alias/vault-unseal
    rotated_since: "2026-01-31"
    wait: 60
"""

RETURN = r"""
key_id:
  description: The key's ARN.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
rotated_at:
  description: The time of the last rotation; V(null) if the key was never rotated, which is possible in check mode only.
  returned: success
  type: str
  sample: "2026-02-01T09:00:00Z"
history:
  description: The completed rotations, each with C(date) and C(type), which is V(AUTOMATIC) or V(ON_DEMAND).
  returned: success
  type: list
  elements: dict
  sample: [{"date": "2026-02-01T09:00:00Z", "type": "ON_DEMAND"}]
connection:
  description: The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_key_rotation import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "kms_key_id": {"type": "str", "required": True, "aliases": ["key_id"], "no_log": False},
            "rotated_since": {"type": "str", "required": True},
            "wait": {"type": "float", "default": 300.0},
        },
    )


if __name__ == "__main__":
    main()
