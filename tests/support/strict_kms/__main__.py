# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the strict KMS: ``python -m support.strict_kms --port 4566``."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys

from .application import Application
from .server import Server, end_with_parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="strict_kms", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", help="write the port here when the server is ready")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="each call to KMS takes at least this long")
    parser.add_argument("--journal", default="", help="append each call to KMS here as a line of JSON")
    parser.add_argument("--tls-cert", default="", help="serve TLS with this certificate")
    parser.add_argument("--tls-key", default="", help="the certificate's private key")
    parser.add_argument("--parent", type=int, default=0, help="end when this process, which must be the parent, is gone")
    arguments = parser.parse_args()
    application = Application(arguments.journal, arguments.latency_ms / 1000)
    server = Server(arguments.port, application, arguments.tls_cert, arguments.tls_key, arguments.host)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if arguments.parent:
        end_with_parent(arguments.parent)
    port = server.server_address[1]
    scheme = "https" if arguments.tls_cert else "http"
    print(f"strict KMS, STS and IAM at {scheme}://{arguments.host}:{port}", flush=True)
    if arguments.port_file:
        part = f"{arguments.port_file}.part"
        with open(part, "w", encoding="ascii") as stream:
            stream.write(str(port))
        os.replace(part, arguments.port_file)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
