#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_info
short_description: Gather information about sealed values and the keys they depend on
version_added: 0.1.0
description:
  - Describes values that were sealed by an awskms seal of Vault or OpenBao, or by M(sealwright.vault_seal.awskms_seal_wrap). Their container format, slots
    and keys are read from the values themselves, without KMS and credentials.
  - With O(kms_key_id), reports for each value whether it is sealed under that key (V(current)) or under another key (V(stale)).
  - With O(check), also reports whether the values can still be decrypted. Plaintext is never returned.
  - A value that cannot be read is returned as an entry with a reason, so the result always has one entry for each value. The module fails only if none of
    the values can be read or, with O(check), if KMS cannot be reached at all.
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
      - An alias is resolved with one call, which requires the permission C(kms:DescribeKey). Other references require no call.
      - This option is not read from the environment.
    type: str
    aliases:
      - key_id
  check:
    description:
      - V(none) does not call KMS.
      - V(key) describes each distinct key once, which requires C(kms:DescribeKey), and reports for each value whether one of its keys is usable.
        Whether the caller is allowed to decrypt with that key is not checked.
      - V(open) decrypts each value, which requires C(kms:Decrypt) and the additional data (O(aad)), and reports only whether it succeeded.
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
- name: Get the key that a value depends on
  sealwright.vault_seal.awskms_seal_info:
    blob: "{{ sealed_password }}"
  register: seal

- name: Find files that are not sealed under the key that the alias currently points to
  sealwright.vault_seal.awskms_seal_info:
    folder: "{{ sealed_folder }}"
    patterns:
      - "*.sealed"
    recurse: true
    kms_key_id: alias/vault-unseal
  register: found

- name: Show these files and the reasons
  ansible.builtin.debug:
    msg: "{{ found.sealed_values | selectattr('status', 'ne', 'current') | items2dict('name', 'why') }}"

- name: Check whether the keys of these files are usable
  sealwright.vault_seal.awskms_seal_info:
    src:
      - "{{ private_key }}.sealed"
    check: key
    max_size: 134217728
  register: keys_of_files

- name: Check whether this host can decrypt the values, and only with our key
  sealwright.vault_seal.awskms_seal_info:
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    check: open
    aad: production
    allowed_key_ids:
      - alias/vault-unseal
  register: opened

- name: Check a value with binary additional data
  sealwright.vault_seal.awskms_seal_info:
    blob: "{{ sealed_keytab }}"
    check: open
    aad_base64: AAECAw==
"""

RETURN = r"""
sealed_values:
  description: One entry for each value, in the specified order; files of a directory are sorted by path.
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
      description: Whether it is a sealed value. If not, RV(sealed_values[].reason) is the reason, and the other values are empty.
      type: bool
      returned: always
      sample: true
    format:
      description: The encoding of the file, V(base64) or V(binary).
      type: str
      returned: always
      sample: base64
    form:
      description: The container format, as in RV(sealwright.vault_seal.awskms_seal_unwrap#module:form).
      type: str
      returned: always
      sample: bare
    size:
      description: The size of the sealed value in bytes, without base64.
      type: int
      returned: always
      sample: 284
    generation:
      description: Vault's generation of the seals; V(0) if the value has no generation.
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
      description: The numbers of the container's fields that are not defined by Vault or OpenBao.
      type: list
      elements: str
      returned: always
      sample: []
    slots:
      description: The slots. A value outside of Vault's container of several slots has one.
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
          description: The message layout, as in RV(sealwright.vault_seal.awskms_seal_unwrap#module:layout); V(unknown) for other mechanisms.
          type: str
          returned: always
          sample: envelope
        mechanism:
          description: V(1) is the envelope, V(0) a direct encryption by KMS.
          type: int
          returned: always
          sample: 1
        key_id:
          description: The key that the slot names; the key ARN if awskms sealed it, V(null) if it names no key.
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
          description: The size of the plaintext in bytes; V(null) if it cannot be determined without KMS.
          type: int
          returned: always
          sample: 28
        unknown_fields:
          description: The numbers of the message's fields that are not defined by Vault or OpenBao; fields of C(key_info) as C(5.NUMBER).
          type: list
          elements: str
          returned: always
          sample: ["5.12"]
    status:
      description: V(current) if each awskms slot is sealed under O(kms_key_id), V(stale) if one is sealed under another key, otherwise V(unknown).
      type: str
      returned: with O(kms_key_id)
      sample: stale
    why:
      description: The reason why the status is not V(current).
      type: str
      returned: with O(kms_key_id)
      sample: The value is sealed under arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, not under alias/vault-unseal (...).
    openable:
      description: Whether one of its keys is usable. V(null) if unknown, because the value names no key or KMS did not describe the key.
      type: bool
      returned: with O(check=key)
      sample: true
    opens:
      description: Whether it was decrypted. If not, RV(sealed_values[].reason) is the reason.
      type: bool
      returned: with O(check=open), if the value can be read
      sample: true
    opened_by:
      description: The ARN of the key that KMS used for decryption.
      type: str
      returned: with O(check=open), if the value can be read
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    slot:
      description: The number of the slot that was decrypted.
      type: int
      returned: with O(check=open), if the value can be read
      sample: 0
    reason:
      description: The reason code why the value cannot be read or decrypted.
      type: str
      returned: when the value cannot be read or decrypted
      sample: malformed_blob
    msg:
      description: The reason why the value cannot be read or decrypted.
      type: str
      returned: when the value cannot be read or decrypted
      sample: "The file /etc/myapp/x: This is not a sealed value: it is empty at byte 0. Check that the whole value was copied."
    remedy:
      description: How to fix the problem.
      type: str
      returned: when the value cannot be read or decrypted
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
      description: The key ID in the ARN.
      type: str
      returned: always
      sample: 1234abcd-12ab-34cd-56ef-1234567890ab
    account:
      description: The account in the ARN.
      type: str
      returned: always
      sample: "111122223333"
    region:
      description: The region in the ARN.
      type: str
      returned: always
      sample: us-east-1
    partition:
      description: The partition in the ARN.
      type: str
      returned: always
      sample: aws
    multi_region:
      description: Whether it is a multi-Region key.
      type: bool
      returned: always
      sample: false
    used_by:
      description: The names of the values that depend on the key.
      type: list
      elements: str
      returned: always
      sample: ["/etc/myapp/database.sealed"]
    usable_for_seal:
      description: Whether a seal can use the key, judging by its state and type; V(null) if KMS was not asked or did not answer.
      type: bool
      returned: always
      sample: true
    state:
      description: The key's state; V(null) if KMS was not asked or did not answer.
      type: str
      returned: always
      sample: Enabled
    enabled:
      description: Whether the key is enabled; V(null) if KMS was not asked or did not answer.
      type: bool
      returned: always
      sample: true
    deletion_date:
      description: The deletion date of the key, in UTC; V(null) if its deletion is not scheduled or KMS was not asked.
      type: str
      returned: always
      sample: null
    valid_to:
      description: The expiration date of the imported key material, in UTC; V(null) if it does not expire or KMS was not asked.
      type: str
      returned: always
      sample: null
    problems:
      description: The reasons why the key cannot be used or could not be described, each with C(reason), C(msg) and C(remedy).
      type: list
      elements: dict
      returned: always
      sample: []
    warnings:
      description: Conditions that will make the key unusable in the future, in the same form.
      type: list
      elements: dict
      returned: always
      sample: []
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source); empty if KMS was not called.
    - The access key ID is the only part of the credentials shown.
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
