#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_permission_info
short_description: Prove whether a host may use a KMS key as the seal of Vault or OpenBao does
version_added: 0.1.0
description:
  - Asks AWS KMS, from the host where it runs, for all that an awskms seal needs, C(kms:DescribeKey), C(kms:Encrypt) and C(kms:Decrypt), and
    gives a verdict on each, with AWS's own words, their likely cause and what would allow it.
  - A server asks for C(kms:DescribeKey) only when it starts. That one of the others is missing shows when it is initialised, and leaves a node
    that cannot be initialised again; so ask before.
  - It costs three calls to KMS at most. What is encrypted are random bytes, which are decrypted and compared. Nothing stays behind.
  - Whatever is in the way, such as no network, no credentials, a wrong clock or a disabled key, is a verdict with its reason. The module
    fails only where O(fail_unless_ready) asks for it.
  - Where O(config), O(unit), O(environment_files) or O(environment) name a server, KMS is asked in the way that this server will ask it, with its key, region,
    endpoint and credentials, and with nothing of the task's own environment. What is wrong with its settings is told as well, and keeps it from being ready.
  - Where the server's executable is on the host too, that server judges by itself, see O(judge). It is started with the real seal, environment, user and
    plugins, initialised, seen to unseal itself, and ended. What it says counts.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    support: full
    details: Changes nothing in any mode, and asks KMS and starts the temporary server in check mode too.
  diff_mode:
    support: none
    details: Changes nothing.
options:
  kms_key_id:
    description:
      - The key, as key ID, key ARN, alias or alias ARN.
      - If not set, the server's own where one is named, else the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID) and
        E(AWSKMS_WRAPPER_KEY_ID) is used.
    type: str
    aliases:
      - key_id
  service_user:
    description:
      - The user with whose rights KMS is asked, where a server is named, with the groups that O(unit) adds. Units, environment files and credentials of
        systemd are read before, as systemd reads them as root.
      - If not set, the C(User=) of O(unit). The task has to run as root, or as that user where it may read the files.
    type: str
  judge:
    description:
      - Who says whether the server can use its seal.
      - V(sdk) asks AWS KMS as the SDK of that product and release would. It needs no executable, and is a model of the server.
      - V(server) starts a temporary server of the product, with the configured seal, plugins, environment, working directory and user, storage in memory,
        and a socket of its own. It has no cluster, telemetry, audit device or service registration, and no path of the real server. Starting proves
        C(kms:DescribeKey), initialising it C(kms:Encrypt), and that it unseals itself C(kms:Decrypt). The reason is the server's own log entry.
      - V(both) asks both. Where they disagree, the task warns, RV(judges) has both, and the server counts.
      - If not set, V(both) where a server is named and its executable is on the host, else V(sdk).
      - The temporary server takes 1 to 3 seconds as a rule, and costs one DescribeKey, four Encrypt and one Decrypt. V(sdk) costs one of each.
      - Secrets are handed to the temporary server by its environment and by a configuration in memory without a name in a file system. Its root token and
        recovery key are not kept. Its log and socket are in a new folder below C(/dev/shm), if that can be used, else C(/run) or the folder for temporary
        files. Should the task be killed, a process beside it ends the server and removes the folder.
      - It has the host's network, so that proxy and routes are those of the service, but not the sandbox of O(unit), such as C(ProtectHome=).
      - Of several C(seal) stanzas it is given those that are enabled. Errors in RV(settings_problems) that it does not meet, such as several seals, an
        unknown setting, or a file that the product refuses, keep the seal from being ready whatever it says.
    type: str
    choices:
      - both
      - sdk
      - server
    version_added: 0.1.0
  executable:
    description: The server's executable. If not set, the one that O(unit) starts, else C(bao) or C(vault) on the path.
    type: path
    version_added: 0.1.0
  judge_timeout:
    description:
      - How long the temporary server may take, in seconds. Above 0, and at most 3600.
      - A server that does not unseal itself in time is not ready, and the reason is V(timed_out) unless its log tells another.
    type: float
    default: 60.0
    version_added: 0.1.0
  fail_unless_ready:
    description: Whether the task fails where a seal could not use the key. The result is the same.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Ask before the server is initialised
  sealwright.vault_seal.awskms_permission_info:
    kms_key_id: alias/vault-unseal
    fail_unless_ready: true

- name: Ask for another key, and go on whatever the answer is
  sealwright.vault_seal.awskms_permission_info:
    kms_key_id: "{{ old_key_arn }}"
  register: seal_permissions

- name: Ask as the installed server will ask, as its user
  sealwright.vault_seal.awskms_permission_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
  register: as_the_server

- name: Ask as a server will ask that is not installed yet
  sealwright.vault_seal.awskms_permission_info:
    product: vault
    version: 1.19.0+ent
    config:
      - "{{ config_folder }}/vault.hcl"
    environment_files:
      - "{{ config_folder }}/vault.env"
    environment:
      AWS_REGION: eu-central-1
    service_user: "{{ current_user }}"

- name: Have a temporary server of the installed product judge, and nobody else
  sealwright.vault_seal.awskms_permission_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
    executable: "{{ bao }}"
    judge: server
    judge_timeout: 90

- name: Show what would allow what is denied
  ansible.builtin.debug:
    var: seal_permissions.remedy
  when: not seal_permissions.ready
"""

RETURN = r"""
ready:
  description: Whether a seal can use the key. All three calls succeeded, and nothing is wrong with the key.
  returned: always
  type: bool
  sample: false
reason:
  description: Why it cannot, in one word; V(null) where it can.
  returned: always
  type: str
  sample: access_denied
summary:
  description: The outcome in a sentence.
  returned: always
  type: str
  sample: >-
    kms:Encrypt is denied to arn:aws:sts::111122223333:assumed-role/vault/i-0abcd1234 for the key
    arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab.
permissions:
  description: The verdicts on C(describe_key), C(encrypt) and C(decrypt).
  returned: always
  type: dict
  sample: {"describe_key": {"verdict": "allowed"}, "encrypt": {"verdict": "denied"}, "decrypt": {"verdict": "not_tried"}}
  contains:
    describe_key:
      description: The verdict on C(kms:DescribeKey). Those on the others have the same fields. What there is nothing to say of is V(null).
      type: dict
      returned: always
      sample: {"verdict": "allowed", "latency_ms": 12.3}
      contains:
        verdict:
          description:
            - V(allowed), V(denied), V(failed) or V(not_tried).
            - V(failed) is a call that could not be made, or that failed for another reason than a denial, such as V(key_disabled).
            - Encrypt is tried where DescribeKey is allowed or denied; Decrypt where Encrypt answered.
          type: str
          returned: always
          sample: denied
        reason:
          description: Why it was denied or failed, in one word.
          type: str
          returned: always
          sample: access_denied
        msg:
          description: Why it was denied, failed or was not tried.
          type: str
          returned: always
          sample: "Not tried: without an answer to Encrypt there is no ciphertext to decrypt."
        remedy:
          description: What to do about it.
          type: str
          returned: always
          sample: Allow kms:Encrypt by an IAM policy, the key policy or a grant.
        aws_message:
          description: AWS's own words.
          type: str
          returned: always
          sample: "User: arn:aws:iam::111122223333:user/vault is not authorized to perform: kms:Encrypt on resource: ..."
        likely_cause:
          description:
            - Why it was denied, as far as AWS's words tell.
            - V(explicit_deny), a policy denies it; V(missing_allow), no IAM policy of the principal allows it;
              V(missing_key_policy_or_grant), the key policy neither allows it nor lets IAM policies allow it, and there is no grant;
              V(limiting_policy), a service control policy, permissions boundary, session policy or VPC endpoint policy does not let it pass;
              V(foreign_account), the key is another account's, which does not allow it, or it does not exist; V(unknown), AWS does not say.
          type: str
          returned: always
          sample: missing_allow
        policy_type:
          description: The kind of policy that denies it or lacks the allow, in AWS's words.
          type: str
          returned: always
          sample: identity-based policy
        policy:
          description: The ARN of the policy that denies it, where AWS tells it.
          type: str
          returned: always
          sample: null
        latency_ms:
          description: How long the call took, retries included, in milliseconds.
          type: float
          returned: always
          sample: 12.3
    encrypt:
      description: The verdict on C(kms:Encrypt).
      type: dict
      returned: always
      sample: {"verdict": "denied"}
    decrypt:
      description: The verdict on C(kms:Decrypt).
      type: dict
      returned: always
      sample: {"verdict": "not_tried"}
principal:
  description: Who asked, as far as is known; V(null) where no credentials were found.
  returned: always
  type: dict
  sample: {"arn": null, "access_key": "ASIAIOSFODNN7EXAMPLE", "source": "the instance profile"}
  contains:
    arn:
      description: The ARN, which AWS tells only where it denies something. STS is not asked, as it may be out of reach.
      type: str
      returned: always
      sample: null
    access_key:
      description: The access key ID.
      type: str
      returned: always
      sample: ASIAIOSFODNN7EXAMPLE
    source:
      description: Where the credentials came from.
      type: str
      returned: always
      sample: the instance profile
region:
  description: The region, with its C(value) and C(source); V(null) where none is known.
  returned: always
  type: dict
  sample: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
endpoint:
  description: The KMS endpoint, in the same way.
  returned: always
  type: dict
  sample: {"value": "https://kms.us-east-1.amazonaws.com", "source": "the AWS SDK"}
credentials:
  description: The access key ID, in the same way.
  returned: always
  type: dict
  sample: {"value": "ASIAIOSFODNN7EXAMPLE", "source": "the instance profile"}
kms_key_id:
  description: The key that was asked for, in the same way.
  returned: always
  type: dict
  sample: {"value": "alias/vault-unseal", "source": "option kms_key_id"}
key_arn:
  description: The key's ARN; V(null) where neither an answer, a denial nor O(kms_key_id) tells it.
  returned: always
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
state:
  description: The key's state; V(null) where it could not be described.
  returned: always
  type: str
  sample: Enabled
problems:
  description:
    - Why a seal cannot use the key whatever is allowed, each with C(reason), C(msg) and C(remedy), as M(sealwright.vault_seal.awskms_key_info) tells them.
  returned: always
  type: list
  elements: dict
  sample: []
key_warnings:
  description: What has to be known of the key, in the same form, such as key material that expires.
  returned: always
  type: list
  elements: dict
  sample: []
latency_ms:
  description: How long the calls took together, in milliseconds.
  returned: always
  type: float
  sample: 38.1
remedy:
  description:
    - What would make it ready; V(null) where it is.
    - The three statements are for what is denied, and for what could not be tried for that; each is V(null) where it would not help, such as
      against an explicit deny. One of them suffices, unless C(msg) says otherwise.
  returned: always
  type: dict
  contains:
    msg:
      description: What to do, in words.
      type: str
      returned: where it is not ready
      sample: Allow kms:Encrypt by an IAM policy, the key policy or a grant.
    policy_statement:
      description: The minimal statement of an IAM policy, for this key and its partition.
      type: dict
      returned: where it is not ready
      sample:
        Effect: Allow
        Action: ["kms:Encrypt", "kms:Decrypt"]
        Resource: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    key_policy_statement:
      description:
        - The statement of the key's policy. Its principal is the role where a session of one asked; where the principal is not known, C(PRINCIPAL-ARN) has
          to be replaced by its ARN. A role's path, if it has one, is not known either.
      type: dict
      returned: where it is not ready
      sample:
        Effect: Allow
        Principal: {"AWS": "arn:aws:iam::111122223333:role/vault"}
        Action: ["kms:Encrypt", "kms:Decrypt"]
        Resource: "*"
    grant:
      description: What to ask of CreateGrant, such as by C(aws kms create-grant --cli-input-json).
      type: dict
      returned: where it is not ready
      sample:
        KeyId: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        GranteePrincipal: arn:aws:iam::111122223333:role/vault
        Operations: ["Encrypt", "Decrypt"]
  sample: null
judge:
  description: Whose verdict it is, V(sdk), V(server) or V(both). Of both, the server's counts.
  returned: always
  type: str
  sample: both
judges:
  description: What each judge says.
  returned: always
  type: dict
  sample: {"sdk": {"ready": true}, "server": {"ready": false, "reason": "access_denied"}, "agree": false}
  contains:
    sdk:
      description: What the model of the server's SDK says; V(null) where it was not asked.
      type: dict
      returned: always
      sample: {"ready": true, "reason": null, "summary": "A seal can use the key ...", "model": "model of aws-sdk-go v1"}
      contains:
        ready:
          description: Whether a seal can use the key.
          type: bool
          returned: always
          sample: true
        reason:
          description: Why not, in one word.
          type: str
          returned: always
          sample: null
        summary:
          description: The outcome in a sentence.
          type: str
          returned: always
          sample: A seal can use the key ...
        model:
          description: What was modelled; V(null) where no server is named.
          type: str
          returned: always
          sample: model of aws-sdk-go v1
    server:
      description: What the temporary server says; V(null) where none was started.
      type: dict
      returned: always
      sample: {"ready": false, "reason": "access_denied", "step": "unseal"}
      contains:
        ready:
          description: Whether it sealed and unsealed itself; V(null) where it could not be asked, so that the model judged alone.
          type: bool
          returned: always
          sample: false
        reason:
          description: Why not, in one word. V(server_refused) where the server's words are not known.
          type: str
          returned: always
          sample: access_denied
        summary:
          description: The outcome in a sentence.
          type: str
          returned: always
          sample: "OpenBao 2.6.2 itself does not unseal itself with these settings: ..."
        remedy:
          description: What to do.
          type: str
          returned: always
          sample: Allow it in a key policy, an IAM policy or a grant.
        line:
          description: The entry of its log, or the answer of its API, that tells the reason; verbatim, on one line, without secrets.
          type: str
          returned: where a server was started
          sample: 'Error configuring seal "awskms": error fetching AWS KMS wrapping key information: AccessDeniedException: ...'
        log:
          description: The last entries of its log that tell of a problem.
          type: list
          elements: str
          returned: where a server was started
          sample: []
        step:
          description: How far it came, V(start), V(initialise) or V(unseal).
          type: str
          returned: where a server was started
          sample: unseal
        seconds:
          description: How long it took.
          type: float
          returned: where a server was started
          sample: 1.4
        executable:
          description: What was started.
          type: str
          returned: where a server was started
          sample: /usr/bin/bao
        version:
          description: The version that it says it has.
          type: str
          returned: where a server was started
          sample: 2.6.2
        region:
          description: The region that it says it uses.
          type: str
          returned: where a server was started
          sample: us-east-1
        endpoint:
          description: The endpoint that it says it uses; V(null) where that is AWS's own.
          type: str
          returned: where a server was started
          sample: null
        key_id:
          description: The key that it says it uses.
          type: str
          returned: where a server was started
          sample: alias/vault-unseal
    agree:
      description:
        - Whether they agree that it is ready, and with which region and endpoint, or that it is not.
        - V(null) where one of them was not asked.
      type: bool
      returned: always
      sample: false
settings_problems:
  description: What is wrong with the server's settings, as M(sealwright.vault_seal.awskms_seal_settings_info) tells it.
  returned: where a server is named
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_permission_info import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.combined import JUDGES


def main() -> None:
    run_module(
        run,
        argument_spec={
            **SERVER_SETTINGS_SPEC,
            "service_user": {"type": "str"},
            "kms_key_id": {"type": "str", "aliases": ["key_id"], "no_log": False},
            "judge": {"type": "str", "choices": list(JUDGES)},
            "executable": {"type": "path"},
            "judge_timeout": {"type": "float", "default": 60.0},
            "fail_unless_ready": {"type": "bool", "default": False},
        },
    )


if __name__ == "__main__":
    main()
