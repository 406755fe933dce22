# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every source of the region, their precedence, and the error if no region is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.credential_endpoints import black_hole, metadata_service, serving
from support.slack import SLACK
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

METADATA = {"AWS_REGION": "", "AWS_EC2_METADATA_DISABLED": "false"}
HINTS = [("eu-central-1", "the key's ARN"), ("eu-south-1", "the sealed value's key ARN")]
NONE = (
    "No AWS region is set by an option, environment variable, AWS profile, key ARN or the metadata service. Set the option region or the environment "
    "variable AWS_REGION, or use a key ARN."
)


def alias_in(kms: StrictKms, region: str) -> str:
    """An alias that KMS finds in this region only."""
    alias = f"alias/only-in-{region}"
    if not any(entry["AliasName"] == alias for entry in kms.client(region=region).list_aliases()["Aliases"]):
        kms.new_key(region, alias=alias)
    return alias


@pytest.mark.parametrize(
    ("options", "variables", "value", "source"),
    [
        ({"region": "eu-west-1"}, {"AWS_REGION": "eu-west-2", "AWS_PROFILE": "vault"}, "eu-west-1", "option region"),
        ({}, {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2", "environment variable AWS_REGION"),
        ({}, {"AWS_DEFAULT_REGION": "eu-west-3", "AWS_PROFILE": "vault"}, "eu-west-3", "environment variable AWS_DEFAULT_REGION"),
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
    values = {"AWS_REGION": "", "AWS_CONFIG_FILE": str(config), **variables}
    connection = adapter.connection(options, key=alias_in(kms, value), hints=HINTS, **values)
    assert connection["region"] == {"value": value, "source": source}


def test_region_of_the_default_profile(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-north-1\n", encoding="utf-8")
    connection = adapter.connection(key=alias_in(kms, "eu-north-1"), AWS_REGION="", AWS_CONFIG_FILE=str(config), **signed_in)
    assert connection["region"] == {"value": "eu-north-1", "source": "AWS profile default"}


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("ap-south-1b", "ap-south-1"),
        ("us-west-2-lax-1a", "us-west-2"),  # a local zone
        ("us-east-1-wl1-bos-wlz-1", "us-east-1"),  # a wavelength zone
    ],
)
def test_region_of_the_instance(adapter: Adapter, signed_in: dict[str, str], kms: StrictKms, zone: str, region: str) -> None:
    with metadata_service(None, zone) as service:
        connection = adapter.connection(
            key=alias_in(kms, region), AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA, **signed_in
        )
        assert connection["region"] == {"value": region, "source": "instance metadata"}
        assert ("PUT", "/latest/api/token") in service.asked
        service.asked.clear()
        adapter.connection(key=alias_in(kms, "eu-central-1"), hints=HINTS, AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA, **signed_in)
        assert service.asked == []


def test_no_region(adapter: Adapter, signed_in: dict[str, str]) -> None:
    assert adapter.refusal(AWS_REGION="", **signed_in)[:2] == ("no_region", NONE)


def test_no_region_where_the_metadata_service_is_silent(adapter: Adapter) -> None:
    """Also without credentials: after a timeout for the region, there is no second timeout for credentials."""
    with black_hole() as url:
        reason, message, seconds = adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=url, **METADATA)
    assert (reason, message) == ("no_region", NONE)
    assert 0.9 < seconds < 1.2 + SLACK


@pytest.mark.parametrize("status", [200, 400, 404])
def test_what_is_no_metadata_service(adapter: Adapter, signed_in: dict[str, str], status: int) -> None:
    def answer(headers: Any) -> tuple[int, str]:
        return status, "<html>Welcome</html>"

    with serving({("PUT", "/latest/api/token"): answer, ("GET", "/latest/meta-data/placement/availability-zone/"): answer}) as server:
        assert adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url, **METADATA, **signed_in)[:2] == ("no_region", NONE)


@pytest.mark.parametrize(("options", "variables", "source"), [
    ({"region": "us east"}, {}, "option region"), ({}, {"AWS_REGION": "us east"}, "environment variable AWS_REGION"),
])
def test_what_is_no_region(adapter: Adapter, signed_in: dict[str, str], options: Any, variables: Any, source: str) -> None:
    assert adapter.refusal(options, **{**signed_in, **variables})[:2] == (
        "invalid_option", f"'us east' (from {source}) is not a valid AWS region name. Use a name such as us-east-1."
    )


def test_a_region_that_the_endpoint_does_not_serve(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str]) -> None:
    assert adapter.refusal({"region": "us-esat-1"}, key="alias/any", **signed_in)[:2] == (
        "region_mismatch",
        f"AWS rejected DescribeKey with key alias/any in region us-esat-1 (from option region) at {kms.url} (from environment variable AWS_KMS_ENDPOINT): "
        "InvalidSignatureException: Credential should be scoped to a valid region. The endpoint belongs to another region: correct the region or the "
        "endpoint.",
    )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "nowhere"},
            "Environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT is set to 'nowhere', which the AWS SDK does not accept. Set it to a URL "
            "(http://HOST), or unset it.",
        ),
        (
            {"AWS_METADATA_SERVICE_TIMEOUT": "soon"},
            "Environment variable AWS_METADATA_SERVICE_TIMEOUT is set to 'soon', which the AWS SDK does not accept. Set it to an integer from 1 "
            "to 3600, or unset it.",
        ),
    ],
)
def test_settings_of_the_metadata_service_that_are_wrong(adapter: Adapter, variables: dict[str, str], message: str) -> None:
    assert adapter.refusal(**METADATA, **variables)[:2] == ("invalid_option", message)
