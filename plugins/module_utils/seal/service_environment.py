# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment that systemd gives a service: what its unit, drop-ins and environment files say.

The syntax is that of systemd.exec(5) and of ``src/basic/env-file.c``. Files are read, because the answer has to be the same before
the service was ever started, and on a host without systemd.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .connection import Sourced
from .errors import SettingError
from .host_files import Candidates, exists, read

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Where systemd looks for units, what wins first: systemd.unit(5)."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SPACES = " \t\r"
_MAX_FILE = 4 * 1024 * 1024
_CONFIG_OPTION = re.compile(r"--?config(?:=(.*))?\Z", re.DOTALL)


@dataclass
class Service:
    """What is known of a service. Variables have their sources; ``user`` is empty where the unit names none."""

    environment: dict[str, Sourced] = field(default_factory=dict)
    user: str = ""
    executable: str = ""
    config: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def given(variables: Mapping[str, str], source: str) -> dict[str, Sourced]:
    """Variables that all come from one place."""
    return {name: Sourced(value, f"{source} {name}") for name, value in variables.items()}


def read_environment_file(path: str, candidates: Candidates | None = None) -> dict[str, Sourced]:
    """The variables of one environment file; raises :class:`SettingError` (``file_error``) where it cannot be read."""
    text = _text(path, candidates or {})
    return {name: Sourced(value, f"{path}, line {line}") for name, value, line in parse_environment_file(text)}


def read_unit(name: str, directories: Sequence[str] = UNIT_DIRECTORIES, candidates: Candidates | None = None) -> Service:
    """What the unit and its drop-ins say; raises :class:`SettingError` (``not_found``) where there is no such unit."""
    name = name if "." in name else f"{name}.service"
    template = re.sub(r"@[^.]*\.", "@.", name)
    names = list(dict.fromkeys([name, template]))
    found = next((path for each in names for path in _in(directories, each)), "")
    if not found:
        raise SettingError(
            f"There is no unit {name} in {', '.join(directories)}.",
            reason="unit_not_found",
            remedy="Check the unit's name, or leave it out where the server is not installed yet.",
        )
    service = Service()
    variables: dict[str, Sourced] = {}
    environment_files: list[str] = []
    unset: list[str] = []
    for path in [found, *_drop_ins(directories, [*names, "service"])]:
        service.files.append(path)
        for line, key, value in _service_section(_text(path, {})):
            if key == "Environment":
                variables = {**variables, **_assigned(value, f"{path}, line {line}")} if value else {}
            elif key == "EnvironmentFile":
                environment_files = [*environment_files, value] if value else []
            elif key == "UnsetEnvironment":
                unset = [*unset, *value.split()] if value else []
            elif key == "User":
                service.user = value
            elif key == "ExecStart":
                service.executable, service.config = _command(value)
    for value in environment_files:
        optional, pattern = value.startswith("-"), value.lstrip("-")
        paths = sorted(glob.glob(pattern)) or ([] if optional and not exists(pattern, candidates or {}) else [pattern])
        for path in paths:
            service.files.append(path)
            variables.update(read_environment_file(path, candidates))
    service.environment = {name: value for name, value in variables.items() if name not in unset}
    return service


def parse_environment_file(text: str) -> Iterator[tuple[str, str, int]]:
    """Name, value and line of each variable, as systemd reads them: no ``export``, no ``$``, quotes at the value's beginning only."""
    at, line, length = 0, 1, len(text)
    while at < length:
        begin = line
        end = text.find("\n", at)
        end = length if end < 0 else end
        head = text[at:end]
        if not head.strip() or head.lstrip()[0] in "#;" or "=" not in head:
            at, line = end + 1, line + 1
            continue
        name = head.split("=", 1)[0].strip()
        value, stop = _value(text, at + head.index("=") + 1)
        line += text.count("\n", at, stop)
        at = stop
        if _VARIABLE.match(name):
            yield name, value, begin


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at a place, and the place after its line."""
    said = ""
    while at < len(text) and text[at] in _SPACES:
        at += 1
    while at < len(text) and text[at] in "'\"":
        quote, at = text[at], at + 1
        while at < len(text) and text[at] != quote:
            if quote == '"' and text[at] == "\\" and at + 1 < len(text):
                escaped = text[at + 1]
                said += "" if escaped == "\n" else escaped if escaped in '"\\`$' else "\\" + escaped
                at += 2
            else:
                said += text[at]
                at += 1
        at += 1
        while at < len(text) and text[at] in _SPACES:
            at += 1
    kept = len(said)  # spaces at the end go, unless quoted or escaped
    while at < len(text) and text[at] != "\n":
        if text[at] == "\\" and at + 1 < len(text):
            said += "" if text[at + 1] == "\n" else text[at + 1]
            kept = len(said)
            at += 2
        else:
            said += text[at]
            at += 1
    return said[:kept] + said[kept:].rstrip(), at + 1


def _in(directories: Sequence[str], name: str) -> list[str]:
    return [path for path in (os.path.join(directory, name) for directory in directories) if os.path.isfile(path)]


def _drop_ins(directories: Sequence[str], names: Sequence[str]) -> list[str]:
    """Drop-ins in the order of their names; of one name, that of the first folder counts, and a link to /dev/null hides it."""
    chosen: dict[str, str] = {}
    for directory in directories:
        for name in names:
            for path in sorted(glob.glob(os.path.join(glob.escape(directory), f"{glob.escape(name)}.d", "*.conf"))):
                chosen.setdefault(os.path.basename(path), path)
    return [chosen[name] for name in sorted(chosen) if os.path.realpath(chosen[name]) != os.devnull]


def _service_section(text: str) -> Iterator[tuple[int, str, str]]:
    section, begin, held = "", 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped[:1] in ("#", ";"):
            continue  # also within a line that is continued
        if not held:
            begin = number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        whole, held = (held + line).strip(), ""
        if whole.startswith("["):
            section = whole
        elif section == "[Service]" and "=" in whole:
            key, value = whole.split("=", 1)
            yield begin, key.strip(), value.strip()


def _assigned(value: str, source: str) -> dict[str, Sourced]:
    found = {}
    for word in _words(value):
        name, sign, content = word.partition("=")
        if sign and _VARIABLE.match(name):
            found[name] = Sourced(content.replace("%%", "%"), source)
    return found


def _command(value: str) -> tuple[str, list[str]]:
    """The executable and what its options ``-config`` name."""
    words = _words(value.lstrip("@-:+!|"))
    config: list[str] = []
    for index, word in enumerate(words):
        option = _CONFIG_OPTION.match(word)
        if option and option.group(1) is not None:
            config.append(option.group(1))
        elif option and index + 1 < len(words):
            config.append(words[index + 1])
    return (words[0] if words else ""), config


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return []


def _text(path: str, candidates: Candidates) -> str:
    # With the line breaks of text files; a byte that is no UTF-8 is kept.
    content = read(path, candidates, _MAX_FILE)[:_MAX_FILE]
    return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
