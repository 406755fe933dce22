# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process that opens its first value spends before KMS is asked, step after step: `start_up.py ENDPOINT`.

Printed as JSON, in milliseconds of the processor. What Ansible itself has imported by then is imported before the count begins.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable

for _module in ("ansible.executor.task_executor", "ansible.parsing.vault", "ansible.plugins.loader"):
    importlib.import_module(_module)


def botocore() -> None:
    import botocore.session  # noqa: F401


def cryptography() -> None:
    import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401


def seal_core() -> None:
    pass


def client() -> None:
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions

    open_kms(ConnectionOptions(region="us-east-1", endpoint=sys.argv[1]))


def milliseconds(step: Callable[[], None]) -> float:
    begun = time.process_time()
    step()
    return (time.process_time() - begun) * 1000


steps: dict[str, Callable[[], None]] = {
    "importing botocore": botocore,
    "importing cryptography's AES-GCM": cryptography,
    "importing the seal core": seal_core,
    "settings, credentials and the client": client,
}
json.dump({name: milliseconds(step) for name, step in steps.items()}, sys.stdout)
