# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server in place of KMS returns false answers in KMS's format: every module detects them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from support.credential_endpoints import serving
from support.module_run import start_module
from support.slack import scaled

ID, OTHER_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321"
ARN = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "hush-hush", "AWS_REGION": "us-east-1"}
CIPHERTEXT = base64.b64encode(b"c" * 180).decode()
NOT_KMS = "The response {where} does not come from AWS KMS: invalid response to Encrypt: {what}. Check the endpoint and the proxy."


def result_of(module: str, options: dict[str, Any], folder: Path, **environment: str) -> dict[str, Any]:
    """The result of the module as JSON, without secrets."""
    printed = start_module(module, options, folder, {**KEYS, **environment}).communicate(timeout=scaled(90))[0].decode()
    assert "hush-hush" not in printed
    assert "Traceback" not in printed
    result: dict[str, Any] = json.loads(printed)
    return result


@pytest.mark.parametrize(
    ("answer", "reason", "what"),
    [
        ({"CiphertextBlob": ""}, "wrong_endpoint", "CiphertextBlob has 0 bytes instead of 1 to 6144"),
        ({"CiphertextBlob": base64.b64encode(b"c" * 6145).decode()}, "wrong_endpoint", "CiphertextBlob has 6145 bytes instead of 1 to 6144"),
        ({"KeyId": ID}, "wrong_endpoint", "the returned key is not a key ARN"),
        ({"KeyId": ARN.replace("us-east-1", "us-east-2")}, "wrong_endpoint", "the returned key is in region us-east-2"),
        ({"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, "wrong_endpoint", "EncryptionAlgorithm is not SYMMETRIC_DEFAULT"),
        ({"KeyId": ARN.replace("1111", "4444")}, "wrong_key", ""),
        ({"KeyId": ARN.replace(ID, OTHER_ID)}, "wrong_key", ""),
    ],
)
def test_wrap_takes_no_wrong_answer(tmp_path: Path, answer: dict[str, Any], reason: str, what: str) -> None:
    body = json.dumps({"KeyId": ARN, "CiphertextBlob": CIPHERTEXT, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", **answer})
    with serving({("POST", "/"): lambda headers: (200, body)}) as server:
        result = result_of("awskms_seal_wrap", {"plaintext": "text", "kms_key_id": ARN, "endpoint": server.url}, tmp_path)
        where = f"in region us-east-1 (from environment variable AWS_REGION) at {server.url} (from option endpoint)"
    assert result["failed"]
    assert result["reason"] == reason
    message = (
        NOT_KMS.format(where=where, what=what) if what
        else f"AWS KMS returned the key {answer['KeyId']} instead of the requested key {ARN} (Encrypt {where}). Check the endpoint and the proxy."
    )
    assert result["msg"] == message


def test_expired_credentials_end_no_module_in_a_traceback(tmp_path: Path) -> None:
    expired = {"AWS_SESSION_TOKEN": "hush-hush", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
    for module, options in [
        ("awskms_seal_wrap", {"plaintext": "text", "kms_key_id": ARN}),
        ("awskms_key_info", {"kms_key_id": [ARN]}),
        ("awskms_alias", {"alias": "alias/vault", "kms_key_id": ARN}),
    ]:
        assert result_of(module, options, tmp_path, **expired)["reason"] == "expired_credentials"
    result = result_of("awskms_permission_info", {"kms_key_id": ARN}, tmp_path, **expired)
    assert (result["ready"], result["reason"]) == (False, "expired_credentials")
