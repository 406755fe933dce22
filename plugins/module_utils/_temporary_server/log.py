# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a temporary server's log says of its seal: whether KMS refuses for good, so that waiting for longer is of no use.

A server that cannot open its stored keys tries again for as long as it runs. AWS's error codes stand in its log as the SDKs of Go write them:
``DisabledException: ...`` (version 1), ``... api error DisabledException: ...`` (version 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import meaning

# Reasons that no time heals. What else KMS answers may pass.
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
    """The last of these lines of a log that tells of a refusal for good; None where none does."""
    for line in reversed(list(lines)):
        found = _refusal(line.strip())
        if found:
            return found
    return None


def _refusal(line: str) -> Refusal | None:
    if not _PROBLEM.search(line):
        return None
    for code, message in _CODE.findall(line):
        if code in _PASSES:
            return None
        told = meaning(code, message)
        if told.reason in _FOR_GOOD:
            return Refusal(told.reason, line, told.remedy)
    return None
