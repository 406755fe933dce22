# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a response to a request with a secret that can be shown: words.

A server or proxy may repeat the secret in any encoding, or a part of it. So the secret is not searched for: everything except words, short
numbers, addresses and ARNs is blanked. Words of one case and CamelCase are kept, as are ``kms:Encrypt`` and ``connect: connection refused``.
"""

from __future__ import annotations

import re

BLANK = "********"
_LEAST = 6  # characters; a shorter part of a secret is harmless
_MARKS = "\"'`()[]{}<>,.;:!?*"
_PIECES = re.compile(r"[-_/.:,=]+")
_WORD = re.compile(
    r"[a-z]{1,18}|[A-Z][a-z]{1,17}|[A-Z]{1,8}"
    r"|(?:[A-Z][a-z]{2,17}){2,4}|[a-z]{2,18}(?:[A-Z][a-z]{2,17}){1,3}|[0-9]{1,5}|base(?:32|64)|sha(?:256|512)|utf8"
)
_SHOWN = re.compile(
    r"arn:aws[a-z-]*:(?:kms|iam|sts):[a-z0-9-]{0,20}:[0-9]{12}:"
    r"(?:(?:user|role|assumed-role|alias)/[A-Za-z][A-Za-z/_+=,.@-]{0,63}|key/(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]{1,5})?(?:->(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5})?"
)
# Bytes that are spelt one by one, as numbers or in hexadecimal digits, and a secret in groups.
_SPELT = re.compile(r"(?<![0-9A-Za-z])(?:(?:0[xob])?[0-9A-Fa-f]{1,4}[\s,;:-]+){5,}(?:0[xob])?[0-9A-Fa-f]{1,4}(?![0-9A-Za-z])")


def only_plain_text(text: str) -> str:
    """The text, with everything else blanked."""
    text = _SPELT.sub(BLANK, text)
    return re.sub(r"\S+", lambda match: match.group() if _is_plain(match.group()) else BLANK, text)


def _is_plain(run: str) -> bool:
    if run == BLANK or len(run) < _LEAST:
        return True
    core = run.strip(_MARKS)
    if _SHOWN.fullmatch(core):
        return True
    pieces = [piece for piece in _PIECES.split(core) if piece]
    return all(map(_WORD.fullmatch, pieces)) and sum(piece.isdigit() for piece in pieces) <= 1 and sum(map(len, pieces)) > len(core) // 2
