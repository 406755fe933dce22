# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy that Go's HTTP client takes for a URL.

Source: the behaviour of ``golang.org/x/net/http/httpproxy`` (``ProxyFromEnvironment``). It differs from botocore's: networks and addresses in NO_PROXY,
``*.`` and ``.`` suffixes, ports, no proxy ever for localhost and loopback addresses, HTTP_PROXY ignored under CGI, no ALL_PROXY, and the names in
capitals win.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import cannot_tell

_PORTS = {"http": "80", "https": "443"}


def proxy_for(inputs: ServerInputs, url: str) -> Sourced | None:
    """The proxy for a request to the URL; None for none. Raises :class:`SettingError`."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        return None
    names = (f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
    variable = inputs.variable(*names)
    proxy = _parsed(variable) if variable else None
    if variable is None or proxy is None:
        return None
    if scheme == "http" and inputs.text("REQUEST_METHOD"):
        raise SettingError(
            f"REQUEST_METHOD is set, and so the server's HTTP client refuses to use HTTP_PROXY ({variable.source}).",
            reason="invalid_option", remedy="Unset REQUEST_METHOD in the service's environment.",
        )
    exceptions = inputs.variable("NO_PROXY", "no_proxy")
    try:
        port = str(parts.port or _PORTS[scheme])
    except ValueError:
        return None
    if not uses_proxy(parts.hostname or "", port, exceptions.value if exceptions else ""):
        return None
    if urlsplit(proxy.value).scheme != "http":
        raise cannot_tell(f"the server goes through a proxy of another kind than http ({variable.source}).", "Name a proxy by http://HOST:PORT.")
    return proxy


def _parsed(variable: Sourced) -> Sourced | None:
    """The proxy's URL; one without a scheme is taken for http. None for one that Go drops as invalid."""
    for text in (variable.value, f"http://{variable.value}"):
        try:
            parts = urlsplit(text)
            if parts.scheme and parts.hostname and (parts.port is None or parts.port >= 0):
                return Sourced(text, variable.source)
        except ValueError:
            continue
    return None


def uses_proxy(host: str, port: str, exceptions: str) -> bool:
    """Whether a host is asked through the proxy, as NO_PROXY has it."""
    host = host.strip().lower().rstrip("\n")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return False
    return not any(_matches(each.strip().lower(), host, port, address) for each in exceptions.split(","))


def _matches(exception: str, host: str, port: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if not exception:
        return False
    if exception == "*":
        return True
    network = _network(exception)
    if network is not None:
        return address is not None and address.version == network.version and address in network
    name, only_port = _split_port(exception)
    if not name or (only_port and only_port != port):
        return False
    other = _address(name)
    if other is not None:
        return address == other
    if name.startswith("*."):
        name = name[1:]
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")


def _split_port(exception: str) -> tuple[str, str]:
    """Name and port of an exception; the port is empty if it is not set."""
    if exception.startswith("["):
        name, bracket, rest = exception[1:].partition("]")
        if bracket and rest.startswith(":"):
            return name, rest[1:]
        return exception, ""
    if exception.count(":") == 1:
        name, _colon, port = exception.partition(":")
        return name, port
    return exception, ""


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if not text.rpartition("/")[2].isdigit() or "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
