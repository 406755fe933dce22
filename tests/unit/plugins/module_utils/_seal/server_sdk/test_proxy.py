# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's proxies, as Go's HTTP client chooses them."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.inputs import ServerInputs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.proxy import proxy_for, uses_proxy
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.releases import Sdk
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

KMS = "kms.eu-west-1.amazonaws.com"


def inputs(**variables: str) -> ServerInputs:
    return ServerInputs(Sdk.V1, {}, {name: Sourced(value, f"variable {name}") for name, value in variables.items()})


@pytest.mark.parametrize(("host", "port", "exceptions", "proxied"), [
    (KMS, "443", "", True),
    (KMS, "443", KMS, False),
    (KMS, "443", KMS.upper(), False),
    (KMS, "443", "amazonaws.com", False),
    (KMS, "443", ".amazonaws.com", False),
    (KMS, "443", "*.amazonaws.com", False),
    (KMS, "443", "azonaws.com", True),
    ("amazonaws.com", "443", ".amazonaws.com", True),
    ("amazonaws.com", "443", "*.amazonaws.com", True),
    ("amazonaws.com", "443", "amazonaws.com", False),
    (KMS, "443", "amazonaws.com:443", False),
    (KMS, "443", "amazonaws.com:80", True),
    (KMS, "443", "x, ,amazonaws.com", False),
    (KMS, "443", "*", False),
    (KMS, "443", "kms*", True),
    ("10.1.2.3", "443", "10.0.0.0/8", False),
    ("10.1.2.3", "443", "10.1.2.3", False),
    ("10.1.2.3", "443", "10.1.2.3:443", False),
    ("10.1.2.3", "443", "10.1.2.3:80", True),
    ("10.1.2.3", "443", "11.0.0.0/8", True),
    ("10.1.2.3", "443", "10.1.2", True),
    ("10.1.2.3", "443", "10.0.0.0/255.0.0.0", True),
    (KMS, "443", "0.0.0.0/0", True),
    ("fd00::1", "443", "fd00::/8", False),
    ("fd00::1", "443", "[fd00::1]:443", False),
    ("localhost", "443", "", False),
    ("127.0.0.5", "443", "", False),
    ("::1", "443", "", False),
])
def test_exceptions(host: str, port: str, exceptions: str, proxied: bool) -> None:
    assert uses_proxy(host, port, exceptions) == proxied


@pytest.mark.parametrize(("variables", "url", "proxy"), [
    ({"HTTPS_PROXY": "http://p:1"}, f"https://{KMS}", "http://p:1"),
    ({"https_proxy": "http://p:1"}, f"https://{KMS}", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, f"https://{KMS}", "http://p:1"),
    ({"HTTPS_PROXY": "", "https_proxy": "http://q:1"}, f"https://{KMS}", "http://q:1"),
    ({"HTTPS_PROXY": "p:1"}, f"https://{KMS}", "http://p:1"),
    ({"HTTPS_PROXY": "http://user:hush@p:1"}, f"https://{KMS}", "http://user:hush@p:1"),
    ({"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, f"https://{KMS}", None),
    ({"HTTP_PROXY": "http://p:1"}, f"http://{KMS}", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, f"https://{KMS}", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1", "no_proxy": KMS}, f"https://{KMS}", None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": f"{KMS}:8443"}, f"https://{KMS}:8443/", None),
])
def test_the_proxy_of_a_url(variables: dict[str, str], url: str, proxy: str | None) -> None:
    result = proxy_for(inputs(**variables), url)
    assert (result.value if result else None) == proxy


@pytest.mark.parametrize(("variables", "url", "reason"), [
    ({"HTTPS_PROXY": "socks5://p:1"}, f"https://{KMS}", "cannot_tell"),
    ({"HTTPS_PROXY": "https://p:1"}, f"https://{KMS}", "cannot_tell"),
    ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, f"http://{KMS}", "invalid_option"),
])
def test_what_the_model_does_not_follow(variables: dict[str, str], url: str, reason: str) -> None:
    with pytest.raises(SettingError) as refused:
        proxy_for(inputs(**variables), url)
    assert refused.value.reason == reason
