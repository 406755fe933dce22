# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that modules and lookups share: the way to KMS."""

from __future__ import annotations


class ModuleDocFragment:
    # For modules and for plugins alike.
    DOCUMENTATION = r"""
options:
  region:
    description:
      - The AWS region to ask.
      - If not set, the first of the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION), the AWS profile's
        region, the region in the ARN of the key or of the sealed value's key, and the instance's own region is used.
    type: str
    aliases:
      - aws_region
  access_key:
    description:
      - The AWS access key ID. If set, O(secret_key) is needed too.
      - If not set, the AWS SDK looks for credentials in the environment, the shared files, a web identity, a container's
        and the instance's credentials endpoint, in this order.
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
    description: The session token that belongs to temporary credentials.
    type: str
    aliases:
      - aws_session_token
  endpoint:
    description:
      - The URL of the KMS endpoint, for example that of a VPC endpoint.
      - If not set, the first of the environment variables E(AWS_KMS_ENDPOINT), E(AWSKMS_ENDPOINT), E(AWS_ENDPOINT_URL_KMS)
        and E(AWS_ENDPOINT_URL) is used, then the C(endpoint_url) of the AWS profile or its C(services), then AWS's own.
    type: str
    aliases:
      - endpoint_url
      - aws_endpoint_url
  shared_creds_profile:
    description:
      - The profile to use of the AWS config and credentials files. It wins over keys in the environment.
      - If not set, the AWS SDK reads E(AWS_PROFILE).
    type: str
    aliases:
      - profile
      - aws_profile
  shared_creds_filename:
    description: The shared credentials file to use instead of C(~/.aws/credentials). It wins over keys in the environment.
    type: path
  role_arn:
    description:
      - The role to assume with the credentials found, or with the web identity where there is a token file.
    type: str
  role_session_name:
    description: The session name of the assumed role. If not set, E(AWS_ROLE_SESSION_NAME) or V(sealwright.vault_seal) is used.
    type: str
  web_identity_token_file:
    description:
      - The file that holds a web identity token. Needs O(role_arn) or the environment variable E(AWS_ROLE_ARN).
      - Without this option, the AWS SDK takes both from the environment.
    type: path
  sts_endpoint:
    description: The URL of the STS endpoint, for assuming roles where AWS's own cannot be reached.
    type: str
  ca_bundle:
    description: The file of CA certificates to trust. If not set, the AWS SDK reads E(AWS_CA_BUNDLE).
    type: path
    aliases:
      - aws_ca_bundle
  validate_certs:
    description: Whether to check the endpoint's certificate. Turning it off lets anybody on the way read and alter the calls.
    type: bool
    default: true
  proxy:
    description: The URL of an HTTP(S) proxy. If not set, E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY) are honoured.
    type: str
  timeout:
    description:
      - How many seconds a call to KMS may take in total, retries included. Throttling, server errors and broken connections
        are retried in botocore's standard mode within this time.
      - One attempt waits at most 5 seconds for the connection and 10 for the answer, so that a call that hangs
        in its last attempt can end that much later.
    type: float
    default: 30.0
requirements:
  - boto3 >= 1.26.27
  - cryptography >= 36.0.0
"""

    MODULES = r"""
attributes:
  action_group:
    description: Use C(group/sealwright.vault_seal.awskms) in C(module_defaults) to set the way to KMS once for all.
    support: full
    membership:
      - sealwright.vault_seal.awskms
  check_mode:
    description: Can run in check mode and say what it would change.
  diff_mode:
    description: Says in diff mode what changed or would change; never a secret.
"""

    # The same options in the environment and in ansible.cfg, as ansible-core's own plugins have them.
    PLUGINS = r"""
options:
  region:
    env:
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
      - name: AWS_KMS_ENDPOINT
      - name: AWSKMS_ENDPOINT
    ini:
      - section: awskms
        key: endpoint
  shared_creds_profile:
    ini:
      - section: awskms
        key: shared_creds_profile
  shared_creds_filename:
    ini:
      - section: awskms
        key: shared_creds_filename
  role_arn:
    ini:
      - section: awskms
        key: role_arn
  role_session_name:
    ini:
      - section: awskms
        key: role_session_name
  web_identity_token_file:
    ini:
      - section: awskms
        key: web_identity_token_file
  sts_endpoint:
    env:
      - name: AWS_ENDPOINT_URL_STS
    ini:
      - section: awskms
        key: sts_endpoint
  ca_bundle:
    env:
      - name: AWS_CA_BUNDLE
    ini:
      - section: awskms
        key: ca_bundle
  validate_certs:
    ini:
      - section: awskms
        key: validate_certs
  proxy:
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

    # And in variables, for plugins that are given them.
    VARIABLES = r"""
options:
  region:
    vars:
      - name: ansible_awskms_region
  access_key:
    vars:
      - name: ansible_awskms_access_key
  secret_key:
    vars:
      - name: ansible_awskms_secret_key
  session_token:
    vars:
      - name: ansible_awskms_session_token
  endpoint:
    vars:
      - name: ansible_awskms_endpoint
  shared_creds_profile:
    vars:
      - name: ansible_awskms_shared_creds_profile
  shared_creds_filename:
    vars:
      - name: ansible_awskms_shared_creds_filename
  role_arn:
    vars:
      - name: ansible_awskms_role_arn
  role_session_name:
    vars:
      - name: ansible_awskms_role_session_name
  web_identity_token_file:
    vars:
      - name: ansible_awskms_web_identity_token_file
  sts_endpoint:
    vars:
      - name: ansible_awskms_sts_endpoint
  ca_bundle:
    vars:
      - name: ansible_awskms_ca_bundle
  validate_certs:
    vars:
      - name: ansible_awskms_validate_certs
  proxy:
    vars:
      - name: ansible_awskms_proxy
  timeout:
    vars:
      - name: ansible_awskms_timeout
"""
