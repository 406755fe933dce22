# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which authorities the server trusts. The system's store holds one of its own, which signed AWS's certificates; ``ca`` signed those of ``tls``."""

from __future__ import annotations

from ..part import Part


def _variable(**variables: str) -> Part:
    return Part(environment=variables)


AUTHORITY = {
    "store": Part(),
    "ssl-cert-file": _variable(SSL_CERT_FILE="{ca}"),
    "ssl-cert-dir": Part(environment={"SSL_CERT_DIR": "{home}/authorities"}, files={"authorities/any-name.pem": "{ca_text}"}),
    "ssl-cert-dirs": Part(environment={"SSL_CERT_DIR": "{home}/none:{home}/authorities"}, files={"authorities/any-name.pem": "{ca_text}"}),
    "file-and-empty-dir": _variable(SSL_CERT_FILE="{ca}", SSL_CERT_DIR="{home}"),
    "aws-ca-bundle": _variable(AWS_CA_BUNDLE="{ca}"),
    "aws-ca-bundle-missing": _variable(AWS_CA_BUNDLE="{home}/none.pem"),
    "aws-ca-bundle-empty-file": Part(environment={"AWS_CA_BUNDLE": "{home}/empty.pem"}, files={"empty.pem": ""}),
    "aws-ca-bundle-empty": _variable(AWS_CA_BUNDLE=""),
    "aws-ca-bundle-and-file": _variable(AWS_CA_BUNDLE="{ca}", SSL_CERT_FILE="{home}/none.pem"),
    "file-missing": _variable(SSL_CERT_FILE="{home}/none.pem"),
    "file-empty": _variable(SSL_CERT_FILE=""),
    "dir-missing": _variable(SSL_CERT_DIR="{home}/none"),
    "requests-ca-bundle": _variable(REQUESTS_CA_BUNDLE="{ca}"),
    "curl-ca-bundle": _variable(CURL_CA_BUNDLE="{ca}"),
    "requests-ca-bundle-missing": _variable(REQUESTS_CA_BUNDLE="{home}/none.pem"),
    "config-file": Part(config={"default": {"ca_bundle": "{ca}"}}),
    "config-file-loaded": Part(config={"default": {"ca_bundle": "{ca}"}}, environment={"AWS_SDK_LOAD_CONFIG": "1"}),
    "missing-in-config-file": Part(config={"default": {"ca_bundle": "{home}/none.pem"}}),
    "vault-cacert": _variable(VAULT_CACERT="{ca}", BAO_CACERT="{ca}"),
}
