#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_permission_info
short_description: Check whether a host can use a KMS key as the seal of Vault or OpenBao does
version_added: 0.1.0
description:
  - Calls the operations of AWS KMS that an awskms seal needs, C(kms:DescribeKey), C(kms:Encrypt) and C(kms:Decrypt), from the host where it runs, and
    returns a verdict on each, with the message of AWS, its likely cause and a statement that would allow the operation.
  - A server that starts calls only C(kms:DescribeKey). If another permission is missing, its initialisation fails and leaves a node that cannot be
    initialised again. Therefore run this module before.
  - It makes at most three calls to KMS. It encrypts random bytes, decrypts them and compares them. It leaves no data behind.
  - Every obstacle, such as a missing network, missing credentials, a wrong clock or a disabled key, is a verdict with a reason. The module
    fails only if O(fail_unless_ready) is set.
  - If O(config), O(unit), O(environment_files) or O(environment) describe a server, KMS is called with the server's key, region, endpoint and credentials, and
    without the environment of the task. Errors in the server's settings are returned too, and the server is then not ready.
  - If the server's executable is on the host too, a temporary server checks the seal itself, see O(judge). It is started with the real seal, environment, user
    and plugins, initialised, checked to unseal itself, and ended. Its verdict takes precedence.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    support: full
    details: The module makes no changes. It calls KMS and starts the temporary server in check mode too.
  diff_mode:
    support: none
    details: The module makes no changes.
options:
  kms_key_id:
    description:
      - The key, as key ID, key ARN, alias or alias ARN.
      - If not set, the key of the server is used, if a server is specified. Otherwise, the first of the environment variables E(VAULT_AWSKMS_SEAL_KEY_ID)
        and E(AWSKMS_WRAPPER_KEY_ID) that is set.
    type: str
    aliases:
      - key_id
  service_user:
    description:
      - The user with whose permissions KMS is called, if a server is specified, and the groups that O(unit) adds. Units, environment files and credentials of
        systemd are read as root before, as systemd does.
      - If not set, the C(User=) of O(unit). The task has to run as root, or as that user if it can read the files.
    type: str
  judge:
    description:
      - What checks whether the server can use its seal.
      - V(sdk) calls AWS KMS as the SDK of that product and release would. It is a model of the server and needs no executable.
      - V(server) starts a temporary server of the product, with the configured seal, plugins, environment, working directory and user, storage in memory,
        and a private socket. It has no cluster, telemetry, audit device or service registration, and uses no path of the real server. Its start tests
        C(kms:DescribeKey), its initialisation C(kms:Encrypt), and its unsealing C(kms:Decrypt). The reason is taken from the server's log.
      - V(both) does both. If the results differ, the task warns, RV(judges) contains both, and the result of the server takes precedence.
      - If not set, V(both) if a server is specified and its executable is on the host, otherwise V(sdk).
      - The temporary server usually takes 1 to 3 seconds, and makes one DescribeKey, four Encrypt and one Decrypt call. V(sdk) makes one of each.
      - Secrets are passed to the temporary server in its environment and in a configuration in memory without a name in a file system. Its root token and
        recovery key are not kept. Its log and socket are in a new directory below C(/dev/shm), or if that is not usable, C(/run) or the directory for
        temporary files. If the task is killed, a watchdog process ends the server and removes the directory.
      - It uses the host's network, with the proxy and routes of the service, but not the sandbox of O(unit), such as C(ProtectHome=).
      - It is started with all C(seal) stanzas, including disabled ones, since a server sets them up and connects to their services when it starts. They get
        their variables, such as E(VAULT_TRANSIT_SEAL_TOKEN) or E(BAO_ADDR). V(sdk) does not check disabled seals, and reports V(unchecked_seal).
      - Errors in RV(settings_problems) that it cannot detect, such as an unknown setting, or a file that the product rejects, mean that the seal is not ready,
        regardless of its verdict.
    type: str
    choices:
      - both
      - sdk
      - server
    version_added: 0.1.0
  executable:
    description: The server's executable. If not set, the one that O(unit) starts, otherwise C(bao) or C(vault) on the path.
    type: path
    version_added: 0.1.0
  judge_timeout:
    description:
      - The timeout of the temporary server in seconds. Greater than 0, and at most 3600.
      - A server that does not unseal itself in time is not ready. The reason is V(timed_out), unless its log contains another one.
    type: float
    default: 60.0
    version_added: 0.1.0
  fail_unless_ready:
    description: Whether the task fails if a seal cannot use the key. The returned values are the same.
    type: bool
    default: false
seealso:
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Check the key before the server is initialised
  sealwright.vault_seal.awskms_permission_info:
    kms_key_id: alias/vault-unseal
    fail_unless_ready: true

- name: Check another key, and continue in any case
  sealwright.vault_seal.awskms_permission_info:
    kms_key_id: "{{ old_key_arn }}"
  register: seal_permissions

- name: Check the key with the settings and user of the installed server
  sealwright.vault_seal.awskms_permission_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
  register: as_the_server

- name: Check the key with the settings of a server that is not installed yet
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

- name: Check the seal only with a temporary server of the installed product
  sealwright.vault_seal.awskms_permission_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
    executable: "{{ bao }}"
    judge: server
    judge_timeout: 90

- name: Show the statements that would allow denied operations
  ansible.builtin.debug:
    var: seal_permissions.remedy
  when: not seal_permissions.ready
"""

RETURN = r"""
ready:
  description: Whether a seal can use the key, which means that all three calls succeeded and the key has no problems.
  returned: always
  type: bool
  sample: false
reason:
  description: Why a seal cannot use the key, in one word; V(null) if it can.
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
      description: The verdict on C(kms:DescribeKey). The other verdicts have the same fields. Fields that do not apply are V(null).
      type: dict
      returned: always
      sample: {"verdict": "allowed", "latency_ms": 12.3}
      contains:
        verdict:
          description:
            - V(allowed), V(denied), V(failed) or V(not_tried).
            - V(failed) is a call that could not be made, or that failed for another reason than a denial, such as V(key_disabled).
            - Encrypt is called if DescribeKey was allowed or denied; Decrypt if Encrypt succeeded.
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
          description: How to fix the problem.
          type: str
          returned: always
          sample: Allow kms:Encrypt by an IAM policy, the key policy or a grant.
        aws_message:
          description: The message of AWS.
          type: str
          returned: always
          sample: "User: arn:aws:iam::111122223333:user/vault is not authorized to perform: kms:Encrypt on resource: ..."
        likely_cause:
          description:
            - Why it was denied, according to the message of AWS.
            - V(explicit_deny), a policy denies it; V(missing_allow), no IAM policy of the principal allows it;
              V(missing_key_policy_or_grant), the key policy neither allows it nor lets IAM policies allow it, and there is no grant;
              V(limiting_policy), a service control policy, permissions boundary, session policy or VPC endpoint policy does not allow it;
              V(foreign_account), the key is another account's, which does not allow it, or it does not exist; V(unknown), the message has no cause.
          type: str
          returned: always
          sample: missing_allow
        policy_type:
          description: The kind of policy that denies it or lacks the allow, as named by AWS.
          type: str
          returned: always
          sample: identity-based policy
        policy:
          description: The ARN of the policy that denies it, if AWS returns it.
          type: str
          returned: always
          sample: null
        latency_ms:
          description: The duration of the call including retries, in milliseconds.
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
  description: The principal of the calls, as far as known; V(null) without credentials.
  returned: always
  type: dict
  sample: {"arn": null, "access_key": "ASIAIOSFODNN7EXAMPLE", "source": "the instance profile"}
  contains:
    arn:
      description: The ARN, which AWS returns only with a denial. STS is not called, because it may be unreachable.
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
  description: The region, as C(value) and C(source); V(null) if unknown.
  returned: always
  type: dict
  sample: {"value": "us-east-1", "source": "environment variable AWS_REGION"}
endpoint:
  description: The KMS endpoint, as C(value) and C(source).
  returned: always
  type: dict
  sample: {"value": "https://kms.us-east-1.amazonaws.com", "source": "the AWS SDK"}
credentials:
  description: The access key ID, as C(value) and C(source).
  returned: always
  type: dict
  sample: {"value": "ASIAIOSFODNN7EXAMPLE", "source": "the instance profile"}
kms_key_id:
  description: The specified key, as C(value) and C(source).
  returned: always
  type: dict
  sample: {"value": "alias/vault-unseal", "source": "option kms_key_id"}
key_arn:
  description: The key's ARN; V(null) if neither a response, a denial nor O(kms_key_id) contains it.
  returned: always
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
state:
  description: The key's state; V(null) if the key could not be described.
  returned: always
  type: str
  sample: Enabled
problems:
  description:
    - Why a seal cannot use the key regardless of permissions, each with C(reason), C(msg) and C(remedy), as returned by
      M(sealwright.vault_seal.awskms_key_info).
  returned: always
  type: list
  elements: dict
  sample: []
key_warnings:
  description: Warnings about the key in the same form, such as expiring key material.
  returned: always
  type: list
  elements: dict
  sample: []
latency_ms:
  description: The total duration of the calls, in milliseconds.
  returned: always
  type: float
  sample: 38.1
remedy:
  description:
    - How to make the seal ready; V(null) if it is.
    - The three statements cover the denied operations and those that could not be tried because of them; each is V(null) if it would not help, for
      example against an explicit deny. One of them suffices, unless C(msg) states otherwise.
  returned: always
  type: dict
  contains:
    msg:
      description: What to do.
      type: str
      returned: if it is not ready
      sample: Allow kms:Encrypt by an IAM policy, the key policy or a grant.
    policy_statement:
      description: The minimal statement of an IAM policy, for this key and its partition.
      type: dict
      returned: if it is not ready
      sample:
        Effect: Allow
        Action: ["kms:Encrypt", "kms:Decrypt"]
        Resource: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    key_policy_statement:
      description:
        - The statement of the key's policy. Its principal is the role for a role session; if the principal is not known, C(PRINCIPAL-ARN) has
          to be replaced by its ARN. A role's path, if it has one, is not known either.
      type: dict
      returned: if it is not ready
      sample:
        Effect: Allow
        Principal: {"AWS": "arn:aws:iam::111122223333:role/vault"}
        Action: ["kms:Encrypt", "kms:Decrypt"]
        Resource: "*"
    grant:
      description: The parameters of CreateGrant, for example for C(aws kms create-grant --cli-input-json).
      type: dict
      returned: if it is not ready
      sample:
        KeyId: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        GranteePrincipal: arn:aws:iam::111122223333:role/vault
        Operations: ["Encrypt", "Decrypt"]
  sample: null
judge:
  description: The source of the verdict, V(sdk), V(server) or V(both). With V(both) the verdict of the server takes precedence.
  returned: always
  type: str
  sample: both
judges:
  description: The verdict of each judge.
  returned: always
  type: dict
  sample: {"sdk": {"ready": true}, "server": {"ready": false, "reason": "access_denied"}, "agree": false}
  contains:
    sdk:
      description: The verdict of the model of the server's SDK; V(null) if it was not used.
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
          description: The modelled SDK; V(null) if no server is specified.
          type: str
          returned: always
          sample: model of aws-sdk-go v1
    server:
      description: The verdict of the temporary server; V(null) if none was started.
      type: dict
      returned: always
      sample: {"ready": false, "reason": "access_denied", "step": "unseal"}
      contains:
        ready:
          description: Whether it was initialised and unsealed itself; V(null) if it could not be started, so that only the verdict of the model counts.
          type: bool
          returned: always
          sample: false
        reason:
          description: Why not, in one word. V(server_refused) if the server's message is not recognised.
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
          description: The log entry or API response with the reason; verbatim, on one line, without secrets.
          type: str
          returned: if a server was started
          sample: 'Error configuring seal "awskms": error fetching AWS KMS wrapping key information: AccessDeniedException: ...'
        log:
          description: The last log entries about problems.
          type: list
          elements: str
          returned: if a server was started
          sample: []
        step:
          description: The last step, V(start), V(initialise) or V(unseal).
          type: str
          returned: if a server was started
          sample: unseal
        seconds:
          description: The duration in seconds.
          type: float
          returned: if a server was started
          sample: 1.4
        executable:
          description: The executable that was started.
          type: str
          returned: if a server was started
          sample: /usr/bin/bao
        version:
          description: The version that the server reports.
          type: str
          returned: if a server was started
          sample: 2.6.2
        region:
          description: The region that the server reports.
          type: str
          returned: if a server was started
          sample: us-east-1
        endpoint:
          description: The endpoint that the server reports; V(null) for the default endpoint of AWS.
          type: str
          returned: if a server was started
          sample: null
        key_id:
          description: The key that the server reports.
          type: str
          returned: if a server was started
          sample: alias/vault-unseal
    agree:
      description:
        - Whether both verdicts agree, including region and endpoint if the seal is ready.
        - V(null) if one of them is missing.
      type: bool
      returned: always
      sample: false
settings_problems:
  description: Problems of the server's settings, as returned by M(sealwright.vault_seal.awskms_seal_settings_info).
  returned: if a server is specified
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
