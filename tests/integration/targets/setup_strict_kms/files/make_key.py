# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create a key with the given alias and print its ARN."""

from __future__ import annotations

import os
import sys

import boto3

client = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_KMS_ENDPOINT"])
key = client.create_key()["KeyMetadata"]
client.create_alias(AliasName=sys.argv[1], TargetKeyId=key["KeyId"])
print(key["Arn"])
