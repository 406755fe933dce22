# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses of AWS and servers: texts of errors and denials, policies, key references, bodies of the API."""

from __future__ import annotations

import json

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import read_denial
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.error_codes import meaning
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_facts import policy_document
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import Request, to_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import Answer
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver, check_same

_KEY = b"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_DENIALS = (
    b"User: arn:aws:iam::111122223333:user/ada is not authorized to perform: kms:Decrypt on resource: " + _KEY
    + b" because no identity-based policy allows the kms:Decrypt action",
    b"User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: kms:Encrypt on resource: " + _KEY
    + b" with an explicit deny in a service control policy: arn:aws:x",
    b"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    _KEY + b" is pending deletion.", b"Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z",
)
_CODES = ("AccessDeniedException", "KMSInvalidStateException", "InvalidSignatureException", "500", "Throttling", "x")
_REFERENCES = (
    _KEY, b"alias/vault-unseal", b"arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b", b"mrk-1234abcd12ab34cd56ef1234567890ab",
    b"1234abcd-12ab-34cd-56ef-1234567890ab",
)
_WORDS = (
    b"arn:aws:kms:", b"alias/", b"key/", b"mrk-", b"User: ", b" is not authorized to perform: ", b" on resource: ", b"because no ", b" policy allows",
    b"with an explicit deny in a ", b"boundary",
)


def _denial(data: bytes) -> None:
    message = data.decode("utf-8", "replace")
    read_denial(message)
    for code in _CODES:
        known = meaning(code, message, "kms:Decrypt", _KEY.decode())
        check_same("the reason", True, bool(known.reason and known.remedy))


class ClientError(Exception):
    """Of the shape that botocore's has."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"An error occurred ({code}): {message}")
        self.response = {"Error": {"Code": code, "Message": message}}


class SSLError(Exception):
    """Its ``kwargs`` are what botocore's has."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.kwargs = {"error": cause, "endpoint_url": cause, "proxy_url": "http://proxy"}


class CredentialRetrievalError(SSLError):
    """Takes the words of a provider."""


def _sdk_error(data: bytes) -> None:
    code, _line, message = data.decode("utf-8", "replace").partition("\n")
    asked = Request("AWS KMS", "Decrypt", "in us-east-1")
    for error in (ClientError(code, message), SSLError(message), CredentialRetrievalError(message)):
        failed = to_error(error, asked)
        check_same("the words", True, failed is not None and len(failed.message) < 20_000)
        if failed is not None:
            json.dumps(failed.as_result())


def _reference(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    check_same("the reference", text, str(KeyReference.parse(text)))


def _answer(data: bytes) -> None:
    answer = Answer(500, data)
    answer.json()
    check_same("the words", True, bool(answer.errors()))
    policy_document(data.decode("utf-8", "replace"))


DRIVERS = (
    Driver("aws_message", _denial, lambda: _DENIALS, _WORDS),
    Driver("sdk_error", _sdk_error, lambda: [b"AccessDeniedException\n" + _DENIALS[0], b"503\n<html>", b"\n[SSL: X] certificate verify failed: y ("], _WORDS),
    Driver("key_reference", _reference, lambda: _REFERENCES, _WORDS),
    Driver(
        "server_answer",
        _answer,
        lambda: [b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}', b"{}", b'{"sealed": true, "t": 3}', b"<html>"],
        (b'"errors"', b"[", b"{", b"null", b"5"),
    ),
)
