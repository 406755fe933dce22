# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The meaning of AWS's error codes for a seal: a reason in one word, and a remedy.

Source of the codes: botocore's service model of KMS (each operation's errors), the "Common Errors" page of the AWS KMS
API reference, the STS API reference, and the KMS developer guide's page on key states.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from ..key_reference import KeyReference
from .denial import EXPLICIT_DENY, FOREIGN_ACCOUNT, LIMITING_POLICY, MAX_MESSAGE, MISSING_KEY_POLICY_OR_GRANT, denial_remedy, read_denial


class Meaning(NamedTuple):
    reason: str
    remedy: str


_CREDENTIALS = "Check the credentials and their source."
_CLOCK = "Set this host's clock by NTP: AWS accepts requests whose time is off by 5 minutes at most."
_AGAIN = "Try again; if the problem persists, check the AWS Health Dashboard."
_ALTERED = "Requests are modified between this host and AWS; check the proxy and the endpoint."
_SLOWER = "Try again later, increase the option timeout, or request a higher KMS request quota from AWS."

_MEANINGS: dict[str, Meaning] = {
    "DisabledException": Meaning("key_disabled", "Enable the key (kms:EnableKey), or use another key."),
    "NotFoundException": Meaning(
        "not_found", "Check the key ID or alias, the account and the region: KMS searches for it in this region only."
    ),
    "InvalidArnException": Meaning("malformed_key_id", "Use the ARN of a key or alias in this region, as displayed by KMS."),
    "InvalidKeyUsageException": Meaning(
        "key_unusable", "A seal requires a symmetric key with key usage ENCRYPT_DECRYPT and key spec SYMMETRIC_DEFAULT."
    ),
    "KeyUnavailableException": Meaning("key_unusable", "The key exists, but is currently not available to KMS. " + _AGAIN),
    "KMSInvalidStateException": Meaning("key_unusable", "Change the state of the key to Enabled."),
    "IncorrectKeyException": Meaning("wrong_key", "The value was sealed under a different key than the specified one."),
    "InvalidCiphertextException": Meaning(
        "not_authentic",
        "The sealed data was modified, was not encrypted by this AWS KMS, or is bound to an encryption context.",
    ),
    "AccessDeniedException": Meaning("access_denied", "Allow the operation in a key policy, an IAM policy or a grant."),
    "AccessDenied": Meaning("access_denied", "Allow the operation for this principal."),
    "UnauthorizedOperation": Meaning("access_denied", "Allow the operation for this principal."),
    "NotAuthorized": Meaning("access_denied", "Allow the operation for this principal."),
    "OptInRequired": Meaning("access_denied", "This account requires a subscription for KMS; check the account's status with AWS."),
    "UnrecognizedClientException": Meaning("invalid_credentials", "AWS does not know this access key. " + _CREDENTIALS),
    "InvalidClientTokenId": Meaning("invalid_credentials", "AWS does not know this access key or token. " + _CREDENTIALS),
    "InvalidAccessKeyId": Meaning("invalid_credentials", "AWS does not know this access key. " + _CREDENTIALS),
    "InvalidSignatureException": Meaning("invalid_credentials", "The secret key does not match the access key. " + _CREDENTIALS),
    "SignatureDoesNotMatch": Meaning("invalid_credentials", "The secret key does not match the access key. " + _CREDENTIALS),
    "IncompleteSignature": Meaning("invalid_credentials", "Requests are modified between this host and AWS. " + _CREDENTIALS),
    "IncompleteSignatureException": Meaning(
        "invalid_credentials", "Requests are modified between this host and AWS. " + _CREDENTIALS
    ),
    "MissingAuthenticationToken": Meaning("no_credentials", "The request was not signed. " + _CREDENTIALS),
    "MissingAuthenticationTokenException": Meaning("no_credentials", "The request was not signed. " + _CREDENTIALS),
    "ExpiredTokenException": Meaning("expired_credentials", "Get new temporary credentials. " + _CREDENTIALS),
    "ExpiredToken": Meaning("expired_credentials", "Get new temporary credentials. " + _CREDENTIALS),
    "InvalidIdentityToken": Meaning("invalid_credentials", "STS does not accept the web identity token; get a new one."),
    "IDPCommunicationError": Meaning("unreachable", "STS could not reach the identity provider. " + _AGAIN),
    "IDPRejectedClaim": Meaning("access_denied", "The role's trust policy does not accept this web identity."),
    "MalformedPolicyDocument": Meaning("access_denied", "Correct the session policy."),
    "PackedPolicyTooLarge": Meaning("access_denied", "Reduce the size of the session policy or its tags."),
    "RegionDisabledException": Meaning("access_denied", "Enable this region for the account."),
    "RequestExpired": Meaning("clock_skew", _CLOCK),
    "RequestTimeTooSkewed": Meaning("clock_skew", _CLOCK),
    "RequestInTheFuture": Meaning("clock_skew", _CLOCK),
    "ThrottlingException": Meaning("throttled", _SLOWER),
    "Throttling": Meaning("throttled", _SLOWER),
    "ThrottledException": Meaning("throttled", _SLOWER),
    "TooManyRequestsException": Meaning("throttled", _SLOWER),
    "RequestThrottled": Meaning("throttled", _SLOWER),
    "RequestLimitExceeded": Meaning("throttled", _SLOWER),
    "LimitExceededException": Meaning("throttled", _SLOWER),
    "SlowDown": Meaning("throttled", _SLOWER),
    "KMSInternalException": Meaning("kms_internal", _AGAIN),
    "DependencyTimeoutException": Meaning("kms_internal", "A dependency of KMS timed out. " + _AGAIN),
    "InternalFailure": Meaning("kms_internal", _AGAIN),
    "InternalServerError": Meaning("kms_internal", _AGAIN),
    "ServiceUnavailable": Meaning("kms_internal", _AGAIN),
    "ServiceUnavailableException": Meaning("kms_internal", _AGAIN),
    "InvalidMarkerException": Meaning("kms_internal", _AGAIN),
    "InvalidGrantTokenException": Meaning("access_denied", "The grant token is invalid or has expired; request a new one."),
    "InvalidGrantIdException": Meaning("not_found", "The grant does not exist on this key."),
    "DryRunOperationException": Meaning("dry_run", "The request would have succeeded; it was a dry run."),
    "UnsupportedOperationException": Meaning("unsupported_operation", "This key does not support the operation."),
    "ConflictException": Meaning("kms_internal", "Another operation on this key is in progress. " + _AGAIN),
    "RequestAbortedException": Meaning("unreachable", "The connection was closed before KMS responded. " + _AGAIN),
    "RequestTimeoutException": Meaning("timed_out", "The request was sent too slowly; check the connection to KMS, then try again."),
    "MalformedHttpRequestException": Meaning("invalid_request", _ALTERED),
    "RequestEntityTooLargeException": Meaning("invalid_request", _ALTERED),
    "ValidationException": Meaning("invalid_request", "Check the options against AWS's message."),
    "ValidationError": Meaning("invalid_request", "Check the options against AWS's message."),
    "InvalidAction": Meaning("wrong_endpoint", "The endpoint is not an AWS KMS endpoint; check it."),
    "UnknownOperationException": Meaning("wrong_endpoint", "The endpoint is not an AWS KMS endpoint; check it."),
}
_STATES = {
    "pending deletion": Meaning("key_pending_deletion", "Cancel the deletion (kms:CancelKeyDeletion) and enable the key immediately."),
    "pending replica deletion": Meaning("key_pending_deletion", "Cancel the deletion (kms:CancelKeyDeletion) and enable the key."),
    "pending import": Meaning("key_pending_import", "Import the key's material (kms:ImportKeyMaterial)."),
    "disabled": Meaning("key_disabled", "Enable the key (kms:EnableKey), or use another key."),
}
_BY_STATUS = {
    "429": Meaning("throttled", _SLOWER),
    "407": Meaning("unreachable", "The proxy requires authentication; check the proxy's address and credentials."),
    "502": Meaning("unreachable", "The response does not come from KMS; check the proxy and the endpoint."),
    "504": Meaning("unreachable", "The response does not come from KMS; check the proxy and the endpoint."),
}
_RESOURCE = re.compile(r"on resource: (arn:\S+|\*)")
_ACTION = re.compile(r"not authorized to perform: (kms:\w+)")
_SKEW = re.compile(r"signature (?:expired|not yet current)", re.IGNORECASE)
_SCOPE = re.compile(r"scoped to a valid region", re.IGNORECASE)


def meaning(code: str, message: str, action: str = "", resource: str = "") -> Meaning:
    """The meaning of ``code`` and ``message``; unknown codes have the reason ``aws_error``.

    ``action`` (``kms:Encrypt``) and ``resource`` (a key ARN; others are left out) go into the policy statement of a denial's remedy.
    """
    message = message[:MAX_MESSAGE]
    if code in ("InvalidSignatureException", "SignatureDoesNotMatch"):
        if _SKEW.search(message):
            return Meaning("clock_skew", _CLOCK)
        if _SCOPE.search(message):
            return Meaning("region_mismatch", "The endpoint belongs to another region: correct the region or the endpoint.")
    known = _known(code, message, action, resource)
    if known is None:
        status = "5" if code.isdigit() and code.startswith("5") else ""
        return Meaning("kms_internal", _AGAIN) if status else Meaning("aws_error", "See the AWS documentation of this error.")
    if known.reason == "access_denied" and code.startswith("AccessDenied") and action:
        return Meaning(known.reason, _denied_remedy(message, action, resource))
    return known


def _known(code: str, message: str, action: str, resource: str) -> Meaning | None:
    known = _MEANINGS.get(code) or _BY_STATUS.get(code)
    if code == "KMSInvalidStateException":
        known = next((state for phrase, state in _STATES.items() if phrase in message.lower()), known)
    if known is not None and known.reason == "key_disabled" and not _may_name_another(message, action, resource):
        return Meaning(known.reason, "Enable the key (kms:EnableKey): values sealed under it cannot be decrypted with another key.")
    return known


def _may_name_another(message: str, action: str, resource: str) -> bool:
    """Whether another key would do: not for what one key has sealed already. ``resource`` is the key that ReEncrypt moves to."""
    if action == "kms:ReEncrypt":
        key_id = resource.rsplit("/", 1)[-1]
        return bool(key_id) and key_id in message
    return action != "kms:Decrypt"


def is_throttling(code: str) -> bool:
    """Whether an error code means that requests exceed a quota of the account."""
    return meaning(code, "").reason == "throttled"


def policy_statement(action: str | list[str], resource: str) -> str:
    """The minimal IAM policy statement for ``action`` on one key, as JSON on one line."""
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})


def _denied_remedy(message: str, action: str, resource: str) -> str:
    resource_match, named = _RESOURCE.search(message), _ACTION.search(message)
    # ReEncrypt is not an action: kms:ReEncryptFrom and kms:ReEncryptTo are, and AWS's message names the missing one.
    action = named.group(1) if named else {"kms:ReEncrypt": "kms:ReEncrypt*"}.get(action, action)
    # A policy names keys by their ARN only: a statement for an alias or a bare id would allow nothing.
    key = resource if KeyReference.parse_key_arn(resource) else "arn:aws:kms:REGION:ACCOUNT:key/KEY-ID"
    arn = resource_match.group(1).rstrip(".,") if resource_match else "ROLE-ARN" if action.startswith("sts:") else key
    denial = read_denial(message)
    if denial.cause in (EXPLICIT_DENY, LIMITING_POLICY):
        return denial_remedy(action, denial)
    if action.startswith("sts:"):
        return f"Allow it in the role's trust policy, and in an IAM policy with {policy_statement(action, arn)}."
    # Key policies and grants cannot allow actions without a key, such as kms:ListAliases.
    if arn != "*" and denial.cause in (FOREIGN_ACCOUNT, MISSING_KEY_POLICY_OR_GRANT):
        return f"{denial_remedy(action, denial)} The statement: {policy_statement(action, arn)}."
    means = "an IAM policy" if arn == "*" else "a key policy, a grant, or an IAM policy"
    return f"Allow it in {means} with {policy_statement(action, arn)}."
