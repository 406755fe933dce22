# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left over on a host beside what it takes: it should change nothing, or it changes what the server does."""

from __future__ import annotations

from ..part import Part


def _variable(**variables: str) -> Part:
    return Part(environment=variables)


NOISE = {
    "none": Part(),
    "profile-gone": _variable(AWS_PROFILE="gone"),
    "profile-empty": _variable(AWS_PROFILE=""),
    "default-profile-gone": _variable(AWS_DEFAULT_PROFILE="gone"),
    "broken-config-file": Part(files={".aws/config": "[profile x\nregion = us-east-1\n"}),
    "binary-config-file": Part(files={".aws/config": "\x01\x02\n"}),
    "broken-config-file-loaded": Part(files={".aws/config": "[profile x\n"}, environment={"AWS_SDK_LOAD_CONFIG": "1"}),
    "no-config-file": _variable(AWS_CONFIG_FILE="{home}/none"),
    "config-file-of-others": Part(config={"default": {"output": "json", "cli_pager": ""}, "profile q": {"region": "ap-south-1"}}),
    "load-config": _variable(AWS_SDK_LOAD_CONFIG="1"),
    "load-config-false": _variable(AWS_SDK_LOAD_CONFIG="false"),
    "half-a-role": Part(config={"default": {"role_arn": "{role_arn}"}}),
    "role-without-source-loaded": Part(config={"default": {"role_arn": "{role_arn}"}}, environment={"AWS_SDK_LOAD_CONFIG": "1"}),
    "retry-settings": _variable(AWS_MAX_ATTEMPTS="1", AWS_RETRY_MODE="adaptive"),
    "odd-retry-settings": _variable(AWS_MAX_ATTEMPTS="none", AWS_RETRY_MODE="odd"),
    "sts-regional": _variable(AWS_STS_REGIONAL_ENDPOINTS="regional"),
    "odd-sts-regional": _variable(AWS_STS_REGIONAL_ENDPOINTS="odd"),
    "metadata-odd": _variable(AWS_EC2_METADATA_DISABLED="1"),
    "metadata-endpoint": _variable(AWS_EC2_METADATA_SERVICE_ENDPOINT="{dead}"),
    "defaults-mode": _variable(AWS_DEFAULTS_MODE="odd"),
    "account": _variable(AWS_ACCOUNT_ID="111122223333", AWS_ACCOUNT_ID_ENDPOINT_MODE="required"),
    "ignore-endpoint-urls": _variable(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true"),
    "request-compression": _variable(AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES="odd"),
    "service-of-another": _variable(AWS_ENDPOINT_URL_STS="{dead}", AWS_ENDPOINT_URL_S3="{dead}"),
    "go-debug": _variable(GODEBUG="http2client=0"),
    "client-variables": _variable(VAULT_ADDR="https://127.0.0.1:1", BAO_ADDR="https://127.0.0.1:1", VAULT_TOKEN="x"),
}
