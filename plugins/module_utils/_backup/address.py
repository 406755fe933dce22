# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of servers: what is a usable one, and whether a token may be sent to one that a server named."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError


def checked_address(address: str) -> str:
    """The URL of a server, without a slash at the end; raises :class:`SettingError`."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or not address.isprintable() or " " in address:
        raise SettingError(
            f"{address!r} is not the address of a server.", reason="invalid_option", remedy="Use a URL such as https://127.0.0.1:8200, without a login."
        )
    return address.rstrip("/")


def why_unsafe(configured: str, named: str) -> str:
    """Why a token must not be sent to the address that the server at the configured address named; empty if it may be."""
    ours, theirs = urlsplit(configured), urlsplit(named)
    if ours.scheme == "https" and theirs.scheme != "https":
        return "does not use TLS, unlike server_address"
    if theirs.scheme != "https" and _is_loopback(ours.hostname) and not _is_loopback(theirs.hostname):
        return "does not use TLS, and is on another host"
    return ""


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
