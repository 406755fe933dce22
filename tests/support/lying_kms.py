# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay before the strict KMS that alters the answers of chosen operations, as something in place of AWS KMS could."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .slack import scaled
from .strict_kms import StrictKms

UNPINNED_DECRYPT = "Decrypt without KeyId"
Lie = Callable[[dict[str, Any]], Any]


class LyingKms:
    """A context manager. ``lies`` maps an operation to what makes another answer of its true one; ``lied`` has those that were altered.

    ``UNPINNED_DECRYPT`` stands for a Decrypt that names no key. An answer may be a pair of a status and the content.
    """

    def __init__(self, kms: StrictKms) -> None:
        self.lies: dict[str, Lie] = {}
        self.lied: list[str] = []
        self._kms = kms
        relay, upstream = self, urlsplit(kms.url)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=scaled(60))
                connection.request("POST", self.path, body, dict(self.headers))  # with its own Host, which is signed
                answer = connection.getresponse()
                content = answer.read()
                operation = (self.headers.get("X-Amz-Target") or "").partition(".")[2]
                status = answer.status
                if operation == "Decrypt" and UNPINNED_DECRYPT in relay.lies and "KeyId" not in json.loads(body):
                    operation = UNPINNED_DECRYPT
                if operation in relay.lies and status == 200:
                    lie = relay.lies[operation](json.loads(content))
                    status, lie = lie if isinstance(lie, tuple) else (status, lie)
                    content = json.dumps(lie).encode()
                    relay.lied.append(operation)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LyingKms:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """The connection of a module through this relay."""
        return {name: self.url if value == self._kms.url else value for name, value in self._kms.environment().items()}
