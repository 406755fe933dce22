# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network of its own for a throw-away server, in which it reaches what its seal needs of AWS, and nothing else.

A restored server takes itself for the real one: it would revoke leases that have ended since, and rotate passwords of databases, whose new values
the real server never learns. So it lives in a network namespace (network_namespaces(7)) with a loopback interface alone. What it may reach, it reaches
through a relay that has sockets in that namespace and lives outside: a forward proxy for AWS, and for endpoints on loopback the same port.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment

from ansible_collections.sealwright.vault_seal.plugins.module_utils.throwaway_mounts import Hidden, Mounts

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
# Variables of the AWS SDKs and of the seal whose value is a URL that has to be reached.
_URL_VARIABLES = (
    *("AWS_KMS_ENDPOINT", "AWSKMS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_STS"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
)
# The names of KMS and STS in a region, and nothing with a further label: below the same domains anybody may have a bucket, whose name may have dots.
_AWS = re.compile(r"(?:kms|kms-fips|sts|sts-fips)\.(?P<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})\.(?P<domain>[a-z0-9.-]+)\Z")
_GLOBAL_STS = "sts.amazonaws.com"
_DOMAINS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "us-iso-": ("c2s.ic.gov",),
    "us-isob-": ("sc2s.sgov.gov",),
    "eu-isoe-": ("cloud.adc-e.uk",),
    "us-isof-": ("csp.hci.ic.gov",),
    "eusc-": ("amazonaws.eu",),
    "": ("amazonaws.com", "api.aws"),
}
# Where instances, ECS and EKS give credentials.
_METADATA = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x20000, 0x10000000, 0x40000000  # CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS; IFF_UP, IFF_RUNNING
_HEAD, _SECONDS = 65536, 60.0
_PERHOP = ("connection", "proxy-connection", "keep-alive", "proxy-authorization")

Address = tuple[str, int]


@dataclass(frozen=True)
class Reachable:
    """What a server may reach: endpoints on loopback, which are ``forwarded``, and others beside AWS's own; and the host's own proxies.

    Of AWS's own endpoints those of these ``regions``; of every region where none is known.
    """

    forwarded: tuple[Address, ...] = ()
    others: frozenset[Address] = frozenset()
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    regions: frozenset[str] = frozenset()

    def permits(self, host: str, port: int) -> bool:
        """Whether a destination that the server names is one of those."""
        name = (host[:-1] if host.endswith(".") else host).lower()
        if not host.isascii():  # in lower case, some characters become letters of ASCII
            return False
        return (name, port) in self.others or (port == 443 and self._is_aws(name)) or (port == 80 and name in _METADATA)

    def _is_aws(self, name: str) -> bool:
        if name == _GLOBAL_STS:
            return not self.regions or any(_domains(region) == _DOMAINS[""] for region in self.regions)
        found = _AWS.match(name)
        if not found:
            return False
        region = found["region"]
        return (not self.regions or region in self.regions) and found["domain"] in _domains(region)

    def ports(self, count: int) -> list[int]:
        """Ports that are free in the namespace; the relay's proxy has the first."""
        taken = {port for _host, port in self.forwarded}
        return [port for port in range(3128, 3128 + len(taken) + count) if port not in taken][:count]

    def proxy_to(self, host: str) -> Address | None:
        """The host's own HTTP proxy on the way there."""
        url = "" if host in _METADATA or proxy_bypass_environment(host, dict(self.proxies)) else self.proxies.get("https", "")
        return _address(url) if url else None


def reachable(endpoint: str, environment: Mapping[str, str], regions: Iterable[str] = ()) -> Reachable:
    """What a server with this KMS endpoint (empty: AWS's own), this environment and these regions (empty ones do not count) may reach."""
    urls = [endpoint, *(environment.get(name, "") for name in _URL_VARIABLES)]
    addresses = [_address(url) for url in urls if url]
    proxies = {name[: -len("_proxy")]: value for name, value in ((key.lower(), value) for key, value in environment.items()) if name.endswith("_proxy")}
    forwarded = tuple(dict.fromkeys(address for address in addresses if address[0] in _LOOPBACK))
    return Reachable(forwarded, frozenset(address for address in addresses if address[0] not in _LOOPBACK), proxies, frozenset(filter(None, regions)))


def through_the_relay(what: Reachable, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server that lives in the namespace: its proxies are replaced by the relay."""
    kept = {name: value for name, value in environment.items() if name.upper() not in _PROXY_VARIABLES}
    proxy = f"http://127.0.0.1:{what.ports(1)[0]}"
    return {**kept, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy}


class Namespace:
    """Made before a process is forked, so that the child has nothing left to load: :meth:`enter` runs there, before the server does."""

    def __init__(self, what: Reachable, relay: socket.socket | None, mounts: Mounts | None = None) -> None:
        """:param relay: where the sockets that listen in the namespace are sent to; None sends none.
        :param mounts: what is hidden from the process; nothing by default.
        """
        self._what = what
        self._relay = relay
        self._mounts = mounts or Mounts(Hidden(), "")
        self._libc = ctypes.CDLL(None, use_errno=True)

    def enter(self) -> None:
        """Move the calling process into a new network with mounts of its own; as an ordinary user, into a new user namespace too. Raises OSError."""
        user, group = os.geteuid(), os.getegid()
        if self._libc.unshare(_NEW_NETWORK | _NEW_MOUNTS | (_NEW_USER if user else 0)):
            raise OSError(ctypes.get_errno(), "unshare")
        if user:
            for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
                _write(f"/proc/self/{name}", text)
        self._mounts.apply()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP_AND_RUNNING))
        if self._relay is not None:
            listeners = [_listening(address) for address in (("127.0.0.1", self._what.ports(1)[0]), *self._what.forwarded)]
            socket.send_fds(self._relay, [b"l"], [listener.fileno() for listener in listeners])


def refused() -> str:
    """Why no process here may have a network of its own; empty where it may. Asked of a child, which ends again."""
    reading, writing = os.pipe()
    namespace = Namespace(Reachable(), None, Mounts(Hidden(folders=(os.path.realpath("/tmp"),)), ""))
    child = os.fork()
    if not child:
        with suppress(BaseException):
            try:
                namespace.enter()
            except OSError as error:
                os.write(writing, f"{error.strerror}: {os.strerror(error.errno or 0)}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        why = answer.read()
    os.waitpid(child, 0)
    return why


class Relay:
    """Takes the sockets that listen in namespaces, and joins each connection to where it may go. Ends with its process."""

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


def _domains(region: str) -> tuple[str, ...]:
    """Below which domains the endpoints of a region are."""
    return next(domains for prefix, domains in _DOMAINS.items() if region.startswith(prefix))


def _address(url: str) -> Address:
    parts = urlsplit(url if "//" in url else f"//{url}")
    return (parts.hostname or "").lower(), parts.port or (80 if parts.scheme == "http" else 443)


def _listening(address: Address) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    listener.bind(("127.0.0.1" if address[0] == "localhost" else address[0], address[1]))
    listener.listen(64)
    return listener


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
    """Carry bytes both ways until both have ended."""
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


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
