# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uploads one file to S3 and verifies it there: every request has a SHA-256 checksum, which S3 compares, keeps, and returns at the end.

A file of one part is one request. A larger one is a multipart upload, of which the parts that are complete are kept: an interrupted upload continues.
Memory: one part.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from ..descriptors import sha256_of
from ..errors import SealError
from .client import S3Client
from .options import LARGEST_OBJECT, MIB
from .protection import Requested, check_protection

_PIECE = 1 << 20
_AGAIN = frozenset(("upload_not_found",))
# After these, no later run can complete the upload.
_HOPELESS = frozenset(("object_exists", "checksum_mismatch", "invalid_request"))


class Upload:
    """The upload of one file.

    :param handle: the open file; it must not change.
    :param state: what an interrupted upload left: ``upload_id``, ``part_size`` and ``parts``; empty for none. Changed in place.
    :param save: called whenever the state has changed, to store it.
    """

    def __init__(self, client: S3Client, file_name: str, handle: int, state: dict[str, Any], save: Callable[[], None]) -> None:
        self._client = client
        self._options = client.options
        self._key = client.options.key(file_name)
        self._handle = handle
        self._size = os.fstat(handle).st_size
        self._state = state
        self._save = save
        self._requested = Requested()
        self.resumed_parts = 0

    def run(self, sha256: str) -> dict[str, Any]:
        """Upload and verify; the facts of the object. Raises :class:`SealError`.

        :param sha256: the checksum of the file, in hexadecimal digits.
        """
        if self._size > LARGEST_OBJECT:
            raise SealError(f"{self._key} has more than {LARGEST_OBJECT} bytes.", reason="invalid_request", remedy="S3 does not store larger objects.")
        self._check_file(sha256)
        part_size = self._state.get("part_size")
        if not isinstance(part_size, int) or part_size < MIB or not isinstance(self._state.get("parts"), dict):
            self._give_up()
            part_size = self._options.part_bytes(self._size)
        try:
            if self._exists():
                raise _exists_already(f"s3://{self._options.bucket}/{self._key}")
            expected = self._put() if self._size <= part_size else self._multipart(part_size)
        except SealError as error:
            if error.reason != "object_exists":
                raise
            # The response to a former upload was lost, or it is another object, which the verification finds.
            self._give_up()
            self._requested = Requested()
            expected = self._expected(part_size)
        facts = self._verified(expected, sha256)
        self._state.clear()
        return facts

    def _exists(self) -> bool:
        """Whether the object exists. Older SDKs cannot ask S3 to store only a new object, and must know it before."""
        conditional = self._client.supports("PutObject", "IfNoneMatch")
        try:
            self._client.call("HeadObject", self._key)
        except SealError as error:
            if error.details.get("aws_code") in ("404", "NoSuchKey", "NotFound"):
                return False
            # Without s3:ListBucket, S3 does not tell that an object does not exist; and of HeadObject, it gives no reason for an error.
            if conditional and error.details.get("aws_code"):
                return False
            raise
        return True

    def _give_up(self) -> None:
        """Abort the upload of the state, whose parts would otherwise be kept and paid for; that nothing of it is left is not required."""
        if self._state.get("upload_id"):
            with suppress(SealError):
                self._client.call("AbortMultipartUpload", self._key, UploadId=str(self._state["upload_id"]))
        if self._state:
            self._state.clear()
            self._save()

    def _check_file(self, sha256: str) -> None:
        """The checksums that S3 gets are those of what is read now, so a file that changed on disk would pass for the proven one."""
        if sha256_of(self._handle) != sha256:
            self._give_up()
            raise SealError(
                f"The file of {self._key} is not the snapshot that was proven: its checksum differs.", reason="checksum_mismatch",
                remedy="Check the disk of this host, and take another snapshot. The file was not sent.",
            )

    def _put(self) -> str:
        content = self._part(1, self._size)
        checksum = _sha256(content)
        # With an object lock, S3 demands the name of the algorithm beside the checksum.
        checked = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum}
        answer = self._client.call("PutObject", self._key, Body=content, **checked, **self._storage(), **self._if_new("PutObject"))
        self._requested.kms_key = str(answer.get("SSEKMSKeyId") or "")
        return checksum

    def _multipart(self, part_size: int) -> str:
        try:
            known = self._known_parts() if self._state.get("upload_id") else {}
        except SealError as error:
            if error.reason not in _AGAIN:
                raise
            known = {}
            self._give_up()
        if not self._state.get("upload_id"):
            answer = self._client.call("CreateMultipartUpload", self._key, ChecksumAlgorithm="SHA256", **self._storage())
            self._requested.kms_key = str(answer.get("SSEKMSKeyId") or "")
            self._state.update(upload_id=self._needed(answer, "UploadId"), part_size=part_size, parts={}, requested=self._requested.as_state())
            self._save()
        # The lock and the key are those that were requested when the upload began.
        self._requested = Requested.of(self._state.get("requested"))
        parts, digests = [], hashlib.sha256()
        for number in range(1, -(-self._size // part_size) + 1):
            content = self._part(number, part_size)
            checksum = _sha256(content)
            digests.update(base64.b64decode(checksum))
            etag = known.get((number, checksum, len(content)))
            if etag is None:
                answer = self._client.call(
                    "UploadPart", self._key, UploadId=self._state["upload_id"], PartNumber=number, Body=content,
                    ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum,
                )  # fmt: skip
                etag = self._needed(answer, "ETag")
                self._state["parts"][str(number)] = {"etag": etag, "sha256": checksum}
                self._save()
            else:
                self.resumed_parts += 1
            parts.append({"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum})
        try:
            self._client.call(
                "CompleteMultipartUpload", self._key, UploadId=self._state["upload_id"], MultipartUpload={"Parts": parts},
                **self._if_new("CompleteMultipartUpload"),
            )  # fmt: skip
        except SealError as error:
            if error.reason in _AGAIN or error.reason in _HOPELESS:
                self._give_up()
            raise
        return f"{base64.b64encode(digests.digest()).decode()}-{len(parts)}"

    def _known_parts(self) -> dict[tuple[int, str, int], str]:
        """The parts that S3 has, by number, checksum and size, with their ETags: those that this file's record has too."""
        recorded: Mapping[str, Any] = self._state.get("parts") or {}
        known: dict[tuple[int, str, int], str] = {}
        marker = 0
        while True:
            answer = self._client.call("ListParts", self._key, UploadId=self._state["upload_id"], PartNumberMarker=marker)
            for part in answer.get("Parts") or []:
                mine = recorded.get(str(part.get("PartNumber")))
                if isinstance(mine, Mapping) and mine.get("etag") == part.get("ETag"):
                    known[part["PartNumber"], str(mine.get("sha256")), part.get("Size", 0)] = str(part["ETag"])
            following = answer.get("NextPartNumberMarker")
            if not answer.get("IsTruncated") or not isinstance(following, int) or following <= marker:
                return known
            marker = following

    def _expected(self, part_size: int) -> str:
        """The checksum that S3 has for this file."""
        if self._size <= part_size:
            return _sha256(self._part(1, self._size))
        count = -(-self._size // part_size)
        digests = hashlib.sha256()
        for number in range(1, count + 1):
            digests.update(hashlib.sha256(self._part(number, part_size)).digest())
        return f"{base64.b64encode(digests.digest()).decode()}-{count}"

    def _verified(self, expected: str, sha256: str) -> dict[str, Any]:
        """Read back what S3 has; raises :class:`SealError` if it differs from the file."""
        answer = self._client.call("HeadObject", self._key, ChecksumMode="ENABLED")
        checksum = answer.get("ChecksumSHA256")
        how = "checksum"
        if answer.get("ContentLength") != self._size:
            raise self._differs(f"it has {answer.get('ContentLength')} bytes instead of {self._size}")
        if not checksum:
            # S3-compatible storage that keeps no checksums.
            how, checksum, expected = "content", self._downloaded(), sha256
        # Some storage returns the checksum of the parts without their number.
        if checksum not in (expected, expected.partition("-")[0]):
            raise self._differs("it has another SHA-256 checksum")
        check_protection(answer, self._options, self._requested, f"s3://{self._options.bucket}/{self._key}")
        return {"size": self._size, "checksum": str(checksum), "verified_by": how, "version_id": answer.get("VersionId"), "etag": answer.get("ETag")}

    def _downloaded(self) -> str:
        body = self._client.call("GetObject", self._key)["Body"]
        digest = hashlib.sha256()
        try:
            for piece in iter(lambda: body.read(_PIECE), b""):
                digest.update(piece)
        except Exception as error:
            raise self._differs(f"it cannot be read back ({type(error).__name__})") from None
        return digest.hexdigest()

    def _part(self, number: int, part_size: int) -> bytes:
        start = (number - 1) * part_size
        pieces = list(_read(self._handle, start, min(part_size, self._size - start)))
        return b"".join(pieces)

    def _storage(self) -> dict[str, Any]:
        options = self._options
        parameters: dict[str, Any] = {}
        if options.encryption:
            parameters["ServerSideEncryption"] = options.encryption
        if options.kms_key_id:
            parameters["SSEKMSKeyId"] = options.kms_key_id
        if options.object_lock_mode:
            until = (datetime.now(timezone.utc) + timedelta(days=options.object_lock_days)).replace(microsecond=0)
            self._requested.retain_until = until
            parameters.update(ObjectLockMode=options.object_lock_mode, ObjectLockRetainUntilDate=until)
        return parameters

    def _if_new(self, operation: str) -> dict[str, str]:
        """Never replace an object; older SDKs cannot ask for that."""
        return {"IfNoneMatch": "*"} if self._client.supports(operation, "IfNoneMatch") else {}

    def _needed(self, answer: Mapping[str, Any], name: str) -> str:
        if not answer.get(name):
            where = f"s3://{self._options.bucket}/{self._key}"
            raise SealError(f"The response for {where} has no {name}: it does not come from AWS S3.", reason="wrong_endpoint", remedy="Check the endpoint.")
        return str(answer[name])

    def _differs(self, why: str) -> SealError:
        return SealError(
            f"s3://{self._options.bucket}/{self._key} is not the snapshot that was sent: {why}.",
            reason="checksum_mismatch",
            remedy="Check who else writes to this prefix, and send the snapshot again.",
        )


def _exists_already(name: str) -> SealError:
    return SealError(f"{name} exists already.", reason="object_exists", remedy="Use another prefix, or another name for the snapshots.")


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _read(handle: int, start: int, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = os.pread(handle, min(size, _PIECE), start)
        if not piece:
            raise SealError("The snapshot became shorter while it was sent.", reason="file_error", remedy="Check who else writes to its directory.")
        yield piece
        start += len(piece)
        size -= len(piece)
