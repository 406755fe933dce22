# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Determines from a temporary server's log whether KMS rejects its requests permanently, so that waiting longer is useless.

A server that cannot decrypt its stored keys retries until it ends. Its log contains AWS's error codes in the format of the Go SDKs:
``DisabledException: ...`` (version 1), ``... api error DisabledException: ...`` (version 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import meaning

# Permanent reasons. Other errors of KMS may be transient.
_FOR_GOOD = (
    *("key_disabled", "key_pending_deletion", "key_pending_import", "key_unusable", "not_found", "wrong_key", "not_authentic", "access_denied"),
    *("invalid_credentials", "no_credentials", "expired_credentials", "region_mismatch", "clock_skew"),
)
_PASSES = ("KeyUnavailableException",)
_PROBLEM = re.compile(r"\[(?:ERROR|WARN)\]|\A\s*error", re.IGNORECASE)
_CODE = re.compile(r"\b([A-Z][A-Za-z]{3,60}(?:Exception|Denied|Token|TokenId|Match))\b:?\s*([^\"\n]*)")


class Refusal(NamedTuple):
    """Why KMS refuses, in one word and in the server's words, and what to do."""

    reason: str
    line: str
    remedy: str


def refusal(lines: Iterable[str]) -> Refusal | None:
    """The last of these log lines with a permanent error; None without one."""
    for line in reversed(list(lines)):
        result = _refusal(line.strip())
        if result:
            return result
    return None


def _refusal(line: str) -> Refusal | None:
    if not _PROBLEM.search(line):
        return None
    for code, message in _CODE.findall(line):
        if code in _PASSES:
            return None
        known = meaning(code, message)
        if known.reason in _FOR_GOOD:
            return Refusal(known.reason, line, known.remedy)
    return None
