# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The region of the instance, as the server's SDK asks the metadata service for it.

Source: the behaviour of ``GetRegion`` of awsutil and of ``aws/ec2metadata`` of aws/aws-sdk-go v1.55.6: the service counts as there once it names the
instance; the region is that of the identity document, and without one the server does not start.
"""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import cannot_tell
from .proxy import proxy_for
from .region import DEFAULT
from .releases import Sdk

_ADDRESSES = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_SECONDS = 1.0
_INSTANCE, _DOCUMENT, _TOKEN = "/latest/meta-data/instance-id", "/latest/dynamic/instance-identity/document", "/latest/api/token"
_TRIES = 2


def instance_region(inputs: ServerInputs) -> Sourced:
    """The region of the metadata service, or the SDK's default; raises :class:`SettingError` if the server would not start."""
    mode = (inputs.text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") or "ipv4").lower()
    address = inputs.text("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _ADDRESSES.get(mode, "")
    if proxy_for(inputs, address):
        raise cannot_tell("it asks the instance's metadata through a proxy.", "Set the region in the stanza, or add 169.254.169.254 to NO_PROXY.")
    status, token = _ask(address, "PUT", _TOKEN, {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    headers = {"X-aws-ec2-metadata-token": token} if status == 200 else {}
    refused = not headers and inputs.text("AWS_EC2_METADATA_V1_DISABLED").lower() == "true"
    if refused or _ask(address, "GET", _INSTANCE, headers)[0] != 200:
        if inputs.sdk is Sdk.V1:
            return Sourced(DEFAULT, "default")
        raise _refused()
    status, document = _ask(address, "GET", _DOCUMENT, headers)
    region = _region_of(document) if status == 200 else ""
    if not region:
        raise _refused()
    return Sourced(region, "instance metadata")


def _refused() -> SettingError:
    return SettingError(
        "No region is set, and the instance's metadata service does not say one: the server does not start.",
        reason="no_region", remedy="Set the region in the stanza.",
    )


def _region_of(document: str) -> str:
    try:
        parsed = json.loads(document)
    except ValueError:
        return ""
    region = parsed.get("region", "") if isinstance(parsed, dict) else ""
    return region if isinstance(region, str) else ""


def _ask(address: str, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and content; status 0 where no answer comes."""
    for _try in range(_TRIES):
        try:
            parts = urlsplit(address)
            with closing(HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)) as connection:
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read(65536).decode("ascii", "replace")
        except (OSError, HTTPException, ValueError):
            continue
    return 0, ""
