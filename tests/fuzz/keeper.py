# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inputs that break the contract: each kind once, shortened, in a separate file."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver, TooSlow

FOLDER = Path(__file__).parent / "findings"
_SHORTEN = 20.0  # seconds


def kept() -> Iterator[tuple[str, Path]]:
    """Driver and file of all findings that are kept."""
    for path in sorted(FOLDER.glob("*/*")):
        yield path.parent.name, path


class Keeper:
    """Runs a driver, and keeps what breaks its contract. ``found`` maps each kind to where it is kept and what it is."""

    def __init__(self, driver: Driver, folder: Path = FOLDER) -> None:
        self._driver = driver
        self._folder = folder / driver.name
        self.findings: dict[str, dict[str, str]] = {}

    def one(self, data: bytes) -> str:
        """The outcome of an input; empty if it broke the contract."""
        try:
            return self._driver.one(data)
        except (Exception, TooSlow) as error:
            kind = _kind(error)
            if kind not in self.findings:
                shown = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-12:])
                self.findings[kind] = {"file": str(self._keep(self._shortened(data, kind))), "traceback": shown}
            return ""

    def _keep(self, data: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / hashlib.sha256(data).hexdigest()[:12]
        path.write_bytes(data)
        return path

    def _shortened(self, data: bytes, kind: str) -> bytes:
        end = monotonic() + _SHORTEN
        size = max(len(data) // 2, 1)
        while size and monotonic() < end:
            at = 0
            while at < len(data) and monotonic() < end:
                shorter = data[:at] + data[at + size :]
                if self._breaks(shorter, kind):
                    data = shorter
                else:
                    at += size
            size //= 2
        return data

    def _breaks(self, data: bytes, kind: str) -> bool:
        try:
            self._driver.one(data)
        except (Exception, TooSlow) as error:
            return _kind(error) == kind
        return False


def _kind(error: BaseException) -> str:
    """The error's type and the place of this collection that it comes from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/plugins/" in frame.filename or "/fuzz/domains/" in frame.filename]
    # How deep a recursion or a slow loop was at its end is chance.
    where = f"{Path(frames[-1].filename).name}:{'' if isinstance(error, (RecursionError, TooSlow)) else frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {where}"
