#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_snapshot_info
short_description: Tell what a raft snapshot of Vault or OpenBao depends on, and whether it can be restored
version_added: 0.1.0
description:
  - Reads a raft snapshot from beginning to end, checks the archive and its SHA-256 sums, and lists every sealed value in it with the KMS keys that open it.
  - On request it asks KMS whether these keys can be used, or opens the values, and answers whether the snapshot can be restored.
  - The file is read as a stream, nothing of it is unpacked to disk, and memory does not grow with its size. It stays below 100 MiB.
  - A file that is no whole snapshot fails the task, with C(reason) V(damaged_snapshot), V(malformed_snapshot) or V(snapshot_too_large). The result then has
    C(restorable=false) and C(problems) too, for a play that goes on with C(ignore_errors).
  - Nothing that is opened is returned, displayed or logged. The one exception, to be asked for by O(recovery_key_recipient), hands out the recovery key
    encrypted.
  - Needs no permission and no connection as it is, C(kms:DescribeKey) with O(check=key), that and C(kms:Decrypt) with O(check=open), and C(kms:Decrypt)
    with O(recovery_key_recipient).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details: Does the same in check mode, and writes no file.
  diff_mode:
    support: partial
    details: With O(recovery_key_dest), the diff says that the file is written, never what.
options:
  src:
    description: The snapshot on the host, as C(operator raft snapshot save) or the API wrote it.
    type: path
    required: true
  check:
    description:
      - How far to go to learn whether the snapshot can be restored.
      - V(none) reads the snapshot only.
      - V(key) asks KMS for the state of each key that the snapshot depends on.
      - V(open) does that, and opens the sealed checksums, the barrier keys, the recovery key and one value of each other key with this host's principal.
        The checksums have to be those
        of the archive, the barrier keys a JSON array of base64 keys of 32 bytes, and the recovery key 32 bytes.
    type: str
    choices:
      - none
      - key
      - open
    default: none
  allowed_key_ids:
    description:
      - The only keys that the snapshot may depend on, as key IDs, key ARNs, aliases or alias ARNs. A value that none of them opens is a problem
        V(wrong_key), also with O(check=none).
      - An alias is resolved first, which needs C(kms:DescribeKey). The replicas of a multi-Region key count as one key.
      - Proves after a rotation that nothing in a snapshot depends on the old key any more.
    type: list
    elements: str
  max_size:
    description: The most bytes that the state in the snapshot may have when it is unpacked, from 1048576 (1 MiB) to 17592186044416 (16 TiB).
    type: int
    default: 68719476736
  recovery_key_recipient:
    description:
      - Hands out the recovery key of the snapshot's server, encrypted to this public key, for a disaster in which the shares of the recovery key are lost.
      - Whoever has the recovery key can make themselves a root token of the server, so that this is a matter for a person who was meant to have it. The key
        is opened in this host's
        memory only, and encrypted there.
      - An RSA public key of 2048 bits or more, or an X25519 one, as PEM (C(BEGIN PUBLIC KEY)), or a recipient of age (C(age1...)).
      - See the guide on snapshots for the formats and for the commands that open them.
      - A private key that is given by mistake is refused and not displayed.
    type: str
  recovery_key_dest:
    description:
      - A file on the host to write the encrypted recovery key to, instead of returning it. Its folder must exist.
      - The file is replaced whole or not at all, and has mode V(0600) unless O(mode) says otherwise. As each encryption differs, it is written anew every
        time.
    type: path
  kms_key_id:
    description:
      - Not used, and accepted so that C(module_defaults) of the action group can name the key for all modules. A snapshot says itself which keys open it.
      - To say which keys it may depend on, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
seealso:
  - module: sealwright.vault_seal.awskms_key_info
  - module: sealwright.vault_seal.awskms_permission_info
notes:
  - Limits. O(max_size) for the unpacked state, which beyond 4 GiB may be at most 200 times as long as the file, since a server's state is ciphertext. 8191
    bytes for each other member, as the servers have it. 8 MiB for an entry of the state; a longer one is passed over and counted in RV(notes). 64 slots for a
    sealed value, 1000 distinct sets of keys, 10000 sealed entries that are listed (all are counted), 16 MiB and 100000 slots of what is listed and kept.
  - Zero bytes after the archive, as C(dd) and tapes add them, are accepted, as the servers accept them, and reported in RV(notes). At most O(max_size) of them
    are read.
  - A snapshot of a server with a shamir seal depends on no KMS key. What is sealed in it is listed, and RV(restorable) stays V(null), as nothing here can
    ask for its unseal keys.
  - Of the namespaces of OpenBao that have a seal of their own, the UUIDs are known; their names are encrypted.
"""

EXAMPLES = r"""
- name: See what a backup depends on
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
  register: backup

- name: Name the keys that have to stay
  ansible.builtin.debug:
    msg: "{{ backup.kms_keys | map(attribute='arn') }}"

- name: See every night that the keys of the backup are there, and stay
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    check: key
    max_size: 137438953472
  register: backup
  failed_when: backup.restorable is false

- name: Prove that this host could restore it, under our key and no other
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    check: open
    allowed_key_ids:
      - alias/vault-unseal
  register: backup

- name: Stop where it could not
  ansible.builtin.assert:
    that: backup.restorable
    fail_msg: "{{ backup.summary }}"

- name: Hand out the recovery key to the person whose public key this is
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    recovery_key_recipient: "{{ lookup('ansible.builtin.file', config_folder ~ '/officer.pub') }}"
    recovery_key_dest: "{{ config_folder }}/recovery-key.enc"
"""

RETURN = r"""
restorable:
  description:
    - Whether the snapshot can be restored. V(true) only with O(check=open), where everything that was tried opens. V(false) where something stands in the
      way, see RV(problems).
    - V(null) where it is not known, which RV(summary) explains. With O(check=key) the keys may be there, and the permission missing.
    - It is this host's principal that is asked about. The principal of the server that restores may have other rights.
  returned: success, and where the file is no whole snapshot
  type: bool
  sample: true
summary:
  description: The answer in a sentence or some.
  returned: success
  type: str
  sample: "The archive is whole, its checksums are those that the server sealed, and everything sealed that was tried opens with its keys."
problems:
  description: What stands in the way of a restore; empty where nothing is known to.
  returned: success, and where the file is no whole snapshot
  type: list
  elements: dict
  sample: []
  contains:
    reason:
      description:
        - The problem in one word, such as V(key_disabled), V(key_pending_deletion), V(access_denied), V(not_found), V(not_authentic), V(wrong_key),
          V(wrong_content).
      type: str
      returned: always
      sample: key_disabled
    msg:
      description: The problem in words; of a key that is going to be deleted, with the date.
      type: str
      returned: always
      sample: "core/hsm/barrier-unseal-keys: The key is disabled."
    remedy:
      description: What to do about it.
      type: str
      returned: always
      sample: Enable the key (kms:EnableKey).
    paths:
      description: The sealed values concerned, at most 100.
      type: list
      elements: str
      returned: always
      sample: [core/hsm/barrier-unseal-keys]
    key_arn:
      description: The key concerned, if one is.
      type: str
      returned: always
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
notes:
  description:
    - What is worth knowing and stands in no way, in the form of RV(problems). Such as V(shamir_seal), V(foreign_wrapper), V(unnamed_key),
      V(no_recovery_key), V(key_material_expires), V(trailing_zeros).
  returned: success
  type: list
  elements: dict
  sample: []
kms_keys:
  description: The distinct KMS keys that a restore depends on, in the order in which they occur.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The key's ARN, as the sealed values name it.
      type: str
      returned: always
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
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
    sealed_count:
      description: How many values the key opens.
      type: int
      returned: always
      sample: 3
    only_key_of:
      description: How many of them no other key opens. The rest have several slots.
      type: int
      returned: always
      sample: 3
    paths:
      description: The paths of these values, at most 100.
      type: list
      elements: str
      returned: always
      sample: [SHA256SUMS.sealed, core/hsm/barrier-unseal-keys, core/recovery-key]
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
sealed_entries:
  description: Every sealed value, the one beside the state first, at most 10000 of them.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path in the server's storage, or C(SHA256SUMS.sealed).
      type: str
      returned: always
      sample: core/hsm/barrier-unseal-keys
    namespace:
      description: The UUID of the namespace that it lies in; V(null) for the server's own.
      type: str
      returned: always
      sample: null
    form:
      description: The container, V(bare), V(multi_wrap), V(seal_wrap) or V(multi_wrap_seal_wrap).
      type: str
      returned: always
      sample: bare
    size:
      description: Its bytes, sealed.
      type: int
      returned: always
      sample: 272
    generation:
      description: Vault's generation of its seals; 0 where there is none.
      type: int
      returned: always
      sample: 0
    key_arns:
      description: The KMS keys of which any one opens it.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    slots:
      description: Each of its slots.
      type: list
      elements: dict
      returned: always
      contains:
        seal:
          description: What sealed it, V(awskms), V(shamir) or V(other).
          type: str
          returned: always
          sample: awskms
        key_id:
          description: The key that the slot names; V(null) where it names none.
          type: str
          returned: always
          sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        mechanism:
          description: How it was sealed; V(1) is the envelope, V(0) a direct encryption.
          type: int
          returned: always
          sample: 1
        layout:
          description: How the message holds the value, see M(sealwright.vault_seal.awskms_seal_unwrap).
          type: str
          returned: always
          sample: envelope
sealed_count:
  description: How many sealed values there are, listed or not.
  returned: success
  type: int
  sample: 3
seal_config:
  description: The server's seal (C(core/seal-config)), with C(type), C(secret_shares) and C(secret_threshold); V(null) where there is none.
  returned: success
  type: dict
  sample: {"type": "awskms", "secret_shares": 1, "secret_threshold": 1}
recovery_config:
  description: The recovery keys (C(core/recovery-config)) in the same form; V(null) where there are none.
  returned: success
  type: dict
  sample: {"type": "shamir", "secret_shares": 5, "secret_threshold": 3}
seal_generation:
  description:
    - Vault's generation of its seals (C(core/seal-gen-info)), with C(generation), C(rewrapped), C(enabled) and C(seals); V(null) where there is none.
    - Of the settings of the seals only key, region and endpoint are returned, as others may be credentials.
  returned: success
  type: dict
  sample: null
sealed_namespaces:
  description: The UUIDs of OpenBao's namespaces that have a seal of their own.
  returned: success
  type: list
  elements: str
  sample: []
index:
  description: The index in the raft log that the snapshot was taken at.
  returned: success
  type: int
  sample: 52
term:
  description: The raft term of that index.
  returned: success
  type: int
  sample: 3
version:
  description: The version of the format of raft's snapshots.
  returned: success
  type: int
  sample: 1
configuration_index:
  description: The index at which RV(peers) became the cluster's.
  returned: success
  type: int
  sample: 1
peers:
  description: The servers of the cluster, each with C(id), C(address) and C(suffrage), which is V(voter), V(nonvoter) or V(staging).
  returned: success
  type: list
  elements: dict
  sample: [{"id": "node1", "address": "10.0.0.1:8201", "suffrage": "voter"}]
checksums:
  description: The SHA-256 sums of C(meta.json) and C(state.bin), which are those that the snapshot states.
  returned: success
  type: dict
  sample: {"meta.json": "1284066a9217c0e4...", "state.bin": "93496172cd5d4791..."}
entries:
  description: How many entries the state has.
  returned: success
  type: int
  sample: 53
state_size:
  description: The bytes of the state, unpacked.
  returned: success
  type: int
  sample: 26468
src:
  description: The snapshot.
  returned: success
  type: str
  sample: /var/backups/vault.snap
size:
  description: The bytes of the file.
  returned: success
  type: int
  sample: 21730
recovery_key:
  description: The recovery key, encrypted to the recipient, as text.
  returned: with O(recovery_key_recipient) and without O(recovery_key_dest)
  type: str
  sample: "-----BEGIN AGE ENCRYPTED FILE-----..."
recovery_key_format:
  description: How it is encrypted, V(rsa-oaep-sha256) (the text is base64) or V(age-x25519) (the text is an armored age file).
  returned: with O(recovery_key_recipient)
  type: str
  sample: age-x25519
recovery_key_dest:
  description: The file that was written, or would be in check mode.
  returned: with O(recovery_key_dest)
  type: str
  sample: /root/recovery-key.enc
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). Of the credentials only the access key ID is shown. Empty where KMS was not
      asked.
  returned: success
  type: dict
  sample:
    region: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_snapshot_info import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module


def main() -> None:
    run_module(
        run,
        argument_spec={
            "src": {"type": "path", "required": True},
            "check": {"type": "str", "choices": ["none", "key", "open"], "default": "none"},
            "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
            "max_size": {"type": "int", "default": 68719476736},
            "recovery_key_recipient": {"type": "str", "no_log": True},  # public, unless the private key is given by mistake
            "recovery_key_dest": {"type": "path", "no_log": False},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
        },
        add_file_common_args=True,
    )


if __name__ == "__main__":
    main()
