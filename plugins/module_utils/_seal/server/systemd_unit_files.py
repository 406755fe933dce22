# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files make up a unit: its own, by name, alias or template, and its drop-ins. Source: systemd.unit(5)."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import SettingError

UNIT_DIRECTORIES = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""The directories of units in order of precedence."""
_MOST_ALIASES = 8


class UnitFiles(NamedTuple):
    """The name by which systemd knows a unit, its own file, and its drop-ins in the order in which they count."""

    name: str
    path: str
    drop_ins: list[str]


def unit_files(name: str, directories: Sequence[str]) -> UnitFiles:
    """The files of a unit, whose name may lack its type; raises :class:`SettingError` if it cannot be started."""
    name = name if "." in name else f"{name}.service"
    if re.match(r"[^@]*@\.", name):
        raise SettingError(
            f"{name} is a template of units, and what it starts depends on the instance.",
            reason="unit_not_found", remedy=f"Name an instance, such as {name.replace('@.', '@one.', 1)}.",
        )
    names = [name, *_template(name)]
    path = _first(directories, names)
    for _turn in range(_MOST_ALIASES):
        other = _alias(path, directories)
        if not other:
            break
        # The alias of an instance may be a template, whose instance is then the same.
        name = other.replace("@.", f"@{name.partition('@')[2].rpartition('.')[0]}.", 1) if "@." in other else other
        names = list(dict.fromkeys([name, *_template(name), *names]))
        path = _first(directories, [name, *_template(name)])
    return UnitFiles(name, path, _drop_ins(directories, names))


def manager_files(directories: Sequence[str]) -> list[str]:
    """The files of the service manager's own configuration, in the order in which they count: systemd-system.conf(5)."""
    folders = list(dict.fromkeys(os.path.dirname(directory) for directory in directories if os.path.basename(directory) == "system"))
    main = [path for path in (os.path.join(folder, "system.conf") for folder in folders) if os.path.isfile(path)][:1]
    chosen: dict[str, str] = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "system.conf.d", "*.conf"))):
            chosen.setdefault(os.path.basename(path), path)
    return [*main, *(chosen[name] for name in sorted(chosen) if os.path.realpath(chosen[name]) != os.devnull)]


def _template(name: str) -> list[str]:
    template = re.sub(r"@[^.]*(?:\.[^.]*)*(?=\.[a-z]+\Z)", "@", name)
    return [template] if template != name else []


def _first(directories: Sequence[str], names: Sequence[str]) -> str:
    """The first file of a unit by one of its names; raises :class:`SettingError` if it does not exist or is masked."""
    for name in names:
        for directory in directories:
            path = os.path.join(directory, name)
            if os.path.realpath(path) == os.devnull:
                raise SettingError(
                    f"The unit {name} is masked ({path}), and systemd does not start it.", reason="unit_masked",
                    remedy=f"Unmask it (systemctl unmask {name}), or name another unit.",
                )
            if os.path.isfile(path):
                return path
    raise SettingError(
        f"There is no unit {names[0]} in {', '.join(directories)}.",
        reason="unit_not_found",
        remedy="Check the unit's name, or leave it out where the server is not installed yet.",
    )


def _alias(path: str, directories: Sequence[str]) -> str:
    """The name of the unit that a link refers to; empty if it is not an alias, such as a link to a file outside the unit directories."""
    if not os.path.islink(path):
        return ""
    target = os.path.join(os.path.dirname(path), os.readlink(path))
    name = os.path.basename(target)
    folders = {os.path.realpath(directory) for directory in directories}
    inside = os.path.realpath(os.path.dirname(target)) in folders
    return name if inside and name != os.path.basename(path) else ""


def _drop_ins(directories: Sequence[str], names: Sequence[str]) -> list[str]:
    """Drop-ins in the order of their names; of one name, that of the first folder counts, and a link to /dev/null hides it."""
    whole, _dot, kind = names[0].rpartition(".")
    prefix, at, instance = whole.partition("@")
    parts = prefix.split("-")
    shorter = ["-".join(parts[:count]) + "-" for count in range(len(parts) - 1, 0, -1)]  # of a-b@c.service: a-, a-@c and a-@
    endings = [f".{kind}", f"{at}{instance}.{kind}", f"{at}.{kind}"] if at else [f".{kind}"]
    names = [*names, *(each + ending for each in shorter for ending in endings)]
    places = [(directory, name) for directory in directories for name in names]
    chosen: dict[str, str] = {}
    for directory, name in [*places, *((directory, kind) for directory in directories)]:
        for path in sorted(glob.glob(os.path.join(glob.escape(directory), f"{glob.escape(name)}.d", "*.conf"))):
            chosen.setdefault(os.path.basename(path), path)
    return [chosen[name] for name in sorted(chosen) if os.path.realpath(chosen[name]) != os.devnull]
