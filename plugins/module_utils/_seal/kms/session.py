# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The botocore session: endpoints, timeouts, and a deadline over all retries of a call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..sourced import Sourced
from .answers import Answers
from .deadline import CONNECT_TIMEOUT, MOST_ATTEMPTS, READ_TIMEOUT, Deadline, attempt_timeout
from .options import IGNORE_ENDPOINTS_VARIABLE, ConnectionOptions, endpoint_in_force, s3_endpoint_in_force, sts_endpoint_in_force
from .sent_secrets import SentSecrets

try:
    from botocore import credentials as _credentials
    from botocore import utils as _utils
    from botocore.config import Config
    from botocore.loaders import Loader
    from botocore.session import Session
except ImportError:  # reported by open_kms
    Loader = Session = object

MAX_CONNECTIONS = 16
"""Connections of one client, and so calls at a time: with more, botocore gains nothing."""

# The metadata service answers within milliseconds where there is one; botocore waits one second, twice.
_METADATA_TIMEOUT = 0.5

# The services whose answers are checked against their references.
_CHECKED = ("kms", "sts")

USER_AGENT = "sealwright.vault_seal"


class SdkSession(Session):
    """botocore's session. All its clients, KMS's own and those that botocore makes to get credentials, go the way that the options say and
    end in time; ``endpoints`` says which endpoint each service's client asks.
    """

    def __init__(self, options: ConnectionOptions, environ: Mapping[str, str], profile: str | None) -> None:
        """``profile`` wins over keys in the environment, as botocore has it."""
        super().__init__(profile=profile)
        self.endpoints: dict[str, Sourced] = {}
        self.sent = SentSecrets()
        self.answers = Answers()
        self.environ = environ
        self.provider = ""
        self._way = options
        self._environ_in_force = dict(environ)
        if options.shared_creds_filename:
            self.set_config_variable("credentials_file", options.shared_creds_filename)
        self._agent = f"{self.user_agent()} {USER_AGENT}"
        everything = self.get_component("data_loader").search_paths
        self.register_component("data_loader", _Loader(everything, include_default_search_paths=False))
        if self.get_scoped_config().get("ignore_configured_endpoint_urls", "").lower() == "true":
            self._environ_in_force.setdefault(IGNORE_ENDPOINTS_VARIABLE, "true")
        resolver = self.get_component("credential_provider")
        resolver.insert_after("iam-role", _credentials.InstanceMetadataProvider(self.metadata(_utils.InstanceMetadataFetcher)))
        resolver.remove("iam-role")
        allowed = [provider for provider in resolver.providers if not options.providers or provider.METHOD in options.providers]
        resolver.providers[:] = [_Provider(provider, self) for provider in allowed]

    @property
    def timeout(self) -> float:
        return self._way.timeout

    @property
    def profile_name(self) -> str:
        return self.get_config_variable("profile") or "default"

    def create_client(self, service_name: str, *arguments: Any, **settings: Any) -> Any:
        endpoint = self._endpoint(service_name)
        config = settings.pop("config", None)
        way = _config(self._way, self._agent, read_timeout=READ_TIMEOUT if service_name in _CHECKED else self._way.timeout)
        settings.update(
            endpoint_url=endpoint.value if endpoint else None,
            verify=(self._way.ca_bundle or None) if self._way.validate_certs else False,
            config=way.merge(config) if config else way,
        )
        client = super().create_client(service_name, *arguments, **settings)
        self.endpoints[service_name] = endpoint or Sourced(client.meta.endpoint_url, "the AWS SDK")
        Deadline(self._way.timeout).attach(client)
        self.sent.attach(client)
        if service_name in _CHECKED:
            self.answers.attach(client)
        return client

    def metadata(self, kind: Any) -> Any:
        """One of botocore's fetchers from the metadata service, made here because the session takes whole seconds only."""
        said = os.environ.get("AWS_METADATA_SERVICE_TIMEOUT") or self.get_scoped_config().get("metadata_service_timeout")
        config = {
            "ec2_metadata_service_endpoint": self.get_config_variable("ec2_metadata_service_endpoint"),
            "ec2_metadata_service_endpoint_mode": _utils.resolve_imds_endpoint_mode(self),
            "ec2_metadata_v1_disabled": self.get_config_variable("ec2_metadata_v1_disabled"),
        }
        timeout = float(said or _METADATA_TIMEOUT)
        if not 0 < timeout <= 3600:
            raise ValueError("metadata_service_timeout")
        return kind(
            timeout=timeout,
            num_attempts=self.get_config_variable("metadata_service_num_attempts"),
            user_agent=self._agent,
            config=config,
        )

    def _endpoint(self, service: str) -> Sourced | None:
        in_force = {"kms": endpoint_in_force, "sts": sts_endpoint_in_force, "s3": s3_endpoint_in_force}.get(service)
        return in_force(self._way, self._environ_in_force, self._configured_endpoint(service)) if in_force else None

    def _configured_endpoint(self, service: str) -> Sourced | None:
        """What the AWS config file says; read here because botocore before 1.31 does not, and newer ones do not tell."""
        profile, everything = self.get_scoped_config(), self.full_config
        name = profile.get("services")
        section = everything.get("services", {}).get(name) or everything.get(f"services {name}") or {}
        url = section.get(service, {}).get("endpoint_url") or profile.get("endpoint_url")
        return Sourced(url, f"AWS profile {self.profile_name}") if url else None


class _Provider:
    """One of botocore's providers of credentials, which notes in the session that it is the one that is asked."""

    def __init__(self, provider: Any, session: SdkSession) -> None:
        self._provider = provider
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def load(self) -> Any:
        self._session.provider = self._provider.METHOD
        return self._provider.load()


class _Loader(Loader):
    """botocore's reader of its service models. It looks for the service that is asked for, not through the folders of all of them."""

    _service = ""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        self._service = service_name
        return super().load_service_model(service_name, type_name, api_version)

    def list_available_services(self, type_name: str) -> list[str]:
        return [self._service]


def _config(options: ConnectionOptions, user_agent: str, read_timeout: float) -> Any:
    return Config(
        user_agent=user_agent,  # botocore would put its own together twice for each call, a fifth of what a call costs
        connect_timeout=attempt_timeout(options.timeout, CONNECT_TIMEOUT),
        read_timeout=attempt_timeout(options.timeout, read_timeout),
        retries={"mode": "standard", "total_max_attempts": MOST_ATTEMPTS},
        max_pool_connections=MAX_CONNECTIONS,
        proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
    )


def profile_entries(session: Any) -> Mapping[str, Any]:
    """Those of the profile in force; none where that cannot be read."""
    try:
        entries: Mapping[str, Any] = session.get_scoped_config()
    except Exception:
        return {}
    return entries
