# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a backup: those of the module vault_snapshot, and of the configuration file of the timer."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.names import checked_name
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.retention import Rules
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.options import S3Options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import checked_state_limit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.typed_options import checked_types

_CONNECTION = {each.name for each in dataclasses.fields(ConnectionOptions)} - {"empty_token", "providers", "role_may_fail", "sources"}
_RULES = {f"keep_{each.name}": each.name for each in dataclasses.fields(Rules)}
_LONGEST = 86400.0  # seconds


def _invalid(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)


@dataclass(frozen=True)
class BackupOptions:
    """Option names are those of the module vault_snapshot, where they are documented. Empty: not set."""

    server_address: str
    dest: str
    name: str = "vault"
    other_addresses: tuple[str, ...] = ()
    server_ca_path: str = ""
    server_validate_certs: bool = True
    server_timeout: float = 90.0
    cluster_id: str = ""
    if_standby: str = "redirect"
    token: str = field(default="", repr=False)
    token_file: str = ""
    token_sealed_file: str = ""
    renew_token: bool = False
    snapshot_timeout: float = 3600.0
    attempts: int = 3
    proof: str = "open"
    allowed_key_ids: tuple[str, ...] | None = None
    max_size: int = 68719476736
    send_folder: str = ""
    send_folder_mounted: bool = True
    s3: S3Options | None = None
    status_file: str = ""
    rules: Rules = field(default_factory=Rules)
    connection: ConnectionOptions = field(default_factory=ConnectionOptions, repr=False)

    @classmethod
    def names(cls) -> set[str]:
        """The names of all options."""
        own = {each.name for each in dataclasses.fields(cls)} - {"rules", "connection"}
        return own | set(_RULES) | _CONNECTION

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> BackupOptions:
        """The options from those of the module, or from a JSON object with the same names. Raises :class:`SettingError` (``invalid_option``)."""
        values = checked_types(cls, params)
        for name in ("server_address", "dest"):
            if not values.get(name):
                raise _invalid(f"missing required arguments: {name}.", "Set it.")
        s3 = params.get("s3")
        if s3 is not None and not isinstance(s3, Mapping):
            raise _invalid("Option s3 must be an object with the name of a bucket.", "Correct its value.")
        options = cls(
            **values,
            s3=S3Options.of(s3) if s3 else None,
            rules=Rules(**checked_types(Rules, {rule: params.get(option) for option, rule in _RULES.items()}, "keep_")),
            connection=ConnectionOptions(**checked_types(ConnectionOptions, {name: params.get(name) for name in _CONNECTION})),
        )
        options.check()
        return options

    def check(self) -> None:
        """Reject what cannot work, before anything is done; raises :class:`SettingError`."""
        checked_name(self.name)
        checked_state_limit(self.max_size)
        self.rules.check()
        tokens = [name for name in ("token", "token_file", "token_sealed_file") if getattr(self, name)]
        if len(tokens) != 1:
            names = "token, token_file, token_sealed_file"
            raise _invalid(
                f"parameters are mutually exclusive: {'|'.join(tokens)}." if tokens else f"one of the following is required: {names}.", "Set one of them."
            )
        for name in ("server_timeout", "snapshot_timeout"):
            if not 0 < getattr(self, name) <= _LONGEST:
                raise _invalid(
                    f"Option {name} is {getattr(self, name):g}, which is out of range.",
                    f"Use a number of seconds greater than 0 and at most {_LONGEST:g}.",
                )
        if not 1 <= self.attempts <= 100:
            raise _invalid(f"Option attempts is {self.attempts}, which is out of range.", "Use a number from 1 to 100.")
        for name, choices in (("if_standby", ("redirect", "skip", "fail")), ("proof", ("open", "archive"))):
            if getattr(self, name) not in choices:
                raise _invalid(f"value of {name} must be one of: {', '.join(choices)}, got: {getattr(self, name)}.", "Use one of them.")
        if self.send_folder and os.path.realpath(self.send_folder) == os.path.realpath(self.dest):
            raise _invalid("Options send_folder and dest name the same directory.", "Use a directory on another file system for the copy.")
