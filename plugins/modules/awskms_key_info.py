#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_key_info
short_description: Tell what matters of KMS keys to a seal of Vault or OpenBao
version_added: 0.1.0
description:
  - Describes AWS KMS keys and says whether an awskms seal can use each, and if not, why.
  - Needs the permission C(kms:DescribeKey) only. What O(include) asks for beyond that is answered by a reason in its place where it is not permitted.
  - A key that does not exist or may not be described is an entry with its reason, so that a list is always answered in full. The module fails only where KMS
    could be asked for none of the keys, such as without credentials or where the endpoint cannot be reached, and for a malformed reference.
  - Whether the permissions suffice that a seal needs beyond C(kms:DescribeKey), that is C(kms:Encrypt) and C(kms:Decrypt), is not looked at.
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
      - ARNs of several regions may be mixed where O(region) is not set, and neither the environment nor the AWS profile sets one.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: list
    elements: str
    aliases:
      - key_id
  include:
    description:
      - Further facts, each of which needs a permission of its own.
      - V(aliases) needs C(kms:ListAliases), V(rotation) C(kms:GetKeyRotationStatus) and C(kms:ListKeyRotations), V(policy) C(kms:GetKeyPolicy), V(grants)
        C(kms:ListGrants) and V(tags) C(kms:ListResourceTags).
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
- name: Look at the key of the seal
  sealwright.vault_seal.awskms_key_info:
    kms_key_id: alias/vault-unseal
  register: seal_key

- name: Stop where a seal could not use it
  ansible.builtin.assert:
    that: seal_key.kms_keys[0].usable_for_seal
    fail_msg: "{{ seal_key.kms_keys[0].problems | map(attribute='msg') | join(' ') }}"

- name: Describe keys of several regions, whatever became of them
  sealwright.vault_seal.awskms_key_info:
    kms_key_id:
      - arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      - arn:aws:kms:eu-central-1:111122223333:alias/vault-unseal

- name: Learn all about several keys
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
  description: One entry for each key asked for, in the same order. Dates are in UTC. What KMS does not tell of a key is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    asked:
      description: The reference as it was given.
      type: str
      returned: always
      sample: alias/vault-unseal
    usable_for_seal:
      description: Whether an awskms seal can use the key, as far as its properties go; permissions are another matter.
      type: bool
      returned: always
      sample: true
    problems:
      description: Why a seal cannot use the key; empty where it can.
      type: list
      elements: dict
      returned: always
      sample: [{"reason": "key_disabled", "msg": "The key is disabled.", "remedy": "Enable the key (kms:EnableKey), or name another."}]
      contains:
        reason:
          description: The problem in one word, such as V(key_disabled), V(key_pending_deletion), V(key_pending_import) or V(key_unusable).
          type: str
          returned: always
          sample: key_disabled
        msg:
          description: The problem in words.
          type: str
          returned: always
          sample: The key is disabled.
        remedy:
          description: What to do about it.
          type: str
          returned: always
          sample: Enable the key (kms:EnableKey), or name another.
    warnings:
      description:
        - What does not keep a seal from using the key now, but has to be known, each with C(reason), C(msg) and C(remedy) like the problems.
        - V(key_material_expires) is imported key material with a date of expiry. V(region_mismatch) is the ARN of a multi-Region key in another
          region than the one in force; what is described then is the related key in the region in force.
      type: list
      elements: dict
      returned: always
      sample: []
    reason:
      description: Why the key could not be described, in one word.
      type: str
      returned: where it could not
      sample: not_found
    msg:
      description: Why the key could not be described.
      type: str
      returned: where it could not
      sample: "AWS refused DescribeKey with key alias/none in region us-east-1 (from option region)."
    remedy:
      description: What to do about it.
      type: str
      returned: where it could not
      sample: Check the key's id or alias, the account and the region.
    key_id:
      description: The key's ID.
      type: str
      returned: where the key could be described, as all that follows
      sample: 1234abcd-12ab-34cd-56ef-1234567890ab
    arn:
      description: The key's ARN; for an alias that of its target.
      type: str
      returned: where the key could be described
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    alias:
      description: The alias asked for; RV(kms_keys[].arn) is its target.
      type: str
      returned: where the key could be described
      sample: alias/vault-unseal
    account:
      description: The AWS account that owns the key.
      type: str
      returned: where the key could be described
      sample: "111122223333"
    description:
      description: The key's description.
      type: str
      returned: where the key could be described
      sample: Seals our Vault
    state:
      description: The key's state.
      type: str
      returned: where the key could be described
      sample: Enabled
    enabled:
      description: Whether the key is enabled.
      type: bool
      returned: where the key could be described
      sample: true
    usage:
      description: What the key may be used for. A seal needs V(ENCRYPT_DECRYPT).
      type: str
      returned: where the key could be described
      sample: ENCRYPT_DECRYPT
    spec:
      description: The kind of key. A seal needs V(SYMMETRIC_DEFAULT).
      type: str
      returned: where the key could be described
      sample: SYMMETRIC_DEFAULT
    encryption_algorithms:
      description: The algorithms that the key may encrypt with.
      type: list
      elements: str
      returned: where the key could be described
      sample: ["SYMMETRIC_DEFAULT"]
    origin:
      description: Where the key material came from.
      type: str
      returned: where the key could be described
      sample: AWS_KMS
    expiration_model:
      description: Whether imported key material expires.
      type: str
      returned: where the key could be described
      sample: KEY_MATERIAL_EXPIRES
    valid_to:
      description: When imported key material expires.
      type: str
      returned: where the key could be described
      sample: "2027-01-31T12:00:00Z"
    manager:
      description: V(CUSTOMER), or V(AWS) for a key that AWS manages.
      type: str
      returned: where the key could be described
      sample: CUSTOMER
    custom_key_store_id:
      description: The custom key store that holds the key material.
      type: str
      returned: where the key could be described
      sample: cks-1234567890abcdef0
    multi_region:
      description: For a multi-Region key its C(role) (V(PRIMARY) or V(REPLICA)), the C(primary) and the C(replicas), each with C(arn) and C(region).
      type: dict
      returned: where the key could be described
      sample: null
    creation_date:
      description: When the key was created.
      type: str
      returned: where the key could be described
      sample: "2026-01-31T12:00:00Z"
    deletion_date:
      description: When the key will be deleted.
      type: str
      returned: where the key could be described
      sample: "2027-01-31T12:00:00Z"
    pending_deletion_window_in_days:
      description: How long a primary key waits after its last replica was deleted.
      type: int
      returned: where the key could be described
      sample: 30
    aliases:
      description: The key's aliases, each with C(name), C(arn), C(target_key_id), C(creation_date) and C(last_updated_date). As all that O(include) asks for, a
        dictionary with C(reason), C(msg) and C(remedy) where it could not be had.
      type: list
      elements: dict
      returned: where O(include) asks for it
      sample: [{"name": "alias/vault-unseal"}]
    rotation:
      description:
        - Whether the key rotates (C(enabled)), how often (C(period_in_days)), when next (C(next_date)), since when a rotation on demand
          is under way (C(on_demand_start_date)), and the C(history) of completed rotations, each with C(date) and C(type).
        - The reason is V(unsupported_operation) for keys that KMS does not rotate. The history is a dictionary with a reason of its own where it
          could not be had; that is V(unsupported_by_sdk) with a boto3 too old to ask for it.
      type: dict
      returned: where O(include) asks for it
      sample: {"enabled": true, "period_in_days": 365, "next_date": "2027-01-31T12:00:00Z", "on_demand_start_date": null, "history": []}
    policy:
      description: The key policy.
      type: dict
      returned: where O(include) asks for it
      sample: {"Version": "2012-10-17", "Statement": []}
    grants:
      description:
        - The grants, each with C(grant_id), C(name), C(grantee_principal), C(retiring_principal), C(issuing_account), C(operations), C(constraints) and
          C(creation_date).
      type: list
      elements: dict
      returned: where O(include) asks for it
      sample: [{"grantee_principal": "arn:aws:iam::111122223333:role/vault", "operations": ["Encrypt", "Decrypt", "DescribeKey"]}]
    tags:
      description: The tags.
      type: dict
      returned: where O(include) asks for it
      sample: {"team": "platform"}
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
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
