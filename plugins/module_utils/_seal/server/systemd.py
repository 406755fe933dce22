# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd starts a service: command, environment, user and working directory, from its unit, drop-ins and environment files.

Files are read, because the answer has to be the same before the service was ever started, and on a host without systemd. What systemd
leaves out is left out, as it is not in the service's environment either; what cannot be told is ``Service.unknown``, ``Service.unclear`` or an error.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import SettingError
from ..sourced import Sourced
from .service_start import Start, started
from .staged_files import Candidates
from .systemd_command import Command, InvalidCommand, parse_commands
from .systemd_credentials import SETTINGS, Credentials
from .systemd_environment import (
    content_of,
    given,
    is_absent,
    malformed_unit,
    matching,
    parse_environment_file,
    read_environment_file,
    systemd_release,
)
from .systemd_specifiers import Specifiers
from .systemd_syntax import InvalidUnit, UnitLine, command_words, is_name, is_text, split_words, unit_lines
from .systemd_unit_files import UNIT_DIRECTORIES, UnitFiles, manager_files, unit_files
from .systemd_view import SETTINGS as VIEW_SETTINGS
from .systemd_view import View, is_true, view_of

__all__ = ("UNIT_DIRECTORIES", "Service", "given", "home_of", "parse_environment_file", "read_environment_file", "read_unit", "start_of", "systemd_release")

_FOLDERS = {
    "RuntimeDirectory": ("RUNTIME_DIRECTORY", "/run"), "StateDirectory": ("STATE_DIRECTORY", "/var/lib"), "CacheDirectory": ("CACHE_DIRECTORY", "/var/cache"),
    "LogsDirectory": ("LOGS_DIRECTORY", "/var/log"), "ConfigurationDirectory": ("CONFIGURATION_DIRECTORY", "/etc"),
}
_OTHER_ROOT = ("RootDirectory", "RootImage")


@dataclass
class Service:
    """What is known of a service. Variables have their sources; ``user`` and ``group`` are empty where the unit names none, and it adds ``groups``."""

    environment: dict[str, Sourced] = field(default_factory=dict)
    user: str = ""
    group: str = ""
    groups: list[str] = field(default_factory=list)
    executable: str = ""
    config: list[str] = field(default_factory=list)
    """The paths that its command gives the server, absolute; none where ``unclear`` says why they cannot be told."""
    files: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    """Variables that the service may have with a value that cannot be told, each with its source."""
    name: str = ""
    """As systemd knows it, with its type; empty where there is no unit."""
    directory: str = "/"
    """The working directory; empty where it cannot be told."""
    commands: list[Command] = field(default_factory=list, repr=False)
    implied: dict[str, str] = field(default_factory=dict)
    """Variables that systemd sets by itself and that a command may have."""
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    untold: str = ""
    """Why the commands cannot be told; empty where they can."""
    unclear: str = ""
    """Why ``config`` cannot be told; empty where it can."""
    home_of: str = ""
    """The user whose home the service has, where that is another than ``user``."""
    view: View = field(default_factory=View)


def read_unit(name: str, directories: Sequence[str] = UNIT_DIRECTORIES, candidates: Candidates | None = None) -> Service:
    """The content of the unit and its drop-ins.

    :raises SettingError: there is no such unit (``unit_not_found``), systemd does not load it (``malformed_unit``), or a file of its cannot be read.
    """
    files = unit_files(name, directories)
    unit = _Unit(files.name, files)
    for path in manager_files(directories):
        unit.read_manager(path)
    for path in [files.path, *files.drop_ins]:
        unit.read(path)
    service = unit.service(candidates or {})
    start = start_of(service)
    service.config, service.unclear = start.config, start.unclear
    return service


def start_of(service: Service, environment: dict[str, Sourced] | None = None) -> Start:
    """The arguments of the service's command, with its own environment or another one."""
    variables = {**service.implied, **{name: each.value for name, each in (service.environment if environment is None else environment).items()}}
    if service.untold:
        return Start(unclear=f"What the unit {service.name} starts is not clear: {service.untold}")
    return started(service.name, service.commands, variables, service.unknown, service.directory)


class _Unit:
    """The combined content of a unit and its drop-ins."""

    def __init__(self, name: str, files: UnitFiles | None = None) -> None:
        self._service = Service(name=name, credentials=Credentials(name))
        self._specifiers = Specifiers(name, files.path if files else "")
        self._defaults: dict[str, Sourced] = {}
        self._variables: dict[str, Sourced] = {}
        self._unknown: dict[str, str] = {}
        self._environment_files: list[bytes] = []
        self._passed: dict[str, str] = {}
        self._unset: list[bytes] = []
        self._commands: list[tuple[bytes, str]] = []
        self._settings: dict[str, tuple[bytes, str]] = {}
        self._view: dict[str, list[bytes]] = {}

    def read(self, path: str) -> None:
        self._service.files.append(path)
        for line in _lines(path):
            if line.section == "Service":
                self._take(line, f"{path}, line {line.line}")

    def read_manager(self, path: str) -> None:
        """The environment that the service manager gives all services."""
        lines = [line for line in _lines(path) if line.section == "Manager" and line.key == "DefaultEnvironment"]
        self._variables = self._defaults
        for line in lines:
            self._assign(line.value, f"{path}, line {line.line}")
        self._defaults, self._variables = self._variables, {}
        if lines:
            self._service.files.append(path)

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
                raise malformed_unit(source, "a specifier of UnsetEnvironment= cannot be told here")
            if not line.value:
                self._unset = []
            self._unset.extend(word for word in words if word)
        elif line.key == "User":
            user = self._specifiers.resolve(line.value)
            if user is None:
                raise malformed_unit(source, "a specifier of User= cannot be told here")
            self._service.user = user.decode()
        elif line.key in ("Group", "SupplementaryGroups"):
            self._take_groups(line, source)
        elif line.key == "ExecStart":
            if command_words(line.value) is None:
                raise malformed_unit(source, "the quotes of ExecStart= are unbalanced")
            if line.value:
                self._commands.append((line.value, source))
            else:
                self._commands = []
        elif line.key in SETTINGS:
            self._service.credentials.take(line.key, line.value, self._specifiers)
        else:
            self._settings[line.key] = (line.value, source)
            if line.key in VIEW_SETTINGS:
                self._view.setdefault(line.key, []).append(line.value)

    def _take_groups(self, line: UnitLine, source: str) -> None:
        names = [self._specifiers.resolve(word) for word in split_words(line.value).words]
        if None in names:
            raise malformed_unit(source, f"a specifier of {line.key}= cannot be told here")
        groups = [os.fsdecode(name) for name in names if name]
        if line.key == "Group":
            self._service.group = " ".join(groups)
        else:
            self._service.groups = [*self._service.groups, *groups] if groups else []

    def _assign(self, value: bytes, source: str) -> None:
        if not value:
            self._variables, self._unknown = {}, {}
        for word in split_words(value).words:
            resolved = self._specifiers.resolve(word)
            name, sign, content = (word if resolved is None else resolved).partition(b"=")
            if resolved is None and b"%" in name:
                raise malformed_unit(source, "the name of a variable has a specifier that cannot be told here")
            if not sign or not is_name(name) or not is_text(content):
                continue  # systemd leaves it out too
            if resolved is None:
                self._variables.pop(name.decode(), None)
                self._unknown[name.decode()] = source
            else:
                self._unknown.pop(name.decode(), None)
                self._variables[name.decode()] = Sourced(content.decode(), source)

    def service(self, candidates: Candidates) -> Service:
        """The whole, with the environment files, which win over the unit."""
        variables = {**{name: each for name, each in self._defaults.items() if name not in {**self._passed, **self._unknown}}, **self._variables}
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
        self._imply()
        self._command()
        return self._service

    def _imply(self) -> None:
        """The variables that systemd sets, and the working directory."""
        service = self._service
        if service.credentials:
            service.implied["CREDENTIALS_DIRECTORY"] = service.credentials.folder
        for key, (variable, base) in _FOLDERS.items():
            value = self._specifiers.resolve(self._settings.get(key, (b"", ""))[0])
            if value:
                names = [word.decode("utf-8", "surrogateescape").partition(":")[0] for word in split_words(value).words]
                service.implied[variable] = ":".join(f"{base}/{name}" for name in names)
            elif value is None:
                service.unknown.setdefault(variable, self._settings[key][1])
        service.view = view_of(self._view)
        if is_true(self._settings.get("DynamicUser", (b"", ""))[0]) and not service.user:
            service.user = service.name.rpartition(".")[0].partition("@")[0]
        if service.user:
            service.implied.update({"USER": service.user, "LOGNAME": service.user})
            home = home_of(service.user)
            if home:
                service.implied["HOME"] = home
        directory = self._specifiers.resolve(self._settings.get("WorkingDirectory", (b"", ""))[0])
        path = os.fsdecode((directory or b"").removeprefix(b"-"))
        if path == "~":
            path = home_of(service.user or "root") or "~"
        unknown = directory is None or path == "~" or (not path and self._specifiers.of_user)
        service.directory = "" if unknown else os.path.normpath(path) if path.startswith("/") else "/"

    def _command(self) -> None:
        """The commands, and the program and the user of the first."""
        service = self._service
        root = next((key for key in _OTHER_ROOT if self._settings.get(key, (b"", ""))[0]), "")
        if root:
            service.untold = f"{root}= gives the service another root of the file system, and paths in it cannot be told"
        try:
            for value, source in self._commands:
                service.commands.extend(parse_commands(value, self._specifiers, source))
        except InvalidCommand as error:
            service.commands, service.untold = [], str(error)
        if service.commands:
            service.executable = service.commands[0].executable
            if service.commands[0].privileged and service.user:
                service.user, service.home_of = "root", service.user
                service.group, service.groups = "", []

    def _files(self, candidates: Candidates) -> list[tuple[str, bool]]:
        """Path of each environment file in order, and whether the service starts without it."""
        files: list[tuple[str, bool]] = []
        for value in self._environment_files:
            resolved = self._specifiers.resolve(value)
            if resolved is None:
                raise malformed_unit(value.decode(), "a specifier of EnvironmentFile= cannot be told here")
            optional = resolved.startswith(b"-")
            pattern = resolved[optional:].decode("utf-8", "surrogateescape")
            if not pattern.startswith("/"):
                continue  # systemd ignores paths that are not absolute, and quoted ones
            paths = matching(pattern, candidates)
            files.extend((path, optional) for path in paths or ([] if optional and is_absent(pattern, candidates) else [pattern]))
        return files


def home_of(user: str) -> str:
    """The home folder of a user, who may be given by number; empty if the user does not exist."""
    try:
        return (pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)).pw_dir
    except (KeyError, ValueError, OverflowError):
        return ""


def _lines(path: str) -> list[UnitLine]:
    try:
        return list(unit_lines(content_of(path, {})))
    except InvalidUnit as error:
        raise malformed_unit(path, str(error)) from None
