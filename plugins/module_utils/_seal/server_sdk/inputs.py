# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inputs of the model: the settings that the server passes to its seal, the service's environment and the files of its user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..regular_files import is_closed
from ..sourced import Sourced
from .profiles import Sections, cannot_tell, parse_profiles, read_profiles, refuse_relative
from .releases import Sdk

_TRUE = ("1", "t", "T", "TRUE", "true", "True")  # as strconv.ParseBool has them


@dataclass(frozen=True)
class ServerInputs:
    """``settings`` are those of the seal that have a value; ``home`` is the home folder of the service's user, empty where it is not known.

    ``settled_order`` is false for releases whose order of credential sources is not the one that is described here. ``exact`` is false where files are
    not read with the rights of the service's user. ``loaded`` are files that the service will have, by path: credentials that systemd makes when it starts.
    """

    sdk: Sdk
    settings: Mapping[str, Sourced] = field(repr=False)
    environment: Mapping[str, Sourced] = field(repr=False)
    home: str = ""
    settled_order: bool = True
    exact: bool = True
    loaded: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def variable(self, *names: str) -> Sourced | None:
        """The first of these variables that is set and not empty."""
        variables = (self.environment.get(name) for name in names)
        return next((each for each in variables if each and each.value), None)

    def text(self, name: str) -> str:
        """A variable's value; empty if it is not set."""
        variable = self.environment.get(name)
        return variable.value if variable else ""

    def setting(self, name: str) -> str:
        """A setting's value; empty if it is not set."""
        return self.settings[name].value if name in self.settings else ""

    def key_pair(self) -> tuple[Sourced | None, Sourced | None]:
        """The access key and the secret key of the environment, by their newer names or their older ones."""
        return self.variable("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), self.variable("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")

    @property
    def loads_config(self) -> bool:
        """Whether every session of aws-sdk-go v1 reads ``~/.aws/config``, and not only the one that determines the region."""
        return self.text("AWS_SDK_LOAD_CONFIG") in _TRUE

    @property
    def credentials_file(self) -> str:
        """The shared credentials file of sessions; empty if it is unknown."""
        return self.text("AWS_SHARED_CREDENTIALS_FILE") or self._in_home("credentials")

    @property
    def config_file(self) -> str:
        return self.text("AWS_CONFIG_FILE") or self._in_home("config")

    def _in_home(self, name: str) -> str:
        return os.path.join(self.home, ".aws", name) if self.home else ""

    def loaded_content(self, path: str) -> bytes | None:
        """The content of a file that the service will have; None for any other."""
        return self.loaded.get(os.path.normpath(path)) if path else None

    def profiles(self, path: str) -> Sections | None:
        """The sections of one of the files; None if the server cannot read it. Raises :class:`SettingError` if only this process cannot."""
        refuse_relative(path)
        content = self.loaded_content(path)
        if content is not None:
            return parse_profiles(content.decode("utf-8", "replace"))
        if not self.exact and is_closed(path):
            raise cannot_tell(f"the user of this task may not read {path}, and the server's user may.", "Run it as root (become).")
        return read_profiles(path)
