# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where snapshots are sent to, by the name that their records have: a directory, or a bucket at an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .record import Record


class Target(NamedTuple):
    """``name``: the directory, ``s3://BUCKET/PREFIX`` at AWS, or ``ENDPOINT/BUCKET/PREFIX`` at another endpoint.

    ``former``: the name in records that do not know the endpoint. Their copies and uploads are looked for again.
    """

    name: str
    is_s3: bool = False
    endpoint: str = ""
    former: str = ""

    @classmethod
    def s3(cls, bucket: str, prefix: str, endpoint: str) -> Target:
        """:param endpoint: its URL; empty for that of AWS."""
        former = f"s3://{bucket}/{prefix}"
        return cls(f"{endpoint.rstrip('/')}/{bucket}/{prefix}" if endpoint else former, True, endpoint, former)

    def has(self, record: Record) -> bool:
        """Whether the target has a verified copy."""
        facts = record.sent.get(self.name)
        return facts is not None and (not self.is_s3 or "endpoint" in facts)

    def note(self, record: Record, facts: Mapping[str, Any]) -> None:
        """Note a verified copy in the record."""
        for names in (record.uploads, record.sent):
            names.pop(self.name, None)
        if self.former != self.name and "endpoint" not in record.sent.get(self.former, {"endpoint": ""}):
            del record.sent[self.former]
        record.sent[self.name] = {**facts, "endpoint": self.endpoint} if self.is_s3 else dict(facts)

    def upload(self, record: Record) -> dict[str, Any]:
        """The state of an interrupted upload, to be changed in place."""
        if self.former != self.name and self.former in record.uploads and self.name not in record.uploads:
            record.uploads[self.name] = record.uploads.pop(self.former)
        return record.uploads.setdefault(self.name, {})
