# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many values one process opens in a second: ENDPOINT and COUNT, each value under a data key of its own, the KMS of the benchmark."""

from __future__ import annotations

import sys
import time

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap_many


def main() -> None:
    endpoint, count = sys.argv[1], int(sys.argv[2])
    kms = open_kms(ConnectionOptions(region="us-east-1", endpoint=endpoint))
    plain = [b"value %d" % number for number in range(count)]
    blobs = [one.value.encode() for one in wrap_many(kms, "alias/vault-unseal", plain)]
    rates = []
    for _turn in range(3):
        begun = time.perf_counter()
        opened = Unwrapper(lambda _region: kms).unwrap_many([SealedValue.parse(blob) for blob in blobs])
        rates.append(count / (time.perf_counter() - begun))
        assert [one.plaintext for one in opened] == plain
    print(max(rates))


if __name__ == "__main__":
    main()
