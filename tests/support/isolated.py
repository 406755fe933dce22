# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m support.isolated URL PORT`: print what a process in a network namespace can reach if URL is allowed, and loopback PORT is not."""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable

from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.namespace import Namespace
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import reachable
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.relay import Relay

from .slack import scaled


def main() -> int:
    url, port = sys.argv[1], int(sys.argv[2])
    what = reachable(url, {})
    inside, outside = socket.socketpair()
    namespace = Namespace(what, inside)
    child = os.fork()
    if child:
        Relay(what, outside).start()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    outside.close()
    namespace.enter()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    relayed = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{what.ports(1)[0]}"}))
    print("named endpoint:", _outcome(lambda: direct.open(url, timeout=scaled(20))), flush=True)
    print("another port:", _outcome(lambda: socket.create_connection(("127.0.0.1", port), scaled(20))), flush=True)
    print("proxy to a stranger:", _outcome(lambda: relayed.open("http://stranger.example/", timeout=scaled(20))), flush=True)
    os._exit(0)


def _outcome(ask: Callable[[], object]) -> str:
    try:
        ask()
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return type(error).__name__
    return "answers"


if __name__ == "__main__":
    sys.exit(main())
