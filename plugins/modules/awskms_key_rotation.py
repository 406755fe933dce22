#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_key_rotation
short_description: Have AWS KMS make new material of a key, once
version_added: 0.1.0
description:
  - Rotates the key material of a key on demand, unless it was rotated since the time that O(rotated_since) says, and waits until KMS is done.
  - Nothing that is sealed under the key has to be sealed anew. The key stays the same, with its ID, policy and aliases; KMS keeps each of its materials as long
    as the key is there, and finds the one that opens a value by itself.
  - It is for keys whose material KMS makes, which is origin C(AWS_KMS); of a multi-Region key it is the primary key that is rotated. KMS allows only some
    rotations on demand in the life of a key, and AWS charges monthly for the first two materials that are added.
  - A rotation that is under way is waited for, and no other is begun.
  - Needs C(kms:DescribeKey), C(kms:GetKeyRotationStatus), C(kms:ListKeyRotations) and C(kms:RotateKeyOnDemand), and boto3 1.34.86 or later on the host.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode the key and its rotations are looked at, and it is not rotated.
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
      - The time, in UTC, since when the material has to have been rotated, on demand or automatically, as V(2026-01-31) or V(2026-01-31T12:00:00Z). It has to
        have come.
      - So the task changes something once, however often it is run.
    type: str
    required: true
  wait:
    description: How many seconds to wait at most until KMS is done. It takes some seconds as a rule.
    type: float
    default: 300.0
seealso:
  - module: sealwright.vault_seal.awskms_alias
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Have new key material since the day when somebody left
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
  description: When the material was rotated last; V(null) where it never was, which is in check mode only.
  returned: success
  type: str
  sample: "2026-02-01T09:00:00Z"
history:
  description: The rotations that are done, each with C(date) and C(type), which is V(AUTOMATIC) or V(ON_DEMAND).
  returned: success
  type: list
  elements: dict
  sample: [{"date": "2026-02-01T09:00:00Z", "type": "ON_DEMAND"}]
connection:
  description: The region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
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
