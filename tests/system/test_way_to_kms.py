# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where region, key and endpoint come from; certificates and proxies; retries and time; and what is said when the way is blocked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.certificates import Certificates, make_certificates
from support.credential_endpoints import black_hole, metadata_service, serving
from support.http_proxy import proxy
from support.openbao import free_ports
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def user(kms: StrictKms) -> Credentials:
    return kms.principal(FULL_RIGHTS)


@pytest.fixture(scope="module")
def environment(user: Credentials) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key}


def connected(adapter: Adapter, options: dict[str, Any] | None = None, **more: Any) -> dict[str, dict[str, str]]:
    answer = adapter.ask(options, **more)
    assert "error" not in answer, answer
    found: dict[str, dict[str, str]] = answer["connection"]
    return found


def refused(adapter: Adapter, options: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answer = adapter.ask(options, **more)
    assert "error" in answer, answer
    return {**answer["error"], "seconds": answer["seconds"]}


def have_alias(kms: StrictKms, alias: str, region: str = "us-east-1") -> None:
    pages = kms.client(region=region).get_paginator("list_aliases").paginate()
    if not any(entry["AliasName"] == alias for page in pages for entry in page["Aliases"]):
        kms.new_key(region, alias=alias)


# Region


@pytest.mark.parametrize(
    ("options", "variables", "value", "source"),
    [
        ({"region": "eu-west-1"}, {"AWS_REGION": "eu-west-2"}, "eu-west-1", "option region"),
        ({}, {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2", "environment variable AWS_REGION"),
        ({}, {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3", "environment variable AWS_DEFAULT_REGION"),
        ({"shared_creds_profile": "vault"}, {}, "eu-north-1", "AWS profile vault"),
        ({}, {"AWS_PROFILE": "vault"}, "eu-north-1", "AWS profile vault"),
        ({}, {}, "eu-central-1", "the key's ARN"),
    ],
)
def test_region(
    adapter: Adapter, kms: StrictKms, user: Credentials, tmp_path: Path, options: Any, variables: Any, value: str, source: str
) -> None:
    config = tmp_path / "config"
    pair = f"aws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret_key}\n"
    config.write_text(f"[profile vault]\nregion = eu-north-1\n{pair}[default]\n{pair}", encoding="utf-8")
    alias = f"alias/{value}"
    have_alias(kms, alias, value)
    said = {"AWS_REGION": "", "AWS_CONFIG_FILE": str(config), **variables}
    found = connected(adapter, options, key=alias, hints=[("eu-central-1", "the key's ARN")], **said)
    assert found["region"] == {"value": value, "source": source}


def test_region_of_the_instance(adapter: Adapter, environment: dict[str, str], kms: StrictKms) -> None:
    kms.new_key("ap-south-1", alias="alias/instance")
    with metadata_service(None, "ap-south-1") as service:
        said = {"AWS_REGION": "", "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        found = connected(adapter, key="alias/instance", **said, **environment)
    assert found["region"] == {"value": "ap-south-1", "source": "instance metadata"}


NO_REGION = (
    "No AWS region is known: no option, environment variable, AWS profile, key ARN or metadata service names one. Give region, set the "
    "environment variable AWS_REGION, or name the key by its ARN."
)


def test_no_region(adapter: Adapter, environment: dict[str, str]) -> None:
    found = refused(adapter, AWS_REGION="", **environment)
    assert (found["reason"], found["msg"]) == ("no_region", NO_REGION)


def test_no_region_where_the_metadata_service_is_silent(adapter: Adapter, environment: dict[str, str]) -> None:
    with black_hole() as url:
        said = {"AWS_REGION": "", "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        found = refused(adapter, **said, **environment)
    assert (found["reason"], found["msg"]) == ("no_region", NO_REGION)
    assert found["seconds"] < 3


# Key


@pytest.mark.parametrize(
    ("option", "variables", "source"),
    [
        ("alias/option", {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/other"}, "option kms_key_id"),
        (
            "",
            {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/option", "AWSKMS_WRAPPER_KEY_ID": "alias/other"},
            "environment variable VAULT_AWSKMS_SEAL_KEY_ID",
        ),
        ("", {"AWSKMS_WRAPPER_KEY_ID": "alias/option"}, "environment variable AWSKMS_WRAPPER_KEY_ID"),
    ],
)
def test_key(adapter: Adapter, environment: dict[str, str], kms: StrictKms, option: str, variables: Any, source: str) -> None:
    have_alias(kms, "alias/option")
    found = connected(adapter, key=option, **variables, **environment)
    assert found["key"] == {"value": "alias/option", "source": source}


# Endpoint


@pytest.mark.parametrize(
    ("options", "names", "source"),
    [
        (("endpoint",), ("AWS_KMS_ENDPOINT",), "option endpoint"),
        ((), ("AWS_KMS_ENDPOINT", "AWSKMS_ENDPOINT"), "environment variable AWS_KMS_ENDPOINT"),
        ((), ("AWSKMS_ENDPOINT", "AWS_ENDPOINT_URL_KMS"), "environment variable AWSKMS_ENDPOINT"),
        ((), ("AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"), "environment variable AWS_ENDPOINT_URL_KMS"),
        ((), ("AWS_ENDPOINT_URL",), "environment variable AWS_ENDPOINT_URL"),
    ],
)
def test_endpoint(adapter: Adapter, kms: StrictKms, environment: dict[str, str], options: Any, names: Any, source: str) -> None:
    # The first of them leads to the KMS, all others to nowhere.
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    urls = [kms.url] + [nowhere] * len(names)
    said = {"AWS_KMS_ENDPOINT": "", **dict(zip(names, urls[len(options) :]))}
    found = connected(adapter, dict(zip(options, urls)), **said, **environment)
    assert found["endpoint"] == {"value": kms.url, "source": source}


def test_endpoint_variables_of_the_sdk_can_be_ignored(adapter: Adapter, environment: dict[str, str]) -> None:
    said = {"AWS_KMS_ENDPOINT": "", "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    # Nothing outside of this machine is asked: the proxy refuses.
    found = refused(adapter, {"proxy": f"http://127.0.0.1:{free_ports(1)[0]}", "timeout": 1}, **said, **environment)
    assert "https://kms.us-east-1.amazonaws.com (from the AWS SDK)" in found["msg"]


# Certificates and proxies


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[StrictKms]:
    with StrictKms(tls=(certificates.certificate, certificates.key)) as started:
        started.new_key(alias="alias/secure")
        yield started


def of_admin(kms: StrictKms) -> dict[str, str]:
    said = {"AWS_ACCESS_KEY_ID": kms.admin.access_key, "AWS_SECRET_ACCESS_KEY": kms.admin.secret_key}
    return {**said, "AWS_KMS_ENDPOINT": kms.url}


def test_a_certificate_authority_of_ones_own(adapter: Adapter, secure: StrictKms, certificates: Certificates) -> None:
    connected(adapter, {"ca_bundle": certificates.authority}, key="alias/secure", **of_admin(secure))
    connected(adapter, key="alias/secure", AWS_CA_BUNDLE=certificates.authority, **of_admin(secure))
    connected(adapter, {"validate_certs": False}, key="alias/secure", **of_admin(secure))


def test_an_untrusted_certificate(adapter: Adapter, secure: StrictKms) -> None:
    found = refused(adapter, {"timeout": 1}, key="alias/secure", **of_admin(secure))
    assert (found["reason"], found["msg"]) == (
        "tls_failed",
        f"TLS with {secure.url}/ failed: certificate verify failed: unable to get local issuer certificate in region us-east-1 (from "
        f"environment variable AWS_REGION) at {secure.url} (from environment variable AWS_KMS_ENDPOINT). Check ca_bundle, the proxy, and that "
        "the endpoint speaks TLS under this name.",
    )


def test_a_proxy(adapter: Adapter, kms: StrictKms, environment: dict[str, str]) -> None:
    with proxy() as between:
        connected(adapter, {"proxy": between.url}, **environment)
        assert between.asked == [("POST", f"{kms.url}/")]
        connected(adapter, HTTP_PROXY=between.url, http_proxy=between.url, **environment)
        assert len(between.asked) == 2


def test_a_proxy_before_tls(adapter: Adapter, secure: StrictKms, certificates: Certificates) -> None:
    with proxy("user:pass") as between:
        url = between.url.replace("//", "//user:pass@")
        connected(adapter, {"proxy": url, "ca_bundle": certificates.authority}, key="alias/secure", **of_admin(secure))
        connected(adapter, {"ca_bundle": certificates.authority}, key="alias/secure", HTTPS_PROXY=url, **of_admin(secure))
        assert between.asked == [("CONNECT", f"127.0.0.1:{secure.port}")] * 2


def test_a_proxy_that_wants_a_login(adapter: Adapter, secure: StrictKms, certificates: Certificates) -> None:
    with proxy("user:pass") as between:
        url = between.url.replace("//", "//user:wrong-password@")
        options = {"proxy": url, "ca_bundle": certificates.authority, "timeout": 1}
        found = refused(adapter, options, key="alias/secure", **of_admin(secure))
    assert found["reason"] == "unreachable"
    assert f"The proxy {between.url} cannot be reached or does not let the request pass (407 " in found["msg"]
    assert "wrong-password" not in str(found)


def test_a_proxy_that_refuses(adapter: Adapter, environment: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    found = refused(adapter, {"proxy": url, "timeout": 1}, **environment)
    assert found["reason"] == "unreachable"
    assert found["msg"].startswith(f"The proxy {url} cannot be reached or does not let the request pass in region")


# Retries and time


@pytest.mark.parametrize("kind", ["throttle", "500", "503", "reset"])
def test_what_passes_is_tried_again(adapter: Adapter, kms: StrictKms, environment: dict[str, str], kind: str) -> None:
    kms.clear_calls()
    kms.fault(kind, "DescribeKey", times=2)
    try:
        connected(adapter, **environment)
    finally:
        kms.clear_faults()
    assert len(kms.calls("DescribeKey")) == 3


@pytest.mark.parametrize(("kind", "reason"), [("throttle", "throttled"), ("500", "kms_internal"), ("503", "kms_internal"), ("reset", "unreachable")])
def test_what_does_not_pass_ends_in_time(adapter: Adapter, kms: StrictKms, environment: dict[str, str], kind: str, reason: str) -> None:
    kms.fault(kind, "DescribeKey")
    try:
        found = refused(adapter, {"timeout": 3}, **environment)
    finally:
        kms.clear_faults()
    assert found["reason"] == reason
    assert found["seconds"] < 3 + 3  # and the imports


def test_an_endpoint_that_hangs(adapter: Adapter, environment: dict[str, str]) -> None:
    with black_hole() as url:
        found = refused(adapter, {"endpoint": url, "timeout": 1}, **environment)
    assert (found["reason"], found["msg"]) == (
        "timed_out",
        f"{url}/ does not answer in time in region us-east-1 (from environment variable AWS_REGION) at {url} (from option endpoint). Check "
        "route, firewall, security group and VPC endpoint on the way to KMS, or raise the option timeout.",
    )
    assert found["seconds"] < 4


def test_an_endpoint_that_refuses(adapter: Adapter, environment: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    found = refused(adapter, {"endpoint": url, "timeout": 1}, **environment)
    assert (found["reason"], found["msg"]) == (
        "unreachable",
        f"{url}/ cannot be reached: the connection is refused in region us-east-1 (from environment variable AWS_REGION) at {url} (from option "
        "endpoint). Check the endpoint's name and port, DNS, route and proxy.",
    )


def test_a_name_that_does_not_resolve(adapter: Adapter, environment: dict[str, str]) -> None:
    found = refused(adapter, {"endpoint": "https://kms.invalid", "timeout": 1}, **environment)
    assert found["reason"] == "unreachable"
    assert found["msg"].startswith("https://kms.invalid/ cannot be reached: its name cannot be resolved in region us-east-1")


def test_an_endpoint_that_speaks_no_tls(adapter: Adapter, kms: StrictKms, environment: dict[str, str]) -> None:
    url = kms.url.replace("http:", "https:")
    found = refused(adapter, {"endpoint": url, "timeout": 1}, **environment)
    assert found["reason"] == "tls_failed"
    assert found["msg"].startswith(f"TLS with {url}/ failed: ")
    assert "0x" not in found["msg"]


def test_an_endpoint_that_speaks_only_tls(adapter: Adapter, secure: StrictKms, environment: dict[str, str]) -> None:
    found = refused(adapter, {"endpoint": secure.url.replace("https:", "http:"), "timeout": 1}, **environment)
    assert found["reason"] == "unreachable"


@pytest.mark.parametrize(("status", "content", "reason"), [
    (200, "<html>Welcome</html>", "wrong_endpoint"),
    (403, "<html>Forbidden</html>", "aws_error"),
    (502, "<html>Bad gateway</html>", "unreachable"),
])
def test_what_is_not_kms(adapter: Adapter, environment: dict[str, str], status: int, content: str, reason: str) -> None:
    with serving({("POST", "/"): lambda headers: (status, content)}) as server:
        found = refused(adapter, {"endpoint": server.url, "timeout": 1}, **environment)
    assert found["reason"] == reason
