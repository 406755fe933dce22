# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a snapshot in a folder, kept as JSON beside it: a file without such a record is foreign and never touched."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from .names import SnapshotName

FORMAT = 1
MAX_RECORD = 4 << 20
"""The maximum size of a record in bytes; an upload of 10000 parts has less."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass
class Record:
    """One snapshot: ``sent`` has an entry for each target that has a verified copy, ``uploads`` for each upload that was interrupted.

    ``proof``: ``open``, ``archive``, or empty if it did not prove. Times are in UTC, in ISO 8601.
    """

    name: str
    time: str
    size: int
    sha256: str
    proof: str
    reason: str = ""
    msg: str = ""
    index: int = 0
    term: int = 0
    key_arns: list[str] = field(default_factory=list)
    server: str = ""
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes, file_name: str, size: int) -> Record | None:
        """The record of a file of that name and size; None if it is not one."""
        try:
            document = json.loads(content)
            if not isinstance(document, dict) or document.get("format") != FORMAT:
                return None
            record = cls(**{name: value for name, value in document.items() if name in cls.__dataclass_fields__})
        except (ValueError, TypeError, RecursionError):
            return None
        return record if record._is_of(file_name, size) else None

    def _is_of(self, file_name: str, size: int) -> bool:
        named = SnapshotName.parse(file_name)
        types = (("name", str), ("time", str), ("size", int), ("sha256", str), ("proof", str), ("reason", str), ("msg", str), ("index", int))
        more = (("term", int), ("key_arns", list), ("server", str), ("sent", dict), ("uploads", dict))
        if named is None or not all(isinstance(getattr(self, name), kind) for name, kind in (*types, *more)):
            return False
        inner = (*self.sent.values(), *self.uploads.values())
        return (
            (self.name, self.size) == (file_name, size) and bool(_SHA256.fullmatch(self.sha256))
            and bool(self.proof) == named.proven and all(isinstance(each, dict) for each in inner)
        )  # fmt: skip
