#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_rewrap
short_description: Re-encrypt sealed values under another KMS key
version_added: 0.1.0
description:
  - Moves values that were sealed by an awskms seal of Vault or OpenBao, or by M(sealwright.vault_seal.awskms_seal_wrap), to another KMS key, or to the key
    that an alias currently points to. Values that are already sealed under that key are not changed.
  - By default the wrapped data key is re-encrypted inside KMS (C(kms:ReEncrypt)). The encrypted payload and unknown fields are not changed, and the number
    of calls to KMS does not depend on the size of a value.
  - Each new value is verified before it replaces the old one. Files are replaced atomically, and keep their format, owner, group, mode and
    extended attributes. If a run is killed, no value is lost, and the next run continues with the remaining values.
  - A value that cannot be moved does not prevent the others from being moved. The task then fails, and its result has an entry for each value.
  - Requires C(kms:ReEncryptFrom) on the old keys, C(kms:ReEncryptTo) on the new key, C(kms:Decrypt) on the new key for O(verify=open), and
    C(kms:DescribeKey) if O(kms_key_id) is an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_aad
  - sealwright.vault_seal.awskms_sealed_values
attributes:
  check_mode:
    support: full
    details: In check mode the values that would be moved are reported. KMS is called only to resolve an alias, and O(blobs) are returned unchanged.
  diff_mode:
    support: full
    details: The diff shows the keys before and after for each moved value.
options:
  kms_key_id:
    description:
      - The new key, as key ID, key ARN, alias or alias ARN. The replicas of a multi-Region key count as one key.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  slots:
    description:
      - The slots to move of a value in Vault's container of several slots. V(first) is the first slot of an awskms seal, V(all) is each of them.
      - Slots of other seals are not changed. With all slots under one key, the value loses the redundancy of several seals.
    type: str
    choices:
      - first
      - all
    default: first
  method:
    description:
      - V(reencrypt) re-encrypts the wrapped data key inside KMS, which works within one region. A multi-Region key can be used in each region with a replica.
      - V(data_key) decrypts the data key on this host and encrypts it under the new key, which can be in another region. It requires C(kms:Decrypt) on
        the old key and C(kms:Encrypt) on the new key. For another region, neither the task nor the environment nor the AWS profile may set a region.
      - V(reseal) decrypts the value on this host and seals it with a new data key and nonce. It requires the same permissions, and the additional data.
      - Values that KMS encrypted directly (mechanism 0) keep this mechanism, except with V(reseal). Values that named no key name it afterwards.
    type: str
    choices:
      - reencrypt
      - data_key
      - reseal
    default: reencrypt
  verify:
    description:
      - How the new value is verified before it replaces the old one.
      - V(open) decrypts the whole value on this host with the new key only. It requires C(kms:Decrypt) on the new key and the additional data (O(aad)).
        Without this permission nothing is moved.
      - V(kms) lets KMS re-encrypt the new wrapped data key once more and discards the response. This proves that the new key decrypts the data key, while
        neither the value nor its data key leaves KMS in plaintext. It requires C(kms:ReEncryptFrom) on the new key. The unchanged payload is not verified.
      - V(none) trusts the response of KMS.
    type: str
    choices:
      - open
      - kms
      - none
    default: open
  force:
    description:
      - Whether to re-encrypt values that are already sealed under the key, for example with new key material after a rotation on demand. The task is then
        always changed.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.awskms_seal_info
  - module: sealwright.vault_seal.awskms_seal_wrap
notes:
  - O(allowed_key_ids) restricts the old keys. In any case the key that the value names is passed to KMS as C(SourceKeyId), and KMS rejects other keys.
  - With O(blob) and O(blobs), C(changed) is V(true) if the returned values differ from the specified ones.
  - If a file has several hard links, only the specified path is replaced.
"""

EXAMPLES = r"""
- name: Find the files that would be moved to the key of the alias
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
  check_mode: true
  register: planned

- name: Move the files to the key of the alias
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
  register: moved

- name: Show the keys that these files no longer need
  ansible.builtin.debug:
    var: moved.key_arns_no_longer_used

- name: Move values from our old key only, with additional data
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    aad: production
    allowed_key_ids:
      - "{{ old_key_arn }}"
  register: values_for_production

- name: Move all slots of one file, without plaintext outside of KMS
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    src:
      - "{{ private_key }}.sealed"
    slots: all
    verify: kms
    max_size: 134217728

- name: Seal a value again with a new data key
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    blob: "{{ sealed_keytab }}"
    aad_base64: AAECAw==
    method: reseal
    force: true
"""

RETURN = r"""
key_id:
  description: The ARN of the new key. If nothing was moved and a key ID was specified, the key ID.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
blob:
  description: The moved value of O(blob), base64-encoded; unchanged if it was not moved.
  returned: with O(blob)
  type: str
  sample: CjQ...
blobs:
  description: The moved values of O(blobs) by name, base64-encoded; unchanged if they were not moved.
  returned: with O(blobs)
  type: dict
  sample: {"database": "CjQ...", "queue": "CjU..."}
sealed_values:
  description: The result for each value, in the specified order; files of a directory are sorted by path.
  returned: success, and when the task fails for some values
  type: list
  elements: dict
  contains:
    name:
      description: The path of a file, the name of one of O(blobs), or V(blob).
      type: str
      returned: always
      sample: /etc/myapp/database.sealed
    changed:
      description: Whether the value was moved, or would be moved in check mode.
      type: bool
      returned: always
      sample: true
    slots:
      description: The numbers of the slots that were moved, counted from 0.
      type: list
      elements: int
      returned: always
      sample: [0]
    from_key_arns:
      description: The keys that the value was sealed under before.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"]
    to_key_arns:
      description: The keys that the value is sealed under now.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    reason:
      description: The reason code why the value was not moved.
      type: str
      returned: when the value could not be moved
      sample: access_denied
    msg:
      description: The reason why the value was not moved.
      type: str
      returned: when the value could not be moved
      sample: AWS rejected ReEncrypt.
    remedy:
      description: How to fix the problem.
      type: str
      returned: when the value could not be moved
      sample: Allow it in a key policy.
key_arns_in_use:
  description: The keys that the specified values are sealed under now.
  returned: success, and when the task fails for some values
  type: list
  elements: str
  sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
key_arns_no_longer_used:
  description:
    - The keys that specified values were sealed under before and that no specified value is sealed under now.
    - Other data may still depend on these keys, such as a server's storage or its snapshots.
  returned: success, and when the task fails for some values
  type: list
  elements: str
  sample: ["arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"]
connection:
  description:
    - The key, region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success, and when the task fails for some values
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_seal_rewrap import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_sources import ONE_OF, SOURCES_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **SOURCES_SPEC,
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "slots": {"type": "str", "choices": ["first", "all"], "default": "first"},
            "method": {"type": "str", "choices": ["reencrypt", "data_key", "reseal"], "default": "reencrypt"},
            "verify": {"type": "str", "choices": ["open", "kms", "none"], "default": "open"},
            "force": {"type": "bool", "default": False},
            **AAD_SPEC,
        },
        one_of=ONE_OF,
    )


if __name__ == "__main__":
    main()
