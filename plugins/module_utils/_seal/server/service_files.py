# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as a service will have them: relative to its working directory, and with the credentials that systemd makes when it starts."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress

from ..errors import SettingError
from ..regular_files import read_regular
from .config_files import ServerConfig, parse_config, read_config
from .seal_settings import UNREAD, UnreadFile
from .staged_files import Candidates
from .systemd import Service

_LONGEST_VALUE = 65536


class ServiceFiles:
    """The files of one service. ``candidates`` are those of the task, and the sources of credentials in the places of these.

    Sources of credentials are read here, with the rights of who makes this: systemd reads them as root. ``exact`` says whether :meth:`read` and
    :meth:`closed` are called with the service's own rights.
    """

    def __init__(self, service: Service, candidates: Candidates, exact: bool = True) -> None:
        self._service = service
        self._exact = exact
        self._sources = service.credentials.places(candidates)
        self._values = service.credentials.values()
        self.loaded = {**self._contents(), **self._values}
        self.candidates = {**self._sources, **candidates}

    def read(self, path: str) -> bytes:
        """A small file; raises :class:`OSError`, and :class:`UnreadFile` for one of the service's that cannot be seen here."""
        if not path.startswith("/"):
            if not (self._service.name and self._service.directory):
                raise UnreadFile("its path is relative, and the working directory of the service cannot be told")
            path = os.path.join(self._service.directory, path)
        plain = os.path.normpath(path)
        if self._service.view.hides(plain):
            raise PermissionError(errno.EACCES, "The service does not see it")
        if not self._service.credentials.has(plain):
            return self._read_plain(path)
        if plain in self.loaded:
            return self.loaded[plain]
        try:
            return read_regular(self._sources.get(plain, plain), _LONGEST_VALUE)
        except OSError:
            raise UnreadFile(self._service.credentials.why_unread(plain)) from None

    def closed(self, files: Sequence[str]) -> list[str]:
        """Those of these configuration files that the service may not read, without the files of the task and credentials."""
        if not self._exact:
            return []
        own = [path for path in files if os.path.normpath(path) not in self.candidates and not self._service.credentials.has(path)]
        return [path for path in own if os.path.exists(path) and not os.access(path, os.R_OK, effective_ids=True)]

    def _read_plain(self, path: str) -> bytes:
        try:
            return read_regular(path, _LONGEST_VALUE)
        except PermissionError:
            if self._exact:
                raise
            raise UnreadFile(f"the user of this task may not read {path}; run it as root (become), to read it as the service does") from None

    def _contents(self) -> dict[str, bytes]:
        """The content of each credential that the unit names and that can be read now, by its path."""
        contents: dict[str, bytes] = {}
        for path in dict.fromkeys([*self._service.credentials.paths(), *self._sources]):
            with suppress(OSError):
                contents[path] = read_regular(self._sources.get(path, path), _LONGEST_VALUE)
        return contents

    def read_config(self, paths: Sequence[str], candidates: Candidates, unread: list[SettingError] | None) -> ServerConfig:
        """Read configuration files as ``config_files`` does, and those that are credentials.

        :raises SettingError: also where a credential that is a configuration cannot be read here (``unread_credential``).
        """
        within = [path for path in paths if os.path.normpath(path) not in self._values]
        credentials = self._service.credentials
        for path in within:
            if credentials.has(path) and os.path.normpath(path) not in self._sources and not os.path.exists(path) and not self._is_folder(path):
                raise SettingError(
                    f"The configuration {path} cannot be read here: {credentials.why_unread(path)}.", reason=UNREAD,
                    remedy="Run this while the service runs, or give the configuration in the option config.",
                )
        there = [path for path in within if os.path.normpath(path) != credentials.folder or self._sources or os.path.isdir(path)]
        config = read_config(there, candidates, unread)
        for path, value in self._values.items():
            folders = [os.path.normpath(each) for each in paths]
            if path in folders or (os.path.dirname(path) in folders and path.endswith((".hcl", ".json"))):
                config.files.append(path)
                parse_config(value.decode("utf-8", "replace"), path, config)
        return config

    def _is_folder(self, path: str) -> bool:
        """Whether it is the folder of all credentials, and each of them that would be a configuration can be read."""
        credentials = self._service.credentials
        return os.path.normpath(path) == credentials.folder and not [
            each for each in credentials.paths() if each.endswith((".hcl", ".json")) and each not in self._sources and each not in self._values
        ]
