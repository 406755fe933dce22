# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an object in S3 has the encryption, the key and the lock that were requested for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..errors import SealError
from ..key_reference import KeyReference
from .options import S3Options

_ROUNDING = timedelta(seconds=2)
# S3 counts the age of an object of several parts from the begin of its upload, other storage from its end.
_LONGEST_UPLOAD = timedelta(days=1)


@dataclass
class Requested:
    """What a request for an object had: the end of its lock, and the key that S3 said it would use. None and empty: not known."""

    retain_until: datetime | None = None
    kms_key: str = ""

    def as_state(self) -> dict[str, str]:
        return {"retain_until": self.retain_until.isoformat() if self.retain_until else "", "kms_key": self.kms_key}

    @classmethod
    def of(cls, state: object) -> Requested:
        """That of a state; what is not valid in it is not known."""
        given = state if isinstance(state, Mapping) else {}
        key = given.get("kms_key")
        try:
            until = datetime.fromisoformat(str(given.get("retain_until")))
        except ValueError:
            until = None
        return cls(until if until and until.tzinfo else None, key if isinstance(key, str) else "")


def check_protection(found: Mapping[str, Any], options: S3Options, requested: Requested, name: str) -> None:
    """Compare the response to HeadObject; raises :class:`SealError` (``not_protected``)."""
    for why in (_encryption(found, options, requested), _lock(found, options, requested)):
        if why:
            raise SealError(
                f"{name} {why}.",
                reason="not_protected",
                remedy="Check the bucket and whether the endpoint supports this. S3 reports a lock only with the permission s3:GetObjectRetention.",
            )


def _encryption(found: Mapping[str, Any], options: S3Options, requested: Requested) -> str:
    has = found.get("ServerSideEncryption")
    if options.encryption and has != options.encryption:
        return f"is encrypted by {has or 'nothing'} instead of {options.encryption}"
    if not options.kms_key_id:
        return ""
    key = str(found.get("SSEKMSKeyId") or "")
    wanted = _key_id(options.kms_key_id) or _key_id(requested.kms_key)
    # Of an alias, S3 says in its response to the upload which key it is.
    if not key or wanted and _key_id(key) != wanted:
        return f"is encrypted under the key {key or 'unknown'} instead of {options.kms_key_id}"
    return ""


def _lock(found: Mapping[str, Any], options: S3Options, requested: Requested) -> str:
    mode = options.object_lock_mode
    if not mode:
        return ""
    if found.get("ObjectLockMode") not in (mode, "COMPLIANCE"):
        return f"has the object lock mode {found.get('ObjectLockMode') or 'none'} instead of {mode}"
    least = requested.retain_until
    if least is None:
        stored = found.get("LastModified")
        begin = stored if isinstance(stored, datetime) and stored.tzinfo else datetime.now(timezone.utc)
        least = begin + timedelta(days=options.object_lock_days) - _LONGEST_UPLOAD
    until = found.get("ObjectLockRetainUntilDate")
    if not isinstance(until, datetime) or not until.tzinfo or until < least - _ROUNDING:
        end = until.isoformat() if isinstance(until, datetime) else "no known time"
        return f"is locked until {end} instead of {least.isoformat()}"
    return ""


def _key_id(reference: str) -> str:
    """The ID in a key ID or key ARN; empty for an alias."""
    arn = KeyReference.parse_key_arn(reference)
    key_id = arn.key_id if arn else reference
    return "" if key_id.startswith("alias/") or ":alias/" in key_id else key_id
