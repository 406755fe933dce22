# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sent_secrets import SentSecrets
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.hooks import HierarchicalEmitter


def sent(*requests):
    """The texts that are secret after these requests of headers and body."""
    secrets, events = SentSecrets(), HierarchicalEmitter()
    assert secrets.secrets.texts == frozenset()
    secrets.attach(SimpleNamespace(meta=SimpleNamespace(events=events)))
    for headers, body in requests:
        request = AWSPreparedRequest("POST", "http://sts", HeadersDict(headers), body, False)
        assert events.emit_until_response("before-send.sts.AssumeRole", request=request)[1] is None
    return secrets.secrets.texts


@pytest.mark.parametrize("name", ["X-Amz-Security-Token", "Proxy-Authorization", "X-aws-ec2-metadata-token", "x-amz-security-token"])
@pytest.mark.parametrize("value", ["a-secret-of-some-length", b"a-secret-of-some-length"])
def test_headers(name, value):
    assert "a-secret-of-some-length" in sent(({name: value}, b""))


def test_a_header_that_is_not_unicode():
    assert "a-secret-\ufffd-of-some-length" in sent(({"X-Amz-Security-Token": b"a-secret-\xff-of-some-length"}, b""))


@pytest.mark.parametrize("body", ["Action=A&WebIdentityToken=a%2Bsecret%2Bof+length&Version=1", b"Action=A&WebIdentityToken=a%2Bsecret%2Bof+length"])
def test_a_web_identity_token(body):
    assert "a+secret+of length" in sent(({}, body))


def test_a_header_and_a_token_of_one_request():
    texts = sent(({"Proxy-Authorization": "Basic of-some-length"}, "WebIdentityToken=token-of-some-length&WebIdentityToken=another-of-some-length"))
    assert {"Basic of-some-length", "token-of-some-length", "another-of-some-length"} <= texts


@pytest.mark.parametrize(
    "body", ["", b"", None, "WebIdentityToken=&Version=1", "Action=A&RoleArn=a-role-of-some-length", b'{"KeyId": "an-id-of-some-length"}', iter(())]
)
def test_what_is_not_secret(body):
    assert sent(({"Host": "a-host-of-some-length", "X-Amz-Date": "20260131T000000Z-0000"}, body)) == frozenset()


def test_the_secrets_of_all_requests_are_kept():
    texts = sent(*(({"X-Amz-Security-Token": f"secret-number-{number}-of-some-length"}, b"") for number in (1, 2, 1)))
    assert {"secret-number-1-of-some-length", "secret-number-2-of-some-length"} <= texts
