# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of S3: the connection of the KMS client, with its credentials, errors and deadline for each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import SealError, SettingError
from ..kms.client import endpoint_of, open_session
from ..kms.options import ConnectionOptions
from ..kms.sdk_errors import Request, to_error
from ..sourced import Sourced
from .options import S3Options

# What AWS S3 answers, beside the codes that all services share.
_MEANINGS = {
    "NoSuchBucket": ("not_found", "Check the name of the bucket, and the account of the credentials."),
    "404": ("not_found", "Check the bucket and the key."),
    "NoSuchKey": ("not_found", "Check the bucket and the key."),
    "NoSuchUpload": ("upload_not_found", "Run the backup again: it starts a new upload."),
    "PermanentRedirect": ("region_mismatch", "Set region to the region of the bucket."),
    "AuthorizationHeaderMalformed": ("region_mismatch", "Set region to the region of the bucket."),
    "IllegalLocationConstraintException": ("region_mismatch", "Set region to the region of the bucket."),
    "301": ("region_mismatch", "Set region to the region of the bucket."),
    "400": ("invalid_request", "Check the region of the bucket and the encryption: S3 gives no reason for this request."),
    "403": ("access_denied", "Allow s3:GetObject on the objects and s3:ListBucket on the bucket."),
    "AccessDenied": ("access_denied", ""),
    "AllAccessDisabled": ("access_denied", "Check the status of the account with AWS."),
    "BadDigest": ("checksum_mismatch", "The data were altered between this host and S3; check the proxy and the endpoint."),
    "XAmzContentChecksumMismatch": ("checksum_mismatch", "The data were altered between this host and S3; check the proxy and the endpoint."),
    "XAmzContentSHA256Mismatch": ("checksum_mismatch", "The data were altered between this host and S3; check the proxy and the endpoint."),
    "InvalidPart": ("upload_not_found", "Run the backup again: it starts a new upload."),
    "InvalidRequest": ("invalid_request", "Check that object lock is enabled on the bucket, and the encryption."),
    "InvalidArgument": ("invalid_request", "Check the encryption, its KMS key, and the object lock."),
    "PreconditionFailed": ("object_exists", "Use another prefix, or another name for the snapshots."),
    "InternalError": ("aws_error", "Try again; if the problem persists, check the AWS Health Dashboard."),
    "503": ("throttled", "Try again later."),
}  # fmt: skip
_ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListParts": "s3:ListMultipartUploadParts",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
}  # fmt: skip


class S3Client:
    """Calls S3 for one bucket; errors are :class:`SealError` kinds."""

    def __init__(self, session: Any, client: Any, options: S3Options, region: Sourced) -> None:
        self.options = options
        self._session = session
        self._client = client
        self._region = region

    def supports(self, operation: str, parameter: str) -> bool:
        """Whether the installed SDK knows a parameter."""
        return parameter in self._client.meta.service_model.operation_model(operation).input_shape.members

    def call(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        """One call about the object ``key``; raises :class:`SealError`."""
        method = "".join(f"_{each.lower()}" if each.isupper() else each for each in operation).lstrip("_")
        try:
            answer: dict[str, Any] = getattr(self._client, method)(Bucket=self.options.bucket, Key=key, **parameters)
        except Exception as error:  # botocore raises whatever Python raises for a response that is not S3's
            raise self._error(error, operation, key) from None
        return answer

    def _error(self, error: Exception, operation: str, key: str) -> SealError:
        where = f"s3://{self.options.bucket}/{key}"
        refusal = to_error(error, Request("AWS S3", operation, f"for {where} in region {self._region}"))
        if refusal is None:
            refusal = SealError(f"The response for {where} does not come from AWS S3.", reason="wrong_endpoint", remedy="Check the endpoint and the proxy.")
        code = str(refusal.details.get("aws_code", ""))
        if code in _MEANINGS:
            refusal.reason, remedy = _MEANINGS[code]
            refusal.remedy = remedy or self._denied(operation)
            if code.isdigit():
                refusal.message = f"AWS S3 rejected {operation} for {where} with status {code}."
        self._session.sent.secrets.blank_error(refusal)
        return refusal

    def _denied(self, operation: str) -> str:
        actions = [_ACTIONS.get(operation, f"s3:{operation}")]
        if self.options.object_lock_mode and actions == ["s3:PutObject"]:
            actions.append("s3:PutObjectRetention")
        kms = " and kms:GenerateDataKey and kms:Decrypt on the key of the encryption" if self.options.encryption.startswith("aws:kms") else ""
        return f"Allow {' and '.join(actions)} on arn:aws:s3:::{self.options.bucket}/{self.options.prefix}*{kms}, and check the policy of the bucket."


def open_s3(options: S3Options, connection: ConnectionOptions, environ: Mapping[str, str] | None = None) -> S3Client:
    """Make the client; raises :class:`SealError` before any call to S3. The region and endpoint of KMS are not those of S3 unless S3 has none of its own."""
    wanted = replace(
        connection, region=options.region or connection.region, endpoint=options.endpoint, timeout=options.timeout,
        sources={**connection.sources, "endpoint": "option s3.endpoint"},
    )  # fmt: skip
    connected = open_session(wanted, environ)
    try:
        client = connected.session.create_client("s3", region_name=connected.region.value)
    except Exception as error:
        raise to_error(error, Request("AWS S3", "", "")) or SettingError("The client of AWS S3 cannot be made.", reason="aws_error") from None
    return S3Client(connected.session, client, options, connected.region)


def s3_endpoint(options: S3Options, connection: ConnectionOptions, environ: Mapping[str, str] | None = None) -> str:
    """The URL of the endpoint from the option, the environment or the AWS profile; empty for that of AWS. Raises :class:`SealError`."""
    if options.endpoint:
        return options.endpoint
    found = endpoint_of("s3", replace(connection, endpoint=""), environ)
    return found.value if found else ""
