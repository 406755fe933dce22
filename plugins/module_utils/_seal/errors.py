# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error root of the seal core, and its few kinds.

Every error carries a ``reason`` (one machine-readable word), a message for people that names what failed, and a
``remedy`` that says what to do. No error ever carries a plaintext, a data key or a credential.
"""

from __future__ import annotations

import os
import traceback
from typing import Any, NamedTuple, TypeVar

_E = TypeVar("_E", bound="SealError")

CONNECTIVITY_REASONS = frozenset(
    ("aws_error", "clock_skew", "expired_credentials", "incomplete_credentials", "invalid_credentials", "kms_internal", "missing_library")
    + ("no_credentials", "no_region", "throttled", "timed_out", "tls_failed", "unreachable", "wrong_endpoint")
)
"""Reasons that concern the connection to AWS KMS, not the key or the value."""


class Finding(NamedTuple):
    """One problem or note: the reason code, the message, and the remedy."""

    reason: str
    msg: str
    remedy: str

    def as_result(self) -> dict[str, str]:
        return self._asdict()


class SealError(Exception):
    """Root of all errors that the seal core raises on purpose.

    :param message: what failed, and the setting and source concerned; one or more full sentences.
    :param reason: one word such as ``access_denied`` or ``malformed_blob``, stable across releases.
    :param remedy: what to do about it; empty if there is nothing to add.
    :param details: further facts that are safe to show, returned by modules in addition to the message.
    """

    def __init__(
        self, message: str, *, reason: str, remedy: str = "", details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.remedy = remedy
        self.details: dict[str, Any] = dict(details or {})

    @classmethod
    def of(cls: type[_E], finding: Finding) -> _E:
        """The error that stops the work because of a finding."""
        return cls(finding.msg, reason=finding.reason, remedy=finding.remedy)

    def finding(self) -> Finding:
        """The error as one of several findings that do not stop the work."""
        return Finding(self.reason, self.message, self.remedy)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()

    def as_result(self) -> dict[str, Any]:
        """The error as the keys of a failed module's result."""
        return {"msg": str(self), "reason": self.reason, "remedy": self.remedy, **self.details}


class BlobError(SealError):
    """A sealed value that cannot be read, or cannot be decrypted to an authentic plaintext."""

    @classmethod
    def malformed(cls, what: str, offset: int | None = None) -> BlobError:
        """An invalid blob; ``offset`` counts bytes from the start of the input."""
        where = "" if offset is None else f" at byte {offset}"
        return cls(
            f"This is not a sealed value: {what}{where}.",
            reason="malformed_blob",
            remedy="Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal.",
            details={} if offset is None else {"offset": offset},
        )


class SettingError(SealError):
    """A setting that is missing, contradictory or invalid; AWS was not called yet."""


class KmsError(SealError):
    """An error of AWS KMS, or of the connection to it.

    ``details`` contains ``operation`` and, if AWS responded, ``aws_code``, ``aws_message`` and ``request_id``.
    """


def missing_library(name: str, error: ImportError, wanted: str) -> SettingError:
    """The error of a Python library that cannot be imported; ``wanted`` is the required package and version."""
    return SettingError(
        f"The Python library {name} cannot be imported ({error}).",
        reason="missing_library",
        remedy=f"Install {wanted} or later for the Python that runs this.",
    )


def internal_error(error: Exception) -> SealError:
    """The error for a bug in this collection: its location, without any data, since the text of the exception may contain a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {os.path.basename(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""
    return SealError(
        f"Internal error: {type(error).__name__}{where}.",
        reason="internal_error",
        remedy="This is a bug in the collection. Report it with the options of the task and the versions of ansible-core and boto3, without any secret.",
    )
