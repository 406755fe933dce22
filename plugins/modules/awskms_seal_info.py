#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_info
short_description: Tell what sealed values depend on, and whether they still open
version_added: 0.1.0
description:
  - Tells of values that an awskms seal of Vault or OpenBao sealed, or M(sealwright.vault_seal.awskms_seal_wrap), what they say of themselves, which
    needs neither KMS nor credentials. That is their form, their slots, and the keys that sealed them.
  - With O(kms_key_id) it says of each value whether it is sealed under that key (V(current)) or under another (V(stale)).
  - With O(check) it also says whether the values can still be opened. No plaintext is ever returned.
  - A value that cannot be read is an entry with its reason, so that many are always answered in full. The module fails only where none of the values
    given can be read, and with O(check) where KMS cannot be asked at all.
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
    details: Changes nothing in any mode.
  diff_mode:
    support: none
    details: Changes nothing.
options:
  kms_key_id:
    description:
      - The key to compare with, as key ID, key ARN, alias or alias ARN. The replicas of a multi-Region key count as one key.
      - An alias is resolved by one call, which needs the permission C(kms:DescribeKey). Anything else needs none.
      - It is not taken from the environment.
    type: str
    aliases:
      - key_id
  check:
    description:
      - V(none) asks KMS nothing.
      - V(key) asks for the state of each distinct key once, which needs C(kms:DescribeKey), and says of each value whether one of its keys could open it.
        Whether the caller may decrypt with that key is not looked at.
      - V(open) opens each value, which needs C(kms:Decrypt) and the additional data (O(aad)), and says only that it could.
    type: str
    choices:
      - none
      - key
      - open
    default: none
seealso:
  - module: sealwright.vault_seal.awskms_seal_rewrap
  - module: sealwright.vault_seal.awskms_key_info
  - module: sealwright.vault_seal.awskms_seal_unwrap
"""

EXAMPLES = r"""
- name: See which key a value depends on
  sealwright.vault_seal.awskms_seal_info:
    blob: "{{ sealed_password }}"
  register: seal

- name: Find what is not sealed under the key that the alias names now
  sealwright.vault_seal.awskms_seal_info:
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
    kms_key_id: alias/vault-unseal
  register: found

- name: Name them
  ansible.builtin.debug:
    msg: "{{ found.sealed_values | selectattr('status', 'ne', 'current') | items2dict('name', 'why') }}"

- name: Are the keys of these files still there?
  sealwright.vault_seal.awskms_seal_info:
    src:
      - "{{ private_key }}.sealed"
    check: key
    max_size: 134217728
  register: keys_of_files

- name: Do these values open, here and now, and under our key only?
  sealwright.vault_seal.awskms_seal_info:
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    check: open
    aad: production
    allowed_key_ids:
      - alias/vault-unseal
  register: opened

- name: The same for a value whose additional data is no text
  sealwright.vault_seal.awskms_seal_info:
    blob: "{{ sealed_keytab }}"
    check: open
    aad_base64: AAECAw==
"""

RETURN = r"""
sealed_values:
  description: One entry for each value, in the order given; those of a folder in the order of their paths.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The path of a file, the name of one of O(blobs), or V(blob).
      type: str
      returned: always
      sample: /etc/myapp/database.sealed
    readable:
      description: Whether it is a sealed value. Where not, RV(sealed_values[].reason) says why, and the other facts are empty.
      type: bool
      returned: always
      sample: true
    format:
      description: How a file holds the value, V(base64) or V(binary).
      type: str
      returned: always
      sample: base64
    form:
      description: The container, as RV(sealwright.vault_seal.awskms_seal_unwrap#module:form) names it.
      type: str
      returned: always
      sample: bare
    size:
      description: The size of the sealed value in bytes, not counting base64.
      type: int
      returned: always
      sample: 284
    generation:
      description: Vault's generation of the seals; V(0) where there is none.
      type: int
      returned: always
      sample: 0
    key_arns:
      description: The ARNs of the distinct KMS keys that its slots name.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    unknown_fields:
      description: The numbers of the container's fields that no product's definition has.
      type: list
      elements: str
      returned: always
      sample: []
    slots:
      description: The slots; a value that is not in Vault's container of several has one.
      type: list
      elements: dict
      returned: always
      contains:
        slot:
          description: The slot's number, counted from 0.
          type: int
          returned: always
          sample: 0
        awskms:
          description: Whether an awskms seal wrote it.
          type: bool
          returned: always
          sample: true
        layout:
          description: How the message holds the value, as RV(sealwright.vault_seal.awskms_seal_unwrap#module:layout) names it; V(unknown) for other mechanisms.
          type: str
          returned: always
          sample: envelope
        mechanism:
          description: V(1) is the envelope, V(0) a direct encryption by KMS.
          type: int
          returned: always
          sample: 1
        key_id:
          description: What the slot says of its key, the ARN where awskms sealed it; V(null) where it says nothing.
          type: str
          returned: always
          sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        ciphertext_size:
          description: The size of the ciphertext in bytes.
          type: int
          returned: always
          sample: 44
        wrapped_key_size:
          description: The size of the wrapped data key in bytes.
          type: int
          returned: always
          sample: 184
        value_size:
          description: The size in bytes of the value that is sealed; V(null) where only KMS knows it.
          type: int
          returned: always
          sample: 28
        unknown_fields:
          description: The numbers of the message's fields that no product's definition has, those inside C(key_info) as C(5.NUMBER).
          type: list
          elements: str
          returned: always
          sample: ["5.12"]
    status:
      description: V(current) where each awskms slot is sealed under O(kms_key_id), V(stale) where one is under another key, else V(unknown).
      type: str
      returned: with O(kms_key_id)
      sample: stale
    why:
      description: In words, why it is not V(current).
      type: str
      returned: with O(kms_key_id)
      sample: The value is sealed under arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, not under alias/vault-unseal (...).
    openable:
      description: Whether one of its keys is in a state to open it. V(null) where that cannot be told, because it names no key or KMS does not say.
      type: bool
      returned: with O(check=key)
      sample: true
    opens:
      description: Whether it opened. Where not, RV(sealed_values[].reason) says why.
      type: bool
      returned: with O(check=open), where it can be read
      sample: true
    opened_by:
      description: The ARN of the key that KMS opened it with.
      type: str
      returned: with O(check=open), where it can be read
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    slot:
      description: Which slot opened.
      type: int
      returned: with O(check=open), where it can be read
      sample: 0
    reason:
      description: In one word, why it cannot be read or does not open.
      type: str
      returned: where it cannot be read, or does not open
      sample: malformed_blob
    msg:
      description: The same in words.
      type: str
      returned: where it cannot be read, or does not open
      sample: "The file /etc/myapp/x: This is not a sealed value: it is empty at byte 0. Check that the whole value was copied."
    remedy:
      description: What to do about it.
      type: str
      returned: where it cannot be read, or does not open
      sample: Check that the whole value was copied.
kms_keys:
  description: The distinct keys that the values name, in the order in which they occur.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The key's ARN.
      type: str
      returned: always
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    key_id:
      description: The key ID in it.
      type: str
      returned: always
      sample: 1234abcd-12ab-34cd-56ef-1234567890ab
    account:
      description: The account in it.
      type: str
      returned: always
      sample: "111122223333"
    region:
      description: The region in it.
      type: str
      returned: always
      sample: us-east-1
    partition:
      description: The partition in it.
      type: str
      returned: always
      sample: aws
    multi_region:
      description: Whether it is a multi-Region key.
      type: bool
      returned: always
      sample: false
    used_by:
      description: The names of the values that name it.
      type: list
      elements: str
      returned: always
      sample: ["/etc/myapp/database.sealed"]
    usable_for_seal:
      description: Whether the key's state and kind let a seal use it; V(null) where it was not asked for or not answered.
      type: bool
      returned: always
      sample: true
    state:
      description: The key's state; V(null) where it was not asked for or not answered.
      type: str
      returned: always
      sample: Enabled
    enabled:
      description: Whether the key is enabled; V(null) where it was not asked for or not answered.
      type: bool
      returned: always
      sample: true
    deletion_date:
      description: When the key will be deleted, in UTC; V(null) where it will not be, or was not asked for.
      type: str
      returned: always
      sample: null
    valid_to:
      description: When the imported material of the key expires, in UTC; V(null) where it does not, or was not asked for.
      type: str
      returned: always
      sample: null
    problems:
      description: Why the key cannot be used, or why it is not known, each with C(reason), C(msg) and C(remedy).
      type: list
      elements: dict
      returned: always
      sample: []
    warnings:
      description: What will stop the key from being used, in the same form.
      type: list
      elements: dict
      returned: always
      sample: []
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source); empty where KMS was not asked.
    - Of the credentials only the access key ID is shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_seal_info import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_sources import ONE_OF, SOURCES_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **SOURCES_SPEC,
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "check": {"type": "str", "choices": ["none", "key", "open"], "default": "none"},
            **AAD_SPEC,
        },
        one_of=ONE_OF,
    )


if __name__ == "__main__":
    main()
