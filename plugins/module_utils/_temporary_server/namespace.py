# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network namespace of a temporary server."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from contextlib import suppress

from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.mounts import Hidden, Mounts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Address, Reachable

_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x20000, 0x10000000, 0x40000000  # CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS; IFF_UP, IFF_RUNNING


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
        """Move the calling process into new network and mount namespaces; as an ordinary user, into a new user namespace too. Raises OSError."""
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


def why_no_namespace() -> str:
    """Why processes on this host cannot create a network namespace; empty if they can. Tested in a child process."""
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


def _listening(address: Address) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    listener.bind(("127.0.0.1" if address[0] == "localhost" else address[0], address[1]))
    listener.listen(64)
    return listener


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
