# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unexpected servers at the address of Vault or OpenBao: with prepared answers, echoing the request, responding slowly, or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes]


class OddServer:
    """A context manager. ``answers`` maps a path below ``/v1/`` to (status, body), or to a function of (method, body, headers) that gives it.

    :param seconds: how long it waits before each answer; ``drips`` has it send one byte each tenth of a second.
    """

    def __init__(self, answers: dict[str, Any], seconds: float = 0.0, drips: bool = False) -> None:
        self.requests: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, answers, seconds, drips))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OddServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def as_json(content: Any, status: int = 200) -> Answer:
    return status, json.dumps(content).encode()


def echo(wrap: Callable[[str], str] = str, status: int = 400) -> Callable[..., Answer]:
    """Repeats the request in its error, as wrapped."""

    def answer(_method: str, body: bytes, headers: str) -> Answer:
        return as_json({"errors": [f"bad request: {wrap(body.decode())} {wrap(headers)}"]}, status)

    return answer


def _handler(server: OddServer, answers: dict[str, Any], seconds: float, drips: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/v1/")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append((self.command, path))
            time.sleep(seconds)
            given = answers.get(path, (404, b'{"errors":[]}'))
            status, content = given(self.command, body, str(self.headers)) if callable(given) else given
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for start in range(0, len(content), 1 if drips else len(content) or 1):
                self.wfile.write(content[start : start + 1] if drips else content)
                time.sleep(0.1 if drips else 0)

        do_PUT = do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
            pass

    return Handler
