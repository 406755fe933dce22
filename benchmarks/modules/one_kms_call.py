# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that a module on boto3 can do: one call to KMS. What awskms_seal_wrap is measured against."""

from __future__ import annotations

import os

import boto3
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(argument_spec={"kms_key_id": {"type": "str", "required": True, "no_log": False}})
    client = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_KMS_ENDPOINT"])
    answer = client.encrypt(KeyId=module.params["kms_key_id"], Plaintext=b"0" * 32)
    module.exit_json(changed=False, key_id=answer["KeyId"])


if __name__ == "__main__":
    main()
