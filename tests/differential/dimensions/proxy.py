# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy, and what is asked without it. A dead one shows by the verdict whether it is asked; a live one has a journal."""

from __future__ import annotations

from ..part import Part


def _variable(**variables: str) -> Part:
    return Part(environment=variables)


def _dead(no_proxy: str) -> Part:
    return Part(environment={"HTTPS_PROXY": "{dead}", "HTTP_PROXY": "{dead}", "NO_PROXY": no_proxy})


PROXY = {
    "none": Part(),
    "https": _variable(HTTPS_PROXY="{proxy}"),
    "https-lower-case": _variable(https_proxy="{proxy}"),
    "http": _variable(HTTP_PROXY="{proxy}"),
    "http-lower-case": _variable(http_proxy="{proxy}"),
    "both-cases": _variable(HTTPS_PROXY="{proxy}", https_proxy="{dead}"),
    "empty-and-lower-case": _variable(HTTPS_PROXY="", https_proxy="{proxy}"),
    "all": _variable(ALL_PROXY="{dead}"),
    "cgi": _variable(HTTP_PROXY="{proxy}", REQUEST_METHOD="GET"),
    "no-scheme": _variable(HTTPS_PROXY="127.0.0.1:3128", HTTP_PROXY="127.0.0.1:3128"),
    "login": _variable(HTTPS_PROXY="{login_proxy}", HTTP_PROXY="{login_proxy}"),
    "login-missing": _variable(HTTPS_PROXY="{no_login_proxy}", HTTP_PROXY="{no_login_proxy}"),
    "dead": _dead(""),
    "not-a-url": _variable(HTTPS_PROXY="http://[::1", HTTP_PROXY="http://[::1"),
    "other-scheme": _variable(HTTPS_PROXY="gopher://127.0.0.1:3128"),
    "not-for-star": _dead("*"),
    "not-for-suffix": _dead(".amazonaws.com"),
    "not-for-star-suffix": _dead("*.amazonaws.com"),
    "not-for-domain": _dead("amazonaws.com"),
    "not-for-upper-case": _dead("AMAZONAWS.COM"),
    "not-for-part-of-a-name": _dead("naws.com"),
    "not-for-dot-behind": _dead("amazonaws.com."),
    "not-for-network": _dead("{own_network}"),
    "not-for-wide-network": _dead("10.0.0.0/8"),
    "not-for-address": _dead("{own_address}"),
    "not-for-address-and-port": _dead("{own_address}:4566,kms.us-east-1.amazonaws.com:443"),
    "not-for-another-port": _dead("{own_address}:1,amazonaws.com:80"),
    "not-for-list-with-blanks": _dead("localhost, {own_address} , .amazonaws.com"),
    "not-for-blanks-alone": _dead("{own_address} .amazonaws.com"),
    "not-for-lower-case": Part(environment={"HTTPS_PROXY": "{dead}", "HTTP_PROXY": "{dead}", "no_proxy": "{own_network},.amazonaws.com"}),
    "not-for-both-cases": Part(environment={"HTTPS_PROXY": "{dead}", "NO_PROXY": "example", "no_proxy": ".amazonaws.com"}),
}
