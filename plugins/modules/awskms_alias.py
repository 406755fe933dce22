#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_alias
short_description: Point an AWS KMS alias to another key
version_added: 0.1.0
description:
  - Points an existing alias to another key, for example the alias of a seal that gets a new key.
  - A seal must be able to use the new key; otherwise the alias is not changed. Before, verify on each host with
    P(sealwright.vault_seal.kms_verify#role) that the servers are allowed to use it. Neither key is changed, disabled or deleted.
  - The role P(sealwright.vault_seal.seal_rotate#role) does the whole rotation for a cluster.
  - Changes nothing if the alias already points to the key. After a change, waits up to O(timeout) seconds until KMS resolves the alias to the new key.
  - KMS cannot update an alias on the condition that it still points to a given key. O(expected_key_id) is compared immediately before the change.
  - Requires C(kms:UpdateAlias) on the alias and on both keys, and C(kms:DescribeKey) on both keys.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode both keys are described, and the alias is not changed.
  diff_mode:
    support: full
options:
  alias:
    description: The alias, as V(alias/NAME).
    type: str
    required: true
  kms_key_id:
    description: The key to point the alias to, as key ID or key ARN. It must have the same account, region and type as the current key.
    type: str
    required: true
    aliases:
      - key_id
  expected_key_id:
    description:
      - The key that the alias currently points to, as key ID or key ARN. If the alias points to neither this key nor O(kms_key_id), nothing is changed
        and the task fails with the reason V(wrong_key).
      - If not set, the current key is not checked.
    type: str
seealso:
  - module: sealwright.vault_seal.awskms_key_info
  - module: sealwright.vault_seal.awskms_seal_rewrap
"""

EXAMPLES = r"""
- name: Check which key the alias points to, without changing it
  sealwright.vault_seal.awskms_alias:
    alias: alias/vault-unseal
    kms_key_id: "{{ new_key_arn }}"
  check_mode: true
  register: alias

- name: Point the alias to the new key, unless it was changed in the meantime
  sealwright.vault_seal.awskms_alias:
    alias: alias/vault-unseal
    kms_key_id: "{{ new_key_arn }}"
    expected_key_id: "{{ alias.old_key_id }}"

- name: Point the alias back to the old key
  sealwright.vault_seal.awskms_alias:
    alias: alias/vault-unseal
    kms_key_id: "{{ alias.old_key_id }}"
"""

RETURN = r"""
alias:
  description: The alias.
  returned: success
  type: str
  sample: alias/vault-unseal
key_id:
  description: The ARN of the key that the alias points to, or would point to in check mode.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
old_key_id:
  description: The ARN of the key that the alias pointed to before.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321
connection:
  description: The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_alias import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "alias": {"type": "str", "required": True},
            "kms_key_id": {"type": "str", "required": True, "aliases": ["key_id"], "no_log": False},
            "expected_key_id": {"type": "str", "no_log": False},
        },
    )


if __name__ == "__main__":
    main()
