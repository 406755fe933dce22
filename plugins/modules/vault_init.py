#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_init
short_description: Initialise Vault or OpenBao without leaving secrets in plaintext
version_added: 0.1.0
description:
  - Initialises a server that uses auto-unseal. The server encrypts each recovery share to the OpenPGP key of a person. The root token is sealed
    under an AWS KMS key or encrypted to an OpenPGP key. Neither is ever returned, displayed or written in plaintext.
  - An initialisation cannot be repeated, and a node whose initialisation failed halfway must be wiped. Therefore the OpenPGP keys, the files and the KMS key
    of the root token, which wraps the data key in advance, are checked before. OpenPGP keys that are expired, revoked, secret or not usable for
    encryption are rejected; the server itself would notice too late.
  - The files are created with their space, owner, group and mode before the request to the server. The same process stores the response in them, and
    continues if Ansible is stopped in the meantime. It waits for the response for at least two minutes, or twice O(server_timeout).
  - The response is never discarded. If a file cannot be written nevertheless, the task fails, and its result contains the encrypted shares and
    the sealed root token. An unexpected response is stored next to O(dest), in a file whose name ends with C(.answer), sealed under
    O(kms_key_id) for M(sealwright.vault_seal.awskms_seal_unwrap). With O(root_token_pgp_key) and without O(kms_key_id), it is stored there unchanged, with
    mode V(0600).
  - If this process is killed with SIGKILL, or the host crashes, between the response and the writing of the files, the response is lost. The files then
    contain a line that states it, the next run warns and returns RV(recorded) as V(false), and the server must be initialised again. The same applies to a
    response that is lost on the network.
  - The record in O(dest) names the cluster by its ID, which the server reports once it is initialised and unsealed. The response is stored before, and the
    ID is added to it. If the server is already initialised and the record names another cluster, the task fails and names both. It also fails if the
    server is sealed and does not report its cluster. A record without an ID, as written by previous releases, is accepted as that of the server, with a
    warning that names the ID to add.
  - Before, verify on every host of the cluster with M(sealwright.vault_seal.awskms_permission_info) that the server is allowed to use the key of its seal.
    The role P(sealwright.vault_seal.cluster_bootstrap#role) does all of this.
  - With O(root_token_dest), requires the permission C(kms:Encrypt) for O(kms_key_id), and C(kms:Decrypt) unless O(check_opens=false).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details:
      - Everything is checked, and the server is not initialised. The space, the owner and the mode of the files are tested with unnamed temporary files.
      - The directories of the files may be missing in check mode, because a previous task may create them.
  diff_mode:
    support: none
    details: There is no previous state to compare with.
options:
  recovery_pgp_keys:
    description:
      - The OpenPGP public keys of the holders of the recovery key, each armored or base64-encoded. The number of shares is the number of keys.
    type: list
    elements: str
    required: true
  recovery_threshold:
    description: The number of shares that are required to reconstruct the recovery key. At least 2 if there is more than one share.
    type: int
    required: true
  dest:
    description:
      - A file on the host to write the encrypted shares and their holders to, as JSON. It is not secret, and it is required to use the recovery key.
      - An existing file is never replaced.
    type: path
    required: true
  root_token_dest:
    description:
      - A file on the host to write the sealed root token to, in the format of M(sealwright.vault_seal.awskms_seal_wrap). An existing file is never replaced.
    type: path
  root_token_pgp_key:
    description: The OpenPGP public key of the holder of the root token. The server encrypts the token to this key, and it is stored in O(dest).
    type: str
  kms_key_id:
    description:
      - The KMS key to seal the root token with, as key ID, key ARN, alias or alias ARN.
      - With O(root_token_pgp_key), the key is used to seal an unexpected response. If not set, KMS is not called.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  seal_key_ids:
    description: The key ARNs of the server's seal. The root token cannot be sealed under one of them.
    type: list
    elements: str
    default: []
  check_opens:
    description: Whether to verify in advance that the credentials of this task can decrypt the sealed token. Set to V(false) if other principals decrypt it.
    type: bool
    default: true
seealso:
  - module: sealwright.vault_seal.vault_token_revoke
  - module: sealwright.vault_seal.awskms_permission_info
notes:
  - O(mode), O(owner) and O(group) apply to both files.
"""

EXAMPLES = r"""
- name: Check everything without initialising the server
  sealwright.vault_seal.vault_init:
    server_address: "{{ new_server }}"
    recovery_pgp_keys: "{{ pgp_keys }}"
    recovery_threshold: 2
    dest: "{{ init_folder }}/recovery-shares.json"
    root_token_pgp_key: "{{ pgp_keys[0] }}"
  check_mode: true

- name: Initialise the server, with the root token sealed under a key that is not the seal's
  sealwright.vault_seal.vault_init:
    server_address: "{{ new_server }}"
    server_ca_path: "{{ ca_file }}"
    server_validate_certs: true
    server_timeout: 120
    recovery_pgp_keys: "{{ pgp_keys }}"
    recovery_threshold: 2
    dest: "{{ init_folder }}/recovery-shares.json"
    root_token_dest: "{{ init_folder }}/root-token.sealed"
    kms_key_id: alias/root-tokens
    seal_key_ids:
      - "{{ old_key_arn }}"
    check_opens: true
  register: initialised
"""

RETURN = r"""
initialized:
  description: Whether the server is initialised now. After a failure, V(null) if unknown.
  returned: success, and failures after the request to the server
  type: bool
  sample: true
recorded:
  description:
    - Whether O(dest) contains the shares of this server's cluster.
    - If V(false) although the server is initialised, it was initialised elsewhere, or the shares are lost.
  returned: success, and failures for a record that may belong to another cluster
  type: bool
  sample: true
cluster_id:
  description: The cluster ID in O(dest), which is that of the server; V(null) if O(dest) contains none.
  returned: success
  type: str
  sample: 8677ff59-25d8-5365-4cd8-306ee690d4cf
dest:
  description: The file of the encrypted shares.
  returned: success
  type: str
  sample: /etc/openbao/recovery-shares.json
holders:
  description: The OpenPGP keys of O(recovery_pgp_keys), in the same order, each with C(fingerprint) and C(user_id).
  returned: success
  type: list
  elements: dict
  sample: [{"fingerprint": "A08A4974E40D5840C6F048DAFD873214F2C59108", "user_id": "Ada <ada@example.org>"}]
record:
  description: The intended content of O(dest), if it could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: dict
  sample: {"recovery_threshold": 2, "recovery_shares": []}
sealed_root_token:
  description: The intended content of O(root_token_dest), if it could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: str
  sample: CkcK...
sealed_answer:
  description: The whole response, sealed, if it was unexpected and could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: str
  sample: CkcK...
key_id:
  description: The ARN of the key that sealed the root token, or would seal it in check mode; V(null) if the root token is not sealed.
  returned: success
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_init import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import VAULT_API_SPEC


def main() -> None:
    run_module(
        run,
        argument_spec={
            **VAULT_API_SPEC,
            "recovery_pgp_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "recovery_threshold": {"type": "int", "required": True},
            "dest": {"type": "path", "required": True},
            "root_token_dest": {"type": "path", "no_log": False},
            "root_token_pgp_key": {"type": "str", "no_log": False},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "seal_key_ids": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "check_opens": {"type": "bool", "default": True},
        },
        not_together=[("root_token_dest", "root_token_pgp_key")],
        add_file_common_args=True,
    )


if __name__ == "__main__":
    main()
