# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network of one worker: a namespace in which the names of AWS, its metadata service and the proxies have their real addresses.

Nothing in it leads out of it, and its ports are the same in each run, so that the same combination is the same text.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

OWN_ADDRESS = "10.20.30.40"  # an address of this host that is not loopback
OWN_NETWORK = "10.20.30.0/24"
METADATA = "169.254.169.254"
PLAIN, TLS, STORE, PROXY, LOGIN_PROXY, IMDS, CONTAINER = 4566, 4567, 4568, 3128, 3129, 4580, 4581

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-south-1")
AWS_NAMES = (
    *(f"{name}.{region}.amazonaws.com" for region in REGIONS for name in ("kms", "kms-fips", "sts", "sts-fips")),
    *(f"{name}.{region}.api.aws" for region in REGIONS for name in ("kms", "kms-fips", "sts")),
    "sts.amazonaws.com",
)
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def inside(command: list[str]) -> list[str]:
    """The command that runs another in a network and a mount namespace of its own."""
    return ["unshare", "--user", "--map-root-user", "--net", "--mount", "--", *command]


def set_up(folder: Path, authority: str) -> None:
    """Make this process's own namespaces that network: addresses, names and the system's store with one ``authority`` (a path)."""
    hosts, resolver = folder / "hosts", folder / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{OWN_ADDRESS} {name}\n" for name in AWS_NAMES), encoding="ascii")
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", encoding="ascii")
    for line in (
        "ip link set lo up",
        f"ip addr add {OWN_ADDRESS}/24 dev lo",
        f"ip addr add {METADATA}/32 dev lo",
        "mount --make-rprivate /",
        f"mount --bind {hosts} /etc/hosts",
        f"mount --bind {resolver} /etc/resolv.conf",
        "mount -t tmpfs tmpfs /etc/ssl/certs",
        "mount -t tmpfs tmpfs /run",
    ):
        subprocess.run(line.split(), check=True, env={"PATH": PATH})
    shutil.copy(authority, "/etc/ssl/certs/ca-certificates.crt")


class Front:
    """Takes connections at an address, with TLS where a certificate and key are given, and passes all bytes on to a port of loopback."""

    def __init__(self, address: str, port: int, target: int, certificate: str = "", key: str = "") -> None:
        self._target = target
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server((address, port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client = self._listener.accept()[0]
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            target = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        # TLS holds data back that select does not see: a thread for each direction.
        threading.Thread(target=_copy, args=(target, client), daemon=True).start()
        _copy(client, target)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
