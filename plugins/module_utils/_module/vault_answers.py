# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the responses of Vault and OpenBao servers: JSON objects whose fields have the types of the API, or an error.

The response may come from a proxy, a portal or another service. No field is assumed to exist or to have its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypedDict

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError

MAX_ANSWER = 8 * 1024 * 1024
"""Maximum size of a response in bytes; responses about the state of a server have some hundred."""

_MOST_SHARES = 255
_LONGEST_SHOWN = 500  # characters of a response in messages
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_KINDS = {str: "a string", bool: "a boolean", int: "an integer", list: "a list", dict: "an object"}
_REMEDY = "Check that server_address is the address of a Vault or OpenBao server, and that no proxy responds in its place."


class SealStatus(TypedDict):
    """``sys/seal-status``; fields that a release does not return are empty."""

    initialized: bool
    sealed: bool
    type: str
    t: int
    n: int
    progress: int
    migration: bool
    recovery_seal: bool
    version: str
    storage_type: str
    cluster_id: str
    cluster_name: str


class Leader(TypedDict):
    """``sys/leader``; fields that a release does not return are empty."""

    ha_enabled: bool
    is_self: bool
    leader_address: str


def parsed(body: bytes) -> Any:
    """The JSON of a response; None if it is not JSON, or nested too deeply."""
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None


def as_object(document: Any) -> dict[str, Any]:
    """The object of a response; empty if it is not an object."""
    return document if isinstance(document, dict) else {}


def errors_of(content: Mapping[str, Any]) -> str:
    """The server's error messages, on one line; empty without errors. They may repeat parts of the request."""
    given = content.get("errors")
    given = given if isinstance(given, list) else [given]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in given if each not in (None, "")]
    return " ".join(_UNPRINTABLE.sub(" ", " ".join(texts)).split())


def shortened(text: str) -> str:
    """The text, shortened for a message."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


class Fields:
    """The fields of one response, read by their types; raises :class:`SealError` (``unexpected_answer``) for a field of another type."""

    def __init__(self, content: Any, source: str) -> None:
        """:param source: the server and the request, with which messages begin."""
        self._source = source
        if not isinstance(content, dict):
            raise self._unexpected("a response that is not a JSON object")
        self._content = content

    def need(self, name: str) -> None:
        """Reject a response without this field."""
        if self._content.get(name) is None:
            raise self._unexpected(f"a response without {name}")

    def boolean(self, name: str) -> bool:
        return bool(self._typed(name, bool, False))

    def text(self, name: str) -> str:
        return _UNPRINTABLE.sub(" ", str(self._typed(name, str, "")))

    def count(self, name: str, most: int) -> int:
        """A number from 0 to ``most``."""
        number = int(self._typed(name, int, 0))
        if not 0 <= number <= most:
            raise self._unexpected(f"{name} that is not a number from 0 to {most}")
        return number

    def inner(self, name: str) -> Fields:
        """The fields of a nested object; empty if it is absent."""
        return Fields(self._typed(name, dict, {}), self._source)

    def objects(self, name: str) -> list[Fields]:
        """The fields of each object in a list, or in an object of objects."""
        value = self._content.get(name) or []
        values = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(values, list):
            raise self._unexpected(f"{name} that is not a list")
        return [Fields(each, self._source) for each in values]

    def _typed(self, name: str, kind: type, default: Any) -> Any:
        value = self._content.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._unexpected(f"{name} that is not {_KINDS[kind]}")
        return value

    def _unexpected(self, what: str) -> SealError:
        return SealError(f"{self._source} with {what}.", reason="unexpected_answer", remedy=_REMEDY)


def seal_status_of(content: Any, source: str) -> SealStatus:
    """The state of a server's seal; raises :class:`SealError` (``unexpected_answer``)."""
    fields = Fields(content, source)
    for name in ("initialized", "sealed"):
        fields.need(name)
    status = SealStatus(
        initialized=fields.boolean("initialized"), sealed=fields.boolean("sealed"), type=fields.text("type"),
        t=fields.count("t", _MOST_SHARES), n=fields.count("n", _MOST_SHARES), progress=fields.count("progress", _MOST_SHARES),
        migration=fields.boolean("migration"), recovery_seal=fields.boolean("recovery_seal"), version=fields.text("version"),
        storage_type=fields.text("storage_type"), cluster_id=fields.text("cluster_id"), cluster_name=fields.text("cluster_name"),
    )  # fmt: skip
    if status["t"] > status["n"]:
        raise SealError(
            f"{source} with a threshold t of {status['t']} among n = {status['n']} shares.", reason="unexpected_answer", remedy=_REMEDY
        )
    return status


def leader_of(content: Any, source: str) -> Leader:
    """Which node is active, as a server knows it; raises :class:`SealError` (``unexpected_answer``)."""
    fields = Fields(content, source)
    fields.need("ha_enabled")
    return Leader(ha_enabled=fields.boolean("ha_enabled"), is_self=fields.boolean("is_self"), leader_address=fields.text("leader_address"))
