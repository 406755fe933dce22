#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_snapshot_info
short_description: Gather information about a raft snapshot of Vault or OpenBao and the keys it depends on
version_added: 0.1.0
description:
  - Reads a whole raft snapshot, verifies the archive and its SHA-256 checksums, and lists every sealed value in it with the KMS keys that can decrypt it.
  - With O(check), also describes these keys or decrypts the values, and reports whether the snapshot can be restored.
  - The file is read as a stream and is never unpacked to disk. The memory usage stays below 100 MiB for any size.
  - If the file is damaged or not a snapshot, the task fails with the C(reason) V(damaged_snapshot), V(malformed_snapshot) or V(snapshot_too_large). The
    result then also contains C(restorable=false) and C(problems), for a play that continues with C(ignore_errors).
  - Decrypted values are never returned, displayed or logged. The only exception is O(recovery_key_recipient), which returns the recovery key
    encrypted.
  - By default requires neither permissions nor a connection. Requires C(kms:DescribeKey) with O(check=key), C(kms:DescribeKey) and C(kms:Decrypt) with
    O(check=open), and C(kms:Decrypt) with O(recovery_key_recipient).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details: In check mode the same checks are done, and no file is written.
  diff_mode:
    support: partial
    details: With O(recovery_key_dest), the diff shows that the file is written, but not its content.
options:
  src:
    description: The path of the snapshot on the host, as written by C(operator raft snapshot save) or the API.
    type: path
    required: true
  check:
    description:
      - How to check whether the snapshot can be restored.
      - V(none) only reads the snapshot.
      - V(key) also describes each KMS key that the snapshot depends on.
      - V(open) also decrypts the sealed checksums, the barrier keys, the recovery key and one value of each other key with this host's principal.
        The checksums must be those of the archive, the barrier keys a JSON array of base64-encoded keys of 32 bytes, and the recovery key must have
        32 bytes.
    type: str
    choices:
      - none
      - key
      - open
    default: none
  allowed_key_ids:
    description:
      - The only keys that the snapshot may depend on, as key IDs, key ARNs, aliases or alias ARNs. A value that cannot be decrypted with one of them is
        reported as the problem V(wrong_key), even with O(check=none).
      - An alias is resolved first, which requires C(kms:DescribeKey). The replicas of a multi-Region key count as one key.
      - Use this after a rotation to verify that a snapshot no longer depends on the old key.
    type: list
    elements: str
  max_size:
    description: The maximum size of the unpacked state in bytes, from 1048576 (1 MiB) to 17592186044416 (16 TiB).
    type: int
    default: 68719476736
  recovery_key_recipient:
    description:
      - Returns the recovery key of the snapshot's server, encrypted to this public key, for a disaster in which the shares of the recovery key are lost.
      - Anyone with the recovery key can generate a root token of the server, so use the public key of a person who is entitled to it. The recovery key
        is decrypted and encrypted again in this host's memory only.
      - An RSA public key of at least 2048 bits or an X25519 public key, as PEM (C(BEGIN PUBLIC KEY)), or an age recipient (C(age1...)).
      - See the guide on snapshots for the formats and for the commands that decrypt them.
      - A private key that is specified by mistake is rejected and not displayed.
    type: str
  recovery_key_dest:
    description:
      - A file on the host to write the encrypted recovery key to, instead of returning it. Its directory must exist.
      - The file is replaced atomically, and has the mode V(0600) unless O(mode) is set. Each encryption differs, so the file is always changed.
    type: path
  kms_key_id:
    description:
      - Ignored. Accepted so that C(module_defaults) of the action group can set the key for all modules. A snapshot names its keys itself.
      - To restrict the keys that it may depend on, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
seealso:
  - module: sealwright.vault_seal.awskms_key_info
  - module: sealwright.vault_seal.awskms_permission_info
notes:
  - Limits. O(max_size) for the unpacked state, which beyond 4 GiB must not be larger than 200 times the file, because a server's state is ciphertext. 8191
    bytes for each other member, as in the servers. 8 MiB for an entry of the state; a larger entry is skipped and counted in RV(notes). 64 slots for a
    sealed value, 1000 distinct sets of keys, 10000 listed sealed entries (all are counted), and 16 MiB and 100000 slots of listed entries.
  - Zero bytes after the archive, as added by C(dd) and tapes, are accepted, as by the servers, and reported in RV(notes). At most O(max_size) of them
    are read.
  - A snapshot of a server with a shamir seal depends on no KMS key. Its sealed values are listed, and RV(restorable) is V(null), because the module cannot
    check its unseal keys.
  - Of OpenBao namespaces with a separate seal, only the UUIDs are reported; their names are encrypted.
"""

EXAMPLES = r"""
- name: Get the keys that a backup depends on
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
  register: backup

- name: Show the keys that must not be deleted
  ansible.builtin.debug:
    msg: "{{ backup.kms_keys | map(attribute='arn') }}"

- name: Check every night that the keys of the backup are usable
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    check: key
    max_size: 137438953472
  register: backup
  failed_when: backup.restorable is false

- name: Check that this host can restore the backup, with our key only
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    check: open
    allowed_key_ids:
      - alias/vault-unseal
  register: backup

- name: Fail if the backup cannot be restored
  ansible.builtin.assert:
    that: backup.restorable
    fail_msg: "{{ backup.summary }}"

- name: Encrypt the recovery key to the public key of a security officer
  sealwright.vault_seal.vault_snapshot_info:
    src: "{{ snapshot }}"
    recovery_key_recipient: "{{ lookup('ansible.builtin.file', config_folder ~ '/officer.pub') }}"
    recovery_key_dest: "{{ config_folder }}/recovery-key.enc"
"""

RETURN = r"""
restorable:
  description:
    - Whether the snapshot can be restored. V(true) only with O(check=open), if everything that was tried could be decrypted. V(false) if there are
      RV(problems).
    - V(null) if unknown; RV(summary) explains why. With O(check=key), the keys may be usable but the permission may be missing.
    - The result applies to this host's principal. The principal of the server that restores the snapshot may have other permissions.
  returned: success, and when the file is damaged or not a snapshot
  type: bool
  sample: true
summary:
  description: A summary of the result.
  returned: success
  type: str
  sample: "The archive is complete, its checksums match the sealed checksums, and all sealed values that were tried can be decrypted."
problems:
  description: The problems that prevent a restore; empty if none is known.
  returned: success, and when the file is damaged or not a snapshot
  type: list
  elements: dict
  sample: []
  contains:
    reason:
      description:
        - The problem in one word, such as V(key_disabled), V(key_pending_deletion), V(access_denied), V(not_found), V(not_authentic), V(wrong_key) or
          V(wrong_content).
      type: str
      returned: always
      sample: key_disabled
    msg:
      description: The description of the problem; for a key pending deletion, with the date.
      type: str
      returned: always
      sample: "core/hsm/barrier-unseal-keys: The key is disabled."
    remedy:
      description: How to fix the problem.
      type: str
      returned: always
      sample: Enable the key (kms:EnableKey).
    paths:
      description: The paths of the affected sealed values, at most 100.
      type: list
      elements: str
      returned: always
      sample: [core/hsm/barrier-unseal-keys]
    key_arn:
      description: The ARN of the affected key, if any.
      type: str
      returned: always
      sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
notes:
  description:
    - Conditions that do not prevent a restore but need attention, in the form of RV(problems), such as V(shamir_seal), V(foreign_wrapper), V(unnamed_key),
      V(no_recovery_key), V(key_material_expires) or V(trailing_zeros).
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
      description: The number of values that the key can decrypt.
      type: int
      returned: always
      sample: 3
    only_key_of:
      description: The number of these values that no other key can decrypt. The others have several slots.
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
sealed_entries:
  description: The sealed values, beginning with C(SHA256SUMS.sealed), at most 10000.
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
      description: The UUID of the namespace of the value; V(null) for the root namespace.
      type: str
      returned: always
      sample: null
    form:
      description: The container format, V(bare), V(multi_wrap), V(seal_wrap) or V(multi_wrap_seal_wrap).
      type: str
      returned: always
      sample: bare
    size:
      description: The size of the sealed value in bytes.
      type: int
      returned: always
      sample: 272
    generation:
      description: Vault's generation of the seals; V(0) if the value has no generation.
      type: int
      returned: always
      sample: 0
    key_arns:
      description: The KMS keys that can decrypt the value; one of them is sufficient.
      type: list
      elements: str
      returned: always
      sample: ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    slots:
      description: The slots of the value.
      type: list
      elements: dict
      returned: always
      contains:
        seal:
          description: The seal type, V(awskms), V(shamir) or V(other).
          type: str
          returned: always
          sample: awskms
        key_id:
          description: The key that the slot names; V(null) if it names none.
          type: str
          returned: always
          sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        mechanism:
          description: The encryption mechanism; V(1) is envelope encryption, V(0) is direct encryption by KMS.
          type: int
          returned: always
          sample: 1
        layout:
          description: The message layout, see M(sealwright.vault_seal.awskms_seal_unwrap).
          type: str
          returned: always
          sample: envelope
sealed_count:
  description: The total number of sealed values.
  returned: success
  type: int
  sample: 3
seal_config:
  description: The server's seal (C(core/seal-config)), with C(type), C(secret_shares) and C(secret_threshold); V(null) if absent.
  returned: success
  type: dict
  sample: {"type": "awskms", "secret_shares": 1, "secret_threshold": 1}
recovery_config:
  description: The recovery keys (C(core/recovery-config)) in the same form; V(null) if absent.
  returned: success
  type: dict
  sample: {"type": "shamir", "secret_shares": 5, "secret_threshold": 3}
seal_generation:
  description:
    - Vault's generation of its seals (C(core/seal-gen-info)), with C(generation), C(rewrapped), C(enabled) and C(seals); V(null) if absent.
    - Only the key, region and endpoint of the seals are returned, because other settings can be credentials.
  returned: success
  type: dict
  sample: null
sealed_namespaces:
  description: The UUIDs of OpenBao's namespaces with a separate seal.
  returned: success
  type: list
  elements: str
  sample: []
index:
  description: The raft log index of the snapshot.
  returned: success
  type: int
  sample: 52
term:
  description: The raft term of the snapshot.
  returned: success
  type: int
  sample: 3
version:
  description: The version of the raft snapshot format.
  returned: success
  type: int
  sample: 1
configuration_index:
  description: The raft log index of the peer configuration.
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
  description: The verified SHA-256 checksums of C(meta.json) and C(state.bin).
  returned: success
  type: dict
  sample: {"meta.json": "1284066a9217c0e4...", "state.bin": "93496172cd5d4791..."}
entries:
  description: The number of entries in the state.
  returned: success
  type: int
  sample: 53
state_size:
  description: The size of the unpacked state in bytes.
  returned: success
  type: int
  sample: 26468
src:
  description: The path of the snapshot.
  returned: success
  type: str
  sample: /var/backups/vault.snap
size:
  description: The size of the file in bytes.
  returned: success
  type: int
  sample: 21730
recovery_key:
  description: The recovery key, encrypted to the recipient, as text.
  returned: with O(recovery_key_recipient) and without O(recovery_key_dest)
  type: str
  sample: "-----BEGIN AGE ENCRYPTED FILE-----..."
recovery_key_format:
  description: The encryption format, V(rsa-oaep-sha256) (base64-encoded) or V(age-x25519) (an armored age file).
  returned: with O(recovery_key_recipient)
  type: str
  sample: age-x25519
recovery_key_dest:
  description: The file that was written, or would be written in check mode.
  returned: with O(recovery_key_dest)
  type: str
  sample: /root/recovery-key.enc
connection:
  description:
    - The region, endpoint and credentials used, each as C(value) and C(source). The access key ID is the only part of the credentials shown. Empty if KMS
      was not called.
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
