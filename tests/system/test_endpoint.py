# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every source of the key and the endpoints, their precedence, and the error for an endpoint that is not KMS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.credential_endpoints import refusing, serving
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

REGION = "in region us-east-1 (from environment variable AWS_REGION)"

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
def test_key(adapter: Adapter, signed_in: dict[str, str], kms: StrictKms, option: str, variables: Any, source: str) -> None:
    if not any(entry["AliasName"] == "alias/option" for entry in kms.client().list_aliases()["Aliases"]):
        kms.new_key(alias="alias/option")
    connection = adapter.connection(key=option, **variables, **signed_in)
    assert connection["key"] == {"value": "alias/option", "source": source}


def test_no_key(adapter: Adapter, signed_in: dict[str, str]) -> None:
    assert adapter.refusal(key="", **signed_in)[:2] == (
        "no_key", "No KMS key is set. Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID."
    )


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
def test_endpoint(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], options: Any, names: Any, source: str) -> None:
    # The first of them is the KMS, all others are unreachable.
    urls = [kms.url] + [refusing()] * len(names)
    values = {"AWS_KMS_ENDPOINT": "", **dict(zip(names, urls[len(options) :], strict=False))}
    connection = adapter.connection(dict(zip(options, urls, strict=False)), **values, **signed_in)
    assert connection["endpoint"] == {"value": kms.url, "source": source}


def config_file(folder: Path, *lines: str) -> str:
    path = folder / "config"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_endpoint_of_a_profile(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], tmp_path: Path) -> None:
    services = ("[services ours]", "kms =", f"  endpoint_url = {kms.url}", "sts =", "  endpoint_url = http://127.0.0.1:9")
    path = config_file(tmp_path, "[profile vault]", "services = ours", "endpoint_url = http://127.0.0.1:9", *services)
    values = {"AWS_KMS_ENDPOINT": "", "AWS_CONFIG_FILE": path, **signed_in}
    assert adapter.connection(AWS_PROFILE="vault", **values)["endpoint"] == {"value": kms.url, "source": "AWS profile vault"}
    path = config_file(tmp_path, "[default]", f"endpoint_url = {kms.url}")
    assert adapter.connection(**values)["endpoint"] == {"value": kms.url, "source": "AWS profile default"}
    path = config_file(tmp_path, "[default]", "endpoint_url = http://127.0.0.1:9")
    connection = adapter.connection(**{**values, "AWS_ENDPOINT_URL": kms.url})
    assert connection["endpoint"] == {"value": kms.url, "source": "environment variable AWS_ENDPOINT_URL"}


@pytest.mark.parametrize("ignored_by", ["variable", "profile"])
def test_what_the_sdk_has_for_endpoints_can_be_ignored(adapter: Adapter, signed_in: dict[str, str], tmp_path: Path, ignored_by: str) -> None:
    lines = ["[default]", "endpoint_url = http://127.0.0.1:9"] + ["ignore_configured_endpoint_urls = true"] * (ignored_by == "profile")
    values = {"AWS_KMS_ENDPOINT": "", "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:9", "AWS_CONFIG_FILE": config_file(tmp_path, *lines)}
    if ignored_by == "variable":
        values["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    proxy = refusing()  # nothing outside of this machine is asked
    assert adapter.refusal({"proxy": proxy, "timeout": 1}, **values, **signed_in)[:2] == (
        "unreachable",
        f"AWS KMS cannot be reached {REGION} at https://kms.us-east-1.amazonaws.com (from the AWS SDK): the proxy {proxy} cannot be reached. "
        "Check the proxy's address, login and rules.",
    )


# The STS endpoint


@pytest.mark.parametrize(
    ("options", "variables", "source"),
    [
        ({"sts_endpoint": ""}, {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}, "option sts_endpoint"),
        ({}, {"AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "environment variable AWS_ENDPOINT_URL_STS"),
        ({}, {"AWS_ENDPOINT_URL": ""}, "environment variable AWS_ENDPOINT_URL"),
    ],
)
def test_sts_endpoint(adapter: Adapter, signed_in: dict[str, str], role: Credentials, options: Any, variables: Any, source: str) -> None:
    nowhere = refusing()  # where the empty one leads
    message, given = ({name: url or nowhere for name, url in values.items()} for values in (variables, options))
    assert adapter.refusal({"role_arn": role.arn, "timeout": 1, **given}, **message, **signed_in)[:2] == (
        "unreachable",
        f"AWS STS cannot be reached {REGION} at {nowhere} (from {source}): the connection was refused. Check the endpoint's name and port, DNS, the route "
        "and the proxy.",
    )


# What is no endpoint of KMS


@pytest.mark.parametrize(
    ("options", "variables", "message"),
    [
        (
            {"endpoint": "kms.example"},
            {},
            "endpoint must be a URL of the form https://HOST or https://HOST:PORT. Specify the scheme (https, or http for tests) and the host.",
        ),
        (
            {},
            {"AWS_KMS_ENDPOINT": "https://user:hush-hush@kms.example"},
            "environment variable AWS_KMS_ENDPOINT must not contain a user name or password. Remove them: AWS authenticates requests by signatures only.",
        ),
    ],
)
def test_what_is_no_endpoint(adapter: Adapter, signed_in: dict[str, str], options: Any, variables: Any, message: str) -> None:
    assert adapter.refusal(options, **variables, **signed_in)[:2] == ("invalid_option", message)


NOT_KMS = "The response {where} does not come from AWS KMS{status}. Check the endpoint and the proxy."
BETWEEN = "The response does not come from KMS; check the proxy and the endpoint."


@pytest.mark.parametrize(
    ("status", "content", "reason", "message"),
    [
        (200, "<html>Welcome</html>", "wrong_endpoint", NOT_KMS),
        (200, "garbage", "wrong_endpoint", NOT_KMS),
        (200, "", "wrong_endpoint", NOT_KMS),
        (200, "{}", "wrong_endpoint", NOT_KMS),
        (200, "[]", "wrong_endpoint", NOT_KMS),
        (301, "", "wrong_endpoint", NOT_KMS),
        (400, "<html>The plain HTTP request was sent to HTTPS port</html>", "wrong_endpoint", NOT_KMS),
        (403, "<html>Forbidden</html>", "wrong_endpoint", NOT_KMS),
        (404, "not here", "wrong_endpoint", NOT_KMS),
        (502, "<html>Bad gateway</html>", "unreachable", "AWS KMS cannot be reached {where}: the response is HTTP status 502 (Bad Gateway). " + BETWEEN),
    ],
)
def test_what_is_not_kms(adapter: Adapter, signed_in: dict[str, str], status: int, content: str, reason: str, message: str) -> None:
    with serving({("POST", "/"): lambda headers: (status, content)}) as server:
        error = adapter.refusal({"endpoint": server.url, "timeout": 1}, **signed_in)
    where = f"{REGION} at {server.url} (from option endpoint)"
    phrase = {301: "Moved Permanently", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}.get(status)
    assert error[:2] == (reason, message.format(where=where, status=f": HTTP status {status} ({phrase})" if phrase else ""))


def test_another_service_of_aws(adapter: Adapter, signed_in: dict[str, str]) -> None:
    with serving({("POST", "/"): lambda headers: (400, '{"__type": "UnknownOperationException"}')}) as server:
        error = adapter.refusal({"endpoint": server.url, "timeout": 1}, **signed_in)
    assert error[0] == "wrong_endpoint"
