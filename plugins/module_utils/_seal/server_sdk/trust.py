# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authorities that the server trusts.

Source: the behaviour of ``crypto/x509`` of Go on Linux (``root_linux.go``, ``root_unix.go``) and of ``setTLSOptions`` of aws/aws-sdk-go v1.55.6.
AWS_CA_BUNDLE alone counts where it is set; else the first file that can be read of the system's (SSL_CERT_FILE names another), and all files of
the system's folders (SSL_CERT_DIR names others). REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are not read.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator

from ..errors import SettingError
from ..regular_files import read_regular
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import cannot_tell, refuse_relative
from .session_files import SessionProfile

_FILES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
)
_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")
_MAX_FILE = 16 << 20
_MAX_FILES = 4096
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def bundle_setting(inputs: ServerInputs, profile: SessionProfile) -> Sourced | None:
    """The bundle that replaces the system's authorities, if one is set. Raises :class:`SettingError` where the server refuses it."""
    certificate, key = inputs.variable("AWS_SDK_GO_CLIENT_TLS_CERT"), inputs.variable("AWS_SDK_GO_CLIENT_TLS_KEY")
    if certificate or key:
        variable = certificate or key
        raise cannot_tell(f"the server shows a client certificate ({variable.source if variable else ''}).", "Connect without a client certificate.")
    bundle = inputs.variable("AWS_CA_BUNDLE") or profile.entries.get("ca_bundle")
    if bundle is None or not bundle.value:
        return None
    refuse_relative(bundle.value)
    try:
        loaded = inputs.loaded_content(bundle.value)
        content = read_regular(bundle.value, _MAX_FILE) if loaded is None else loaded
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "its path is invalid"
        raise SettingError(
            f"The server does not start: the CA bundle {bundle.value} (from {bundle.source}) cannot be read ({why}).",
            reason="file_error", remedy="Check the path and its permissions, or unset it.",
        ) from None
    if not _CERTIFICATE.search(content):
        raise SettingError(
            f"The server does not start: the CA bundle {bundle.value} (from {bundle.source}) holds no certificate.",
            reason="tls_failed", remedy="Give certificates in PEM.",
        )
    return bundle


def trusted_certificates(inputs: ServerInputs, bundle: Sourced | None) -> list[bytes]:
    """The certificates in PEM that the server trusts, each once, read with the rights of this process."""
    certificates: dict[bytes, None] = {}
    for path in [bundle.value] if bundle else _system_paths(inputs):
        for each in _CERTIFICATE.findall(_content(inputs, path) or b""):
            certificates.setdefault(each)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return [each for each in certificates if _is_certificate(context, each)]


def _is_certificate(context: ssl.SSLContext, text: bytes) -> bool:
    """Go ignores what it cannot parse; OpenSSL would reject the whole file."""
    try:
        context.load_verify_locations(cadata=text.decode("ascii"))
    except (ssl.SSLError, ValueError):
        return False
    return True


def _system_paths(inputs: ServerInputs) -> Iterator[str]:
    file, folders = inputs.text("SSL_CERT_FILE"), inputs.text("SSL_CERT_DIR")
    for path in (file, *folders.split(":")):
        refuse_relative(path)
    first = next((path for path in ([file] if file else _FILES) if _content(inputs, path) is not None), "")
    if first:
        yield first
    for folder in folders.split(":") if folders else _FOLDERS:
        try:
            names = sorted(os.listdir(folder))[:_MAX_FILES] if folder else []
        except (OSError, ValueError):
            continue
        yield from (os.path.join(folder, name) for name in names)


def _content(inputs: ServerInputs, path: str) -> bytes | None:
    loaded = inputs.loaded_content(path)
    try:
        return read_regular(path, _MAX_FILE) if loaded is None else loaded
    except (OSError, ValueError):
        return None
