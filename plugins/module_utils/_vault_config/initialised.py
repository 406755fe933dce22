# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server is initialised: by its own response, otherwise by the data on its host. Unknown counts as initialised."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import open_url

_SECONDS = 10
_LARGEST = 1024 * 1024
_RAFT = ("raft/raft.db", "vault.db")
_FILE = ("core",)


@dataclass(frozen=True)
class Answer:
    """The response of a server about its state.

    ``initialised`` is None if the response was not understood, and ``doubt`` is then the reason; ``silent`` means that no server responded.
    """

    initialised: bool | None = None
    type: str = ""
    doubt: str = ""
    silent: bool = False


NOBODY = Answer(silent=True)


def read_answer(status: int, content: bytes, address: str) -> Answer:
    """The answer to ``sys/seal-status``."""
    try:
        response: Any = json.loads(content)
    except (ValueError, RecursionError):
        response = None
    place = f"The response of {address} to sys/seal-status"
    if status != 200:
        return Answer(doubt=f"{place} has status {status}")
    if not isinstance(response, dict) or not isinstance(response.get("initialized"), bool):
        return Answer(doubt=f"{place} does not contain whether the server is initialised")
    kind = response.get("type")
    if not isinstance(kind, str) or not kind:
        return Answer(doubt=f"{place} does not contain the seal type")
    return Answer(response["initialized"], kind.lower())


def ask(address: str, ca_path: str | None = None) -> Answer:
    """Ask the server at an address; an empty one asks nobody."""
    if not address:
        return NOBODY
    try:
        with open_url(f"{address.rstrip('/')}/v1/sys/seal-status", timeout=_SECONDS, ca_path=ca_path, http_agent="sealwright.vault_seal") as answer:
            return read_answer(answer.status, answer.read(_LARGEST), address)
    except HTTPError as error:
        with error:
            return Answer(doubt=f"The response of {address} to sys/seal-status has status {error.code}")
    except (URLError, UrlsError, HTTPException, OSError, ValueError) as error:
        return _no_answer(error, address)


def _no_answer(error: Exception, address: str) -> Answer:
    why = getattr(error, "reason", None) or error
    if isinstance(why, OSError) and not _of_tls(why) and not isinstance(why, ConnectionResetError):
        return NOBODY  # refused, unreachable, no such name, timed out: the data on the host decides
    return Answer(doubt=f"the request to {address} failed: {str(why).rstrip('.') or type(error).__name__}")


def _of_tls(error: OSError) -> bool:
    return type(error).__module__ == "ssl"


def has_data(storages: Iterable[tuple[str, str]]) -> bool | None:
    """Whether storages, each a type and a path, contain data of a server; None if unknown."""
    answers = [_has_data(kind, path) for kind, path in storages]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _has_data(kind: str, path: str) -> bool | None:
    if kind == "inmem":
        return False
    names = {"raft": _RAFT, "file": _FILE}.get(kind)
    if names is None or not os.path.isabs(path):
        return None  # a relative path is of the service's working directory
    try:
        return any(_exists(os.path.join(path, name)) for name in names)
    except OSError:
        return None


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
