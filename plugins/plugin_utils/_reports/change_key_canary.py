# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a canary that was read from a server has the expected value. No message contains a value."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def canary_trouble(answer: Mapping[str, Any] | None, expected: Mapping[str, Any]) -> str:
    """Why the canary does not show that the server has its data; empty if it does.

    :param answer: ``status`` and ``json`` of the request.
    :param expected: ``path``, ``field``, and ``value`` or ``sha256`` (hexadecimal).
    """
    path, field = expected.get("path"), str(expected.get("field") or "")
    status = int((answer or {}).get("status") or 0)
    if status != 200:
        what = {403: "the token is not allowed to read it", 404: "it does not exist"}.get(status, f"HTTP status {status}" if status > 0 else "no response")
        return f"The canary {path} cannot be read from the active node: {what}."
    found = _field((answer or {}).get("json"), field)
    if found is None:
        return f"The canary {path} has no field {field}."
    wanted = str(expected.get("sha256") or "").lower() or _sha256(str(expected.get("value")))
    return "" if hmac.compare_digest(_sha256(found).encode(), wanted.encode()) else f"The field {field} of the canary {path} does not have the expected value."


def _field(content: Any, field: str) -> str | None:
    """The field of a secret, as the restore drill reads it; in a versioned key-value store, of its data."""
    data = content.get("data") if isinstance(content, Mapping) else None
    if isinstance(data, Mapping) and isinstance(data.get("data"), Mapping) and isinstance(data.get("metadata"), Mapping):
        data = data["data"]
    if not isinstance(data, Mapping) or field not in data:
        return None
    value = data[field]
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
