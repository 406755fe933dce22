# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where in S3 a snapshot is sent, and how it is encrypted and locked there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import SettingError
from ..typed_options import checked_types

MIB = 1 << 20
MOST_PARTS = 10_000
LARGEST_OBJECT = 5 << 40

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])|arn:[a-z-]+:s3:[a-z0-9-]*:[0-9]{12}:accesspoint[/:][a-z0-9-]+")
_CHOICES = {"encryption": ("", "AES256", "aws:kms", "aws:kms:dsse"), "object_lock_mode": ("", "GOVERNANCE", "COMPLIANCE")}


def _invalid(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)


@dataclass(frozen=True)
class S3Options:
    """The suboptions of the option ``s3``, where they are documented. Empty: not set. ``part_size`` is in MiB, ``timeout`` in seconds."""

    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint: str = ""
    encryption: str = ""
    kms_key_id: str = ""
    object_lock_mode: str = ""
    object_lock_days: int = 0
    part_size: int = 16
    timeout: float = 300.0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> S3Options:
        """Raises :class:`SettingError` (``invalid_option``)."""
        names = {each.name for each in fields(cls)}
        unknown = sorted(set(map(str, given)) - names)
        if unknown or not given.get("bucket"):
            raise _invalid(
                f"Unsupported parameters for s3: {', '.join(unknown)}." if unknown else "missing required arguments: bucket found in s3.",
                f"Use {', '.join(sorted(names))}." if unknown else "Set it.",
            )
        options = cls(**checked_types(cls, given, where=" of s3"))
        options.check()
        return options

    def check(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise _invalid(f"Option bucket is {self.bucket!r}, which is not the name of a bucket.", "Use the name, without s3:// and without a path.")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise _invalid(f"value of {name} must be one of: {', '.join(filter(None, choices))}, got: {getattr(self, name)}.", "Use one of them.")
        if not self.prefix.isprintable() or self.prefix.startswith("/") or len(self.prefix) > 900:
            raise _invalid(f"Option prefix is {self.prefix!r}, which cannot begin the key of an object.", "Use a prefix such as vault/eu/.")
        if self.kms_key_id and not self.encryption.startswith("aws:kms"):
            raise _invalid("Option kms_key_id of s3 requires the encryption aws:kms or aws:kms:dsse.", "Set encryption.")
        if bool(self.object_lock_mode) != bool(self.object_lock_days):
            raise _invalid("parameters are required together: object_lock_mode, object_lock_days.", "Set both, or neither.")
        if not 0 <= self.object_lock_days <= 36500:
            raise _invalid(f"Option object_lock_days is {self.object_lock_days}, which is out of range.", "Use a number from 1 to 36500.")
        if not 5 <= self.part_size <= 5120:
            raise _invalid(f"Option part_size is {self.part_size}, which is out of range.", "Use a number of MiB from 5 to 5120.")
        if not 0 < self.timeout <= 3600:
            raise _invalid(f"Option timeout of s3 is {self.timeout:g}, which is out of range.", "Use a number of seconds greater than 0 and at most 3600.")

    def key(self, file_name: str) -> str:
        return self.prefix + file_name

    def part_bytes(self, size: int) -> int:
        """The size of the parts of an object: larger than the option if there would be too many."""
        least = -(-size // MOST_PARTS)
        return max(self.part_size * MIB, -(-least // MIB) * MIB)
