# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that the modules of the role vault_config share, and what they mean."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import UNIT_DIRECTORIES

from .unit_name import service_unit

_SYSTEMD_DIRECTORY = "/etc/systemd/system"
MARKER_SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "unit": {"type": "str", "required": True},
    "systemd": {"type": "bool", "default": True},
    "systemd_directory": {"type": "path", "default": _SYSTEMD_DIRECTORY},
}
FILES_SPEC: dict[str, dict[str, Any]] = {
    **MARKER_SPEC,
    "directory": {"type": "path", "required": True},
    "config_text": {"type": "str", "default": "", "no_log": True},  # may hold credentials
    "environment_file": {"type": "path", "required": True},
    "environment_text": {"type": "str", "default": "", "no_log": True},
    "environment_file_replace": {"type": "bool", "default": False},
    "product": {"type": "str", "required": True, "choices": ["openbao", "vault"]},
    "manage": {"type": "str", "default": "server", "choices": ["seal", "server"]},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "required": True},
}
DROP_IN = "50-awskms-seal.conf"


@dataclass(frozen=True)
class Wanted:
    """The desired files; a text is empty if the file has to be absent."""

    path: str
    directory: str
    config_text: str = field(repr=False)
    environment_file: str
    environment_text: str = field(repr=False)
    unit: str
    systemd: bool
    systemd_directory: str

    @classmethod
    def of(cls, params: dict[str, Any]) -> Wanted:
        """From a module's options; raises :class:`SettingError` for a unit that is not a service."""
        return cls(
            params["path"], params["directory"], params["config_text"], params["environment_file"], params["environment_text"],
            service_unit(params["unit"]), params["systemd"], params["systemd_directory"],
        )

    @property
    def unit_directories(self) -> list[str]:
        return [self.systemd_directory if each == _SYSTEMD_DIRECTORY else each for each in UNIT_DIRECTORIES]

    @property
    def drop_in(self) -> str:
        return os.path.join(self.systemd_directory, f"{self.unit}.d", DROP_IN)

    @property
    def drop_in_text(self) -> str:
        """Empty if the file has to be absent."""
        if not (self.systemd and self.environment_text):
            return ""
        return f"# Managed by Ansible (sealwright.vault_seal.vault_config).\n[Service]\nEnvironmentFile={self.environment_file}\n"

    def reads(self, started_with: list[str]) -> list[str]:
        """The configuration that the server reads: from its unit, if it is set there without variables, otherwise the role's own folder and file."""
        of_unit = self.of_unit(started_with)
        own = list(dict.fromkeys([os.path.normpath(self.directory), os.path.normpath(self.path)]))
        return of_unit or (own[:1] if os.path.dirname(own[-1]) == own[0] else own)

    @staticmethod
    def of_unit(started_with: list[str]) -> list[str]:
        return [] if any(sign in path for path in started_with for sign in "$%") else [os.path.normpath(path) for path in started_with]
