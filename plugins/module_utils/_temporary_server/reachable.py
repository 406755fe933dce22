# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network addresses that a temporary server may reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
# Variables of the AWS SDKs and of the seal whose value is a URL that has to be reached.
_URL_VARIABLES = (
    *("AWS_KMS_ENDPOINT", "AWSKMS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_STS"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
)
# The names of KMS and STS in a region, without further labels: any AWS customer may have a bucket below these domains, and its name may contain dots.
_AWS = re.compile(r"(?:kms|kms-fips|sts|sts-fips)\.(?P<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})\.(?P<domain>[a-z0-9.-]+)\Z")
_GLOBAL_STS = "sts.amazonaws.com"
_DOMAINS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "us-iso-": ("c2s.ic.gov",),
    "us-isob-": ("sc2s.sgov.gov",),
    "eu-isoe-": ("cloud.adc-e.uk",),
    "us-isof-": ("csp.hci.ic.gov",),
    "eusc-": ("amazonaws.eu",),
    "": ("amazonaws.com", "api.aws"),
}
# Where instances, ECS and EKS give credentials.
_METADATA = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Address = tuple[str, int]


@dataclass(frozen=True)
class Reachable:
    """The hosts that a server may reach: endpoints on loopback, which are ``forwarded``, other endpoints outside AWS, and the host's proxies.

    Endpoints of AWS are limited to these ``regions``; without known regions, all are permitted.
    """

    forwarded: tuple[Address, ...] = ()
    others: frozenset[Address] = frozenset()
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    regions: frozenset[str] = frozenset()

    def permits(self, host: str, port: int) -> bool:
        """Whether a destination that the server names is one of those."""
        name = (host[:-1] if host.endswith(".") else host).lower()
        if not host.isascii():  # in lower case, some characters become letters of ASCII
            return False
        return (name, port) in self.others or (port == 443 and self._is_aws(name)) or (port == 80 and name in _METADATA)

    def _is_aws(self, name: str) -> bool:
        if name == _GLOBAL_STS:
            return not self.regions or any(_domains(region) == _DOMAINS[""] for region in self.regions)
        match = _AWS.match(name)
        if not match:
            return False
        region = match["region"]
        return (not self.regions or region in self.regions) and match["domain"] in _domains(region)

    def ports(self, count: int) -> list[int]:
        """Ports that are free in the namespace; the relay's proxy has the first."""
        taken = {port for _host, port in self.forwarded}
        return [port for port in range(3128, 3128 + len(taken) + count) if port not in taken][:count]

    def proxy_to(self, host: str) -> Address | None:
        """The host's own HTTP proxy for this connection."""
        url = "" if host in _METADATA or proxy_bypass_environment(host, dict(self.proxies)) else self.proxies.get("https", "")
        return _address(url) if url else None


def reachable(endpoint: str, environment: Mapping[str, str], regions: Iterable[str] = ()) -> Reachable:
    """The hosts that a server with this KMS endpoint (empty: AWS's own), environment and regions (empty ones are ignored) may reach."""
    urls = [endpoint, *(environment.get(name, "") for name in _URL_VARIABLES)]
    addresses = [_address(url) for url in urls if url]
    proxies = {name[: -len("_proxy")]: value for name, value in ((key.lower(), value) for key, value in environment.items()) if name.endswith("_proxy")}
    forwarded = tuple(dict.fromkeys(address for address in addresses if address[0] in _LOOPBACK))
    return Reachable(forwarded, frozenset(address for address in addresses if address[0] not in _LOOPBACK), proxies, frozenset(filter(None, regions)))


def through_the_relay(what: Reachable, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server that lives in the namespace: its proxies are replaced by the relay."""
    kept = {name: value for name, value in environment.items() if name.upper() not in _PROXY_VARIABLES}
    proxy = f"http://127.0.0.1:{what.ports(1)[0]}"
    return {**kept, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy}


def _domains(region: str) -> tuple[str, ...]:
    """Below which domains the endpoints of a region are."""
    return next(domains for prefix, domains in _DOMAINS.items() if region.startswith(prefix))


def _address(url: str) -> Address:
    parts = urlsplit(url if "//" in url else f"//{url}")
    return (parts.hostname or "").lower(), parts.port or (80 if parts.scheme == "http" else 443)
