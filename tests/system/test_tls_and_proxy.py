# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and proxies: working connections to KMS, and the errors of those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.certificates import Certificates, make_certificates
from support.credential_endpoints import black_hole, refusing
from support.http_proxy import proxy
from support.slack import SLACK
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

REGION = "in region us-east-1 (from environment variable AWS_REGION)"
TLS = "Check ca_bundle or AWS_CA_BUNDLE, the proxy, and that the endpoint supports TLS with this name."
PROXY = "Check the proxy's address, login and rules."


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[StrictKms]:
    with StrictKms(tls=(certificates.certificate, certificates.key)) as started:
        started.new_key(alias="alias/secure")
        yield started


@pytest.fixture
def to_secure(secure: StrictKms) -> dict[str, str]:
    """The connection to the KMS with TLS and its administrator's credentials."""
    values = {"AWS_ACCESS_KEY_ID": secure.admin.access_key, "AWS_SECRET_ACCESS_KEY": secure.admin.secret_key}
    return {"key": "alias/secure", "AWS_KMS_ENDPOINT": secure.url, **values}


def unreachable(url: str, why: str, source: str = "environment variable AWS_KMS_ENDPOINT") -> str:
    return f"AWS KMS cannot be reached {REGION} at {url} (from {source}): {why}"


# Certificates


def test_a_certificate_authority_of_ones_own(adapter: Adapter, to_secure: dict[str, str], certificates: Certificates) -> None:
    adapter.connection({"ca_bundle": certificates.authority}, **to_secure)
    adapter.connection({"ca_bundle": certificates.authority}, AWS_CA_BUNDLE="/missing", **to_secure)
    adapter.connection(AWS_CA_BUNDLE=certificates.authority, **to_secure)
    adapter.connection({"validate_certs": False}, **to_secure)


def test_a_certificate_authority_of_ones_own_for_sts(adapter: Adapter, secure: StrictKms, to_secure: dict[str, str], certificates: Certificates) -> None:
    role = secure.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, role=True)
    options = {"role_arn": role.arn, "sts_endpoint": secure.url, "ca_bundle": certificates.authority}
    assert adapter.connection(options, **to_secure)["credentials"]["source"].startswith(f"role {role.arn}, assumed with ")


def test_an_untrusted_certificate(adapter: Adapter, secure: StrictKms, to_secure: dict[str, str]) -> None:
    reason, message, seconds = adapter.refusal(**to_secure)
    why = f"TLS failed: certificate verify failed: unable to get local issuer certificate. {TLS}"
    assert (reason, message) == ("tls_failed", unreachable(secure.url, why))
    assert seconds < SLACK


def test_a_certificate_of_another_name(adapter: Adapter, secure: StrictKms, to_secure: dict[str, str], certificates: Certificates) -> None:
    url = secure.url.replace("127.0.0.1", "localhost")
    values = {**to_secure, "AWS_KMS_ENDPOINT": url}
    reason, message, seconds = adapter.refusal({"ca_bundle": certificates.authority}, **values)
    assert (reason, message) == ("tls_failed", unreachable(url, f"TLS failed: hostname 'localhost' doesn't match '127.0.0.1'. {TLS}"))
    assert seconds < SLACK


@pytest.mark.parametrize(("content", "why"), [(None, "the CA bundle does not exist"), ("no certificate", "no certificate or crl found")])
def test_certificates_that_are_none(
    adapter: Adapter, secure: StrictKms, to_secure: dict[str, str], tmp_path: Path, content: str | None, why: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content, encoding="utf-8")
    assert adapter.refusal(AWS_CA_BUNDLE=str(bundle), **to_secure)[:2] == ("tls_failed", unreachable(secure.url, f"TLS failed: {why}. {TLS}"))


def test_an_endpoint_that_speaks_no_tls(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str]) -> None:
    url = kms.url.replace("http:", "https:")
    reason, message, seconds = adapter.refusal({"endpoint": url}, **signed_in)
    assert reason == "tls_failed"
    assert message.startswith(unreachable(url, "TLS failed: ", "option endpoint"))
    assert message.endswith(f". {TLS}")
    assert seconds < SLACK


def test_an_endpoint_that_speaks_only_tls(adapter: Adapter, secure: StrictKms, signed_in: dict[str, str]) -> None:
    url = secure.url.replace("https:", "http:")
    assert adapter.refusal({"endpoint": url, "timeout": 1}, **signed_in)[:2] == (
        "unreachable",
        unreachable(url, "the connection was closed without a response. ", "option endpoint")
        + "Check the endpoint's name and port, DNS, the route and the proxy.",
    )


# Proxies


def test_a_proxy(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str]) -> None:
    with proxy() as between:
        adapter.connection({"proxy": between.url}, **signed_in)
        adapter.connection(http_proxy=between.url, **signed_in)
        adapter.connection({"proxy": between.url}, NO_PROXY="*", **signed_in)
        assert between.asked == [("POST", f"{kms.url}/")] * 3
        adapter.connection(HTTP_PROXY=between.url, NO_PROXY="127.0.0.1", **signed_in)
        assert len(between.asked) == 3


@pytest.mark.parametrize("variable", ["", "HTTPS_PROXY", "https_proxy"])
def test_a_proxy_before_tls(adapter: Adapter, secure: StrictKms, to_secure: dict[str, str], certificates: Certificates, variable: str) -> None:
    with proxy("user:pass-word") as between:
        url = between.url.replace("//", "//user:pass-word@")
        options = {"ca_bundle": certificates.authority, **({} if variable else {"proxy": url})}
        adapter.connection(options, **to_secure, **({variable: url} if variable else {}))
        assert between.asked == [("CONNECT", f"127.0.0.1:{secure.port}")]


def test_a_proxy_before_sts(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], role: Credentials) -> None:
    with proxy() as between:
        adapter.connection({"proxy": between.url, "role_arn": role.arn, "sts_endpoint": kms.url}, **signed_in)
        assert between.asked == [("POST", f"{kms.url}/")] * 2


def test_a_proxy_that_wants_a_login(
    adapter: Adapter, kms: StrictKms, secure: StrictKms, to_secure: dict[str, str], signed_in: dict[str, str], certificates: Certificates
) -> None:
    with proxy("user:pass-word") as between:
        url = between.url.replace("//", "//user:wrong-word@")
        reason, message, seconds = adapter.refusal({"proxy": url, "ca_bundle": certificates.authority}, **to_secure)
        why = f"the proxy {between.url} rejected the request (407 Proxy Authentication Required). {PROXY}"
        assert (reason, message) == ("unreachable", unreachable(secure.url, why))
        assert seconds < SLACK
        reason, message, seconds = adapter.refusal({"proxy": url}, **signed_in)
        why = "the response is HTTP status 407 (Proxy Authentication Required). The proxy requires authentication; check the proxy's address and credentials."
        assert (reason, message) == ("unreachable", unreachable(kms.url, why))
        assert seconds < SLACK


def test_a_proxy_that_refuses(adapter: Adapter, kms: StrictKms, secure: StrictKms, to_secure: dict[str, str], signed_in: dict[str, str]) -> None:
    url = refusing()
    why = f"the proxy {url} cannot be reached. {PROXY}"
    options: dict[str, Any] = {"proxy": url.replace("//", "//user:pass-word@"), "timeout": 1}
    assert adapter.refusal(options, **signed_in)[:2] == ("unreachable", unreachable(kms.url, why))
    assert adapter.refusal(options, **to_secure)[:2] == ("unreachable", unreachable(secure.url, why))


def test_a_proxy_that_hangs(adapter: Adapter, to_secure: dict[str, str]) -> None:
    with black_hole() as url:
        reason, _message, seconds = adapter.refusal({"proxy": url, "timeout": 1}, **to_secure)
    assert reason in ("timed_out", "unreachable")  # urllib3 1 does not tell them apart
    assert 1 <= seconds < 1 + SLACK
