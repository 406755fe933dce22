# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One KMS adapter for each region that a task needs, made when it is first asked for."""

from __future__ import annotations

from threading import Lock
from typing import Any

from ..sourced import Sourced
from .client import BotoKms, open_kms
from .options import ConnectionOptions


class KmsClients:
    """Returns the KMS client for the region of a key or value; call it with the region, or with an empty string.

    If an option, the environment or the AWS profile sets the region, one client serves all keys.
    """

    def __init__(self, options: ConnectionOptions) -> None:
        self._options = options
        self._lock = Lock()
        self._opened: dict[str, BotoKms] = {}

    def __call__(self, region: str = "", source: str = "the sealed value's key ARN") -> BotoKms:
        with self._lock:
            if region not in self._opened:
                hints = (Sourced(region, source),) if region else ()
                opened = open_kms(self._options, hints)
                self._opened[region] = self._opened.setdefault(opened.region.value, opened)
            return self._opened[region]

    def connection(self) -> dict[str, Any]:
        """The sources of region, endpoint and credentials of the first client; empty if no client was made."""
        return next(iter(self._opened.values())).connection() if self._opened else {}
