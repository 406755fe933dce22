# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API of a server of Vault or OpenBao: exactly the requests that modules of this collection need, and what went wrong in words."""

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
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.plain_words import plain_words
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
_PAUSE = 0.3  # seconds between two questions
_LONGEST_TIMEOUT = 86400.0  # seconds


@dataclass(frozen=True)
class Reply:
    """What the server answered; never shown as a whole, since it may be a secret.

    ``found`` is its JSON as it is, None where the answer is none; ``content`` the same as an object, empty where it is none;
    ``body`` is what arrived, be it cut short. ``answers_secret``: the server was sent a secret, which it may repeat in any form.
    """

    status: int
    found: Any = field(repr=False)
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    body: bytes = field(default=b"", repr=False)
    answers_secret: bool = False

    @property
    def content(self) -> dict[str, Any]:
        return as_object(self.found)

    @property
    def errors(self) -> str:
        """What it says is wrong, without what it was sent."""
        text = self.secrets.blank(errors_of(self.content))
        return shortened(plain_words(text) if self.answers_secret else text) or "no reason is given"


class ServerApi:
    """One server, asked with or without a token."""

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
                f"Option server_timeout is {self.timeout:g}.", reason="invalid_option", remedy=f"Give seconds, above 0 and at most {_LONGEST_TIMEOUT:g}."
            )
        # What a server is sent it may repeat in its answer, and an error of the HTTP library too.
        self._secrets = Secrets()
        self._sent_secret = False  # a token, or a key share
        self._end: float | None = None  # of the clock, while a state is waited for

    def ask(self, method: str, path: str, body: Any = None, token: str = "", timeout: float | None = None) -> Reply:
        """One request below ``/v1/``; an answer that is an error is returned too. Raises :class:`SealError` if none comes.

        :param timeout: seconds to wait for the answer, if not ``server_timeout``.
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
            # An answer that is an error may be lost on the way as any other.
            with self._opened(path, data=data, headers=headers, method=method, timeout=timeout) as answer:
                return self._reply(answer.code, answer, method, path)
        except (URLError, UrlsError, HTTPException, OSError, ValueError, EOFError, zlib.error) as error:
            why = self._secrets.blank(str(getattr(error, "reason", None) or error or type(error).__name__))
            raise self._no_answer(path, shortened(plain_words(why) if self._sent_secret else why)) from None

    def _opened(self, path: str, **request: Any) -> Any:
        url = f"{self.address}/v1/{path}"
        try:
            return open_url(url, ca_path=self._ca_path, validate_certs=self._validate_certs, http_agent="sealwright.vault_seal", **request)
        except HTTPError as error:
            return error

    def seal_status(self) -> SealStatus:
        """``sys/seal-status``; raises :class:`SealError` where the answer is none."""
        return self.read_seal_status(self.ask("GET", "sys/seal-status"))

    def read_seal_status(self, reply: Reply) -> SealStatus:
        """What the server says of its seal; raises :class:`SealError` where the answer is none."""
        if reply.status != 200:
            raise self.refused(reply, "sys/seal-status")
        return seal_status_of(reply.found, f"The server at {self.address} answers sys/seal-status")

    def read_leader(self, reply: Reply) -> Leader:
        """Which node is active; raises :class:`SealError` where the answer is none."""
        if reply.status != 200:
            raise self.refused(reply, "sys/leader")
        return leader_of(reply.found, f"The server at {self.address} answers sys/leader")

    def _reply(self, status: int, answer: Any, method: str, path: str) -> Reply:
        body = _received(answer)
        # The answer to a request that changed something is kept as far as it was read.
        if len(body) > MAX_ANSWER and method == "GET":
            raise SealError(
                f"The server at {self.address} answers {path} with more than {MAX_ANSWER} bytes.",
                reason="unexpected_answer",
                remedy="Check that server_address is that of a server of Vault or OpenBao.",
            )
        return Reply(status, parsed(body), self._secrets, body, self._sent_secret)

    def _no_answer(self, path: str, why: str) -> SealError:
        return SealError(
            f"The server at {self.address} gives no answer to {path}: {why}.",
            reason="server_unreachable",
            remedy="Check that the server runs, its address as seen from the host where the task runs, and its certificate.",
        )

    def refused(self, reply: Reply, path: str, remedy: str = "") -> SealError:
        """The error of an answer other than the one that was wanted."""
        return SealError(
            f"The server at {self.address} refuses {path} with status {reply.status}: {reply.errors}.",
            reason="server_refused",
            remedy=remedy or "Its log tells more.",
        )

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Ask until it is so, at most as long as one request may take; raises :class:`SealError` (``server_timed_out``)."""
        if not self.wait_for(ready, self.timeout):
            raise SealError(
                f"The server at {self.address} did not {what} within {self.timeout:g} s.",
                reason="server_timed_out",
                remedy="Its log tells why.",
            )

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Ask until it is so; returns whether it is. The clock counts, whatever each request costs: the last one is not waited for any longer."""
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
        """One request, whose timeout counts for each address and each read, and here for all of it. It is none that changes anything."""
        if self._end is None:
            return request()
        outcome: list[Reply | SealError] = []

        def work() -> None:
            try:
                outcome.append(request())
            except SealError as error:
                outcome.append(error)

        # A thread that a process does not wait for at its end.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(max(_PAUSE, self._end - time.monotonic()))
        if not outcome:
            raise self._no_answer(path, "the time is up")
        if isinstance(outcome[0], SealError):
            raise outcome[0]
        return outcome[0]


def _received(stream: Any) -> bytes:
    """The answer as far as it arrives: what comes before the connection is lost may be needed."""
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
