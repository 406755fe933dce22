#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_wrap
short_description: Encrypt values in the format of an awskms seal of Vault or OpenBao
version_added: 0.1.0
description:
  - Seals values with an AWS KMS key in exactly the format that the awskms seals of HashiCorp Vault and OpenBao write.
  - Each value is encrypted with AES-256-GCM under a new random data key, and the data key with KMS Encrypt. The value itself
    never leaves the host. Each value requires one call to KMS, regardless of its size; with O(data_key=per_batch), all values together require one call.
  - Requires the permission C(kms:Encrypt). With O(dest) also C(kms:Decrypt), to compare with the existing file, and C(kms:DescribeKey)
    if O(kms_key_id) is an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_aad
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details: In check mode nothing is encrypted or written. A blob is returned only if O(dest) already contains it.
  diff_mode:
    support: full
    details: With O(dest), the diff shows the key and the sizes of the sealed value before and after.
options:
  plaintext:
    description: The value to seal, as text. It is encoded as UTF-8.
    type: str
  plaintext_base64:
    description: The value to seal, base64-encoded, for binary values.
    type: str
  src:
    description: A file on the host whose content is sealed.
    type: path
  values:
    description:
      - Several values to seal in one call, by name. They are sealed concurrently, by default each under a separate data key; see O(data_key).
      - Values must be strings; quote numbers and booleans.
    type: dict
  data_key:
    description:
      - Whether each of O(values) gets a separate data key. V(per_value) does the same as Vault, and requires one Encrypt call for each value.
      - With V(per_batch), one new data key encrypts all values, each with a new random nonce, with one Encrypt call. Decrypting them together requires one
        Decrypt call. Each sealed value is still complete and can be decrypted separately.
      - Anyone who obtains a shared data key can decrypt all values of the batch. A principal with C(kms:Decrypt) obtains it with any one of the values,
        and the calls to KMS do not show which value was decrypted. Batch only values that the same people and programs may read.
      - A data key encrypts at most 2^32 values, the limit of NIST SP 800-38D for random nonces; a larger batch is rejected.
      - A single value always has a separate data key.
    type: str
    choices:
      - per_value
      - per_batch
    default: per_value
  kms_key_id:
    description:
      - The KMS key to seal with, as key ID, key ARN, alias or alias ARN.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  dest:
    description:
      - A file on the host to write the sealed value to. Its directory must exist.
      - A file that already contains the same value, sealed under the same key with the same additional data, is not changed.
        If it has the other O(format), it is converted without being sealed again. A file that is not a sealed
        value is not replaced, unless O(force=true).
      - The file is replaced atomically, and has the mode V(0600) unless O(mode) is set. A symbolic link is replaced
        by a file.
      - Mutually exclusive with O(values).
    type: path
  format:
    description: The encoding of O(dest), either base64 with a newline at the end, or binary.
    type: str
    choices:
      - base64
      - binary
    default: base64
  force:
    description: Whether to always seal the value again and replace O(dest), regardless of its content.
    type: bool
    default: false
  max_size:
    description:
      - The maximum size of a sealed value in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB). To read values larger than 64 MiB, set the same option of
        the modules and plugins that read them.
    type: int
    default: 67108864
seealso:
  - module: sealwright.vault_seal.awskms_seal_unwrap
  - module: sealwright.vault_seal.awskms_key_info
notes:
  - Without O(dest) the task changes nothing on the host, so C(changed) is V(false), although each run returns a new sealed value.
  - Set C(no_log=true) on loops over secrets, because Ansible displays the loop's items.
"""

EXAMPLES = r"""
- name: Seal a value
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    plaintext: "{{ database_password }}"
  register: sealed

- name: Seal several values in one call, with additional data
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    values:
      database: "{{ database_password }}"
      queue: "{{ queue_password }}"
    aad: production
  register: sealed_for_production

- name: Seal many values that the same program reads with one call to KMS
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    values:
      database: "{{ database_password }}"
      queue: "{{ queue_password }}"
    data_key: per_batch

- name: Seal a binary value with binary additional data
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    plaintext_base64: "{{ lookup('ansible.builtin.file', keytab) | b64encode }}"
    aad_base64: AAECAw==

- name: Keep a sealed copy of a file on the host
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    src: "{{ private_key }}"
    dest: "{{ private_key }}.sealed"
    format: binary
    mode: "0640"

- name: Always seal the file again, with a higher size limit
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    src: "{{ private_key }}"
    dest: "{{ private_key }}.sealed"
    force: true
    max_size: 134217728
"""

RETURN = r"""
blob:
  description: The sealed value as base64.
  returned: for one value, with O(dest) only up to 1 MiB; in check mode only if O(dest) already contains the value
  type: str
  sample: CjQ...
blobs:
  description: The base64-encoded sealed values, by name.
  returned: with O(values), not in check mode
  type: dict
  sample: {"database": "CjQ...", "queue": "CjU..."}
key_id:
  description: The ARN of the key that sealed the value, as returned by KMS, also if O(kms_key_id) is an alias.
  returned: if a value was sealed, or O(dest) already contains it
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
mechanism:
  description: The encryption mechanism. It is always V(1), envelope encryption.
  returned: success
  type: int
  sample: 1
dest:
  description: The path of the file.
  returned: with O(dest)
  type: str
  sample: /var/backups/server.key.sealed
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
    - The key, region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_seal_wrap import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "plaintext": {"type": "str", "no_log": True},
            "plaintext_base64": {"type": "str", "no_log": True},
            "src": {"type": "path"},
            "values": {"type": "dict", "no_log": True},
            "data_key": {"type": "str", "choices": ["per_value", "per_batch"], "default": "per_value", "no_log": False},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "dest": {"type": "path"},
            "format": {"type": "str", "choices": ["base64", "binary"], "default": "base64"},
            "force": {"type": "bool", "default": False},
            "max_size": {"type": "int", "default": 67108864},
            **AAD_SPEC,
        },
        one_of=("plaintext", "plaintext_base64", "src", "values"),
        not_together=[("values", "dest")],
        add_file_common_args=True,
    )


if __name__ == "__main__":
    main()
