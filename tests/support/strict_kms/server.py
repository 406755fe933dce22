# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: a thread for each connection, keep-alive, resets on demand, optional TLS."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .application import Application
from .errors import ResetConnection


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, application: Application, certificate: str = "", key: str = "", host: str = "127.0.0.1") -> None:
        super().__init__((host, port), Handler)
        self.application = application
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            # The handshake is left to the connection's own thread, so that a silent client holds up nobody.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a disconnected client is not an error
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _answer(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.application.answer(self.command, self.path, headers, body)
        except ResetConnection:
            # With a linger time of zero, closing sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        skipped = {"content-length", "connection", "server", "date", "transfer-encoding"}
        lines = [f"HTTP/1.1 {answer.status} -"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in skipped]
        lines += [f"Date: {self.date_time_string()}", f"Content-Length: {len(answer.body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + answer.body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def log_message(self, format: str, *args: Any) -> None:
        pass


def end_with_parent(parent: int) -> None:
    """End this process when the process that started it has ended for any reason."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
