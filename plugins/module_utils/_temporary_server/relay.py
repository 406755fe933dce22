# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay through which a temporary server reaches AWS from its own network namespace."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Address, Reachable

_HEAD, _SECONDS = 65536, 60.0
_PERHOP = ("connection", "proxy-connection", "keep-alive", "proxy-authorization")


class Relay:
    """Accepts connections on sockets that listen in namespaces, and forwards each to its permitted target. Ends with its process."""

    def __init__(self, what: Reachable, sockets: socket.socket) -> None:
        """:param sockets: the other end of what :class:`Namespace` was given."""
        self._what = what
        self._sockets = sockets

    def start(self) -> None:
        _thread(self._take_sockets)

    def _take_sockets(self) -> None:
        while True:
            message, numbers, _flags, _address_of_it = socket.recv_fds(self._sockets, 1, 1 + len(self._what.forwarded))
            if not message:
                return
            for number, address in zip(numbers, (None, *self._what.forwarded)):
                _thread(self._accept, socket.socket(fileno=number), address)

    def _accept(self, listener: socket.socket, address: Address | None) -> None:
        with suppress(OSError):
            while True:
                connection, _who = listener.accept()
                _thread(self._serve, connection, address)

    def _serve(self, connection: socket.socket, address: Address | None) -> None:
        with suppress(OSError, ValueError), connection:
            connection.settimeout(_SECONDS)
            if address:
                with socket.create_connection(address, _SECONDS) as other:
                    _join(connection, other)
            else:
                self._proxy(connection)

    def _proxy(self, connection: socket.socket) -> None:
        """One request to a forward proxy: CONNECT, or a request of plain HTTP."""
        head, body = _head_of(connection)
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = url.hostname or "", url.port or (443 if method == "CONNECT" else 80)
        if not self._what.permits(host, port):
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        proxy = self._what.proxy_to(host)
        with socket.create_connection(proxy or (host, port), _SECONDS) as other:
            if method == "CONNECT" and not proxy:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            elif method == "CONNECT":
                other.sendall(head + b"\r\n\r\n")
            else:
                # One request for each connection, since the next may go elsewhere.
                kept = [line for line in lines[1:] if line.partition(":")[0].strip().lower() not in _PERHOP]
                path = target if proxy else url._replace(scheme="", netloc="").geturl() or "/"
                other.sendall("\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode("latin-1"))
            other.sendall(body)
            _join(connection, other)


def _head_of(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what was read beyond it."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = connection.recv(_HEAD)
        if not more or len(read) > _HEAD:
            raise ValueError("no request")
        read += more
    head, _end, body = read.partition(b"\r\n\r\n")
    return head, body


def _join(one: socket.socket, other: socket.socket) -> None:
    """Forward bytes in both directions until both have ended."""
    back = _thread(_carry, other, one)
    _carry(one, other)
    back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _thread(work, *arguments) -> threading.Thread:  # type: ignore[no-untyped-def]
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread
