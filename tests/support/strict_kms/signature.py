# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication: verifies AWS Signature Version 4 with botocore's own signer, and finds the principal in moto's IAM and STS.

Error codes and wordings: "Common Errors" of the AWS KMS API reference, and "Troubleshoot Signature Version 4 signing" of
the IAM user guide.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.sts.models import sts_backends

from .errors import AwsError

ACCOUNT = "123456789012"
PARTITION = "aws"
_OF_A_REGION = re.compile(r"kms(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)$")
_TOLERANCE = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})$"
)


@dataclass
class Principal:
    """The principal that signed a request. ``arns`` are its names in policies; ``policies`` are its identity policies."""

    arn: str
    account: str
    region: str
    arns: tuple[str, ...] = ()
    policies: list[dict[str, Any]] = field(default_factory=list)


def verify(headers: Mapping[str, str], method: str, path: str, body: bytes, now: datetime) -> Principal:
    """The principal of a request; raises AwsError as AWS answers a bad signature. ``now`` is the server's clock."""
    given = headers.get("authorization", "")
    if not given:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _AUTHORIZATION.match(given)
    if not match:
        raise AwsError("IncompleteSignatureException", "Authorization header is not of the form of AWS4-HMAC-SHA256.")
    access_key, date, region, service, signed, signature = match.groups()
    if service != "kms":
        raise AwsError("InvalidSignatureException", "Credential should be scoped to correct service: 'kms'. ")
    named = _OF_A_REGION.match(headers.get("host", ""))
    if region not in kms_backends[ACCOUNT].regions or (named and named[1] != region):
        raise AwsError("InvalidSignatureException", "Credential should be scoped to a valid region. ")
    stamp = headers.get("x-amz-date", "")
    _check_clock(stamp, date, now)
    principal, credentials = _find(access_key, headers.get("x-amz-security-token", ""), region, now)
    request = AWSRequest(method, f"https://{headers.get('host', '')}{path}", data=body)
    for name in signed.split(";"):
        request.headers[name] = headers.get(name, "")
    request.context["timestamp"] = stamp
    signer = SigV4Auth(credentials, service, region)
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(expected, signature):
        raise AwsError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )
    return principal


def _check_clock(stamp: str, date: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise AwsError("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.") from None
    if not stamp.startswith(date):
        raise AwsError("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.")
    earliest, latest = (f"{moment:%Y%m%dT%H%M%SZ}" for moment in (now - _TOLERANCE, now + _TOLERANCE))
    if signed < now - _TOLERANCE:
        raise AwsError(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is now earlier than {earliest} ({now:%Y%m%dT%H%M%SZ} - 5 min.)",
        )
    if signed > now + _TOLERANCE:
        raise AwsError(
            "InvalidSignatureException",
            f"Signature not yet current: {stamp} is still later than {latest} ({now:%Y%m%dT%H%M%SZ} + 5 min.)",
        )


def _find(access_key: str, token: str, region: str, now: datetime) -> tuple[Principal, Credentials]:
    unknown = AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if token:
        return _find_role(access_key, token, region, now, unknown)
    for account, partitions in list(iam_backends.items()):
        iam = partitions[PARTITION]
        for user in list(iam.users.values()):
            for key in user.access_keys:
                if key.access_key_id == access_key and key.status == "Active":
                    policies = list(_user_policies(iam, user))
                    return Principal(user.arn, account, region, (user.arn,), policies), Credentials(access_key, key.secret_access_key)
    raise unknown


def _find_role(access_key: str, token: str, region: str, now: datetime, unknown: AwsError) -> tuple[Principal, Credentials]:
    for account, partitions in list(sts_backends.items()):
        for assumed in partitions[PARTITION].assumed_roles:
            if assumed.access_key_id != access_key or assumed.session_token != token:
                continue
            if assumed.expiration.replace(tzinfo=timezone.utc) <= now:
                raise AwsError("ExpiredTokenException", "The security token included in the request is expired")
            policies = list(_role_policies(account, assumed.role_arn))
            principal = Principal(assumed.arn, account, region, (assumed.arn, assumed.role_arn), policies)
            return principal, Credentials(access_key, assumed.secret_access_key, token)
    raise unknown


def _user_policies(iam: Any, user: Any) -> Iterator[Any]:
    yield from user.policies.values()
    yield from map(_document, user.managed_policies.values())
    for group in iam.get_groups_for_user(user.name):
        yield from group.policies.values()
        yield from map(_document, group.managed_policies.values())


def _role_policies(account: str, role_arn: str) -> Iterator[Any]:
    for role in iam_backends[account][PARTITION].roles.values():
        if role.arn == role_arn:
            yield from role.policies.values()
            yield from map(_document, role.managed_policies.values())


def _document(managed: Any) -> str:
    """Of a managed policy the version that is in force."""
    result: str = next(version.document for version in managed.versions if version.version_id == managed.default_version_id)
    return result
