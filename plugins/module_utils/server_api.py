# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API of a server of Vault or OpenBao: exactly the requests that modules of this collection need, and what went wrong in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import open_url
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError

# Documented in the fragment vault_server.
SERVER_SPEC: dict[str, dict[str, Any]] = {
    "server_address": {"type": "str", "required": True},
    "server_ca_path": {"type": "path"},
    "server_validate_certs": {"type": "bool", "default": True},
    "server_timeout": {"type": "float", "default": 90.0},
}
_LONGEST_SHOWN = 500  # characters of what a server answers


class Reply(NamedTuple):
    """What the server answered; never shown as a whole, since it may be a secret."""

    status: int
    content: dict[str, Any]

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"

    @property
    def errors(self) -> str:
        """What it says is wrong."""
        said = self.content.get("errors") or ["no reason is given"]
        return " ".join(map(str, said))[:_LONGEST_SHOWN].strip()


class ServerApi:
    """One server, asked with or without a token."""

    def __init__(self, params: dict[str, Any]) -> None:
        """:param params: those of a module with ``SERVER_SPEC``."""
        self.address: str = params["server_address"].rstrip("/")
        self._ca_path = params["server_ca_path"]
        self._validate_certs = params["server_validate_certs"]
        self.timeout: float = params["server_timeout"]

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Reply:
        """One request below ``/v1/``; an answer that is an error is returned too. Raises :class:`SealError` where none comes."""
        headers = {"Content-Type": "application/json", **({"X-Vault-Token": token} if token else {})}
        data = None if body is None else json.dumps(body)
        try:
            with open_url(
                f"{self.address}/v1/{path}", data=data, headers=headers, method=method, timeout=self.timeout, ca_path=self._ca_path,
                validate_certs=self._validate_certs, http_agent="sealwright.vault_seal",
            ) as answer:
                return Reply(answer.status, _content(answer.read()))
        except HTTPError as error:
            with error:
                return Reply(error.code, _content(error.read()))
        except (URLError, UrlsError, HTTPException, OSError, ValueError) as error:
            why = getattr(error, "reason", None) or error
            raise SealError(
                f"The server at {self.address} gives no answer to {path}: {why or type(error).__name__}.",
                reason="server_unreachable",
                remedy="Check that the server runs, its address as seen from the host where the task runs, and its certificate.",
            ) from None

    def seal_status(self) -> dict[str, Any]:
        """``sys/seal-status``; raises :class:`SealError` where the answer is none."""
        reply = self.ask("GET", "sys/seal-status")
        if reply.status != 200 or "sealed" not in reply.content:
            raise self.refused(reply, "sys/seal-status")
        return reply.content

    def refused(self, reply: Reply, path: str, remedy: str = "") -> SealError:
        """The error of an answer other than the one that was wanted."""
        return SealError(
            f"The server at {self.address} refuses {path} with status {reply.status}: {reply.errors}.",
            reason="server_refused",
            remedy=remedy or "Its log tells more.",
        )

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Ask until it is so, at most as long as one request may take; raises :class:`SealError` (``server_timed_out``)."""
        end = time.monotonic() + self.timeout
        while not ready():
            if time.monotonic() > end:
                raise SealError(
                    f"The server at {self.address} did not {what} within {self.timeout:g} s.",
                    reason="server_timed_out",
                    remedy="Its log tells why.",
                )
            time.sleep(0.3)


def _content(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
