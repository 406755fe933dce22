# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared documentation of modules and lookups: the connection to AWS KMS."""

from __future__ import annotations


class ModuleDocFragment:
    # For modules and plugins.
    DOCUMENTATION = r"""
options:
  region:
    description:
      - The AWS region of the KMS key.
      - If not set, the first of the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION), the AWS profile's
        region, the region in the ARN of the key or of the sealed value's key, and the instance's own region is used.
    type: str
    aliases:
      - aws_region
  access_key:
    description:
      - The AWS access key ID. If set, O(secret_key) is required.
      - If not set, the AWS SDK searches for credentials in the environment, the shared files, a web identity, and the
        credentials endpoints of the container and of the instance, in this order.
    type: str
    aliases:
      - aws_access_key_id
      - aws_access_key
  secret_key:
    description: The AWS secret access key.
    type: str
    aliases:
      - aws_secret_access_key
      - aws_secret_key
  session_token:
    description: The session token of temporary credentials.
    type: str
    aliases:
      - aws_session_token
  endpoint:
    description:
      - The URL of the KMS endpoint, for example that of a VPC endpoint.
      - If not set, the first of the environment variables E(AWS_KMS_ENDPOINT), E(AWSKMS_ENDPOINT), E(AWS_ENDPOINT_URL_KMS)
        and E(AWS_ENDPOINT_URL) is used, then the C(endpoint_url) of the AWS profile or its C(services), then the default endpoint.
    type: str
    aliases:
      - endpoint_url
      - aws_endpoint_url
  shared_creds_profile:
    description:
      - The profile of the AWS config and credentials files to use. It takes precedence over keys in the environment.
      - If not set, the AWS SDK reads E(AWS_PROFILE).
    type: str
    aliases:
      - profile
      - aws_profile
  shared_creds_filename:
    description: The shared credentials file to use instead of C(~/.aws/credentials). It takes precedence over keys in the environment.
    type: path
  role_arn:
    description:
      - The ARN of the role to assume with the credentials, or with the web identity if a token file is set.
    type: str
  role_session_name:
    description: The session name of the assumed role. If not set, E(AWS_ROLE_SESSION_NAME) or V(sealwright.vault_seal) is used.
    type: str
  web_identity_token_file:
    description:
      - The file that contains a web identity token. Requires O(role_arn) or the environment variable E(AWS_ROLE_ARN).
      - If not set, the AWS SDK reads both from the environment.
    type: path
  sts_endpoint:
    description: The URL of the STS endpoint, for assuming roles if the default endpoint cannot be reached.
    type: str
  ca_bundle:
    description: The path of a CA bundle to trust. If not set, the AWS SDK reads E(AWS_CA_BUNDLE).
    type: path
    aliases:
      - aws_ca_bundle
  validate_certs:
    description: Whether to verify the endpoint's TLS certificate. If V(false), a machine in the middle can read and alter the calls.
    type: bool
    default: true
  proxy:
    description: The URL of an HTTP(S) proxy. If not set, E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY) are honoured.
    type: str
  timeout:
    description:
      - The maximum duration of a call to KMS in seconds, retries included. Throttling, server errors and broken connections
        are retried in botocore's standard mode within this time.
      - One attempt waits at most 5 seconds for the connection and 10 seconds for the response. A call that hangs in its last
        attempt can exceed the timeout by that time.
    type: float
    default: 30.0
requirements:
  - boto3 >= 1.26.27
  - cryptography >= 36.0.0
"""

    MODULES = r"""
attributes:
  action_group:
    description: Use C(group/sealwright.vault_seal.awskms) in C(module_defaults) to set the connection to AWS KMS for all modules.
    support: full
    membership:
      - sealwright.vault_seal.awskms
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode. Secrets are never shown.
"""

    # The same options in the environment and in ansible.cfg, for plugins on the controller; read by plugin_utils/_options.py.
    # Variables are not read, because managed hosts can set them as facts.
    PLUGINS = r"""
options:
  region:
    env:
      - name: ANSIBLE_AWSKMS_REGION
      - name: AWS_REGION
      - name: AWS_DEFAULT_REGION
    ini:
      - section: awskms
        key: region
  access_key:
    env:
      - name: ANSIBLE_AWSKMS_ACCESS_KEY
  secret_key:
    env:
      - name: ANSIBLE_AWSKMS_SECRET_KEY
  session_token:
    env:
      - name: ANSIBLE_AWSKMS_SESSION_TOKEN
  endpoint:
    env:
      - name: ANSIBLE_AWSKMS_ENDPOINT
      - name: AWS_KMS_ENDPOINT
      - name: AWSKMS_ENDPOINT
    ini:
      - section: awskms
        key: endpoint
  shared_creds_profile:
    env:
      - name: ANSIBLE_AWSKMS_SHARED_CREDS_PROFILE
    ini:
      - section: awskms
        key: shared_creds_profile
  shared_creds_filename:
    env:
      - name: ANSIBLE_AWSKMS_SHARED_CREDS_FILENAME
    ini:
      - section: awskms
        key: shared_creds_filename
  role_arn:
    env:
      - name: ANSIBLE_AWSKMS_ROLE_ARN
    ini:
      - section: awskms
        key: role_arn
  role_session_name:
    env:
      - name: ANSIBLE_AWSKMS_ROLE_SESSION_NAME
    ini:
      - section: awskms
        key: role_session_name
  web_identity_token_file:
    env:
      - name: ANSIBLE_AWSKMS_WEB_IDENTITY_TOKEN_FILE
    ini:
      - section: awskms
        key: web_identity_token_file
  sts_endpoint:
    env:
      - name: ANSIBLE_AWSKMS_STS_ENDPOINT
      - name: AWS_ENDPOINT_URL_STS
    ini:
      - section: awskms
        key: sts_endpoint
  ca_bundle:
    env:
      - name: ANSIBLE_AWSKMS_CA_BUNDLE
      - name: AWS_CA_BUNDLE
    ini:
      - section: awskms
        key: ca_bundle
  validate_certs:
    env:
      - name: ANSIBLE_AWSKMS_VALIDATE_CERTS
    ini:
      - section: awskms
        key: validate_certs
  proxy:
    env:
      - name: ANSIBLE_AWSKMS_PROXY
    ini:
      - section: awskms
        key: proxy
  timeout:
    env:
      - name: ANSIBLE_AWSKMS_TIMEOUT
    ini:
      - section: awskms
        key: timeout
"""

    # For modules whose action plugin does the work on the controller: their documentation has no env and ini.
    CONTROLLER = r"""
options: {}
notes:
  - This runs on the controller. Options that neither the task nor C(module_defaults) sets are read from the environment of the Ansible process, first
    the variable C(ANSIBLE_AWSKMS_) followed by the option's name in capitals, then AWS's own variables, and then from section C([awskms]) of
    C(ansible.cfg), as with the lookup P(sealwright.vault_seal.awskms_seal_unwrap#lookup). The C(environment) keyword of a task or play has no effect.
  - Options are never read from variables such as C(ansible_awskms_region), because a managed host could set them as facts. If one is set, the task fails.
"""
