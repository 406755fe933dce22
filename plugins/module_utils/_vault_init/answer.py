# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The response of a server to its initialisation: it is sent only once, so all of it is kept in any case, and no secret in clear text.

Shares that are encrypted for people are stored in the record, the root token is sealed, and an unexpected response is also stored as a whole: sealed
under the data key, or, without a data key, unchanged in a private file.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.cluster_identity import Cluster
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import Reply
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import WrappedDataKey

from .reserved_file import ReservedFile

_PKESK, _ENCRYPTED_DATA = 1, (9, 18, 20)  # packet tags of RFC 9580, section 5
_NO_SECRETS = frozenset(("errors", "warnings"))
_KNOWN = frozenset(("keys", "keys_base64", "recovery_keys", "recovery_keys_base64", "root_token"))
_SHARES = ("recovery_keys_base64", "recovery_keys", "keys_base64", "keys")


@dataclass(frozen=True)
class Recipients:
    """Who gets what: a share for each holder, and the root token for one person or under the data key."""

    holders: Sequence[PgpKey]
    threshold: int
    token_holder: PgpKey | None
    data_key: WrappedDataKey | None


@dataclass(frozen=True)
class Files:
    """The reserved files; ``token`` is None where a person gets the root token."""

    record: ReservedFile
    token: ReservedFile | None
    answer: ReservedFile

    def all(self) -> list[ReservedFile]:
        return [each for each in (self.record, self.token, self.answer) if each]


@dataclass(frozen=True)
class Answer:
    """The parsed response. ``shares`` are OpenPGP messages in base64; ``problems`` describe deviations from the expected form."""

    shares: Sequence[str] = field(repr=False)
    root_token: str = field(repr=False)
    problems: Sequence[str]
    complete: bool

    @classmethod
    def of(cls, reply: Reply, recipients: Recipients) -> Answer:
        content, problems = reply.content, []
        shares = _messages(content)
        token = content.get("root_token")
        token = token if isinstance(token, str) else ""
        if recipients.token_holder and not is_message(token):
            token = ""
        if not content:
            problems.append("it is not a JSON object")
        if len(shares) != len(recipients.holders):
            problems.append(f"it has {len(shares)} encrypted recovery shares instead of {len(recipients.holders)}")
        if not token:
            problems.append("it has no encrypted root token" if recipients.token_holder else "it has no root token")
        complete = bool(token) and len(shares) == len(recipients.holders)
        if reply.status != 200:
            problems.append(f"its status is {reply.status}")
        if any(content.get(name) for name in ("keys", "keys_base64")):
            problems.append("it contains barrier keys")
        further = [name for name, value in content.items() if name not in _KNOWN and value]
        if further:
            problems.append(f"it has {len(further)} further fields")
        return cls(shares, token, problems, complete)


def is_refusal(reply: Reply) -> bool:
    """Whether it is an error and nothing else, so that there is nothing in it to keep."""
    further = [value for name, value in reply.content.items() if name not in _NO_SECRETS and value is not None]
    return reply.status >= 400 and not further and bool(reply.content or not reply.body)


def is_message(text: Any) -> bool:
    """Whether this is the base64 of a message that is encrypted to an OpenPGP key: the packet of its session key, and encrypted data after it."""
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return False
    tag, start, end = _packet(content, 0)
    if tag != _PKESK or content[start : start + 1] not in (b"\x03", b"\x06"):
        return False
    while tag == _PKESK and end < len(content):
        tag, _start, end = _packet(content, end)
    return tag in _ENCRYPTED_DATA


class Keeper:
    """Stores a response. Parts that cannot be written to their file are added to ``returned``, sealed or encrypted."""

    def __init__(self, files: Files, recipients: Recipients, address: str) -> None:
        self._files = files
        self._recipients = recipients
        self._address = address
        self.returned: dict[str, Any] = {}
        self.places: list[str] = []
        self.failures: list[str] = []
        self._record: dict[str, Any] = {}

    def keep(self, answer: Answer, reply: Reply) -> None:
        """Store the shares first: with them a lost root token can be replaced, but not vice versa. Does not raise."""
        if answer.shares or (answer.root_token and self._recipients.token_holder):
            self._keep_record(answer)
        if answer.root_token and self._recipients.data_key and self._files.token:
            sealed = _sealed(self._recipients.data_key, answer.root_token.encode("utf-8", "surrogatepass"))
            self._put(self._files.token, sealed.encode() + b"\n", "The sealed root token is", "sealed_root_token", sealed)
        if answer.problems:
            self._keep_whole(reply)

    def _keep_record(self, answer: Answer) -> None:
        recipients = self._recipients
        holders: list[PgpKey | None] = [*recipients.holders] if len(answer.shares) == len(recipients.holders) else [None] * len(answer.shares)
        record: dict[str, Any] = {
            "initialised": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "server_address": self._address,
            "recovery_threshold": recipients.threshold,
            "recovery_shares": [{**_person(holder), "share": share} for holder, share in zip(holders, answer.shares)],
        }
        if recipients.token_holder and answer.root_token:
            record["root_token"] = {**_person(recipients.token_holder), "token": answer.root_token}
        self._record = record
        self._put(self._files.record, _as_file(record), "The encrypted recovery shares are", "record", record)

    def name_cluster(self, cluster: Cluster) -> None:
        """Add the cluster's ID to the record, since a server returns it only after its response; raises :class:`SettingError`."""
        first = {name: self._record[name] for name in ("initialised", "server_address")}
        self._files.record.replace(_as_file({**first, "cluster_id": cluster.id, "cluster_name": cluster.name, **self._record}))

    def _keep_whole(self, reply: Reply) -> None:
        """``returned`` never gets what is not sealed."""
        whole = to_bytes(json.dumps({"status": reply.status})) + b"\n" + reply.body
        if self._recipients.data_key:
            sealed = _sealed(self._recipients.data_key, whole)
            self._put(self._files.answer, sealed.encode() + b"\n", "The whole response is sealed", "sealed_answer", sealed)
        else:
            self._put(self._files.answer, whole, "The whole response, which may contain secrets in plaintext, is", "", None)

    def _put(self, file: ReservedFile, content: bytes, what: str, name: str, value: Any) -> None:
        try:
            file.fill(content)
            self.places.append(f"{what} in {file.path}.")
        except SettingError as error:
            self.failures.append(error.message)
            if name:
                self.returned[name] = value
                self.places.append(f"{what} in {name} of this result.")


def _as_file(record: dict[str, Any]) -> bytes:
    return json.dumps(record, indent=2).encode() + b"\n"


def _person(key: PgpKey | None) -> dict[str, str | None]:
    return {"fingerprint": key.fingerprint if key else None, "user_id": key.user_id if key else None}


def _sealed(data_key: WrappedDataKey, content: bytes) -> str:
    return base64.b64encode(data_key.seal(content).value.encode()).decode()


def _messages(content: dict[str, Any]) -> list[str]:
    """The encrypted shares, in the first field that has some; those of the old fields are in hexadecimal digits."""
    for name in _SHARES:
        values = content.get(name)
        given = values if isinstance(values, list) else []
        messages = [text for text in (_as_base64(value) if not name.endswith("base64") else value for value in given) if is_message(text)]
        if messages:
            return messages
    return []


def _as_base64(value: Any) -> str:
    try:
        return base64.b64encode(bytes.fromhex(value)).decode() if isinstance(value, str) else ""
    except ValueError:
        return ""


def _packet(content: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the packet at this place; tag 0 for none. The end of a packet in parts is the end of the content."""
    if at + 2 > len(content) or not content[at] & 0x80:
        return 0, len(content), len(content)
    header, first = content[at], content[at + 1]
    if header & 0x40:
        tag = header & 0x3F
        if first < 192:
            start, size = at + 2, first
        elif first < 224:
            start, size = at + 3, (first - 192 << 8) + int.from_bytes(content[at + 2 : at + 3], "big") + 192
        elif first == 255:
            start, size = at + 6, int.from_bytes(content[at + 2 : at + 6], "big")
        else:
            start, size = at + 2, len(content) - at - 2
    else:
        tag, width = header >> 2 & 0x0F, (1, 2, 4, 0)[header & 3]
        start = at + 1 + width
        size = int.from_bytes(content[at + 1 : start], "big") if width else len(content) - start
    return (tag, start, start + size) if start + size <= len(content) else (0, len(content), len(content))
