# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials that systemd gives a service as files: ``LoadCredential=``, ``SetCredential=`` and their like.

systemd makes these files when the service starts, in ``/run/credentials/UNIT``, and removes them when it stops. Their content is read
from its source. Sources: systemd.exec(5), "Credentials"; of systemd 252 ``config_parse_set_credential`` and ``config_parse_load_credential`` of
``src/core/load-fragment.c`` and ``acquire_credentials`` of ``src/core/execute.c``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .staged_files import Candidates
from .systemd_specifiers import Specifiers
from .systemd_syntax import unescaped

SETTINGS = frozenset(("LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted", "ImportCredential"))
_STORES = ("/etc/credstore", "/run/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore")
_NAME = re.compile(r"(?!\.\.?\Z)[\x20-\x2e\x30-\x39\x3b-\x7e]{1,255}\Z")


@dataclass(frozen=True)
class _Credential:
    """The source of a credential: a path, or a value. ``unreadable`` is why it cannot be read here; empty if it can."""

    setting: str
    path: str = ""
    value: bytes | None = field(default=None, repr=False)
    unreadable: str = ""


class Credentials:
    """Those of one service. Of one name, that of a file wins over a value of the unit."""

    def __init__(self, unit: str = "") -> None:
        self.folder = f"/run/credentials/{unit}" if unit else ""
        self._loaded: dict[str, _Credential] = {}
        self._set: dict[str, _Credential] = {}
        self._imports = False

    def take(self, setting: str, value: bytes, specifiers: Specifiers) -> None:
        """One line of the unit. Lines that systemd ignores are ignored."""
        place = self._set if setting.startswith("Set") else self._loaded
        if setting == "ImportCredential":
            self._imports = bool(value)
            return
        if not value:
            for name in [name for name, each in place.items() if each.setting == setting or setting.startswith("Set")]:
                del place[name]
            return
        first, sign, rest = value.partition(b":")
        resolved = specifiers.resolve(first)
        name = os.fsdecode(resolved) if resolved is not None else ""
        if not _NAME.match(name):
            return
        if setting.startswith("Set"):
            if not sign:
                return
            plain = None if setting.endswith("Encrypted") else unescaped(rest)
            why = "it is encrypted" if setting.endswith("Encrypted") else "" if plain is not None else "its escapes are malformed"
            place[name] = _Credential(setting, value=plain, unreadable=why)
            return
        path = specifiers.resolve(rest if rest else resolved or b"")
        where = os.fsdecode(path) if path is not None else ""
        why = "it is encrypted" if setting.endswith("Encrypted") else "" if where else "its path has a specifier that cannot be told here"
        place[name] = _Credential(setting, where, unreadable=why)

    def __bool__(self) -> bool:
        return bool(self._loaded or self._set or self._imports)

    def has(self, path: str) -> bool:
        """Whether a path is one of a credential that the service gets or may get; a folder of credentials counts too."""
        inside = self._inside(path)
        if inside is None:
            return False
        first = inside.split("/")[0]
        return not inside or first in self._loaded or first in self._set or self._imports or any(self._in_folder(name, inside) for name in self._loaded)

    def paths(self) -> list[str]:
        """The paths of all credentials that the unit names one by one."""
        return [f"{self.folder}/{name}" for name in dict.fromkeys([*self._loaded, *self._set])]

    def places(self, candidates: Candidates) -> dict[str, str]:
        """Of the path of each credential that can be read now, the file to read in its stead."""
        places: dict[str, str] = {}
        for name, each in self._loaded.items():
            source = "" if each.unreadable else self._source(each.path, candidates)
            path = f"{self.folder}/{name}"
            if source and os.path.isdir(source):
                places.update({f"{path}_{entry}": os.path.join(source, entry) for entry in sorted(os.listdir(source))})
            elif source:
                places[path] = source
        return places

    def values(self) -> dict[str, bytes]:
        """Of the path of each credential whose value is in the unit, that value."""
        return {f"{self.folder}/{name}": each.value for name, each in self._set.items() if each.value is not None and name not in self._loaded}

    def why_unread(self, path: str) -> str:
        """Why a credential cannot be read here, as an ending of "cannot be read here: ..."."""
        name = (self._inside(path) or "").split("/")[0]
        each = self._loaded.get(name) or self._set.get(name)
        if each is None:
            return "systemd makes it when the service starts"
        if each.unreadable:
            return f"{each.unreadable} ({each.setting}=)"
        source = f" from {each.path}" if each.path else ""
        readable = not each.path or os.access(each.path, os.R_OK)
        return f"systemd makes it{source} when the service starts" + ("" if readable else ", and that is not readable here")

    def _inside(self, path: str) -> str | None:
        plain = os.path.normpath(path)
        if not self.folder or not (plain == self.folder or plain.startswith(f"{self.folder}/")):
            return None
        return plain[len(self.folder) + 1 :]

    def _in_folder(self, name: str, inside: str) -> bool:
        return inside.startswith(f"{name}_")

    @staticmethod
    def _source(path: str, candidates: Mapping[str, str]) -> str:
        """The file that contains a credential; empty for none."""
        if path.startswith("/"):
            place = candidates.get(os.path.normpath(path))
            places = [path if place is None else place]
        else:
            places = [f"{store}/{path}" for store in _STORES]
        return next((each for each in places if each and (os.path.isfile(each) or os.path.isdir(each)) and os.access(each, os.R_OK)), "")
