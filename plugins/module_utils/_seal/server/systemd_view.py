# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of the host a service does not see, or sees others in their places: systemd.exec(5), "Sandboxing" and "Paths"."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .systemd_syntax import split_words

SETTINGS = frozenset(
    ("ProtectHome", "PrivateTmp", "InaccessiblePaths", "InaccessibleDirectories", "TemporaryFileSystem", "BindPaths", "BindReadOnlyPaths", "DynamicUser")
)
_TRUE = (b"1", b"yes", b"y", b"true", b"t", b"on")
_HOMES = ("/home", "/root", "/run/user")


def is_true(value: bytes) -> bool:
    """Whether systemd takes it for a boolean that is true."""
    return value.lower() in _TRUE


@dataclass(frozen=True)
class View:
    """Of each folder or file of the host that the service does not have, the setting that takes it away."""

    hidden: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)
    """Where the service has something else in the same place."""

    def hides(self, path: str) -> str:
        """The setting that removes a file from the view; empty for none."""
        return _of(self.hidden, path)

    def replaces(self, path: str) -> str:
        """The setting that replaces a file in the view; empty for none."""
        return _of(self.other, path)


def view_of(settings: Mapping[str, Sequence[bytes]]) -> View:
    """The paths that the lines of a unit hide, each setting with its values in order."""
    settings = {name: _since_reset(values) for name, values in settings.items()}
    last = {name: values[-1] for name, values in settings.items() if values}
    hidden: dict[str, str] = {}
    other: dict[str, str] = {}
    home = last.get("ProtectHome", b"").lower()
    if is_true(home) or home == b"tmpfs":
        hidden.update(dict.fromkeys(_HOMES, f"ProtectHome={home.decode()}"))
    if is_true(last.get("PrivateTmp", b"")) or is_true(last.get("DynamicUser", b"")):
        other.update(dict.fromkeys(("/tmp", "/var/tmp"), "PrivateTmp=" if "PrivateTmp" in last else "DynamicUser="))
    for name in ("InaccessiblePaths", "InaccessibleDirectories", "TemporaryFileSystem"):
        for path in _words(settings.get(name, ())):
            hidden[os.path.normpath(path.partition(":")[0].lstrip("-+"))] = f"{name}="
    for name in ("BindPaths", "BindReadOnlyPaths"):
        for path in _words(settings.get(name, ())):
            source, _sign, rest = path.lstrip("-").partition(":")
            place = os.path.normpath(rest.partition(":")[0] or source)
            if place == os.path.normpath(source):
                hidden[place] = ""
                other[place] = ""
            else:
                other[place] = f"{name}="
    return View(hidden, other)


def _since_reset(values: Sequence[bytes]) -> Sequence[bytes]:
    """The values after the last empty one, which takes back those before it."""
    empty = [index for index, value in enumerate(values) if not value]
    return values[empty[-1] + 1 :] if empty else values


def _words(values: Sequence[bytes]) -> list[str]:
    return [word.decode("utf-8", "surrogateescape") for value in values for word in split_words(value).words]


def _of(folders: Mapping[str, str], path: str) -> str:
    """The setting of the innermost folder that contains a path."""
    plain = os.path.normpath(path)
    inside = [folder for folder in folders if plain == folder or plain.startswith(f"{folder.rstrip('/')}/")]
    return folders[max(inside, key=len)] if inside else ""
