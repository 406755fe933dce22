#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_unwrap
short_description: Open values that an awskms seal of Vault or OpenBao sealed
version_added: 0.1.0
description:
  - Opens values that were sealed by M(sealwright.vault_seal.awskms_seal_wrap), or by the awskms seal of HashiCorp Vault or OpenBao, in
    every form that these have written.
  - Needs the permission C(kms:Decrypt), and C(kms:DescribeKey) where O(allowed_key_ids) names an alias.
  - The result holds the plaintext for later tasks, but Ansible does not display it at any verbosity, unless O(reveal=true).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_aad
  - sealwright.vault_seal.awskms_data_keys
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details: In check mode the value is opened and compared, and nothing is written.
  diff_mode:
    support: full
    details: With O(dest), the diff shows the sizes before and after, never content.
options:
  blob:
    description: The sealed value as base64. White space is skipped.
    type: str
  src:
    description: A file on the host that holds the sealed value, as it is or as base64.
    type: path
  blobs:
    description:
      - Several sealed values as base64, by name. They are opened concurrently, and a wrapped data key that occurs twice is
        decrypted once.
    type: dict
  kms_key_id:
    description:
      - Not used, and accepted so that C(module_defaults) of the action group can name the key for all modules. A sealed value says itself which key opens it.
      - To open values of one key only, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
  allowed_key_ids:
    description:
      - The keys to trust, as key IDs, key ARNs, aliases or alias ARNs. A value sealed under any other key is refused before KMS is asked to
        decrypt anything, and Decrypt is pinned to the key.
      - A bare key ID matches the ID in an ARN of any region and account. An alias is resolved first. The replicas of a multi-Region key count as
        one key.
      - If not set, every key that the caller may use is trusted, as Vault does. Note that anybody who may use such a key can have
        sealed the value.
    type: list
    elements: str
  dest:
    description:
      - A file on the host to write the plaintext to, instead of returning it. Its folder must exist.
      - A file that already holds the plaintext is left alone.
      - The file is replaced whole or not at all, and has mode V(0600) unless O(mode) says otherwise. A symbolic link is replaced
        by a file.
      - Not with O(blobs).
    type: path
  reveal:
    description:
      - Let Ansible display the result with the plaintext, as an ad hoc command needs it.
    type: bool
    default: false
  max_size:
    description: The most bytes that a sealed value may have, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - module: sealwright.vault_seal.awskms_seal_wrap
  - plugin: sealwright.vault_seal.awskms_seal_unwrap
    plugin_type: lookup
notes:
  - Cannot run asynchronously, since Ansible would keep the result with the plaintext in a file on the host.
  - With E(ANSIBLE_DEBUG) set, Ansible prints all that modules answer, secrets included.
"""

EXAMPLES = r"""
- name: Open a value, whoever sealed it
  sealwright.vault_seal.awskms_seal_unwrap:
    blob: "{{ sealed_password }}"
  register: opened

- name: Use it
  ansible.builtin.copy:
    content: "{{ opened.plaintext }}"
    dest: "{{ config_folder }}/password"
    mode: "0600"
  no_log: true

- name: Open several values, sealed under our key only
  sealwright.vault_seal.awskms_seal_unwrap:
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    aad: production
    allowed_key_ids:
      - alias/vault-unseal
  register: opened_for_production

- name: Have each of several values asked for, also those of one batch
  sealwright.vault_seal.awskms_seal_unwrap:
    blobs:
      first: "{{ sealed_password }}"
      second: "{{ sealed_password }}"
    cache_data_keys: false

- name: Put a file back
  sealwright.vault_seal.awskms_seal_unwrap:
    src: "{{ private_key }}.sealed"
    dest: "{{ private_key }}"
    mode: "0640"
    max_size: 134217728

- name: See what a value with additional data that is no text holds
  sealwright.vault_seal.awskms_seal_unwrap:
    blob: "{{ sealed_keytab }}"
    aad_base64: AAECAw==
    reveal: true
"""

RETURN = r"""
plaintext:
  description: The value as text.
  returned: for one value that is UTF-8, without O(dest)
  type: str
  sample: correct horse battery staple
plaintext_base64:
  description: The value as base64, whatever it is.
  returned: for one value, without O(dest)
  type: str
  sample: Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==
plaintexts:
  description: The values as text by the names given; those that are not UTF-8 are left out.
  returned: with O(blobs)
  type: dict
  sample: {"database": "correct horse", "queue": "battery staple"}
plaintexts_base64:
  description: The values as base64 by the names given.
  returned: with O(blobs)
  type: dict
  sample: {"database": "Y29ycmVjdCBob3JzZQ==", "queue": "YmF0dGVyeSBzdGFwbGU="}
key_id:
  description: The ARN of the key that KMS opened the value with.
  returned: for one value
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
mechanism:
  description: How the value was sealed; V(1) is the envelope, V(0) a direct encryption by KMS.
  returned: for one value
  type: int
  sample: 1
form:
  description:
    - The container of the value. V(bare) is a single message, V(multi_wrap) Vault's container of several slots, V(seal_wrap) and
      V(multi_wrap_seal_wrap) the same with the suffix of a seal-wrapped entry of Vault Enterprise.
  returned: for one value
  type: str
  sample: bare
layout:
  description:
    - How the message holds the value. V(envelope) is what is written today, V(joined_nonce) what OpenBao 2.5.0 wrote, V(direct) is
      mechanism 0 and V(no_key_info) mechanism 0 from before messages named their key.
  returned: for one value
  type: str
  sample: envelope
slot:
  description: Which slot of the container was opened, counted from 0.
  returned: for one value
  type: int
  sample: 0
facts:
  description: RV(key_id), RV(mechanism), RV(form), RV(layout) and RV(slot) of each value, by the names given.
  returned: with O(blobs)
  type: dict
  sample: {}
dest:
  description: The file written or left alone.
  returned: with O(dest)
  type: str
  sample: /etc/ssl/private/server.key
gid:
  description: The group ID of O(dest).
  returned: with O(dest), where it is there
  type: int
  sample: 0
group:
  description: The group of O(dest).
  returned: with O(dest), where it is there
  type: str
  sample: root
mode:
  description: The mode of O(dest).
  returned: with O(dest), where it is there
  type: str
  sample: "0600"
owner:
  description: The owner of O(dest).
  returned: with O(dest), where it is there
  type: str
  sample: root
size:
  description: The size of O(dest) in bytes.
  returned: with O(dest), where it is there
  type: int
  sample: 284
state:
  description: What O(dest) is.
  returned: with O(dest), where it is there
  type: str
  sample: file
uid:
  description: The user ID of the owner of O(dest).
  returned: with O(dest), where it is there
  type: int
  sample: 0
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_seal_unwrap import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "blob": {"type": "str"},
            "src": {"type": "path"},
            "blobs": {"type": "dict"},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
            "dest": {"type": "path"},
            "reveal": {"type": "bool", "default": False},
            "max_size": {"type": "int", "default": 67108864},
            "cache_data_keys": {"type": "bool", "default": True, "no_log": False},
            **AAD_SPEC,
        },
        one_of=("blob", "src", "blobs"),
        not_together=[("blobs", "dest")],
        add_file_common_args=True,
    )


if __name__ == "__main__":
    main()
