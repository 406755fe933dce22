# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's log says of its seal: entries as OpenBao 2.6.2 wrote them, and as the SDKs of Go word them."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.causes import cause, entries, problems, shown

START = 'Error configuring seal "awskms": error fetching AWS KMS wrapping key information: '
FINE = """2026-11-28T00:48:20.926Z [INFO]  core: stored unseal keys supported, attempting fetch
2026-11-28T00:48:20.926Z [WARN]  failed to unseal core: error="stored unseal keys are supported, but none were found: is the server initialized?"
2026-11-28T00:48:21.007Z [WARN]  core: post-unseal upgrade seal keys failed: error="no recovery key found"
2026-11-28T00:48:23.294Z [WARN]  unknown or unsupported field awskms found in configuration at /proc/self/fd/4
2026-11-28T00:48:23.322Z [WARN]  no `api_addr` value specified in config or in BAO_API_ADDR; falling back to detection if possible
==> OpenBao shutdown triggered
Error closing listeners: remove /tmp/good.sock: no such file or directory
"""
ENCRYPT = """2026-11-28T00:48:25.751Z [ERROR] core: failed to store keys:
  error=
  | failed to encrypt keys for storage: error encrypting data: AccessDeniedException: User: arn:aws:iam::1:user/p is not authorized to perform: kms:Encrypt
  | \\tstatus code: 400, request id: a92c4274

"""


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("AccessDeniedException: User: x is not authorized to perform: kms:DescribeKey\n\tstatus code: 400, request id: 1", "access_denied"),
        ("NotFoundException: Alias arn:aws:kms:eu-west-1:1:alias/a is not found.", "not_found"),
        ("operation error KMS: DescribeKey, https response error StatusCode: 400, RequestID: 1, NotFoundException: Alias x", "not_found"),
        ("operation error KMS: DescribeKey, https response error StatusCode: 400, RequestID: 1, api error AccessDeniedException: User: x", "access_denied"),
        ("InvalidSignatureException: Signature expired: 20260101T000000Z is now earlier than", "clock_skew"),
        ("UnrecognizedClientException: The security token included in the request is invalid.", "invalid_credentials"),
        ("ExpiredTokenException: The security token included in the request is expired", "expired_credentials"),
        ("WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: no", "invalid_credentials"),
        ("NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose messaging see aws.Config", "no_credentials"),
        ("operation error KMS: DescribeKey, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found", "no_credentials"),
        ("SharedConfigProfileNotExistsError: failed to get profile, left-over", "no_credentials"),
        ("MissingRegion: could not find region configuration", "no_region"),
        ("RequestError: send request failed\ncaused by: Post \"http://127.0.0.1:9/\": dial tcp 127.0.0.1:9: connect: connection refused", "unreachable"),
        ("RequestError: send request failed\ncaused by: Post \"https://x/\": dial tcp: lookup x on 10.0.0.1:53: no such host", "unreachable"),
        ("RequestError: send request failed\ncaused by: Post \"https://x/\": proxyconnect tcp: dial tcp 10.0.0.1:3128: i/o timeout", "unreachable"),
        ("RequestError: send request failed\ncaused by: Post \"https://x/\": tls: first record does not look like a TLS handshake", "tls_failed"),
        ("RequestError: send request failed\ncaused by: Post \"https://x/\": x509: certificate signed by unknown authority", "tls_failed"),
        ("RequestError: send request failed\ncaused by: Post \"https://x/\": dial tcp 10.0.0.1:443: i/o timeout", "timed_out"),
        ("RequestError: send request failed\ncaused by: Post \"127.0.0.1:1/\": unsupported protocol scheme \"\"", "wrong_endpoint"),
        ("SerializationError: failed to decode response body", "wrong_endpoint"),
        ("something that nobody knows", "server_refused"),
    ],
)
def test_why_a_server_does_not_start(phrase: str, reason: str) -> None:
    known = cause(FINE + START + phrase + "\n")
    assert known
    assert (known.reason, "\n" in known.line) == (reason, False)
    assert known.line.startswith(START.strip())
    assert known.line.endswith(phrase.splitlines()[-1].strip().split(": ")[-1])
    assert known.remedy


def test_an_entry_of_several_lines_is_one() -> None:
    (entry,) = problems(FINE + ENCRYPT)
    assert entry == (
        "2026-11-28T00:48:25.751Z [ERROR] core: failed to store keys: error= failed to encrypt keys for storage: error encrypting data: "
        "AccessDeniedException: User: arn:aws:iam::1:user/p is not authorized to perform: kms:Encrypt status code: 400, request id: a92c4274"
    )


def test_a_server_that_works_has_no_problem() -> None:
    assert problems(FINE) == []
    assert cause(FINE) is None
    assert len(entries(FINE)) == 7


def test_the_answer_of_the_api_counts_where_the_log_is_silent() -> None:
    known = cause(FINE, "failed to decrypt stored keys: AccessDeniedException: no")
    assert known
    assert known.reason == "access_denied"
    known = cause(FINE + START + "MissingRegion: x", "an answer")
    assert known
    assert known.reason == "no_region"


def test_what_is_shown_has_no_secret() -> None:
    secrets = Secrets()
    secrets.add("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    token = "IQoJb3JpZ2luX2VjE" + "A1b2/+=" * 20
    text = f"SignatureDoesNotMatch: canonical 'x-amz-security-token:{token[:40]}' key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY and {token} end"
    reported = shown(text, secrets)
    assert "wJalr" not in reported
    assert "IQoJ" not in reported
    assert reported.endswith(" end")
    assert len(shown("x y " * 2000, secrets)) == 1500


def test_a_log_of_a_hostile_length_is_read_in_time() -> None:
    assert cause("error " + "A" * 200_000 + ": " * 50_000) is not None


def test_the_answer_of_another_server_belongs_to_the_entry() -> None:
    log = (
        'Error configuring seal "transit": Error making API request.\n\nURL: PUT http://127.0.0.1:8200/v1/transit/encrypt/k\nCode: 403. Errors:\n\n'
        "* permission denied\n2026-11-28T08:00:00.000Z [INFO]  proxy environment: http_proxy=\"\"\n"
    )
    found = cause(log)
    assert found
    assert found.line.startswith('Error configuring seal "transit": Error making API request. URL: PUT')
    assert found.line.endswith("* permission denied")
