# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to KMS of this process: Ansible creates a plugin for each use, and templates use a lookup repeatedly.

Ansible's workers are forks. They inherit the data keys that were decrypted before, and create their own clients: two processes must not
share a connection.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections import OrderedDict
from multiprocessing import util
from threading import Lock
from typing import Any, NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.decrypt_cache import DecryptCache
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions

_MOST = 8  # connections at a time, for plays that decrypt values as several principals
# Credentials of an assumed role are not renewed by the SDK, and last a quarter of an hour at least.
_RENEWED_AFTER = 600.0


class KmsSession(NamedTuple):
    """The clients, and the data keys that the same principal has decrypted."""

    clients: KmsClients
    data_keys: DecryptCache
    process: int
    made: float


class KmsSessions:
    """Returns the same session for the same connection options and environment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: OrderedDict[Any, KmsSession] = OrderedDict()
        self._wiped_in = 0

    def session(self, options: ConnectionOptions, cache_data_keys: bool = True) -> KmsSession:
        """Without ``cache_data_keys`` the same clients, and data keys that are not kept."""
        settings = tuple(getattr(options, field.name) for field in dataclasses.fields(options) if field.name != "sources")
        name = (settings, tuple(sorted(options.sources.items())), frozenset(os.environ.items()))
        with self._lock:
            session = self._sessions.pop(name, None)
            if session is None or session.process != os.getpid() or time.monotonic() > session.made + _RENEWED_AFTER:
                session = KmsSession(KmsClients(options), session.data_keys if session else DecryptCache(), os.getpid(), time.monotonic())
            self._sessions[name] = session
            if len(self._sessions) > _MOST:
                self._sessions.popitem(last=False)[1].data_keys.wipe()
            self._wipe_at_exit()
        return session if cache_data_keys else session._replace(data_keys=DecryptCache(0))

    def wipe(self) -> None:
        """Overwrite all data keys, and forget the clients."""
        for session in self._sessions.values():
            session.data_keys.wipe()
        self._sessions.clear()

    def _wipe_at_exit(self) -> None:
        if self._wiped_in == os.getpid():
            return
        util.Finalize(None, self.wipe, exitpriority=0)  # in a worker, atexit alone does nothing before Python 3.13
        self._wiped_in = os.getpid()


KMS_SESSIONS = KmsSessions()
