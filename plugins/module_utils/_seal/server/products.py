# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each setting of an awskms seal comes from, per product and release.

Facts: for OpenBao ``wrappers/awskms/awskms.go`` of openbao/go-kms-wrapping and awsutil v2 of hashicorp/go-secure-stdlib, proven
against the server; for Vault its documentation of the awskms seal and of Seal HA.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import SettingError
from ..server_sdk.releases import Sdk, sdk_of

VAULT, OPENBAO = "vault", "openbao"
PRODUCTS = (VAULT, OPENBAO)
_NEWEST = {VAULT: (1, 21, 0), OPENBAO: (2, 6, 2)}

SECRETS = ("secret_key", "session_token")
CREDENTIALS = ("access_key", *SECRETS)
"""The settings whose value may be a reference such as ``env://NAME`` or ``file://PATH``."""

_WRAPPER = (
    *("kms_key_id", "region", "endpoint"),
    *CREDENTIALS,
    *("shared_creds_profile", "shared_creds_filename", "role_arn", "role_session_name", "web_identity_token_file"),
)
_HEALTH = ("health_check_enabled", "health_check_timeout", "health_check_interval", "health_check_interval_unhealthy")
_SEAL_HA = ("name", "priority")
# Known to the servers, and without a meaning for the seal of a server.
_WITHOUT_MEANING = ("disabled", "purpose", "key_not_required", "disallow_env_vars")


class Origin(NamedTuple):
    """The sources of a setting, in order of precedence: the stanza and environment variables."""

    before: tuple[str, ...]
    """Variables that win over the stanza."""
    after: tuple[str, ...]
    """Variables that are used if the stanza does not set the value."""


@dataclass(frozen=True)
class Product:
    """A product and its release."""

    name: str
    version: tuple[int, int, int]

    @classmethod
    def parse(cls, name: str, version: str = "") -> Product:
        """``version`` such as ``2.6.2``, ``v1.15`` or ``1.19.0+ent``; empty: the newest release with the behaviour modelled here."""
        if not version:
            return cls(name, _NEWEST[name])
        match = re.match(r"v?([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?(?:[-+.].*)?\Z", version)
        if not match:
            raise SettingError(
                f"{version!r} is not a version.", reason="invalid_option", remedy="Give one such as 2.6.2 or 1.19.0+ent."
            )
        major, minor, patch = (int(part or 0) for part in match.groups())
        return cls(name, (major, minor, patch))

    def __str__(self) -> str:
        return f"{self.title} {'.'.join(map(str, self.version))}"

    @property
    def title(self) -> str:
        return "Vault" if self.name == VAULT else "OpenBao"

    @property
    def needs_plugin(self) -> bool:
        """Whether awskms is not built in any more."""
        return self.name == OPENBAO and self.version >= (2, 7, 0)

    @property
    def takes_plugin(self) -> bool:
        return self.name == OPENBAO and self.version >= (2, 6, 0)

    @property
    def type_variables(self) -> tuple[str, ...]:
        """The variables that name the type of the seal; the first that is set counts."""
        return ("BAO_SEAL_TYPE", "VAULT_SEAL_TYPE") if self.name == OPENBAO else ("VAULT_SEAL_TYPE",)

    def settings(self) -> tuple[str, ...]:
        """The settings that mean something to this product."""
        if self.name == VAULT:
            return (*_WRAPPER, *_SEAL_HA)
        return (*_WRAPPER, *_HEALTH) if self.version >= (2, 7, 0) else _WRAPPER

    def origin(self, setting: str) -> Origin:
        """The sources of the setting in this product."""
        variables = VARIABLES.get(setting, ())
        if setting == "kms_key_id" and self.name == OPENBAO:
            variables = variables[::-1]
        if setting == "endpoint" and self.name == VAULT and sdk_of(self.name, self.version) is Sdk.V2:
            variables = ("AWSKMS_ENDPOINT", *variables)  # its wrapper's newer name
        return Origin(variables, ()) if self._reads_first(setting) else Origin((), variables)

    def _reads_first(self, setting: str) -> bool:
        """Whether the setting's variables win over the stanza."""
        if setting in CREDENTIALS:
            return self.name == VAULT
        if setting == "region":
            return self.name == VAULT and self.version >= (1, 15, 0)
        return setting in ("kms_key_id", "endpoint", "shared_creds_profile")

    def undefined_order(self, setting: str) -> bool:
        """Whether it is not defined which of the setting's variables wins: Vault iterates over a map."""
        return self.name == VAULT and setting in ("kms_key_id", "region")

    def stranger(self, setting: str) -> str:
        """The product or release that supports the setting, if this one does not; empty for none."""
        if self.known(setting):
            return ""
        return "Vault Enterprise 1.16 and later" if setting in _SEAL_HA else "OpenBao 2.7 and later" if setting in _HEALTH else ""

    def known(self, setting: str) -> bool:
        return setting in self.settings() or setting in _WITHOUT_MEANING


VARIABLES: Mapping[str, tuple[str, ...]] = {
    "kms_key_id": ("VAULT_AWSKMS_SEAL_KEY_ID", "AWSKMS_WRAPPER_KEY_ID"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint": ("AWS_KMS_ENDPOINT",),
    "access_key": ("AWS_ACCESS_KEY_ID",),
    "secret_key": ("AWS_SECRET_ACCESS_KEY",),
    "session_token": ("AWS_SESSION_TOKEN",),
    "shared_creds_profile": ("AWS_PROFILE",),
    "shared_creds_filename": ("AWS_SHARED_CREDENTIALS_FILE",),
    "role_arn": ("AWS_ROLE_ARN",),
    "role_session_name": ("AWS_ROLE_SESSION_NAME",),
    "web_identity_token_file": ("AWS_WEB_IDENTITY_TOKEN_FILE",),
}
"""The environment variables that both products read for a setting; the first is the one to write."""
DEFAULTS = {
    "health_check_enabled": "true",
    "health_check_timeout": "1m",
    "health_check_interval": "10m",
    "health_check_interval_unhealthy": "1m",
}
"""OpenBao's default."""
