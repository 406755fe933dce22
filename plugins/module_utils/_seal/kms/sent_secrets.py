# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in requests to AWS: an error may repeat them, as STS does with an invalid web identity token ("Value '...' at 'webIdentityToken'")."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from ..blanking import Secrets

_HEADERS = ("X-Amz-Security-Token", "Proxy-Authorization", "X-aws-ec2-metadata-token")
_FIELD = "WebIdentityToken"


class SentSecrets:
    """Notes them from the requests of botocore's clients."""

    def __init__(self) -> None:
        self.secrets = Secrets()

    def attach(self, client: Any) -> None:
        """Note what this client sends from now on."""
        client.meta.events.register("before-send", self._note)

    def _note(self, request: Any, **_others: Any) -> None:
        secrets = [_text(request.headers.get(name)) for name in _HEADERS]
        body = _text(request.body) if isinstance(request.body, (str, bytes)) else ""
        if f"{_FIELD}=" in body:
            secrets += parse_qs(body).get(_FIELD, [])
        for secret in secrets:
            if secret and secret not in self.secrets.texts:
                self.secrets.add(secret)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
