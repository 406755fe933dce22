#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_init
short_description: Initialise Vault or OpenBao with nothing secret left anywhere
version_added: 0.1.0
description:
  - Initialises a server that unseals itself. Each recovery share is encrypted by the server to a person's OpenPGP key, and the root token is sealed
    under an AWS KMS key or encrypted to an OpenPGP key. Neither is ever returned, displayed or written in clear.
  - An initialisation cannot be repeated, and one that fails half-way leaves a node that must be wiped. So all that can be tried is tried before, that
    is the OpenPGP keys, the files, and the KMS key of the root token, which wraps the data key in advance. Of the OpenPGP keys one that is expired,
    revoked, secret or not for encryption is refused; the server itself finds out too late.
  - The files are created before the server is asked, with their space, owner, group and mode. What the server answers is stored in them by the same
    process, which goes on where Ansible is stopped meanwhile. It waits for the answer for two minutes at least, or twice O(server_timeout).
  - Nothing that the server answers is thrown away. If a file cannot be written after all, the task fails, and its result holds the encrypted shares and
    the sealed root token. An answer that is not as expected is stored whole beside O(dest), in a file whose name ends with C(.answer), sealed under
    O(kms_key_id) for M(sealwright.vault_seal.awskms_seal_unwrap). With O(root_token_pgp_key) and no O(kms_key_id) it is stored there as it came, with
    mode C(0600).
  - If this process is killed with SIGKILL, or the host crashes, between the answer and the writing of the files, the answer is lost. Then the files hold
    a line that says so, the next run warns of it, with RV(recorded) being V(false), and the server has to be initialised anew. The same holds for an
    answer that is lost on the network.
  - The record in O(dest) names the cluster by its ID, which the server says once it is initialised and unsealed. The answer is stored before, and the ID
    is added to it. Where the server is initialised already and the record names another cluster, the task fails and names both. It also fails if the
    server is sealed and does not say its cluster. A record without an ID, as former releases wrote it, counts as that of the server, with a warning that
    says which ID to add.
  - Whether the server may use the key of its own seal has to be proven before, on every host of the cluster, by
    M(sealwright.vault_seal.awskms_permission_info). The role P(sealwright.vault_seal.cluster_bootstrap#role) does all of it.
  - With O(root_token_dest) this needs the permission C(kms:Encrypt) for O(kms_key_id), and C(kms:Decrypt) too unless O(check_opens=false).
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
      - Everything is tried, and the server is not initialised. The space, the owner and the mode of the files are tried with files that have no name.
      - The folders of the files may be missing then, since a task before may be to make them.
  diff_mode:
    support: none
    details: There is nothing before.
options:
  recovery_pgp_keys:
    description:
      - The OpenPGP public keys of those who are to hold the recovery key, each armoured or as the base64 of its bytes. There are as many shares as keys.
    type: list
    elements: str
    required: true
  recovery_threshold:
    description: How many of the shares are needed. With more than one share, 2 at least.
    type: int
    required: true
  dest:
    description:
      - A file on the host to write the encrypted shares to, as JSON, with whose each is. It is no secret, and it is needed whenever the recovery key is.
      - A file that is there is never replaced.
    type: path
    required: true
  root_token_dest:
    description:
      - A file on the host to write the sealed root token to, as M(sealwright.vault_seal.awskms_seal_wrap) would. A file that is there is never replaced.
    type: path
  root_token_pgp_key:
    description: The OpenPGP public key of a person who is to have the root token. It is then encrypted by the server, and stands in O(dest).
    type: str
  kms_key_id:
    description:
      - The KMS key to seal the root token with, as key ID, key ARN, alias or alias ARN.
      - With O(root_token_pgp_key) it seals an answer that is not as expected, and KMS is not asked if it is not set.
      - If not set, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  seal_key_ids:
    description: Key ARNs of the server's seal. That the root token is sealed under one of them is refused.
    type: list
    elements: str
    default: []
  check_opens:
    description: Whether to prove before that the credentials of this task can open the sealed token again. Turn it off where others are to open it.
    type: bool
    default: true
seealso:
  - module: sealwright.vault_seal.vault_token_revoke
  - module: sealwright.vault_seal.awskms_permission_info
notes:
  - The modes and owners that are given hold for both files.
"""

EXAMPLES = r"""
- name: Try everything that can be tried
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
  description: Whether the server is initialised now. After a failure, V(null) if that is not known.
  returned: success, and failures after the request to the server
  type: bool
  sample: true
recorded:
  description:
    - Whether O(dest) holds the shares of this server's cluster.
    - Where the server is initialised and it is not, somebody else initialised it, or the shares are lost.
  returned: success, and failures for a record that is not known to be that of the server's cluster
  type: bool
  sample: true
cluster_id:
  description: The ID of the cluster in O(dest), which is that of the server; V(null) where O(dest) names none.
  returned: success
  type: str
  sample: 8677ff59-25d8-5365-4cd8-306ee690d4cf
dest:
  description: The file of the encrypted shares.
  returned: success
  type: str
  sample: /etc/openbao/recovery-shares.json
holders:
  description: The OpenPGP keys of O(recovery_pgp_keys), in their order, each with C(fingerprint) and C(user_id).
  returned: success
  type: list
  elements: dict
  sample: [{"fingerprint": "A08A4974E40D5840C6F048DAFD873214F2C59108", "user_id": "Ada <ada@example.org>"}]
record:
  description: What O(dest) was to hold, where it could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: dict
  sample: {"recovery_threshold": 2, "recovery_shares": []}
sealed_root_token:
  description: What O(root_token_dest) was to hold, where it could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: str
  sample: CkcK...
sealed_answer:
  description: The whole answer, sealed, where it is not as expected and could not be written.
  returned: failure with the reason V(answer_not_stored) or V(unexpected_answer)
  type: str
  sample: CkcK...
key_id:
  description: The ARN of the key that sealed the root token, or would; V(null) where none is to.
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
