#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_snapshot
short_description: Take, prove, keep and send raft snapshots of Vault or OpenBao
version_added: 0.2.0
description:
  - Takes a raft snapshot from the active node of a cluster and streams it to a file of mode V(0600), with a memory usage that does not depend on its
    size.
  - A snapshot counts only when it is proven. The archive and its checksums must be complete and, with O(proof=open), the sealed checksums, the barrier
    keys and the recovery key must be decryptable by this host with today's keys, as in M(sealwright.vault_seal.vault_snapshot_info).
  - A snapshot that is not proven is kept aside under a name that ends with C(.unproven), and the task fails with the reason. It never replaces a proven
    one.
  - Sends each proven snapshot to O(send_folder) and O(s3), and verifies the copy there. A snapshot that could not be sent is sent by the next run.
  - Removes old snapshots by the C(keep_) options. Files that this module did not write are never touched.
  - Only one run at a time works in a directory. Another one fails with the reason V(backup_running).
  - Requires a token with the policy C(path "sys/storage/raft/snapshot" { capabilities = ["read"] }), the permissions C(kms:DescribeKey) and
    C(kms:Decrypt) with O(proof=open), and C(kms:Decrypt) with O(token_sealed_file).
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_server
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
attributes:
  check_mode:
    support: full
    details:
      - In check mode the active node is determined, the token is read and its policy checked if the server allows that, and no snapshot is taken.
      - RV(retention), RV(removed) and RV(sent) show what a run would do.
  diff_mode:
    support: none
    details: The content of a snapshot is not shown.
options:
  dest:
    description:
      - The directory of the snapshots on the host. It must exist and belong to the user of the task or to root, and other users must not be able to write
        to it.
      - A snapshot is named after O(name) and its time in UTC, such as C(vault-20261128T043607Z.snap). A record with its checksum, keys and copies is kept
        beside it as C(vault-20261128T043607Z.snap.json).
    type: path
    required: true
  name:
    description: The beginning of the file names. Snapshots with another name in O(dest) are not touched.
    type: str
    default: vault
  other_addresses:
    description: The addresses of other servers of the cluster, which are tried in this order if O(server_address) does not respond.
    type: list
    elements: str
  cluster_id:
    description: The ID of the cluster. The token is not sent to a server of another cluster.
    type: str
  if_standby:
    description:
      - What to do if the server is a standby, which cannot take a snapshot.
      - V(redirect) takes it from the active node. The token is sent there only if the server itself names this node, the node reports the same cluster,
        and the connection is as safe. HTTP redirects are never followed.
      - V(skip) succeeds without a snapshot, for a timer on each server of a cluster.
      - V(fail) fails with the reason V(standby).
    type: str
    choices:
      - redirect
      - skip
      - fail
    default: redirect
  token:
    description: The token. Use a file instead where possible.
    type: str
  token_file:
    description: The file on the host that contains the token, such as the sink of an agent.
    type: path
  token_sealed_file:
    description:
      - The file on the host that contains the token as a sealed value, as written by M(sealwright.vault_seal.awskms_seal_wrap). It is decrypted with the
        principal of the host.
    type: path
  renew_token:
    description:
      - Whether to renew the token first, for a periodic token that expires if it is not renewed. If that fails, a warning is displayed.
      - Requires the permission to update C(auth/token/renew-self), as in the policy V(default).
    type: bool
    default: false
  snapshot_timeout:
    description: The maximum time in seconds of one transfer. O(server_timeout) applies to each read.
    type: float
    default: 3600.0
  attempts:
    description: How many times a snapshot is tried if the server, its active node or the transfer fails, or if the snapshot arrives damaged.
    type: int
    default: 3
  proof:
    description:
      - How a snapshot is proven.
      - V(open) also decrypts its sealed values with the principal of this host, and describes its keys.
      - V(archive) checks the archive and its checksums only, for a server with a shamir seal, or a host without permission to use the key.
    type: str
    choices:
      - open
      - archive
    default: open
  allowed_key_ids:
    description: The only keys that the snapshot may depend on, as in M(sealwright.vault_seal.vault_snapshot_info). Used with O(proof=open).
    type: list
    elements: str
  max_size:
    description: The maximum size of the unpacked state in bytes, from 1048576 (1 MiB) to 17592186044416 (16 TiB).
    type: int
    default: 68719476736
  send_folder:
    description:
      - A directory to copy each proven snapshot to, such as a mounted file system. The copy is read back and compared. It must exist, with the same
        ownership as O(dest). Snapshots are not removed from it.
    type: path
  send_folder_mounted:
    description:
      - Whether O(send_folder) must be on another file system than O(dest) and the root directory. If it is not, because its file system is not mounted,
        nothing is copied, and the task fails with the reason V(not_mounted).
    type: bool
    default: true
  s3:
    description: The bucket to send each proven snapshot to. Its credentials are those of the options for AWS KMS.
    type: dict
    suboptions:
      bucket:
        description: The name of the bucket, or the ARN of an access point.
        type: str
        required: true
      prefix:
        description: The beginning of the keys, such as V(vault/eu/). The file name of the snapshot follows.
        type: str
      region:
        description: The region of the bucket. If not set, the region for AWS KMS.
        type: str
      endpoint:
        description: The URL of the S3 endpoint. If not set, E(AWS_ENDPOINT_URL_S3), E(AWS_ENDPOINT_URL), the AWS profile, or the default endpoint.
        type: str
      encryption:
        description: The server-side encryption. If not set, the default of the bucket. The object must have it afterwards.
        type: str
        choices:
          - AES256
          - aws:kms
          - aws:kms:dsse
      kms_key_id:
        description: The KMS key of the encryption. Do not use the key of the seal, so that the loss of one key does not make both useless.
        type: str
      object_lock_mode:
        description: The object lock mode. The bucket must have object lock enabled.
        type: str
        choices:
          - GOVERNANCE
          - COMPLIANCE
      object_lock_days:
        description: The number of days that the object is locked, from 1 to 36500. Required with O(s3.object_lock_mode).
        type: int
      part_size:
        description:
          - The size of the parts in MiB, from 5 to 5120. One part is held in memory. A file of one part is sent in one request.
          - Larger parts are used for a snapshot with more than 10000 parts.
        type: int
        default: 16
      timeout:
        description: The maximum time in seconds of one request to S3 with its retries.
        type: float
        default: 300.0
  keep_last:
    description:
      - How many of the newest proven snapshots are kept. V(0) means that this rule is not set. A snapshot is kept if at least one rule keeps it.
      - If none of O(keep_last), O(keep_hourly), O(keep_daily), O(keep_weekly), O(keep_monthly) and O(keep_days) is set, no proven snapshot is removed.
    type: int
    default: 0
  keep_hourly:
    description: The number of hours with a snapshot, in UTC, of which the newest proven snapshot is kept.
    type: int
    default: 0
  keep_daily:
    description: The number of days with a snapshot of which the newest is kept.
    type: int
    default: 0
  keep_weekly:
    description: The number of ISO weeks with a snapshot of which the newest is kept.
    type: int
    default: 0
  keep_monthly:
    description: The number of months with a snapshot of which the newest is kept.
    type: int
    default: 0
  keep_days:
    description:
      - All proven snapshots that are at most so many days old are kept. The age counts from the time of the newest snapshot before the last
        O(keep_minimum), so that a clock that jumps ahead does not make all snapshots old at once.
    type: int
    default: 0
  keep_minimum:
    description: At least so many proven snapshots are kept, at least V(1), whatever their age.
    type: int
    default: 3
  keep_unproven:
    description: How many snapshots that were kept aside are kept, the newest.
    type: int
    default: 3
  status_file:
    description:
      - A file for the status of the last run as JSON, mode V(0644), for a monitoring system. It contains no secret. Its directory must exist.
      - Also written when the task fails. See the guide on backups for the format.
    type: path
  kms_key_id:
    description:
      - Ignored. Accepted so that C(module_defaults) of the action group can set the key for all modules. A snapshot names its keys itself.
    type: str
    aliases:
      - key_id
notes:
  - A snapshot that was not sent to every target yet, and one whose time is in the future, is not removed.
  - Objects in S3 are not removed; use a lifecycle rule of the bucket.
  - The module is not idempotent. Each run takes a snapshot.
seealso:
  - module: sealwright.vault_seal.vault_snapshot_info
  - module: sealwright.vault_seal.vault_restore_drill
"""

EXAMPLES = r"""
- name: Take a snapshot, and keep 24 hourly, 7 daily, 4 weekly and 12 monthly ones
  sealwright.vault_seal.vault_snapshot:
    server_address: "{{ backup_server }}"
    token_sealed_file: "{{ backup_folder }}/token.sealed"
    dest: "{{ backup_folder }}/snapshots"
    keep_hourly: 24
    keep_daily: 7
    keep_weekly: 4
    keep_monthly: 12

- name: Show which snapshots would be removed
  sealwright.vault_seal.vault_snapshot:
    server_address: "{{ backup_server }}"
    token_file: "{{ backup_folder }}/token"
    dest: "{{ backup_folder }}/snapshots"
    keep_last: 5
    keep_days: 2
    keep_minimum: 2
    keep_unproven: 1
  check_mode: true
  register: plan

- name: Take a snapshot and send it to a locked and encrypted bucket
  sealwright.vault_seal.vault_snapshot:
    server_address: "{{ backup_server }}"
    token: "{{ backup_token }}"
    renew_token: true
    dest: "{{ backup_folder }}/snapshots"
    name: example
    status_file: "{{ backup_folder }}/status.json"
    s3:
      bucket: example-snapshots
      prefix: vault/
      region: us-east-1
      endpoint: "{{ s3_endpoint }}"
      encryption: aws:kms
      kms_key_id: alias/snapshots
      object_lock_mode: GOVERNANCE
      object_lock_days: 30
      part_size: 8
      timeout: 120
  vars:
    # With pipelining, the token is not written to a file on the host.
    ansible_pipelining: true

- name: Take a snapshot from this cluster only, on its active node only, and copy it
  sealwright.vault_seal.vault_snapshot:
    server_address: "{{ backup_server }}"
    other_addresses:
      - "{{ backup_server }}"
    cluster_id: "{{ backup_cluster }}"
    if_standby: skip
    token_file: "{{ backup_folder }}/token"
    dest: "{{ backup_folder }}/snapshots"
    send_folder: "{{ backup_folder }}/copies"
    send_folder_mounted: false
    attempts: 5
    snapshot_timeout: 600
    max_size: 137438953472
    proof: open
    allowed_key_ids:
      - alias/vault-unseal
"""

RETURN = r"""
taken:
  description: Whether a snapshot was taken.
  returned: always
  type: bool
  sample: true
proven:
  description: Whether the snapshot is proven.
  returned: always
  type: bool
  sample: true
path:
  description: The path of the snapshot, or the path that it would have in check mode.
  returned: when a snapshot was taken, and in check mode
  type: str
  sample: /var/backups/vault/vault-20261128T043607Z.snap
time:
  description: The time of the snapshot, in UTC.
  returned: when a snapshot was taken
  type: str
  sample: "2026-11-28T04:36:07+00:00"
size:
  description: The size of the snapshot in bytes.
  returned: when a snapshot was taken
  type: int
  sample: 21730
sha256:
  description: The SHA-256 checksum of the snapshot.
  returned: when a snapshot was taken
  type: str
  sample: 1284066a9217c0e4f9d3d1fd8b3a3a0c6dc35b8b4f0e6f3f8e9f7bbd3d3b4e1a
proof:
  description: How the snapshot was proven; empty if it is not proven.
  returned: when a snapshot was taken
  type: str
  sample: open
index:
  description: The raft log index of the snapshot.
  returned: when a snapshot was taken
  type: int
  sample: 52
term:
  description: The raft term of the snapshot.
  returned: when a snapshot was taken
  type: int
  sample: 3
kms_keys:
  description: The KMS keys that a restore depends on, as in M(sealwright.vault_seal.vault_snapshot_info).
  returned: when a snapshot was taken
  type: list
  elements: dict
  sample: []
notes:
  description: Conditions that do not prevent a restore but need attention, as in M(sealwright.vault_seal.vault_snapshot_info).
  returned: when a snapshot was taken
  type: list
  elements: dict
  sample: []
server:
  description: The address of the node that the snapshot was taken from.
  returned: when a snapshot was taken, and in check mode
  type: str
  sample: https://127.0.0.1:8200
cluster_id:
  description: The ID of its cluster.
  returned: when a snapshot was taken, and in check mode
  type: str
  sample: c3b0045a-73e7-db73-6eaf-34a27c0ae24f
attempts:
  description: How many attempts were needed.
  returned: when a snapshot was taken
  type: int
  sample: 1
skipped_reason:
  description: Why no snapshot was taken, with O(if_standby=skip).
  returned: when the server is a standby
  type: str
  sample: "The server at https://127.0.0.1:8200 is a standby; the active node takes the snapshot."
sent:
  description: The snapshots that were sent, including those of former runs that failed. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The file name.
      type: str
      returned: always
      sample: vault-20261128T043607Z.snap
    target:
      description: The target, a directory, C(s3://BUCKET/PREFIX), or C(ENDPOINT/BUCKET/PREFIX) if another endpoint than that of AWS is configured.
      type: str
      returned: always
      sample: s3://example-snapshots/vault/
    verified:
      description: Whether the copy was verified at the target.
      type: bool
      returned: always
      sample: true
    verified_by:
      description: How the copy was verified, V(checksum) as S3 computed it, or V(content) as it was read back.
      type: str
      returned: when verified
      sample: checksum
    checksum:
      description: The SHA-256 checksum at the target. Of several parts, S3 computes it from those of the parts.
      type: str
      returned: when verified
      sample: cmL3reV7bB1FR+C9DfmNjH8DeaY9GroN1gn5O4CE1vo=-2
    path:
      description: The path or URL of the copy.
      type: str
      returned: when verified
      sample: s3://example-snapshots/vault/vault-20261128T043607Z.snap
    size:
      description: The size of the copy in bytes.
      type: int
      returned: when verified
      sample: 21730
    version_id:
      description: The version of the object.
      type: str
      returned: when verified, for S3
      sample: 46168d96-51cb-4474-933f-bab139d94174
    etag:
      description: The ETag of the object.
      type: str
      returned: when verified, for S3
      sample: '"5d41402abc4b2a76b9719d911017c592"'
    resumed_parts:
      description: How many parts an interrupted upload had sent already.
      type: int
      returned: when verified, for S3
      sample: 0
    reason:
      description: The reason in one word if the snapshot was not sent, with C(msg) and C(remedy).
      type: str
      returned: when not verified, except in check mode
      sample: access_denied
retention:
  description: The decision about each snapshot in O(dest), newest first, with C(name), C(keep) and the C(rules) that keep it.
  returned: always
  type: list
  elements: dict
  sample: [{"name": "vault-20261128T043607Z.snap", "keep": true, "rules": ["hourly", "daily"]}]
removed:
  description: The file names of the snapshots that were removed, or would be removed in check mode.
  returned: always
  type: list
  elements: str
  sample: [vault-20261001T000000Z.snap]
duration:
  description: The duration of the run in seconds.
  returned: except in check mode
  type: float
  sample: 1.52
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_snapshot import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import VAULT_API_SPEC

S3_SPEC = {
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str"},
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "encryption": {"type": "str", "choices": ["AES256", "aws:kms", "aws:kms:dsse"]},
    "kms_key_id": {"type": "str", "no_log": False},
    "object_lock_mode": {"type": "str", "choices": ["GOVERNANCE", "COMPLIANCE"]},
    "object_lock_days": {"type": "int"},
    "part_size": {"type": "int", "default": 16},
    "timeout": {"type": "float", "default": 300.0},
}


def main() -> None:
    run_module(
        run,
        argument_spec={
            **VAULT_API_SPEC,
            "dest": {"type": "path", "required": True},
            "name": {"type": "str", "default": "vault"},
            "other_addresses": {"type": "list", "elements": "str"},
            "cluster_id": {"type": "str"},
            "if_standby": {"type": "str", "choices": ["redirect", "skip", "fail"], "default": "redirect"},
            "token": {"type": "str", "no_log": True},
            "token_file": {"type": "path", "no_log": False},
            "token_sealed_file": {"type": "path", "no_log": False},
            "renew_token": {"type": "bool", "default": False, "no_log": False},
            "snapshot_timeout": {"type": "float", "default": 3600.0},
            "attempts": {"type": "int", "default": 3},
            "proof": {"type": "str", "choices": ["open", "archive"], "default": "open"},
            "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
            "max_size": {"type": "int", "default": 68719476736},
            "send_folder": {"type": "path"},
            "send_folder_mounted": {"type": "bool", "default": True},
            "s3": {"type": "dict", "options": S3_SPEC},
            "keep_last": {"type": "int", "default": 0},
            "keep_hourly": {"type": "int", "default": 0},
            "keep_daily": {"type": "int", "default": 0},
            "keep_weekly": {"type": "int", "default": 0},
            "keep_monthly": {"type": "int", "default": 0},
            "keep_days": {"type": "int", "default": 0},
            "keep_minimum": {"type": "int", "default": 3},
            "keep_unproven": {"type": "int", "default": 3},
            "status_file": {"type": "path"},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
        },
        one_of=("token", "token_file", "token_sealed_file"),
    )


if __name__ == "__main__":
    main()
