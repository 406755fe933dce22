# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens the KMS adapter in a Python and an environment of its own: JSON in, JSON out.

In: ``options`` of the connection, ``key`` (an option, may be empty) and ``hints`` (regions with their sources). Out: where everything
came from and what DescribeKey answered, or the error; and how many seconds it took.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import ConnectionOptions, Sourced, key_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import open_kms


def main() -> None:
    said = json.load(sys.stdin)
    begun = time.monotonic()
    try:
        key = key_in_force(said.get("key"), os.environ)
        kms = open_kms(ConnectionOptions(**said.get("options", {})), tuple(Sourced(*hint) for hint in said.get("hints", ())))
        answer = {"connection": {**kms.connection(), "key": key.as_result()}, "arn": kms.describe_key(key.value)["Arn"]}
    except SealError as error:
        answer = {"error": error.as_result()}
    answer["seconds"] = time.monotonic() - begun
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
