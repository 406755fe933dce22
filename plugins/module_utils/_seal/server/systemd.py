# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment that systemd gives a service: what its unit, drop-ins and environment files say.

Files are read, because the answer has to be the same before the service was ever started, and on a host without systemd. What systemd
leaves out is left out, as it is not in the service's environment either; what cannot be told is ``Service.unknown`` or an error.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import SettingError
from ..sourced import Sourced
from .staged_files import Candidates, exists, read
from .systemd_specifiers import Specifiers
from .systemd_syntax import InvalidFile, InvalidUnit, UnitLine, environment_file, is_name, is_text, split_words, unit_lines

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Where systemd looks for units, what wins first: systemd.unit(5)."""

_LIBRARIES = ("/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/usr/lib/*/systemd")
_COMMENTS_END = 254  # the first release of systemd whose environment files have no comments of several lines
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
    unknown: dict[str, str] = field(default_factory=dict)
    """Variables that the service may have with a value that cannot be told, each with its source."""


def given(variables: Mapping[str, str], source: str) -> dict[str, Sourced]:
    """Variables that all come from one place."""
    return {name: Sourced(value, f"{source} {name}") for name, value in variables.items()}


def read_environment_file(path: str, candidates: Candidates | None = None) -> dict[str, Sourced]:
    """The variables of one environment file.

    :raises SettingError: it cannot be read (``file_error``), or systemd refuses it (``malformed_environment``), or what it
        makes of it cannot be told (``unclear_environment``).
    """
    return {name: Sourced(value, f"{path}, line {line}") for name, value, line in parse_environment_file(_content(path, candidates or {}), path)}


def parse_environment_file(content: bytes, path: str, release: int | None = None) -> list[tuple[str, str, int]]:
    """Name, value and line of each variable. ``release`` is that of systemd; where it counts and is not given, it is looked up on this host."""
    reading, other = (_reading(content, comments_continue) for comments_continue in (True, False))
    if reading != other:
        release = release or systemd_release()
        if not release:
            raise SettingError(
                f"{path} has a comment that ends with a backslash. Whether the next line belongs to it depends on systemd's release, which is unknown.",
                reason="unclear_environment", remedy="Take the backslash off.",
            )
        reading = reading if release < _COMMENTS_END else other
    if isinstance(reading, str):
        raise SettingError(
            f"systemd refuses the environment file {path}: {reading}.", reason="malformed_environment",
            remedy="Correct the file; the service gets none of its variables.",
        )
    return [(name.decode(), value.decode(), line) for name, value, line in reading]


def _reading(content: bytes, comments_continue: bool) -> list[tuple[bytes, bytes, int]] | str:
    """The assignments, or why systemd refuses the file."""
    try:
        return environment_file(content, comments_continue)
    except InvalidFile as error:
        return str(error)


def systemd_release() -> int | None:
    """The release of systemd that is installed; None where there is none, or several."""
    names = [os.path.basename(path) for folder in _LIBRARIES for path in glob.glob(f"{folder}/libsystemd-shared-*.so")]
    found = {match.group(1) for match in (re.match(r"libsystemd-shared-([0-9]{1,4})[.-]", name) for name in names) if match}
    return int(found.pop()) if len(found) == 1 else None


def read_unit(name: str, directories: Sequence[str] = UNIT_DIRECTORIES, candidates: Candidates | None = None) -> Service:
    """What the unit and its drop-ins say.

    :raises SettingError: there is no such unit (``unit_not_found``), systemd does not load it (``malformed_unit``), or a file of its cannot be read.
    """
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
    unit = _Unit(name)
    for path in [found, *_drop_ins(directories, names)]:
        unit.read(path)
    return unit.service(candidates or {})


class _Unit:
    """What the lines of a unit and its drop-ins add up to."""

    def __init__(self, name: str) -> None:
        self._service = Service()
        self._specifiers = Specifiers(name)
        self._variables: dict[str, Sourced] = {}
        self._unknown: dict[str, str] = {}
        self._environment_files: list[bytes] = []
        self._passed: dict[str, str] = {}
        self._unset: list[bytes] = []

    def read(self, path: str) -> None:
        self._service.files.append(path)
        try:
            lines = list(unit_lines(_content(path, {})))
        except InvalidUnit as error:
            raise _malformed(path, str(error)) from None
        for line in lines:
            if line.section == "Service":
                self._take(line, f"{path}, line {line.line}")

    def _take(self, line: UnitLine, source: str) -> None:
        if line.key == "Environment":
            self._assign(line.value, source)
        elif line.key == "EnvironmentFile":
            if line.value:
                self._environment_files.append(line.value)
            else:
                self._environment_files = []
        elif line.key == "PassEnvironment":
            names = [word.decode() for word in split_words(line.value).words if is_name(word)]
            if not line.value:
                self._passed = {}
            self._passed.update(dict.fromkeys(names, source))
        elif line.key == "UnsetEnvironment":
            words = [self._specifiers.resolve(word) for word in split_words(line.value).words]
            if None in words:
                raise _malformed(source, "a specifier of UnsetEnvironment= cannot be told here")
            if not line.value:
                self._unset = []
            self._unset.extend(word for word in words if word)
        elif line.key == "User":
            user = self._specifiers.resolve(line.value)
            if user is None:
                raise _malformed(source, "a specifier of User= cannot be told here")
            self._service.user = user.decode()
        elif line.key == "ExecStart":
            self._command(line.value, source)

    def _assign(self, value: bytes, source: str) -> None:
        if not value:
            self._variables, self._unknown = {}, {}
        for word in split_words(value).words:
            resolved = self._specifiers.resolve(word)
            name, sign, content = (word if resolved is None else resolved).partition(b"=")
            if resolved is None and b"%" in name:
                raise _malformed(source, "the name of a variable has a specifier that cannot be told here")
            if not sign or not is_name(name) or not is_text(content):
                continue  # systemd leaves it out too
            if resolved is None:
                self._variables.pop(name.decode(), None)
                self._unknown[name.decode()] = source
            else:
                self._unknown.pop(name.decode(), None)
                self._variables[name.decode()] = Sourced(content.decode(), source)

    def _command(self, value: bytes, source: str) -> None:
        """Keep the executable and what its options ``-config`` name."""
        split = split_words(value.lstrip(b"@-:+!|"), relaxed=True)
        if not split.whole:
            raise _malformed(source, "the quotes of ExecStart= are unbalanced")
        words = [(self._specifiers.resolve(word) or word).decode("utf-8", "surrogateescape") for word in split.words]
        self._service.executable = words[0] if words else ""
        self._service.config = []
        for index, word in enumerate(words):
            option = _CONFIG_OPTION.match(word)
            if option and option.group(1) is not None:
                self._service.config.append(option.group(1))
            elif option and index + 1 < len(words):
                self._service.config.append(words[index + 1])

    def service(self, candidates: Candidates) -> Service:
        """The whole, with the environment files, which win over the unit."""
        variables = dict(self._variables)
        unknown = {name: source for name, source in {**self._passed, **self._unknown}.items() if name not in variables}
        for path, optional in self._files(candidates):
            self._service.files.append(path)
            try:
                more = read_environment_file(path, candidates)
            except SettingError as error:
                if optional and error.reason == "malformed_environment":
                    continue  # the service starts without it
                raise
            variables.update(more)
            unknown = {name: source for name, source in unknown.items() if name not in more}
        for entry in self._unset:
            name, sign, value = entry.decode("utf-8", "surrogateescape").partition("=")
            if not sign or (name in variables and variables[name].value == value):
                variables.pop(name, None)
                unknown.pop(name, None)
        self._service.environment, self._service.unknown = variables, unknown
        return self._service

    def _files(self, candidates: Candidates) -> list[tuple[str, bool]]:
        """Path of each environment file in order, and whether the service starts without it."""
        found: list[tuple[str, bool]] = []
        for value in self._environment_files:
            resolved = self._specifiers.resolve(value)
            if resolved is None:
                raise _malformed(value.decode(), "a specifier of EnvironmentFile= cannot be told here")
            optional = resolved.startswith(b"-")
            pattern = resolved[optional:].decode("utf-8", "surrogateescape")
            if not pattern.startswith("/"):
                continue  # systemd leaves out what is no absolute path, a quoted one too
            paths = _matching(pattern, candidates)
            found.extend((path, optional) for path in paths or ([] if optional and _is_absent(pattern, candidates) else [pattern]))
        return found


def _matching(pattern: str, candidates: Candidates) -> list[str]:
    """What glob(3) finds, in order, once the candidates are in place."""
    if "\\" in pattern or "[^" in pattern or "[[" in pattern:
        raise _malformed(pattern, "a pattern of EnvironmentFile= has a backslash or a class, which cannot be told here")
    here = {path for path in glob.glob(pattern) if exists(path, candidates)}
    folder = os.path.dirname(pattern)
    new = {path for path, place in candidates.items() if place and os.path.dirname(path) == os.path.normpath(folder)}
    return sorted(here | {path for path in new if fnmatch.fnmatchcase(os.path.basename(path), os.path.basename(pattern))})


def _is_absent(pattern: str, candidates: Candidates) -> bool:
    """Whether no file is there. False too where that cannot be seen: systemd sees as root."""
    folder = os.path.dirname(pattern)
    try:
        if os.path.normpath(pattern) not in candidates:
            os.listdir(folder) if glob.has_magic(pattern) else os.stat(pattern)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return glob.has_magic(pattern) or not exists(pattern, candidates)


def _in(directories: Sequence[str], name: str) -> list[str]:
    return [path for path in (os.path.join(directory, name) for directory in directories) if os.path.isfile(path)]


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


def _content(path: str, candidates: Candidates) -> bytes:
    content = read(path, candidates, _MAX_FILE)
    if len(content) > _MAX_FILE:
        raise _malformed(path, f"it has more than {_MAX_FILE // 1024 // 1024} MiB")
    return content


def _malformed(path: str, what: str) -> SettingError:
    return SettingError(f"{path}: {what}.", reason="malformed_unit", remedy="Correct it; what the service gets cannot be told otherwise.")
