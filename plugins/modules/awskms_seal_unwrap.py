#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_unwrap
short_description: Decrypt values that were sealed by an awskms seal of Vault or OpenBao
version_added: 0.1.0
description:
  - Decrypts values that were sealed by M(sealwright.vault_seal.awskms_seal_wrap), or by the awskms seal of HashiCorp Vault or OpenBao, in
    every format that any release of these has written.
  - Requires the permission C(kms:Decrypt), and C(kms:DescribeKey) if O(allowed_key_ids) contains an alias.
  - The result contains the plaintext for later tasks, but Ansible does not display it at any verbosity, unless O(reveal=true).
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
    details: In check mode the value is decrypted and compared, and nothing is written.
  diff_mode:
    support: full
    details: With O(dest), the diff shows the sizes before and after, never the content.
options:
  blob:
    description: The sealed value, base64-encoded. Whitespace is ignored.
    type: str
  src:
    description: A file on the host that contains the sealed value, binary or base64-encoded.
    type: path
  blobs:
    description:
      - Several base64-encoded sealed values, by name. They are decrypted concurrently, and a wrapped data key that occurs
        more than once is decrypted once.
    type: dict
  kms_key_id:
    description:
      - Ignored. Accepted so that C(module_defaults) of the action group can set the key for all modules. A sealed value names its key itself.
      - To decrypt values of one key only, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
  allowed_key_ids:
    description:
      - The keys to trust, as key IDs, key ARNs, aliases or alias ARNs. A value sealed under any other key is rejected before KMS is called, and Decrypt
        is restricted to the trusted key.
      - A bare key ID matches the ID in an ARN of any region and account. An alias is resolved first. The replicas of a multi-Region key count as
        one key.
      - If not set, every key that the caller is allowed to use is trusted, as in Vault. Note that anyone who can encrypt with such a key could have
        sealed the value.
    type: list
    elements: str
  dest:
    description:
      - A file on the host to write the plaintext to, instead of returning it. Its directory must exist.
      - A file that already contains the plaintext is not changed.
      - The file is replaced atomically, and has the mode V(0600) unless O(mode) is set. A symbolic link is replaced
        by a file.
      - Mutually exclusive with O(blobs).
    type: path
  reveal:
    description:
      - Whether Ansible displays the result with the plaintext, for example in an ad hoc command.
    type: bool
    default: false
  max_size:
    description: The maximum size of a sealed value in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - module: sealwright.vault_seal.awskms_seal_wrap
  - plugin: sealwright.vault_seal.awskms_seal_unwrap
    plugin_type: lookup
notes:
  - Cannot run asynchronously, because Ansible would store the result with the plaintext in a file on the host.
  - With E(ANSIBLE_DEBUG) set, Ansible prints the whole output of modules, including secrets.
"""

EXAMPLES = r"""
- name: Decrypt a value
  sealwright.vault_seal.awskms_seal_unwrap:
    blob: "{{ sealed_password }}"
  register: opened

- name: Write the decrypted value to a file
  ansible.builtin.copy:
    content: "{{ opened.plaintext }}"
    dest: "{{ config_folder }}/password"
    mode: "0600"
  no_log: true

- name: Decrypt several values that are sealed under our key only
  sealwright.vault_seal.awskms_seal_unwrap:
    blobs:
      database: "{{ sealed_database_password }}"
      queue: "{{ sealed_queue_password }}"
    aad: production
    allowed_key_ids:
      - alias/vault-unseal
  register: opened_for_production

- name: Decrypt several values with one call to KMS for each value
  sealwright.vault_seal.awskms_seal_unwrap:
    blobs:
      first: "{{ sealed_password }}"
      second: "{{ sealed_password }}"
    cache_data_keys: false

- name: Restore a file from its sealed copy
  sealwright.vault_seal.awskms_seal_unwrap:
    src: "{{ private_key }}.sealed"
    dest: "{{ private_key }}"
    mode: "0640"
    max_size: 134217728

- name: Display the plaintext of a value with binary additional data
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
  description: The value, base64-encoded.
  returned: for one value, without O(dest)
  type: str
  sample: Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==
plaintexts:
  description: The values as text, by name; values that are not UTF-8 are omitted.
  returned: with O(blobs)
  type: dict
  sample: {"database": "correct horse", "queue": "battery staple"}
plaintexts_base64:
  description: The base64-encoded values, by name.
  returned: with O(blobs)
  type: dict
  sample: {"database": "Y29ycmVjdCBob3JzZQ==", "queue": "YmF0dGVyeSBzdGFwbGU="}
key_id:
  description: The ARN of the key that KMS used for decryption.
  returned: for one value
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
mechanism:
  description: The encryption mechanism; V(1) is envelope encryption, V(0) is direct encryption by KMS.
  returned: for one value
  type: int
  sample: 1
form:
  description:
    - The container format. V(bare) is a single message, V(multi_wrap) is Vault's container of several slots, V(seal_wrap) and
      V(multi_wrap_seal_wrap) are the same with the suffix of a seal-wrapped entry of Vault Enterprise.
  returned: for one value
  type: str
  sample: bare
layout:
  description:
    - The message layout. V(envelope) is the current layout, V(joined_nonce) the layout of OpenBao 2.5.0, V(direct) is
      mechanism 0, and V(no_key_info) is mechanism 0 of old releases whose messages named no key.
  returned: for one value
  type: str
  sample: envelope
slot:
  description: The number of the slot that was decrypted, counted from 0.
  returned: for one value
  type: int
  sample: 0
facts:
  description: RV(key_id), RV(mechanism), RV(form), RV(layout) and RV(slot) of each value, by name.
  returned: with O(blobs)
  type: dict
  sample: {}
dest:
  description: The path of the file.
  returned: with O(dest)
  type: str
  sample: /etc/ssl/private/server.key
gid:
  description: The group ID of O(dest).
  returned: with O(dest), if the file exists
  type: int
  sample: 0
group:
  description: The group of O(dest).
  returned: with O(dest), if the file exists
  type: str
  sample: root
mode:
  description: The mode of O(dest).
  returned: with O(dest), if the file exists
  type: str
  sample: "0600"
owner:
  description: The owner of O(dest).
  returned: with O(dest), if the file exists
  type: str
  sample: root
size:
  description: The size of O(dest) in bytes.
  returned: with O(dest), if the file exists
  type: int
  sample: 284
state:
  description: The type of O(dest).
  returned: with O(dest), if the file exists
  type: str
  sample: file
uid:
  description: The user ID of the owner of O(dest).
  returned: with O(dest), if the file exists
  type: int
  sample: 0
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
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
