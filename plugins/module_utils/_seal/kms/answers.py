# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks every answer of AWS KMS and AWS STS before anything is made of it.

Types come from the SDK's own model of each operation; what must be there, the limits and the keys come from the AWS KMS and AWS STS API
references. This file knows no botocore: shapes are used by their attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import SettingError
from ..key_reference import KeyReference

MAX_PLAINTEXT = 4096  # bytes that Encrypt takes
MAX_CIPHERTEXT = 6144  # bytes that Decrypt takes
MAX_PAGES = 1000  # of one listing
_MAX_ENTRIES = 10_000  # of one list
_MAX_TEXT = 131_072  # characters; a key policy has at most 32 KiB
_MAX_BLOB = 65_536
_MAX_INTEGER = 2**63
_MIN_ECHO = 16  # bytes; a shorter plaintext may occur in a ciphertext by chance
_ALGORITHM = "SYMMETRIC_DEFAULT"

_REQUIRED: dict[str, tuple[str, ...]] = {
    "Encrypt": ("KeyId", "CiphertextBlob"),
    "Decrypt": ("KeyId", "Plaintext"),
    "ReEncrypt": ("SourceKeyId", "KeyId", "CiphertextBlob"),
    "DescribeKey": ("KeyMetadata",),
    "GetKeyPolicy": ("Policy",),
    "GetKeyRotationStatus": ("KeyRotationEnabled",),
    "ListAliases": ("Aliases",),
    "ListGrants": ("Grants",),
    "ListKeyRotations": ("Rotations",),
    "ListResourceTags": ("Tags",),
    "AssumeRole": ("Credentials",),
    "AssumeRoleWithWebIdentity": ("Credentials",),
}
_REQUIRED_INSIDE: dict[str, tuple[str, ...]] = {
    "KeyMetadata": ("Arn", "KeyId"),
    "Aliases": ("AliasName",),
    "Grants": ("GrantId",),
    "Rotations": ("RotationDate",),
    "Tags": ("TagKey", "TagValue"),
    "Credentials": ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"),
}
_ALGORITHMS = ("EncryptionAlgorithm", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm")


class AnswerError(Exception):
    """A response that cannot be from AWS; ``what`` describes the difference and contains no secret."""

    def __init__(self, what: str = "", **facts: str) -> None:
        super().__init__(what)
        self.kwargs = {"what": what, **facts}


class MissingFieldError(AnswerError):
    """An answer without a field that AWS always sends: what answers is something else."""


class OtherKeyError(AnswerError):
    """An answer about another key than the one that was asked for."""


class Answers:
    """Checks all answers of the clients that it is attached to.

    ``account`` is the principal's account, known after the first response: a reference without an account names a key of that account.
    """

    def __init__(self) -> None:
        self.account = ""

    def attach(self, client: Any) -> None:
        """Check the answers of a botocore client, by its events."""
        region = client.meta.region_name

        def check(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_others: Any) -> None:
            if http_response.status_code < 300:
                self.check(model.name, model.output_shape, context.get("sealwright_asked", {}), parsed, region)

        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-parameter-build.{service}", _note_request)
        client.meta.events.register_last(f"after-call.{service}", check)

    def check(self, operation: str, shape: Any, asked: Mapping[str, Any], answer: Any, region: str) -> None:
        """Raises :class:`AnswerError`."""
        if not isinstance(answer, dict):
            raise MissingFieldError("the response is not an object")
        _check_required(operation, answer)
        if shape is not None:
            _check_shape(shape, answer, "")
        _check_inside(answer)
        _check_bytes(asked, answer)
        for name in _ALGORITHMS:
            if answer.get(name, _ALGORITHM) != _ALGORITHM:
                raise AnswerError(f"{name} is not {_ALGORITHM}")
        if operation.startswith("AssumeRole"):
            self._check_role(asked, answer)
        else:
            self._check_keys(operation, asked, answer, region)

    def _check_role(self, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        given = str(asked.get("RoleArn", "")).split(":")
        got = str((answer.get("AssumedRoleUser") or {}).get("Arn", "")).split(":")
        if len(got) == 6 and len(given) == 6:
            role = got[5].split("/")
            if got[4] != given[4] or len(role) < 2 or role[1] != given[5].rsplit("/", 1)[-1]:
                raise AnswerError("the role is not the requested role")
        if len(given) == 6:
            self.account = given[4]

    def _check_keys(self, operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any], region: str) -> None:
        if operation == "DescribeKey":
            metadata = answer["KeyMetadata"]
            answered = self._check_key(metadata["Arn"], asked.get("KeyId", ""), region)
            if metadata["KeyId"] != answered.key_id:
                raise AnswerError("KeyId and Arn name different keys")
            if metadata.get("AWSAccountId", answered.account) != answered.account:
                raise AnswerError("AWSAccountId and Arn name different accounts")
        elif operation in ("Encrypt", "Decrypt"):
            self._check_key(answer["KeyId"], asked.get("KeyId", ""), region)
        elif operation == "ReEncrypt":
            self._check_key(answer["SourceKeyId"], asked.get("SourceKeyId", ""), region)
            self._check_key(answer["KeyId"], asked.get("DestinationKeyId", ""), region)
        else:
            lists = (entry for value in answer.values() if isinstance(value, list) for entry in value if isinstance(entry, dict))
            for each in (answer, *lists):
                for name in ("KeyId", "TargetKeyId"):
                    if each.get(name):
                        _check_same(str(asked.get("KeyId", "")), str(each[name]))

    def _check_key(self, text: str, asked: str, region: str) -> KeyReference:
        """The key that the answer names by its ARN, which must be the one asked for."""
        answered = KeyReference.parse_key_arn(text)
        if answered is None:
            raise AnswerError("the returned key is not a key ARN")
        if answered.region != region:
            raise AnswerError(f"the returned key is in region {answered.region}")
        wanted = _reference(asked)
        if wanted is None:
            return answered
        if not _is_key(wanted, answered):
            raise OtherKeyError(asked=asked, answered=text)
        if not wanted.is_arn:
            if self.account not in ("", answered.account):
                raise OtherKeyError(asked=f"{asked} of account {self.account}", answered=text)
            self.account = answered.account
        return answered


class Pages:
    """Ends a listing: each page's marker is new, and there are not endlessly many."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def next_marker(self, page: Mapping[str, Any]) -> str:
        """The marker to ask the next page with; empty after the last one. Raises :class:`AnswerError`."""
        marker: str = page.get("NextMarker") or ""
        if not page.get("Truncated", False):
            return ""
        if not marker:
            raise AnswerError("it announces more pages without a marker")
        if marker in self._seen:
            raise AnswerError("a page marker occurs twice")
        self._seen.add(marker)
        if len(self._seen) >= MAX_PAGES:
            raise AnswerError(f"it has more than {MAX_PAGES} pages")
        return marker


def _note_request(params: Mapping[str, Any], context: dict[str, Any], **_others: Any) -> None:
    context["sealwright_asked"] = dict(params)


def _check_required(operation: str, answer: Mapping[str, Any]) -> None:
    for name in _REQUIRED.get(operation, ()):
        if name not in answer:
            raise MissingFieldError(f"{name} is missing")


def _check_inside(answer: Mapping[str, Any]) -> None:
    for name, fields in _REQUIRED_INSIDE.items():
        entries = answer.get(name, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            _expect(isinstance(entry, dict), name, "an object")  # an old model may not know it
            for field in fields:
                if entry.get(field) in (None, ""):
                    if field == "TagValue" and field in entry:
                        continue  # may be empty
                    raise AnswerError(f"{field} is missing in {name}")


def _check_bytes(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    for name, longest in (("CiphertextBlob", MAX_CIPHERTEXT), ("Plaintext", MAX_PLAINTEXT)):
        if name in answer and not 1 <= len(answer[name]) <= longest:
            raise AnswerError(f"{name} has {len(answer[name])} bytes instead of 1 to {longest}")
    ciphertext, plaintext = bytes(answer.get("CiphertextBlob", b"")), bytes(asked.get("Plaintext", b""))
    if len(plaintext) >= _MIN_ECHO and plaintext in ciphertext:
        raise AnswerError("CiphertextBlob contains the plaintext")
    if ciphertext and ciphertext == asked.get("CiphertextBlob"):
        raise AnswerError("CiphertextBlob is the same as in the request")
    if "Plaintext" in answer and bytes(answer["Plaintext"]) == asked.get("CiphertextBlob"):
        raise AnswerError("Plaintext is the ciphertext of the request")


def _check_shape(shape: Any, value: Any, path: str) -> None:
    """Raise an error unless the value has the type that the service model declares, at every depth, and is within the limits."""
    kind = shape.type_name
    if kind == "structure":
        _expect(isinstance(value, dict), path, "an object")
        for name, member in shape.members.items():
            if name in value:
                _check_shape(member, value[name], f"{path}.{name}" if path else name)
    elif kind == "list":
        _expect(isinstance(value, list), path, "a list")
        _expect(len(value) <= _MAX_ENTRIES, path, f"a list of at most {_MAX_ENTRIES} entries")
        for entry in value:
            _check_shape(shape.member, entry, path)
    elif kind == "map":
        _expect(isinstance(value, dict) and len(value) <= _MAX_ENTRIES, path, "a map")
        for name, entry in value.items():
            _check_shape(shape.key, name, path)
            _check_shape(shape.value, entry, path)
    elif kind == "string":
        _expect(isinstance(value, str) and len(value) <= _MAX_TEXT and _is_unicode(value), path, "a text")
    elif kind == "blob":
        _expect(isinstance(value, (bytes, bytearray)) and len(value) <= _MAX_BLOB, path, f"at most {_MAX_BLOB} bytes")
    elif kind == "boolean":
        _expect(isinstance(value, bool), path, "true or false")
    elif kind in ("integer", "long"):
        _expect(isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_INTEGER, path, "an integer")
    elif kind == "timestamp":
        # One year from the ends of what Python counts, no time zone leads beyond them.
        _expect(isinstance(value, datetime) and value.tzinfo is not None and 1970 <= value.year < 9999, path, "a time")


def _expect(holds: bool, path: str, kind: str) -> None:
    if not holds:
        raise AnswerError(f"{path or 'it'} is not {kind}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reference(text: str) -> KeyReference | None:
    try:
        return KeyReference.parse(text) if text else None
    except SettingError:
        return None  # KMS itself rejects an invalid reference


def _is_key(wanted: KeyReference, answered: KeyReference) -> bool:
    if wanted.is_arn and (wanted.partition, wanted.account) != (answered.partition, answered.account):
        return False
    if wanted.is_arn and wanted.region != answered.region and not wanted.is_multi_region:
        return False
    return wanted.is_alias or wanted.key_id.lower() == answered.key_id.lower()


def _check_same(asked: str, answered: str) -> None:
    """Listings name the key by its id or by its ARN."""
    wanted, returned = _reference(asked), _reference(answered)
    if returned is None or not returned.key_id:
        raise AnswerError("the returned key is not a key ID or ARN")
    if wanted is None or wanted.is_alias:
        return
    same = _is_key(wanted, returned) if wanted.is_arn and returned.is_arn else wanted.key_id.lower() == returned.key_id.lower()
    if not same:
        raise OtherKeyError(asked=asked, answered=answered)
