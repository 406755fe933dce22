# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of a server's log say that KMS refuses for good; the lines are in the form of OpenBao's and Vault's logs."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.log import refusal

_HEAD = (
    "2026-01-02T03:04:05.678Z [{level}] core: failed to unseal core: "
    "error=\"fetching stored unseal keys failed: failed to decrypt encrypted stored keys: {what}\""
)
V1 = "error decrypting data encryption key: {code}: {words}"
V2 = "error decrypting data encryption key: operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: 1, {code}: {words}"


def line(what, level="ERROR"):
    return _HEAD.format(level=level, what=what)


@pytest.mark.parametrize("form", [V1, V2])
@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("DisabledException", "arn:aws:kms:us-east-1:1:key/2 is disabled.", "key_disabled"),
        ("KMSInvalidStateException", "arn:aws:kms:us-east-1:1:key/2 is pending deletion.", "key_pending_deletion"),
        ("AccessDeniedException", "User: x is not authorized to perform: kms:Decrypt", "access_denied"),
        ("NotFoundException", "Key 'x' does not exist", "not_found"),
        ("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.", "wrong_key"),
        ("InvalidCiphertextException", "", "not_authentic"),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "invalid_credentials"),
        ("ExpiredTokenException", "The security token included in the request is expired", "expired_credentials"),
    ],
)
def test_refusals_for_good(form, code, text, reason):
    error = refusal(["[INFO] core: fine", line(form.format(code=code, words=text)), "[INFO] core: later"])
    assert error
    assert error.reason == reason
    assert error.remedy


@pytest.mark.parametrize(
    "message",
    [
        line(V1.format(code="ThrottlingException", words="Rate exceeded")),
        line(V2.format(code="KMSInternalException", words="")),
        line(V2.format(code="KeyUnavailableException", words="")),
        line(V1.format(code="DisabledException", words="is disabled"), level="INFO"),
        line("context deadline exceeded"),
        "[ERROR] core: failed to create audit entry: permission denied",
        "",
    ],
)
def test_what_may_pass(message):
    assert refusal([message]) is None
