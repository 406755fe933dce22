# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the keys of this target and print their ARNs as JSON."""

from __future__ import annotations

import json
import os

import boto3

client = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_KMS_ENDPOINT"])
good, disabled, signing = (
    client.create_key(**settings)["KeyMetadata"]["Arn"] for settings in ({}, {}, {"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"})
)
client.create_alias(AliasName="alias/vault-unseal", TargetKeyId=good.rsplit("/", 1)[-1])
client.enable_key_rotation(KeyId=good)
client.disable_key(KeyId=disabled)
print(json.dumps({"good": good, "disabled": disabled, "signing": signing}))
