#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_wrap
short_description: Seal values as an awskms seal of Vault or OpenBao does
version_added: 0.1.0
description:
  - Seals values with an AWS KMS key in exactly the format that the awskms seals of HashiCorp Vault and OpenBao write.
  - Each value is encrypted with AES-256-GCM under a fresh random data key, and the data key with KMS Encrypt. The value itself
    never leaves the host, and each value costs one call to KMS, whatever its size; with O(data_key=per_batch) all values together cost one.
  - Needs the permission C(kms:Encrypt). With O(dest) also C(kms:Decrypt) to compare with what is there, and C(kms:DescribeKey)
    where the key is named by an alias.
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
    details: In check mode nothing is encrypted or written, and so no blob is returned but one that is in O(dest) already.
  diff_mode:
    support: full
    details: With O(dest), the diff shows the key and the sizes of the sealed value before and after.
options:
  plaintext:
    description: The value to seal, as text. It is sealed as its UTF-8 bytes.
    type: str
  plaintext_base64:
    description: The value to seal, as base64, for values that are no text.
    type: str
  src:
    description: A file on the host whose content is to be sealed.
    type: path
  values:
    description:
      - Several values to seal in one call, by name. They are sealed concurrently, each under a data key of its own, unless O(data_key) says otherwise.
      - Values must be texts; quote numbers and booleans.
    type: dict
  data_key:
    description:
      - Whether each of O(values) gets a data key of its own. V(per_value) is what Vault does, and costs one Encrypt for each value.
      - With V(per_batch), one fresh data key seals all of them, each with a fresh random nonce, for one Encrypt; to open them together costs one Decrypt.
        Each sealed value is still complete, and opens by itself everywhere.
      - Values that share a data key are opened by whoever learns that key. Who may call C(kms:Decrypt) learns it with any one of the values,
        and the calls to KMS do not tell which was opened. So put together what the same people and programs may read.
      - No data key seals more than 2^32 values, the bound of NIST SP 800-38D for random nonces; more in one call are refused.
      - A single value has a data key of its own in either case.
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
      - A file on the host to write the sealed value to. Its folder must exist.
      - A file that is already sealed under the same key, with the same additional data, and that opens to the same value, is
        left alone; where it stands in the other O(format), it is rewritten without being sealed anew. A file that is no sealed
        value is never replaced, unless O(force=true).
      - The file is replaced whole or not at all, and has mode V(0600) unless O(mode) says otherwise. A symbolic link is replaced
        by a file.
      - Not with O(values).
    type: path
  format:
    description: What is written to O(dest); the sealed value as base64 with a newline at the end, or as it is.
    type: str
    choices:
      - base64
      - binary
    default: base64
  force:
    description: Seal anew and replace O(dest), whatever it holds.
    type: bool
    default: false
  max_size:
    description:
      - The most bytes that a sealed value may have, from 32768 (32 KiB) to 1073741824 (1 GiB). Readers of this collection take 64 MiB unless told otherwise.
    type: int
    default: 67108864
seealso:
  - module: sealwright.vault_seal.awskms_seal_unwrap
  - module: sealwright.vault_seal.awskms_key_info
notes:
  - Without O(dest) the task changes nothing on the host, so C(changed) is C(false), although each run seals anew.
  - Set C(no_log=true) on loops over secrets, since Ansible shows the loop's items.
"""

EXAMPLES = r"""
- name: Seal a value
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    plaintext: "{{ database_password }}"
  register: sealed

- name: Seal several values in one call, bound to where they are used
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    values:
      database: "{{ database_password }}"
      queue: "{{ queue_password }}"
    aad: production
  register: sealed_for_production

- name: Seal many values that the same program reads by one call to KMS
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    values:
      database: "{{ database_password }}"
      queue: "{{ queue_password }}"
    data_key: per_batch

- name: Seal bytes that are no text, with additional data that is none either
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

- name: Seal it anew, a large one too
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
  returned: for one value, with O(dest) only where it has at most 1 MiB; in check mode only where O(dest) holds it already
  type: str
  sample: CjQ...
blobs:
  description: The sealed values as base64, by the names given.
  returned: with O(values), not in check mode
  type: dict
  sample: {"database": "CjQ...", "queue": "CjU..."}
key_id:
  description: The ARN of the key that sealed the value, as KMS answered it; also where an alias was asked for.
  returned: where something was sealed, or O(dest) was left alone
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
mechanism:
  description: How it was sealed. V(1) is the envelope, which is always written.
  returned: success
  type: int
  sample: 1
dest:
  description: The file written or left alone.
  returned: with O(dest)
  type: str
  sample: /var/backups/server.key.sealed
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
    - The key, region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown.
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
