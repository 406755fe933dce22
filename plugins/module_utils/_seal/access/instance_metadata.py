# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an EC2 instance's metadata service gave no credentials: behind its hop limit, turned off, or without a role.

Source: of the EC2 user guide "Configure the Instance Metadata Service options" (the hop limit counts for the answer that carries the session
token; PUT answers 403 where the service is turned off) and "Retrieve security credentials from instance metadata".
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_ADDRESSES = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_SECONDS = 0.5  # the service responds within milliseconds if it exists
_TOKEN = "/latest/api/token"
_ROLE = "/latest/meta-data/iam/security-credentials/"

HOP_LIMIT = (
    "The instance's metadata service answers, but its session token does not arrive: its hop limit keeps it from containers. Raise it "
    "(aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2), or give credentials in another way."
)
TURNED_OFF = "The instance's metadata service is turned off (aws ec2 modify-instance-metadata-options --http-endpoint enabled turns it on)."
NO_ROLE = "The instance's metadata service answers, but the instance has no role: attach an instance profile."


def why_no_credentials(environ: Mapping[str, str]) -> str:
    """Why this host has no credentials of its instance; empty without a metadata service, or if it must not be asked."""
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return ""
    mode = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4").lower()
    address = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _ADDRESSES.get(mode, "")
    status, _token = _ask(address, "PUT", _TOKEN, {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    if status == 403:
        return TURNED_OFF
    if status == 0:
        return HOP_LIMIT if _ask(address, "GET", _ROLE, {})[0] in (200, 401) else ""
    if status == 200 and _ask(address, "GET", _ROLE, {"X-aws-ec2-metadata-token": _token})[0] == 404:
        return NO_ROLE
    return ""


def _ask(address: str, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and content; status 0 where no answer comes."""
    try:
        parts = urlsplit(address)
        with closing(HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)) as connection:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(4096).decode("ascii")
    except (OSError, HTTPException, ValueError):
        return 0, ""
