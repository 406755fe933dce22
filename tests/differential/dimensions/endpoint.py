# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where KMS is: AWS itself, or an endpoint that something names, over TLS or not."""

from __future__ import annotations

from ..part import Part


def _stanza(url: str) -> Part:
    return Part(stanza={"endpoint": url})


def _variable(**variables: str) -> Part:
    return Part(environment=variables)


ENDPOINT = {
    "aws": Part(),
    "plain": _stanza("{plain}"),
    "tls": _stanza("{tls}"),
    "tls-of-the-store": _stanza("{store}"),
    "own-address": _stanza("{own_plain}"),
    "own-address-tls": _stanza("{own_tls}"),
    "variable": _variable(AWS_KMS_ENDPOINT="{plain}"),
    "variable-and-stanza": Part(stanza={"endpoint": "{dead}"}, environment={"AWS_KMS_ENDPOINT": "{plain}"}),
    "empty-variable-and-stanza": Part(stanza={"endpoint": "{plain}"}, environment={"AWS_KMS_ENDPOINT": ""}),
    "aws-endpoint-url": _variable(AWS_ENDPOINT_URL="{plain}"),
    "aws-endpoint-url-kms": _variable(AWS_ENDPOINT_URL_KMS="{plain}"),
    "awskms-endpoint": _variable(AWSKMS_ENDPOINT="{plain}"),
    "dead-aws-endpoint-url": Part(stanza={"endpoint": "{plain}"}, environment={"AWS_ENDPOINT_URL": "{dead}", "AWS_ENDPOINT_URL_KMS": "{dead}"}),
    "config-file": Part(config={"default": {"endpoint_url": "{dead}"}}),
    "services-of-the-config-file": Part(config={"default": {"services": "s"}, "services s": {"kms": "\n  endpoint_url = {dead}"}}),
    "no-scheme": _stanza("127.0.0.1:4567"),
    "no-scheme-aws": _stanza("kms.eu-west-1.amazonaws.com"),
    "aws-by-url": _stanza("https://kms.us-east-1.amazonaws.com"),
    "aws-of-another-region": _stanza("https://kms.eu-west-1.amazonaws.com"),
    "fips-by-url": _stanza("https://kms-fips.us-east-1.amazonaws.com"),
    "dual-stack-by-url": _stanza("https://kms.us-east-1.api.aws"),
    "fips-variable": _variable(AWS_USE_FIPS_ENDPOINT="true"),
    "dual-stack-variable": _variable(AWS_USE_DUALSTACK_ENDPOINT="true"),
    "both-variables": _variable(AWS_USE_FIPS_ENDPOINT="true", AWS_USE_DUALSTACK_ENDPOINT="true"),
    "odd-fips-variable": _variable(AWS_USE_FIPS_ENDPOINT="yes"),
    "fips-in-config-file": Part(config={"default": {"use_fips_endpoint": "true"}}),
    "fips-with-endpoint": Part(stanza={"endpoint": "{plain}"}, environment={"AWS_USE_FIPS_ENDPOINT": "true"}),
    "slash-after": _stanza("{plain}/"),
    "path-after": _stanza("{plain}/path"),
    "upper-case-scheme": _stanza("HTTP://127.0.0.1:4566"),
    "upper-case-host": _stanza("http://LOCALHOST:4566"),
    "host-name": _stanza("http://localhost:4566"),
    "user-in-url": _stanza("http://user:word@127.0.0.1:4566"),
    "plain-port-over-tls": _stanza("https://127.0.0.1:4566"),
    "tls-port-plain": _stanza("http://127.0.0.1:4567"),
    "other-scheme": _stanza("ftp://127.0.0.1:4566"),
    "blank-before": _stanza(" {plain}"),
    "no-such-host": _stanza("https://kms.nowhere.example"),
    "dead": _stanza("{dead}"),
    "not-a-port": _stanza("http://127.0.0.1:http"),
    "reference": Part(stanza={"endpoint": "env://OWN_ENDPOINT"}, environment={"OWN_ENDPOINT": "{plain}"}),
    "user-without-scheme": _stanza("user:word@127.0.0.1:4567"),
    "user-alone": _stanza("http://user@127.0.0.1:4566"),
    "password-with-signs": _stanza("http://user:w%40rd/@127.0.0.1:4566"),
    "blank-in-login": _stanza("http://us er:word@127.0.0.1:4566"),
    "login-of-aws": _stanza("https://user:word@kms.us-east-1.amazonaws.com"),
    "query-after": _stanza("{plain}?x=y"),
    "fragment-after": _stanza("{plain}#x"),
    "dot-path": _stanza("{plain}/a/../"),
    "empty-port": _stanza("http://127.0.0.1:"),
    "port-zero": _stanza("http://127.0.0.1:0"),
    "port-too-high": _stanza("http://127.0.0.1:99999"),
    "scheme-alone": _stanza("https://"),
    "slashes-alone": _stanza("//127.0.0.1:4566"),
    "two-schemes": _stanza("http://http://127.0.0.1:4566"),
    "dot-after-host": _stanza("http://localhost.:4566"),
    "address-as-number": _stanza("http://2130706433:4566"),
    "percent-in-host": _stanza("http://127.0.0.1%41:4566"),
    "blank-in-host": _stanza("http://127.0.0.1 :4566"),
    "line-break-after": _stanza("{plain}\n"),
    "address-of-version-6": _stanza("http://[::1]:4566"),
    "broken-address-of-version-6": _stanza("http://[::1:4566"),
    "underscore-in-host": _stanza("http://kms_local.example:4566"),
    "umlaut-in-host": _stanza("https://kms.b\u00fccher.example"),
    "host-name-alone": _stanza("localhost"),
    "name-and-port-word": _stanza("localhost:http"),
    "variable-with-blank": _variable(AWS_KMS_ENDPOINT=" {plain}"),
    "variable-without-scheme": _variable(AWS_KMS_ENDPOINT="127.0.0.1:4567"),
    "upper-case-aws": _stanza("https://KMS.US-EAST-1.AMAZONAWS.COM"),
    "aws-with-dot": _stanza("https://kms.us-east-1.amazonaws.com."),
    "vpc-endpoint": _stanza("https://vpce-0123456789abcdef0-abcdefgh.kms.us-east-1.vpce.amazonaws.com"),
}
