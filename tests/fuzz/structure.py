# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values made of an input's bytes, for what is written and read back."""

from __future__ import annotations

from typing import Any

_NAMES = ("a", "kms_key_id", "region", "x_1", "A-b", "endpoint")


class Source:
    """Takes values off an input until it is used up, and then the simplest ones."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        value = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return value

    def text(self) -> str:
        """A text without NUL and halves of surrogate pairs."""
        size = self.byte() % 40
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece.decode("utf-8", "replace").replace("\0", "")

    def name(self) -> str:
        return _NAMES[self.byte() % len(_NAMES)]

    def scalar(self) -> Any:
        kind = self.byte() % 6
        if kind == 0:
            return self.byte() % 2 == 0
        if kind == 1:
            return int.from_bytes(bytes(self.byte() for _index in range(1 + self.byte() % 7)), "big", signed=True)
        if kind == 2:
            return (self.byte() - 128) / (1 + self.byte())
        return self.text()

    def attributes(self) -> dict[str, Any]:
        """Names with texts, numbers, truth values and lists of texts."""
        by_name: dict[str, Any] = {}
        for _each in range(1 + self.byte() % 5):
            by_name[self.name()] = [self.text() for _each in range(self.byte() % 4)] if self.byte() % 5 == 0 else self.scalar()
        return by_name
