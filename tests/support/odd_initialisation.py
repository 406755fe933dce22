# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that answers its initialisation as no real one does: cut short, late, in another shape, or not at all."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable
from typing import Any

CLUSTER = "8677ff59-25d8-5365-4cd8-306ee690d4cf"


class OddInitialisation:
    """A context manager. ``answer`` is sent to PUT sys/init after ``delay`` seconds; ``before`` is called first.

    :param length: the Content-Length that is said, if not that of the answer; -1 closes the connection without any answer.
    """

    def __init__(
        self, answer: bytes, status: int = 200, *, length: int | None = None, delay: float = 0, initialises: bool = True,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self.initialized = False
        self.requests: list[dict[str, Any]] = []
        odd = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = {"initialized": odd.initialized, "sealed": not odd.initialized, "recovery_seal": True, "type": "awskms"}
                if odd.initialized:
                    status["cluster_id"] = CLUSTER
                self._send(200, json.dumps(status).encode(), None)

            def do_PUT(self) -> None:
                odd.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                before()
                odd.initialized = initialises
                time.sleep(delay)
                if length == -1:
                    self.close_connection = True
                else:
                    self._send(status, answer, length)

            def _send(self, code: int, body: bytes, message: int | None) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body) if message is None else message))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OddInitialisation:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
