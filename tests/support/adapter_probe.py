# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open the KMS adapter, each time in a separate process and environment: lines of JSON in, lines of JSON out.

In: ``environment``, ``options`` of the connection, ``key`` (an option, may be empty), ``hints`` (regions with their sources) and
``link_local`` (ADDRESS:PORT where connections to AWS's link-local addresses lead; may be empty). Out: where everything came from and what
DescribeKey answered, or the ``error``, or the ``traceback`` of what should never come; the ``seconds`` it took;
and the version of ``botocore``.

Processes are forked after the imports, which makes many of them quick.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import traceback
from typing import Any

import botocore
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import key_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced


def answer(values: dict[str, Any]) -> dict[str, Any]:
    os.environ.clear()
    os.environ.update(values["environment"])
    if values["link_local"]:
        lead_link_local(values["link_local"])
    begun = time.monotonic()
    try:
        key = key_in_force(values["key"], os.environ)
        kms = open_kms(ConnectionOptions(**values["options"]), tuple(Sourced(*hint) for hint in values["hints"]))
        connection: dict[str, Any] = {"connection": {**kms.connection(), "key": key.as_result()}, "arn": kms.describe_key(str(key.reference))["Arn"]}
    except SealError as error:
        connection = {"error": error.as_result()}
    except Exception:
        connection = {"traceback": traceback.format_exc()}
    return {**connection, "seconds": time.monotonic() - begun, "botocore": [int(part) for part in botocore.__version__.split(".")]}


def lead_link_local(target: str) -> None:
    """Resolve 169.254.* to ``target``, as a route of the host would."""
    host, dummy, port = target.rpartition(":")
    resolve = socket.getaddrinfo

    def resolved(asked: Any, asked_port: Any, *arguments: Any, **settings: Any) -> Any:
        local = str(asked).startswith("169.254.")
        return resolve(host if local else asked, int(port) if local else asked_port, *arguments, **settings)

    socket.getaddrinfo = resolved  # type: ignore[assignment]


def main() -> None:
    for line in sys.stdin:
        if os.fork() == 0:
            print(json.dumps(answer(json.loads(line))), flush=True)
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main()
