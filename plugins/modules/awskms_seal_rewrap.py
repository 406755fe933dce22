#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_rewrap
short_description: Move sealed values to another KMS key
version_added: 0.1.0
description:
  - Moves values that an awskms seal of Vault or OpenBao sealed, or M(sealwright.vault_seal.awskms_seal_wrap), to another KMS key, or to the key that an
    alias names now. What is sealed under that key already is left alone.
  - By default the wrapped data key is moved inside KMS (C(kms:ReEncrypt)). The sealed payload, and fields that are not known, stay as they are, and a value
    costs the same whatever its size.
  - Each new value is proven to open before it replaces the old one. A file is replaced whole or not at all and keeps its form, owner, group, mode and
    extended attributes. A run that is killed loses nothing, and the next one goes on where it stopped.
  - One value that cannot be moved does not keep the others from it. The task then fails, and its result says of each value what became of it.
  - Needs C(kms:ReEncryptFrom) on the old keys, C(kms:ReEncryptTo) on the new one, C(kms:Decrypt) on the new one for O(verify=open), and C(kms:DescribeKey)
    where O(kms_key_id) is an alias.
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
    details: In check mode it says what would move. KMS is asked only to resolve an alias, and O(blobs) are returned as they were given.
  diff_mode:
    support: full
    details: The diff shows for each value that moves the keys before and after.
options:
  kms_key_id:
    description:
      - The key to move to, as key ID, key ARN, alias or alias ARN. The replicas of a multi-Region key count as one key.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  slots:
    description:
      - Which slots of a value in Vault's container of several are moved; V(first) is the first one of an awskms seal, V(all) each of them.
      - Slots of other seals stay as they are. To have all slots under one key takes from the value what several seals are for.
    type: str
    choices:
      - first
      - all
    default: first
  method:
    description:
      - V(reencrypt) moves the wrapped data key inside KMS, which works within one region. A multi-Region key counts in each region that has a replica.
      - V(data_key) decrypts the data key and encrypts it under the new key on this host, so that it can move to another region. It needs C(kms:Decrypt) on
        the old key and C(kms:Encrypt) on the new one. For another region, neither the task nor the environment nor the AWS profile may set a region.
      - V(reseal) opens the value and seals it anew on this host, under a new data key and nonce. It needs the same permissions, and the additional data.
      - Values that KMS encrypted itself (mechanism 0) stay so, unless they are resealed. A value that does not say its key does so afterwards.
    type: str
    choices:
      - reencrypt
      - data_key
      - reseal
    default: reencrypt
  verify:
    description:
      - How the new value is proven before it replaces the old one.
      - V(open) opens it on this host with the new key alone, to the last byte. It needs C(kms:Decrypt) on the new key and the additional data (O(aad)).
        Without that permission nothing is moved.
      - V(kms) has KMS re-encrypt the new wrapped data key once more, and throws the answer away. So KMS proves that the new key opens it, while neither the
        value nor its data key leaves KMS in clear. It needs C(kms:ReEncryptFrom) on the new key; the payload, which was not touched, is not looked at.
      - V(none) trusts the answer of KMS.
    type: str
    choices:
      - open
      - kms
      - none
    default: open
  force:
    description:
      - Also move what is sealed under the key already, for example onto key material that was rotated on demand. Then the task changes something each time.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.awskms_seal_info
  - module: sealwright.vault_seal.awskms_seal_wrap
notes:
  - O(allowed_key_ids) is about the keys to move from. In any case KMS is told which key the value names (C(SourceKeyId)), and refuses it where that is not so.
  - With O(blob) and O(blobs), C(changed) says whether the values returned differ from those given.
  - A file with several names (hard links) is replaced under the one that was given.
"""

EXAMPLES = r"""
- name: Which files would move to the key that the alias names now?
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
  check_mode: true
  register: planned

- name: Move them
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
  register: moved

- name: Say which keys these files need no more
  ansible.builtin.debug:
    var: moved.key_arns_no_longer_used

- name: Move values from our old key only, bound to where they are used
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    aad: production
    allowed_key_ids:
      - "{{ old_key_arn }}"
  register: values_for_production

- name: Move one file, every slot of it, without anything leaving KMS in clear
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    src:
      - "{{ private_key }}.sealed"
    slots: all
    verify: kms
    max_size: 134217728

- name: Seal a value anew, under a new data key
  sealwright.vault_seal.awskms_seal_rewrap:
    kms_key_id: alias/vault-unseal
    blob: "{{ sealed_keytab }}"
    aad_base64: AAECAw==
    method: reseal
    force: true
"""

RETURN = r"""
key_id:
  description: The key that was moved to, by its ARN; as it was given where it is a bare key ID and nothing was moved.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
blob:
  description: The value of O(blob), moved, as base64; as it was given where it did not move.
  returned: with O(blob)
  type: str
  sample: CjQ...
blobs:
  description: The values of O(blobs), moved, as base64, by the names given; as they were given where they did not move.
  returned: with O(blobs)
  type: dict
  sample: {"database": "CjQ...", "queue": "CjU..."}
sealed_values:
  description: What became of each value, in the order given; those of a folder in the order of their paths.
  returned: success, and where the task fails for some values
  type: list
  elements: dict
  contains:
    name:
      description: The path of a file, the name of one of O(blobs), or V(blob).
      type: str
      returned: always
      sample: /etc/myapp/database.sealed
    changed:
      description: Whether it was moved, or in check mode would be.
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
      description: The keys that it was sealed under before.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"]
    to_key_arns:
      description: The keys that it is sealed under now.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    reason:
      description: In one word, why it was not moved.
      type: str
      returned: where it could not be moved
      sample: access_denied
    msg:
      description: The same in words.
      type: str
      returned: where it could not be moved
      sample: AWS refused ReEncrypt.
    remedy:
      description: What to do about it.
      type: str
      returned: where it could not be moved
      sample: Allow it by a key policy.
key_arns_in_use:
  description: The keys that the values given are sealed under now.
  returned: success, and where the task fails for some values
  type: list
  elements: str
  sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
key_arns_no_longer_used:
  description:
    - The keys that values given were sealed under, and none is any more.
    - That is said of the values given, and of nothing else that may depend on a key, such as a server's storage or its snapshots.
  returned: success, and where the task fails for some values
  type: list
  elements: str
  sample: ["arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"]
connection:
  description:
    - The key, region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
  returned: success, and where the task fails for some values
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
