# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API of a Vault or OpenBao server: the requests that modules of this collection need, and their errors."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import open_url
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.plain_text import only_plain_text
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import (
    MAX_ANSWER,
    Leader,
    SealStatus,
    as_object,
    errors_of,
    leader_of,
    parsed,
    seal_status_of,
    shortened,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_files import check_opens

# Documented in the fragment vault_server.
VAULT_API_SPEC: dict[str, dict[str, Any]] = {
    "server_address": {"type": "str", "required": True},
    "server_ca_path": {"type": "path"},
    "server_validate_certs": {"type": "bool", "default": True},
    "server_timeout": {"type": "float", "default": 90.0},
}
_PAUSE = 0.3  # seconds between two requests
_LONGEST_TIMEOUT = 86400.0  # seconds


@dataclass(frozen=True)
class Reply:
    """The response of the server; never shown as a whole, because it may contain a secret.

    ``document`` is its JSON, None if it is not JSON; ``content`` is the same as an object, empty if it is not an object;
    ``body`` is the received data, possibly truncated. ``answers_secret``: a secret was sent to the server, which it may repeat in any form.
    """

    status: int
    document: Any = field(repr=False)
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    body: bytes = field(default=b"", repr=False)
    answers_secret: bool = False

    @property
    def content(self) -> dict[str, Any]:
        return as_object(self.document)

    @property
    def errors(self) -> str:
        """The server's error messages, without secrets of the request."""
        text = self.secrets.blank(errors_of(self.content))
        return shortened(only_plain_text(text) if self.answers_secret else text) or "no reason was returned"


class ServerApi:
    """One server, called with or without a token."""

    def __init__(self, params: dict[str, Any]) -> None:
        """:param params: those of a module with ``VAULT_API_SPEC``."""
        self.address: str = params["server_address"].rstrip("/")
        self._ca_path = params["server_ca_path"]
        if self._ca_path:
            check_opens("option server_ca_path", self._ca_path)
        self._validate_certs = params["server_validate_certs"]
        self.timeout: float = params["server_timeout"]
        if not 0 < self.timeout <= _LONGEST_TIMEOUT:
            raise SettingError(
                f"Option server_timeout is {self.timeout:g}, which is out of range.", reason="invalid_option",
                remedy=f"Use a number of seconds greater than 0 and at most {_LONGEST_TIMEOUT:g}.",
            )
        # The server may repeat a request in its response, as may an error of the HTTP library.
        self._secrets = Secrets()
        self._sent_secret = False  # a token, or a key share
        self._end: float | None = None  # on the clock, while waiting for a state

    def ask(self, method: str, path: str, body: Any = None, token: str = "", timeout: float | None = None) -> Reply:
        """One request below ``/v1/``; error responses are returned too. Raises :class:`SealError` if there is no response.

        :param timeout: seconds to wait for the response; default ``server_timeout``.
        """
        if method == "GET":
            return self._timely(lambda: self._ask(method, path, body, token, timeout), path)
        return self._ask(method, path, body, token, timeout)

    def _ask(self, method: str, path: str, body: Any, token: str, timeout: float | None) -> Reply:
        headers = {"Content-Type": "application/json", **({"X-Vault-Token": token} if token else {})}
        data = None if body is None else json.dumps(body)
        self._secrets.add(token, body)
        self._sent_secret |= bool(token) or (isinstance(body, dict) and "key" in body)
        timeout = timeout or self.timeout
        if self._end is not None:
            timeout = min(timeout, max(_PAUSE, self._end - time.monotonic()))
        try:
            # An error response may also be lost in transit.
            with self._opened(path, data=data, headers=headers, method=method, timeout=timeout) as answer:
                return self._reply(answer.code, answer, method, path)
        except (URLError, UrlsError, HTTPException, OSError, ValueError, EOFError, zlib.error) as error:
            why = self._secrets.blank(str(getattr(error, "reason", None) or error or type(error).__name__))
            raise self._no_answer(path, shortened(only_plain_text(why) if self._sent_secret else why)) from None

    def _opened(self, path: str, **request: Any) -> Any:
        url = f"{self.address}/v1/{path}"
        try:
            # A proxy for http would get the token in clear, for addresses of this host too.
            use_proxy = url.startswith("https://")
            return open_url(
                url, ca_path=self._ca_path, validate_certs=self._validate_certs, use_proxy=use_proxy, http_agent="sealwright.vault_seal", **request
            )
        except HTTPError as error:
            return error

    def seal_status(self) -> SealStatus:
        """``sys/seal-status``; raises :class:`SealError` for an invalid response."""
        return self.read_seal_status(self.ask("GET", "sys/seal-status"))

    def read_seal_status(self, reply: Reply) -> SealStatus:
        """The state of the seal; raises :class:`SealError` for an invalid response."""
        if reply.status != 200:
            raise self.refused(reply, "sys/seal-status")
        return seal_status_of(reply.document, f"The server at {self.address} responded to sys/seal-status")

    def read_leader(self, reply: Reply) -> Leader:
        """The active node; raises :class:`SealError` for an invalid response."""
        if reply.status != 200:
            raise self.refused(reply, "sys/leader")
        return leader_of(reply.document, f"The server at {self.address} responded to sys/leader")

    def _reply(self, status: int, answer: Any, method: str, path: str) -> Reply:
        body = _received(answer)
        # The received part of a response to a request that changed something is kept.
        if len(body) > MAX_ANSWER and method == "GET":
            raise SealError(
                f"The server at {self.address} responded to {path} with more than {MAX_ANSWER} bytes.",
                reason="unexpected_answer",
                remedy="Check that server_address is the address of a Vault or OpenBao server.",
            )
        return Reply(status, parsed(body), self._secrets, body, self._sent_secret)

    def _no_answer(self, path: str, why: str) -> SealError:
        return SealError(
            f"The server at {self.address} did not respond to {path}: {why}.",
            reason="server_unreachable",
            remedy="Check that the server is running, that its address is reachable from the host of the task, and its certificate.",
        )

    def refused(self, reply: Reply, path: str, remedy: str = "") -> SealError:
        """The error for an unexpected status."""
        return SealError(
            f"The server at {self.address} rejected {path} with status {reply.status}: {reply.errors}.",
            reason="server_refused",
            remedy=remedy or "Check the server's log.",
        )

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Poll until ``ready``, at most for the timeout of a request; raises :class:`SealError` (``server_timed_out``)."""
        if not self.wait_for(ready, self.timeout):
            raise SealError(
                f"The server at {self.address} did not {what} within {self.timeout:g} s.",
                reason="server_timed_out",
                remedy="Check the server's log.",
            )

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Poll until ``ready``; returns whether it is. The limit includes the requests: the last one is cancelled at the end."""
        self._end = time.monotonic() + seconds
        try:
            while not ready():
                if time.monotonic() + _PAUSE >= self._end:
                    return False
                time.sleep(_PAUSE)
            return True
        finally:
            self._end = None

    def _timely(self, request: Callable[[], Reply], path: str) -> Reply:
        """One request that changes nothing, with a timeout for the whole request; that of the HTTP library applies to each address and each read."""
        if self._end is None:
            return request()
        outcome: list[Reply | SealError] = []

        def work() -> None:
            try:
                outcome.append(request())
            except SealError as error:
                outcome.append(error)

        # A daemon thread, which does not delay the end of the process.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(max(_PAUSE, self._end - time.monotonic()))
        if not outcome:
            raise self._no_answer(path, "the request timed out")
        if isinstance(outcome[0], SealError):
            raise outcome[0]
        return outcome[0]


def _received(stream: Any) -> bytes:
    """The received part of the response, which may be needed even if the connection is lost."""
    received = bytearray()
    try:
        while len(received) <= MAX_ANSWER:
            piece = stream.read(64 * 1024)
            if not piece:
                break
            received += piece
    except IncompleteRead as error:
        received += error.partial
    except (HTTPException, OSError, ValueError, EOFError, zlib.error):
        if not received:
            raise
    return bytes(received)
