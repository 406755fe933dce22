# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to AWS KMS that a server makes, reproduced with botocore; botocore's own credential chain is not used."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.connection import ServerConnection, resolve
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.endpoint import without_login
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.inputs import ServerInputs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.instance import instance_region
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.region import find_region
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.releases import Sdk
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

from .server import OF_A_SERVICE, ConfiguredServer, refuse_unread, seal_of
from .service_rights import rights_of

_NO_FILE = "/dev/null/none"  # never exists: botocore finds no profile there
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
# What botocore needs of the service's environment to ask the container's endpoint and the instance's metadata as the server does.
_CONTAINER = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED")
# awsutil has aws-sdk-go v1 ask the metadata service for credentials without these.
_METADATA_OF_V2 = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_EC2_METADATA_V1_DISABLED")


class ServerRefusal(SettingError):
    """The server rejects its settings, or their effect cannot be determined; AWS was not called."""


def described(server: ConfiguredServer, options: ConnectionOptions) -> ConnectionOptions:
    """Region and endpoint as the settings have them, for a result about a server that cannot be asked for."""
    settings = seal_of(server).settings
    overrides = {name: settings[name] for name in ("region", "endpoint") if name in settings and settings[name].value and not getattr(options, name)}
    values: dict[str, Any] = {name: without_login(setting.value) if name == "endpoint" else setting.value for name, setting in overrides.items()}
    return replace(options, **values, sources={**options.sources, **{name: setting.source for name, setting in overrides.items()}})


def judge_of(server: ConfiguredServer) -> str:
    """How a result names the model that speaks for the server."""
    return server.in_force.sdk_inputs(seal_of(server)).sdk.judge


@contextmanager
def as_the_server(server: ConfiguredServer, options: ConnectionOptions, environ: MutableMapping[str, str]) -> Iterator[ConnectionOptions]:
    """The server's connection, with the rights of the service's user and with the service's environment instead of this process's own.

    Options of the task, such as a timeout, take precedence. Raises :class:`ServerRefusal`, and :class:`SettingError` if the user does not exist
    or the service will have a credential that cannot be read here (``unread_credential``).
    """
    refuse_unread(server)
    with rights_of(server.service):
        inputs = _inputs(server, options, environ)
        _clear(environ)
        try:
            connection = resolve(inputs, Sourced(options.region, "option region") if options.region else _region(inputs))
        except SettingError as error:
            raise ServerRefusal(error.message, reason=error.reason, remedy=error.remedy) from None
        _fill(connection, inputs, environ)
        with _bundle(connection, options) as bundle:
            yield _options(connection, options, bundle)


def _inputs(server: ConfiguredServer, options: ConnectionOptions, environ: MutableMapping[str, str]) -> ServerInputs:
    inputs = server.in_force.sdk_inputs(seal_of(server))
    if not inputs.home:
        inputs = replace(inputs, home=environ.get("HOME", ""))
    given = {name: options.sourced(name) for name in ("endpoint", "access_key", "secret_key", "session_token")}
    settings = {name: setting for name, setting in inputs.settings.items() if not (given["access_key"] and name == "session_token")}
    settings.update({name: value for name, value in given.items() if value})
    return replace(inputs, settings=settings)


def _region(inputs: ServerInputs) -> Sourced:
    region = find_region(inputs)
    return region if region.value else instance_region(inputs)


def _clear(environ: MutableMapping[str, str]) -> None:
    """Remove what this process has of the variables that are the service's to set."""
    for name in list(environ):
        if name.upper().startswith(OF_A_SERVICE) or name.upper() in (*_PROXIES, *_BUNDLES):
            del environ[name]


def _fill(connection: ServerConnection, inputs: ServerInputs, environ: MutableMapping[str, str]) -> None:
    """Leave botocore nothing to find by itself but the endpoint of the container or the instance's metadata."""
    environ.update({"AWS_CONFIG_FILE": _NO_FILE, "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE})
    kept = (*_CONTAINER, *(_METADATA_OF_V2 if connection.sdk is Sdk.V2 else ()), connection.credentials.container)
    environ.update({name: inputs.text(name) for name in kept if name and inputs.text(name)})
    for name in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
        if connection.endpoint is None and inputs.text(name):
            environ[name] = inputs.text(name)
    environ["AWS_STS_REGIONAL_ENDPOINTS"] = inputs.text("AWS_STS_REGIONAL_ENDPOINTS") or ("legacy" if connection.sdk is Sdk.V1 else "regional")
    if inputs.home:
        environ["HOME"] = inputs.home


def _options(connection: ServerConnection, options: ConnectionOptions, bundle: str) -> ConnectionOptions:
    plan = connection.credentials
    values: dict[str, Any] = {"region": connection.region.value, "providers": ("container-role", "iam-role")}
    sources = {**options.sources, "region": connection.region.source}
    if connection.endpoint:
        values["endpoint"] = connection.endpoint.value
        sources["endpoint"] = connection.endpoint.source
    if connection.proxy and not options.proxy:
        values["proxy"] = connection.proxy.value
    if plan.keys:
        # Go's HTTP client takes blanks off a header's value, and its SDK signs the value without them.
        token = plan.keys.session_token.strip(" \t")
        values.update(access_key=plan.keys.access_key, secret_key=plan.keys.secret_key, session_token=token)
        values["empty_token"] = bool(plan.keys.session_token) and not token
        sources["access_key"] = plan.keys.source
    elif plan.role and _is_readable(plan.role.token_file, plan.remote):
        values.update(role_arn=plan.role.arn.value, role_session_name=plan.role.session_name)
        values["web_identity_token_file"] = plan.role.token_file.value if plan.role.token_file else ""
        values["role_may_fail"] = plan.remote
        sources["role_arn"] = plan.role.arn.source
        if plan.role.token_file:
            sources["web_identity_token_file"] = plan.role.token_file.source
    if bundle and not options.ca_bundle:
        values["ca_bundle"] = bundle
    return replace(options, **values, sources=sources)


def _is_readable(token_file: Sourced | None, may_fail: bool) -> bool:
    """Whether the role can be requested; like the server, a role that may fail is skipped without its token."""
    return not (token_file and may_fail) or os.access(token_file.value, os.R_OK, effective_ids=True)


@contextmanager
def _bundle(connection: ServerConnection, options: ConnectionOptions) -> Iterator[str]:
    """The path of a bundle of the authorities that the server trusts; it is in memory only. Empty if no bundle is needed."""
    if connection.certificates is None or options.ca_bundle or not options.validate_certs:
        yield ""
        return
    if not connection.certificates:
        raise ServerRefusal(
            "The server trusts no certificate authority: SSL_CERT_FILE, SSL_CERT_DIR and the system's store hold none that its user can read.",
            reason="tls_failed", remedy="Install the system's CA certificates (ca-certificates), or name a file by SSL_CERT_FILE.",
        )
    handle = os.memfd_create("trusted-authorities")
    try:
        with os.fdopen(os.dup(handle), "wb") as stream:
            stream.write(b"\n".join(connection.certificates) + b"\n")
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
