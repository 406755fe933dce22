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
from .endpoint_data import DOCUMENT, endpoints_from, is_plain_region, is_replaced
from .options import IGNORE_ENDPOINTS_VARIABLE, ConnectionOptions, endpoint_in_force, s3_endpoint_in_force, sts_endpoint_in_force
from .sent_secrets import SentSecrets

try:
    from botocore import credentials as _credentials
    from botocore import utils as _utils
    from botocore.config import Config
    from botocore.exceptions import DataNotFoundError
    from botocore.loaders import Loader
    from botocore.session import Session
except ImportError:  # reported by open_kms
    Loader = Session = object

MAX_CONNECTIONS = 16
"""Connections of one client, and so calls at a time: with more, botocore gains nothing."""

# The metadata service responds within milliseconds if it exists; botocore waits one second, twice.
_METADATA_TIMEOUT = 0.5

# The services whose answers are checked against their references.
_CHECKED = ("kms", "sts")

USER_AGENT = "sealwright.vault_seal"


class SdkSession(Session):
    """botocore's session. All its clients, for KMS and those that botocore creates to get credentials, use the connection options and
    end in time; ``endpoints`` maps each service to its endpoint.
    """

    def __init__(self, options: ConnectionOptions, environ: Mapping[str, str], profile: str | None) -> None:
        """``profile`` wins over keys in the environment, as botocore has it."""
        super().__init__(profile=profile)
        self.endpoints: dict[str, Sourced] = {}
        self.sent = SentSecrets()
        self.answers = Answers()
        self.environ = environ
        self.provider = ""
        self._options = options
        self._environ_in_force = dict(environ)
        if options.shared_creds_filename:
            self.set_config_variable("credentials_file", options.shared_creds_filename)
        self._agent = f"{self.user_agent()} {USER_AGENT}"
        everything = self.get_component("data_loader").search_paths
        self._loader = _Loader(everything, include_default_search_paths=False)
        self.register_component("data_loader", self._loader)
        if self.get_scoped_config().get("ignore_configured_endpoint_urls", "").lower() == "true":
            self._environ_in_force.setdefault(IGNORE_ENDPOINTS_VARIABLE, "true")
        resolver = self.get_component("credential_provider")
        resolver.insert_after("iam-role", _credentials.InstanceMetadataProvider(self.metadata(_utils.InstanceMetadataFetcher)))
        resolver.remove("iam-role")
        allowed = [provider for provider in resolver.providers if not options.providers or provider.METHOD in options.providers]
        resolver.providers[:] = [_Provider(provider, self) for provider in allowed]

    @property
    def timeout(self) -> float:
        return self._options.timeout

    @property
    def profile_name(self) -> str:
        return self.get_config_variable("profile") or "default"

    def create_client(self, service_name: str, *arguments: Any, **settings: Any) -> Any:
        endpoint = self._endpoint(service_name)
        config = settings.pop("config", None)
        read_timeout = READ_TIMEOUT if service_name in _CHECKED else self._options.timeout
        own_config = _config(self._options, self._agent, read_timeout)
        settings.update(
            endpoint_url=endpoint.value if endpoint else None,
            verify=(self._options.ca_bundle or None) if self._options.validate_certs else False,
            config=own_config.merge(config) if config else own_config,
        )
        self._choose_endpoint_data(service_name, arguments[0] if arguments else settings.get("region_name"))
        client = super().create_client(service_name, *arguments, **settings)
        self.endpoints[service_name] = endpoint or Sourced(client.meta.endpoint_url, "the AWS SDK")
        Deadline(self._options.timeout).attach(client)
        self.sent.attach(client)
        if self._options.empty_token and service_name == "kms":
            client.meta.events.register("before-sign.kms", _add_empty_token)
        if service_name in _CHECKED:
            self.answers.attach(client)
        return client

    def metadata(self, kind: Any) -> Any:
        """One of botocore's fetchers from the metadata service, made here because the session takes whole seconds only."""
        configured_timeout = os.environ.get("AWS_METADATA_SERVICE_TIMEOUT") or self.get_scoped_config().get("metadata_service_timeout")
        config = {
            "ec2_metadata_service_endpoint": self.get_config_variable("ec2_metadata_service_endpoint"),
            "ec2_metadata_service_endpoint_mode": _utils.resolve_imds_endpoint_mode(self),
            "ec2_metadata_v1_disabled": self.get_config_variable("ec2_metadata_v1_disabled"),
        }
        timeout = float(configured_timeout or _METADATA_TIMEOUT)
        if not 0 < timeout <= 3600:
            raise ValueError("metadata_service_timeout")
        return kind(
            timeout=timeout,
            num_attempts=self.get_config_variable("metadata_service_num_attempts"),
            user_agent=self._agent,
            config=config,
        )

    def _choose_endpoint_data(self, service: str, region: str | None) -> None:
        # The endpoints of other services, such as S3, are not those that the document made here has.
        special = service not in _CHECKED or self.get_config_variable("use_fips_endpoint") or self.get_config_variable("use_dualstack_endpoint")
        plain = not special and is_plain_region(region or self.get_config_variable("region"))
        if self._loader.makes_endpoints and not plain:
            self._loader.makes_endpoints = False
            self._register_endpoint_resolver()  # a resolver with the other document may be in use

    def _endpoint(self, service: str) -> Sourced | None:
        in_force = {"kms": endpoint_in_force, "sts": sts_endpoint_in_force, "s3": s3_endpoint_in_force}.get(service)
        return in_force(self._options, self._environ_in_force, self._configured_endpoint(service)) if in_force else None

    def _configured_endpoint(self, service: str) -> Sourced | None:
        """The setting of the AWS config file; read here because botocore before 1.31 ignores it, and newer releases do not expose it."""
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
    """botocore's reader of its service models, limited to the requested service instead of searching the folders of all services."""

    makes_endpoints = True
    _service = ""

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name == DOCUMENT and self.makes_endpoints and not is_replaced(self.search_paths, self.BUILTIN_DATA_PATH):
            try:
                made = endpoints_from(self.load_data("partitions"))
                return made, os.path.join(self.BUILTIN_DATA_PATH, DOCUMENT)
            except (KeyError, TypeError, DataNotFoundError):
                self.makes_endpoints = False
        data, path = super().load_data_with_path(name)
        return data, path

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        self._service = service_name
        return super().load_service_model(service_name, type_name, api_version)

    def list_available_services(self, type_name: str) -> list[str]:
        return [self._service]


def _add_empty_token(request: Any, **_arguments: Any) -> None:
    request.headers["X-Amz-Security-Token"] = ""


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
