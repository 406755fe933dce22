#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_key_info
short_description: Gather information about KMS keys for seals of Vault or OpenBao
version_added: 0.1.0
description:
  - Describes AWS KMS keys and reports whether an awskms seal can use each key, and if not, why.
  - Requires the permission C(kms:DescribeKey) only. Details that O(include) requests without permission are replaced by a reason.
  - A key that does not exist or cannot be described is returned as an entry with a reason, so the result always has one entry for each key. The module fails
    only if none of the keys could be described, for example without credentials or if the endpoint cannot be reached, or if a key reference is invalid.
  - The permissions C(kms:Encrypt) and C(kms:Decrypt), which a seal also requires, are not checked.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details: Changes nothing in any mode.
  diff_mode:
    support: none
    details: Changes nothing.
options:
  kms_key_id:
    description:
      - The keys to describe, each as key ID, key ARN, alias or alias ARN.
      - ARNs of several regions can be mixed if neither O(region) nor the environment nor the AWS profile sets a region.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: list
    elements: str
    aliases:
      - key_id
  include:
    description:
      - Further details to return. Each requires additional permissions.
      - V(aliases) requires C(kms:ListAliases), V(rotation) C(kms:GetKeyRotationStatus) and C(kms:ListKeyRotations), V(policy) C(kms:GetKeyPolicy), V(grants)
        C(kms:ListGrants), and V(tags) C(kms:ListResourceTags).
    type: list
    elements: str
    choices:
      - aliases
      - grants
      - policy
      - rotation
      - tags
    default: []
seealso:
  - module: sealwright.vault_seal.awskms_seal_wrap
"""

EXAMPLES = r"""
- name: Get information about the key of the seal
  sealwright.vault_seal.awskms_key_info:
    kms_key_id: alias/vault-unseal
  register: seal_key

- name: Fail if a seal cannot use the key
  ansible.builtin.assert:
    that: seal_key.kms_keys[0].usable_for_seal
    fail_msg: "{{ seal_key.kms_keys[0].problems | map(attribute='msg') | join(' ') }}"

- name: Describe keys of several regions, even if some of them were deleted
  sealwright.vault_seal.awskms_key_info:
    kms_key_id:
      - arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      - arn:aws:kms:eu-central-1:111122223333:alias/vault-unseal

- name: Get all information about several keys
  sealwright.vault_seal.awskms_key_info:
    kms_key_id:
      - alias/vault-unseal
      - "{{ old_key_arn }}"
    include:
      - aliases
      - grants
      - policy
      - rotation
      - tags
  register: all_keys
"""

RETURN = r"""
kms_keys:
  description: One entry for each requested key, in the same order. Dates are in UTC. Properties that KMS does not return are V(null).
  returned: success
  type: list
  elements: dict
  contains:
    asked:
      description: The key reference as it was specified.
      type: str
      returned: always
      sample: alias/vault-unseal
    usable_for_seal:
      description: Whether an awskms seal can use the key, judging by its properties. Permissions are not checked.
      type: bool
      returned: always
      sample: true
    problems:
      description: The reasons why a seal cannot use the key; empty if it can.
      type: list
      elements: dict
      returned: always
      sample: [{"reason": "key_disabled", "msg": "The key is disabled.", "remedy": "Enable the key (kms:EnableKey), or use another key."}]
      contains:
        reason:
          description: The problem in one word, such as V(key_disabled), V(key_pending_deletion), V(key_pending_import) or V(key_unusable).
          type: str
          returned: always
          sample: key_disabled
        msg:
          description: The description of the problem.
          type: str
          returned: always
          sample: The key is disabled.
        remedy:
          description: How to fix the problem.
          type: str
          returned: always
          sample: Enable the key (kms:EnableKey), or use another key.
    warnings:
      description:
        - Conditions that do not prevent a seal from using the key now but need attention, each with C(reason), C(msg) and C(remedy) like the problems.
        - V(key_material_expires) is imported key material with an expiration date. V(region_mismatch) is the ARN of a multi-Region key in a region other
          than the region in effect; the related key in the region in effect is described instead.
      type: list
      elements: dict
      returned: always
      sample: []
    reason:
      description: Why the key could not be described, in one word.
      type: str
      returned: when the key could not be described
      sample: not_found
    msg:
      description: Why the key could not be described.
      type: str
      returned: when the key could not be described
      sample: "AWS rejected DescribeKey with key alias/none in region us-east-1 (from option region)."
    remedy:
      description: How to fix the problem.
      type: str
      returned: when the key could not be described
      sample: "Check the key ID or alias, the account and the region: KMS searches for it in this region only."
    key_id:
      description: The key's ID.
      type: str
      returned: when the key could be described, as all following values
      sample: 1234abcd-12ab-34cd-56ef-1234567890ab
    arn:
      description: The key's ARN. For an alias, the ARN of its target.
      type: str
      returned: when the key could be described
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    alias:
      description: The requested alias; RV(kms_keys[].arn) is its target.
      type: str
      returned: when the key could be described
      sample: alias/vault-unseal
    account:
      description: The AWS account that owns the key.
      type: str
      returned: when the key could be described
      sample: "111122223333"
    description:
      description: The key's description.
      type: str
      returned: when the key could be described
      sample: Seals our Vault
    state:
      description: The key's state.
      type: str
      returned: when the key could be described
      sample: Enabled
    enabled:
      description: Whether the key is enabled.
      type: bool
      returned: when the key could be described
      sample: true
    usage:
      description: The key usage. A seal requires V(ENCRYPT_DECRYPT).
      type: str
      returned: when the key could be described
      sample: ENCRYPT_DECRYPT
    spec:
      description: The key spec. A seal requires V(SYMMETRIC_DEFAULT).
      type: str
      returned: when the key could be described
      sample: SYMMETRIC_DEFAULT
    encryption_algorithms:
      description: The encryption algorithms that the key supports.
      type: list
      elements: str
      returned: when the key could be described
      sample: ["SYMMETRIC_DEFAULT"]
    origin:
      description: The origin of the key material.
      type: str
      returned: when the key could be described
      sample: AWS_KMS
    expiration_model:
      description: Whether imported key material expires.
      type: str
      returned: when the key could be described
      sample: KEY_MATERIAL_EXPIRES
    valid_to:
      description: The expiration date of imported key material.
      type: str
      returned: when the key could be described
      sample: "2027-01-31T12:00:00Z"
    manager:
      description: V(CUSTOMER), or V(AWS) for a key that AWS manages.
      type: str
      returned: when the key could be described
      sample: CUSTOMER
    custom_key_store_id:
      description: The custom key store that holds the key material.
      type: str
      returned: when the key could be described
      sample: cks-1234567890abcdef0
    multi_region:
      description: For a multi-Region key its C(role) (V(PRIMARY) or V(REPLICA)), the C(primary) and the C(replicas), each with C(arn) and C(region).
      type: dict
      returned: when the key could be described
      sample: null
    creation_date:
      description: The creation date of the key.
      type: str
      returned: when the key could be described
      sample: "2026-01-31T12:00:00Z"
    deletion_date:
      description: The scheduled deletion date of the key.
      type: str
      returned: when the key could be described
      sample: "2027-01-31T12:00:00Z"
    pending_deletion_window_in_days:
      description: The waiting period in days before a primary key is deleted, which begins when its last replica is deleted.
      type: int
      returned: when the key could be described
      sample: 30
    aliases:
      description: The key's aliases, each with C(name), C(arn), C(target_key_id), C(creation_date) and C(last_updated_date). Like all details that O(include)
        requests, a dictionary with C(reason), C(msg) and C(remedy) if it could not be retrieved.
      type: list
      elements: dict
      returned: when requested by O(include)
      sample: [{"name": "alias/vault-unseal"}]
    rotation:
      description:
        - Whether automatic rotation is enabled (C(enabled)), its period (C(period_in_days)), the next rotation (C(next_date)), the start of an on-demand
          rotation in progress (C(on_demand_start_date)), and the C(history) of completed rotations, each with C(date) and C(type).
        - The reason is V(unsupported_operation) for keys that KMS does not rotate. The history is a dictionary with its own reason if it could
          not be retrieved; the reason is V(unsupported_by_sdk) if boto3 is too old to request it.
      type: dict
      returned: when requested by O(include)
      sample: {"enabled": true, "period_in_days": 365, "next_date": "2027-01-31T12:00:00Z", "on_demand_start_date": null, "history": []}
    policy:
      description: The key policy.
      type: dict
      returned: when requested by O(include)
      sample: {"Version": "2012-10-17", "Statement": []}
    grants:
      description:
        - The grants, each with C(grant_id), C(name), C(grantee_principal), C(retiring_principal), C(issuing_account), C(operations), C(constraints) and
          C(creation_date).
      type: list
      elements: dict
      returned: when requested by O(include)
      sample: [{"grantee_principal": "arn:aws:iam::111122223333:role/vault", "operations": ["Encrypt", "Decrypt", "DescribeKey"]}]
    tags:
      description: The tags.
      type: dict
      returned: when requested by O(include)
      sample: {"team": "platform"}
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_key_info import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_details import INCLUDES


def main() -> None:
    run_module(
        run,
        argument_spec={
            "kms_key_id": {"type": "list", "elements": "str", "aliases": ["key_id"], "no_log": False},
            "include": {"type": "list", "elements": "str", "choices": INCLUDES, "default": []},
        },
    )


if __name__ == "__main__":
    main()
