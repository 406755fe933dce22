# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP proxy on loopback that forwards plain requests and tunnels by CONNECT, with a journal and an optional login."""

from __future__ import annotations

import base64
import http.server
import select
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .slack import scaled

_TUNNEL_SECONDS = scaled(20)


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        if not self._admitted():
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "proxy-authorization"}
        request = urllib.request.Request(self.path, data=body, headers=headers, method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TUNNEL_SECONDS) as answer:
                self._reply(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                self._reply(error.code, error.read())

    def do_CONNECT(self) -> None:
        if not self._admitted():
            return
        host, port = self.path.rsplit(":", 1)
        try:
            target = socket.create_connection((host, int(port)), timeout=_TUNNEL_SECONDS)
        except OSError:
            self._reply(502, b"no connection")
            return
        with target:
            self.send_response(200, "Connection established")
            self.end_headers()
            ends = {self.connection: target, target: self.connection}
            while True:
                ready = select.select(list(ends), [], [], _TUNNEL_SECONDS)[0]
                if not ready:
                    return
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)

    def _admitted(self) -> bool:
        self.server.asked.append((self.command, self.path))  # type: ignore[attr-defined]
        login: str = self.server.login  # type: ignore[attr-defined]
        if not login or self.headers.get("Proxy-Authorization") == "Basic " + base64.b64encode(login.encode()).decode():
            return True
        self._reply(407, b"login please")
        return False

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def proxy(login: str = "") -> Iterator[Any]:
    """A proxy with ``.url`` and ``.asked`` (method and target of each request). ``login`` is USER:PASSWORD."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        server.login, server.asked = login, []  # type: ignore[attr-defined]
        server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
