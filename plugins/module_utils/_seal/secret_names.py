# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which settings and variables are secrets, by their names: of storage, listeners, telemetry, seals and plugins of both products.

It errs to the side of secrecy: what is taken for a secret without being one is left out of a diff, and no more.
"""

from __future__ import annotations

import re
from typing import Any

_SECRET = re.compile(r"pass(?:w(?:or)?d|phrase)?$|secret|token|credential|connection_?url|key$|^pin$|^env$|^dsn$|license$", re.IGNORECASE)
# Names of references to a secret or of its properties.
_NONE = re.compile(
    r"(?:file|filename|path|dir|directory|id|arn|ttl|name|type|user|period|disabled?|enabled?|label)$|^require_|^disable_|^token_metadata", re.IGNORECASE
)
_REFERENCES = ("env://", "file://")


def is_secret(name: str) -> bool:
    """Whether a setting or variable of this name holds a secret: ``secret_key``, ``AWS_SESSION_TOKEN``, and not ``tls_key_file``."""
    return bool(_SECRET.search(name)) and not _NONE.search(name)


def holds_secret(name: str, value: Any) -> bool:
    """Whether the value of this name is a secret: a string (or strings) that is not a reference to the place of the secret."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    return is_secret(name) and any(isinstance(text, str) and text and not text.lower().startswith(_REFERENCES) for text in texts)
