# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: every call to KMS with its principal, key and result; never a plaintext."""

from __future__ import annotations

import json
import time
from threading import Lock
from typing import Any, TextIO


class Journal:
    """Calls in memory and, if a file is named, as JSON lines in it."""

    def __init__(self, path: str = "") -> None:
        self._lock = Lock()
        self._calls: list[dict[str, Any]] = []
        self._cleared = 0.0
        self._file: TextIO | None = open(path, "a", encoding="utf-8") if path else None  # noqa: SIM115

    def add(self, call: dict[str, Any]) -> None:
        with self._lock:
            if call["time"] >= self._cleared:  # a call that hung ends late: it is none of those that came after the clearing
                self._calls.append(call)
            if self._file:
                self._file.write(json.dumps(call) + "\n")
                self._file.flush()

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        with self._lock:
            return [call for call in self._calls if operation in ("", call["operation"])]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._cleared = time.time()
