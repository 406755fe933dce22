# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a snapshot of a server whose seal uses the key with the given ARN."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import boto3
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import StoredState

client = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_KMS_ENDPOINT"])
Path(sys.argv[2]).write_bytes(StoredState(client, sys.argv[1]).snapshot())
