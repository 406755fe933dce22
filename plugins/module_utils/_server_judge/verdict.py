# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a server's verdict on its own seal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

START, INITIALISE, UNSEAL = "start", "initialise", "unseal"
"""The steps, each with the KMS operation that it needs: DescribeKey, Encrypt, Decrypt."""


@dataclass(frozen=True)
class ServerVerdict:
    """Whether the temporary server was initialised and unsealed itself. ``step`` is the last one that was begun.

    ``region``, ``endpoint`` and ``key_id`` are as reported by the server; empty if it does not report them.
    """

    ready: bool
    step: str
    product: str
    executable: str
    version: str = ""
    reason: str = ""
    msg: str = ""
    remedy: str = ""
    line: str = ""
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0
    region: str = ""
    endpoint: str = ""
    key_id: str = ""

    def as_result(self) -> dict[str, Any]:
        texts = ("reason", "remedy", "version", "region", "endpoint", "key_id")
        return {
            "ready": self.ready, "summary": self.msg, "step": self.step, "executable": self.executable, "seconds": self.seconds,
            "line": self.line or None, "log": self.log, **{name: getattr(self, name) or None for name in texts},
        }
