# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy before a real server that cuts its snapshots, and a server that names another as its active node."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .slack import scaled

SNAPSHOT = "/v1/sys/storage/raft/snapshot"


class CutServer(ThreadingHTTPServer):
    """``cuts`` says for each snapshot in turn how it is sent: ``length`` (too few bytes of the announced ones), ``chunked`` (in chunks, the end of which
    is missing), ``clean`` (a truncated archive in a complete response), ``redirect`` (to ``location``), or ``whole``. ``leader`` is what sys/leader names.
    """

    daemon_threads = True

    def __init__(self, upstream: str, *cuts: str, leader: str = "", location: str = "", status: dict[str, Any] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.cuts = list(cuts)
        self.leader = leader
        self.state = status
        self.location = location
        self.requests = 0
        self.tokens: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CutServer

    def _answer(self) -> None:
        self.server.requests += 1
        token = self.headers.get("X-Vault-Token")
        if token:
            self.server.tokens.append(token)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        if self.path == "/v1/sys/leader" and self.server.leader:
            self._send(200, json.dumps({"ha_enabled": True, "is_self": False, "leader_address": self.server.leader}).encode())
            return
        if self.path == "/v1/sys/seal-status" and self.server.state is not None:
            self._send(200, json.dumps(self.server.state).encode())
            return
        cut = (self.server.cuts.pop(0) if self.server.cuts else "whole") if self.path == SNAPSHOT else "whole"
        if cut == "redirect":
            self.send_response(307)
            self.send_header("Location", self.server.location + SNAPSHOT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        request = urllib.request.Request(self.server.upstream + self.path, data=body, method=self.command)
        if token:
            request.add_header("X-Vault-Token", token)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=scaled(60)) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        self._send(status, content, cut)

    def _send(self, status: int, content: bytes, cut: str = "whole") -> None:
        half = content[: len(content) // 2]
        self.send_response(status)
        self.close_connection = True
        if cut == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
            return
        self.send_header("Content-Length", str(len(half if cut == "clean" else content)))
        self.end_headers()
        self.wfile.write(content if cut == "whole" else half)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass
