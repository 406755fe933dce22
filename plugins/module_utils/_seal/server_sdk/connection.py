# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to AWS KMS that the server makes: all parts of the model together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..errors import Finding, SettingError
from ..sourced import Sourced
from .credentials import CredentialPlan, plan_credentials
from .endpoint import configured_endpoint, default_endpoint, url_of
from .inputs import ServerInputs
from .profiles import cannot_tell
from .proxy import proxy_for
from .region import find_region
from .releases import Sdk
from .session_files import SessionProfile, kms_session
from .trust import bundle_setting, trusted_certificates

_STS, _CONTAINER, _METADATA = "https://sts.amazonaws.com", "http://169.254.170.2", "http://169.254.169.254"
NO_CREDENTIALS = "Give the service keys in its environment or its shared credentials file, or attach an instance profile."


@dataclass(frozen=True)
class ServerConnection:
    """Where and how the server asks KMS. ``endpoint`` is None where the SDK that asks may take the region's own.

    ``certificates`` are those of the authorities it trusts, in PEM; None where the endpoint has no TLS.
    """

    sdk: Sdk
    region: Sourced
    endpoint: Sourced | None
    credentials: CredentialPlan = field(repr=False)
    proxy: Sourced | None = field(repr=False)
    certificates: list[bytes] | None = field(repr=False)


def resolve(inputs: ServerInputs, region: Sourced | None = None) -> ServerConnection:
    """The connection; raises :class:`SettingError` if the server rejects its settings, or if it is unknown.

    :param region: the region of the instance's metadata, if that decides.
    """
    region_in_effect = region or find_region(inputs)
    profile = _profile(inputs)
    endpoint = _endpoint(inputs, region_in_effect.value, profile)
    plan = plan_credentials(inputs)
    if plan.empty:
        raise no_credentials(plan)
    bundle = bundle_setting(inputs, profile)
    url = endpoint.value if endpoint else f"https://kms.{region_in_effect.value}.amazonaws.com"
    proxy = proxy_for(inputs, url)
    _refuse_other_connections(inputs, plan, proxy)
    secure = url.lower().startswith("https:")
    return ServerConnection(
        inputs.sdk, region_in_effect, endpoint, plan, proxy,
        trusted_certificates(inputs, bundle) if secure or plan.role else None,
    )


def findings(inputs: ServerInputs) -> Iterator[tuple[str, Finding]]:
    """Errors that prevent the server from calling KMS, and unknown settings, each with the setting concerned; makes no requests."""
    yield from _attempt("region", lambda: find_region(inputs))
    profile = SessionProfile("default")
    try:
        profile = _profile(inputs)
    except SettingError as error:
        yield "shared_creds_profile", error.finding()
    yield from _attempt("endpoint", lambda: _endpoint_and_proxy(inputs, profile))
    yield from _attempt("access_key", lambda: _credentials(inputs))
    yield from _attempt("endpoint", lambda: bundle_setting(inputs, profile))


def no_credentials(plan: CredentialPlan) -> SettingError:
    """The error of a server that finds no credentials anywhere."""
    searched = f" ({'; '.join(plan.passed_over)})" if plan.passed_over else ""
    return SettingError(f"The server finds no AWS credentials{searched}.", reason="no_credentials", remedy=NO_CREDENTIALS)


def _attempt(setting: str, step: Callable[[], object]) -> Iterator[tuple[str, Finding]]:
    try:
        step()
    except SettingError as error:
        yield setting, error.finding()


def _profile(inputs: ServerInputs) -> SessionProfile:
    return kms_session(inputs) if inputs.sdk is Sdk.V1 else SessionProfile("default")


def _endpoint(inputs: ServerInputs, region: str, profile: SessionProfile) -> Sourced | None:
    configured = configured_endpoint(inputs)
    return url_of(configured, inputs.sdk) if configured else default_endpoint(inputs, region, profile)


def _refuse_other_connections(inputs: ServerInputs, plan: CredentialPlan, proxy: Sourced | None) -> None:
    """Raise :class:`SettingError` where credentials are asked for by a proxy that is not the one of KMS: only one can be set here."""
    if plan.keys:
        return
    if plan.role and proxy_for(inputs, _STS) != proxy:
        raise cannot_tell("it asks AWS STS through another proxy than AWS KMS.", "Have both use one proxy, or give the service keys.")
    url = inputs.text(plan.container) if plan.container == "AWS_CONTAINER_CREDENTIALS_FULL_URI" else _CONTAINER if plan.container else _METADATA
    if plan.remote and proxy_for(inputs, url):
        raise cannot_tell("it asks for its credentials through a proxy.", "Add 169.254.0.0/16 to NO_PROXY.")


def _endpoint_and_proxy(inputs: ServerInputs, profile: SessionProfile) -> None:
    configured = configured_endpoint(inputs)
    if configured:
        proxy_for(inputs, url_of(configured, inputs.sdk).value)


def _credentials(inputs: ServerInputs) -> None:
    plan = plan_credentials(inputs)
    files_known = inputs.credentials_file or inputs.setting("shared_creds_filename")
    if plan.empty and files_known:
        raise no_credentials(plan)
