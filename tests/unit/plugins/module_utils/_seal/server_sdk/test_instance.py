# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The region of the instance, from a metadata service on loopback."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.inputs import ServerInputs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.instance import instance_region
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.releases import Sdk
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

TOKEN, INSTANCE, DOCUMENT = "/latest/api/token", "/latest/meta-data/instance-id", "/latest/dynamic/instance-identity/document"
SOUND = {TOKEN: "token", INSTANCE: "i-1", DOCUMENT: '{"region": "eu-west-1"}'}


@contextmanager
def service(answers: dict[str, str]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = answers.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def region(sdk: Sdk = Sdk.V1, **variables: str) -> tuple[str, str]:
    return instance_region(ServerInputs(sdk, {}, {name: Sourced(value, name) for name, value in variables.items()}))


def reason(sdk: Sdk = Sdk.V1, **variables: str) -> str:
    with pytest.raises(SettingError) as refused:
        region(sdk, **variables)
    return refused.value.reason


def test_the_identity_document_says_it() -> None:
    with service(SOUND) as url:
        assert region(AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == ("eu-west-1", "instance metadata")
    with service({**SOUND, TOKEN: ""}) as url:
        assert region(AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == ("eu-west-1", "instance metadata")
        assert region(AWS_EC2_METADATA_SERVICE_ENDPOINT=url, AWS_EC2_METADATA_V1_DISABLED="true") == ("us-east-1", "default")


def test_without_an_instance_it_is_the_default() -> None:
    with service({**SOUND, INSTANCE: ""}) as url:
        assert region(AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == ("us-east-1", "default")
        assert reason(Sdk.V2, AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == "no_region"
    assert region(AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == ("us-east-1", "default")


@pytest.mark.parametrize("document", ["", "{}", "[]", "no JSON", '{"region": 1}'])
def test_an_instance_without_a_region(document: str) -> None:
    with service({**SOUND, DOCUMENT: document}) as url:
        assert reason(AWS_EC2_METADATA_SERVICE_ENDPOINT=url) == "no_region"


def test_a_proxy_is_not_followed() -> None:
    assert reason(HTTP_PROXY="http://127.0.0.1:9") == "cannot_tell"
