# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of endpoints that is made here, against the one that botocore brings, in this release of botocore."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

pytest.importorskip("botocore")

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import endpoint_data, session
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from botocore.loaders import Loader
from botocore.regions import EndpointResolver
from botocore.session import Session

SERVICES = ("kms", "sts", "sso", "oidc")


@lru_cache(maxsize=1)
def documents() -> tuple[dict[str, Any], dict[str, Any]]:
    loader = Loader()
    return loader.load_data("endpoints"), endpoint_data.endpoints_from(loader.load_data("partitions"))


def region_names() -> list[str]:
    full, made = documents()
    names = {name for document in (full, made) for each in document["partitions"] for name in each["regions"]}
    names |= {name for each in full["partitions"] for service in SERVICES for name in each["services"].get(service, {}).get("endpoints", {})}
    unknown = {"eu-fake-1", "us-gov-fake-9", "cn-north-9", "us-iso-west-7", "us-isob-west-7", "eu-isoe-west-7", "eusc-de-east-7", "moon-dark-1"}
    return sorted(name for name in names | unknown if endpoint_data.is_plain_region(name))


def resolved(document: dict[str, Any], service: str, region: str) -> dict[str, Any]:
    answer = EndpointResolver(document).construct_endpoint(service, region) or {}
    signed_for = {"region": region, **answer.get("credentialScope", {})}
    keys = ("partition", "hostname", "dnsSuffix", "protocols")
    versions = set(answer.get("signatureVersions", [])) - {"s3", "s3v4", "v2", "v3"}
    return {key: answer.get(key) for key in keys} | {"signed_for": signed_for, "versions": versions}


@pytest.mark.parametrize("service", SERVICES)
def test_each_region_has_the_partition_and_the_endpoint_that_botocore_has(service: str) -> None:
    full, made = documents()
    differing = {region: (resolved(made, service, region), resolved(full, service, region)) for region in region_names()}
    assert len(differing) > 30
    assert {region: both for region, both in differing.items() if both[0] != both[1]} == {}


def scope_and_url(opened: Session, service: str, region: str, endpoint: str | None) -> tuple[str, str, str]:
    client = opened.create_client(service, region_name=region, endpoint_url=endpoint, aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="example")
    signer = client._request_signer
    return client.meta.endpoint_url, signer.signing_name, signer.region_name


REGIONS = ("us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-unknown-7", "us-gov-west-1-fips")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("variables", [{}, {"AWS_USE_FIPS_ENDPOINT": "true"}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}], ids=["plain", "fips", "dual_stack"])
def test_clients_ask_the_same_url_and_sign_for_the_same_region(region: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    own = session.SdkSession(ConnectionOptions(), {}, None)
    reference = Session()
    for service in ("kms", "sts"):
        wanted, got = (outcome(each, service, region) for each in (reference, own))
        assert got == wanted


def outcome(opened: Session, service: str, region: str) -> Any:
    try:
        return scope_and_url(opened, service, region, None)
    except Exception as error:  # a refusal of botocore has to be the same one
        return type(error).__name__, str(error)


def test_a_region_with_a_special_endpoint_after_a_plain_one_has_all_of_botocores_data() -> None:
    own, reference = session.SdkSession(ConnectionOptions(), {}, None), Session()
    for region in ("eu-west-1", "aws-global", "us-gov-west-1-fips", "eu-west-1"):
        assert scope_and_url(own, "sts", region, None) == scope_and_url(reference, "sts", region, None)


def test_the_users_own_document_counts(tmp_path: Any) -> None:
    builtin = Loader.BUILTIN_DATA_PATH
    assert not endpoint_data.is_replaced([str(tmp_path), builtin], builtin)
    assert not endpoint_data.is_replaced([builtin, str(tmp_path)], builtin)
    (tmp_path / "endpoints.json").write_text("{}")
    assert endpoint_data.is_replaced([str(tmp_path), builtin], builtin)
    assert not endpoint_data.is_replaced([builtin, str(tmp_path)], builtin)
    assert endpoint_data.is_replaced([], builtin)


def test_a_document_of_the_user_is_read(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endpoints.json").write_text('{"version": 3, "partitions": []}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    loader = session.SdkSession(ConnectionOptions(), {}, None).get_component("data_loader")
    assert loader.load_data_with_path("endpoints")[0]["partitions"] == []


def test_partitions_of_an_unexpected_form_are_not_used(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "partitions.json").write_text('{"partitions": [{"id": "aws"}]}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    loader = session.SdkSession(ConnectionOptions(), {}, None).get_component("data_loader")
    assert "kms" in loader.load_data_with_path("endpoints")[0]["partitions"][0]["services"]


@pytest.mark.parametrize("name", ["aws-global", "us-gov-west-1-fips", "fips-us-east-1a", "ProdFips", "", None, "eu-west-1a"])
def test_special_names_are_not_regions(name: str | None) -> None:
    assert not endpoint_data.is_plain_region(name)
