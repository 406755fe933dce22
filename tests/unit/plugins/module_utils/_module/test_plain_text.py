# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's error shows after a request with a secret: its words, and no encoding or piece of the secret."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.plain_text import BLANK, only_plain_text

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SHOWN = [
    "permission denied",
    "invalid request",
    "Vault is sealed",
    "failed to unseal: unseal failed, invalid key",
    "cipher: message authentication failed",
    "'key' must be a valid hex or base64 string",
    "invalid key: failed to setup unseal key: crypto/aes: invalid key size 32",
    "unable to retrieve stored keys: failed to decrypt keys from storage: error unwrapping seal",
    "error using seal awskms: AccessDeniedException: not authorized to perform kms:Decrypt",
    f"User: arn:aws:iam::111122223333:user/vault is not authorized to perform: kms:Decrypt on resource: {ARN}",
    "dial tcp 127.0.0.1:8201: connect: connection refused",
    "read tcp 10.0.0.1:41234->10.0.0.2:8201: i/o timeout",
    "1 error occurred: * permission denied",
    "local node not active but active cluster node not found",
    "status code: 400, request id: none",
]
# The same in each run: of random pieces of twelve letters, one in several thousand has the shape of a word.
SECRETS = [hashlib.sha512(bytes([number])).digest()[:33] for number in range(40)]
FORMS = {
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "url-safe base64": lambda raw: base64.urlsafe_b64encode(raw).decode(),
    "base32": lambda raw: base64.b32encode(raw).decode(),
    "base85": lambda raw: base64.b85encode(raw).decode(),
    "ascii85": lambda raw: base64.a85encode(raw).decode(),
    "hexadecimal": bytes.hex,
    "reversed": lambda raw: base64.b64encode(raw).decode()[::-1],
    "octal": lambda raw: "".join(f"\\{byte:03o}" for byte in base64.b64encode(raw)),
    "octal, spaced": lambda raw: " ".join(f"{byte:03o}" for byte in raw),
    "numbers": lambda raw: str(list(raw)),
    "binary": lambda raw: "".join(f"{byte:08b}" for byte in raw),
    "spaced hexadecimal": lambda raw: raw.hex(" "),
    "groups of four": lambda raw: raw.hex("-", 2),
    "cut to 12": lambda raw: base64.b64encode(raw).decode()[:12],
    "cut to 15": lambda raw: base64.b64encode(raw).decode()[-15:],
    "a token": lambda raw: f"s.{base64.b64encode(raw).decode().replace('+', 'a').replace('/', 'b')[:24]}",
    "a new token": lambda raw: f"hvs.{base64.urlsafe_b64encode(raw).decode()}",
}


@pytest.mark.parametrize("text", SHOWN)
def test_words_stay(text):
    assert only_plain_text(text) == text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["bad request: {}", '{{"key": "{}"}} is refused', "key={}&migrate=false", "near <{}>."])
def test_no_form_of_a_secret_stays(form, around):
    for raw in SECRETS:
        secret = FORMS[form](raw)
        shown = only_plain_text(around.format(secret))
        assert BLANK in shown
        for start in range(len(secret) - 8):
            assert secret[start : start + 9] not in shown, (secret, shown)
        assert not ("bad request" in around and "bad request" not in shown)
