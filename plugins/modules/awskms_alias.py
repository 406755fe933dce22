#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_alias
short_description: Let an alias of AWS KMS lead to another key
version_added: 0.1.0
description:
  - Lets an alias that is there lead to another key, such as the alias of a seal that is to get a new one.
  - The new key must be one that a seal can use; otherwise the alias is left as it is. Whether the servers may use it has to be proven before, on each host, by
    P(sealwright.vault_seal.kms_verify#role). Neither key is changed, disabled or deleted.
  - The role P(sealwright.vault_seal.seal_rotate#role) does all of it for a cluster.
  - Changes nothing where the alias leads to the key already, and waits after a change until KMS answers with the new key, at most as long as O(timeout) says.
  - KMS has no way to change an alias only if it still leads to a given key. O(expected_key_id) is compared immediately before the change.
  - Needs C(kms:UpdateAlias) on the alias and on both keys, and C(kms:DescribeKey) on both keys.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: In check mode both keys are looked at, and the alias is left as it is.
  diff_mode:
    support: full
options:
  alias:
    description: The alias, as V(alias/NAME).
    type: str
    required: true
  kms_key_id:
    description: The key that it is to lead to, as key ID or key ARN. It must be of the same account, region and kind as the one before.
    type: str
    required: true
    aliases:
      - key_id
  expected_key_id:
    description:
      - The key that the alias leads to until now, as key ID or key ARN. Where it leads to another one, and not to O(kms_key_id) either, nothing is changed
        and the task fails with the reason V(wrong_key).
      - If not set, it may lead to any key.
    type: str
seealso:
  - module: sealwright.vault_seal.awskms_key_info
  - module: sealwright.vault_seal.awskms_seal_rewrap
"""

EXAMPLES = r"""
- name: See where the alias would lead
  sealwright.vault_seal.awskms_alias:
    alias: alias/vault-unseal
    kms_key_id: "{{ new_key_arn }}"
  check_mode: true
  register: alias

- name: Let it lead there, unless somebody else has moved it meanwhile
  sealwright.vault_seal.awskms_alias:
    alias: alias/vault-unseal
    kms_key_id: "{{ new_key_arn }}"
    expected_key_id: "{{ alias.old_key_id }}"

- name: Take it back
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
  description: The ARN of the key that it leads to, or would.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
old_key_id:
  description: The ARN of the key that it led to before.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321
connection:
  description: The region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
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
