# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration in a service's command, or why it cannot be determined."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import SettingError
from .products import OPENBAO
from .server_arguments import CONFIG_VARIABLES, UnclearCommand, config_of_variables, product_of, server_arguments
from .systemd_command import Command, InvalidCommand, expand


@dataclass(frozen=True)
class Start:
    """The arguments of the server: absolute paths, or why they are unknown; and whether it is a development server."""

    config: list[str] = field(default_factory=list)
    unclear: str = ""
    development: bool = False


def started(unit: str, commands: Sequence[Command], variables: Mapping[str, str], unknown: Container[str], directory: str) -> Start:
    """The result of the commands of a unit.

    :param variables: the whole environment of the service, with those that systemd sets.
    :param unknown: variables that may have an unknown value.
    :param directory: the working directory; empty if unknown.
    """
    if not commands:
        return Start(unclear=f"The unit {unit} has no ExecStart=, or it is empty")
    if len(commands) > 1:
        return Start(unclear=f"The unit {unit} has several commands in ExecStart=, and which of them is the server cannot be told")
    command = commands[0]
    unset: list[str] = []
    try:
        arguments = server_arguments(command.executable, expand(command, variables, unknown, unset))
        paths = [*_of_variables(command, variables, unknown), *arguments.config]
    except (InvalidCommand, UnclearCommand) as error:
        return Start(unclear=f"What the unit {unit} starts is not clear ({command.source}): {error}")
    if unset and ("" in paths or not paths):
        return Start(unclear=_unset(unit, command, unset))
    if "" in paths:
        return Start(unclear=f"The unit {unit} names an empty path as the configuration ({command.source}), with which the server does not start")
    if not directory and not all(path.startswith("/") for path in paths):
        return Start(unclear=f"The unit {unit} starts the server with a relative path, and its working directory cannot be told")
    return Start([os.path.join(directory, path) for path in paths], development=arguments.development)


def unclear_unit(why: str) -> SettingError:
    """The error for a unit whose server arguments cannot be determined."""
    return SettingError(f"{why}.", reason="unclear_unit", remedy="Name the file or folder in the unit itself, or give it in the option config.")


def _of_variables(command: Command, variables: Mapping[str, str], unknown: Container[str]) -> list[str]:
    if product_of(command.executable) != OPENBAO:
        return []
    for name in CONFIG_VARIABLES:
        if name in variables:
            break
        if name in unknown:
            raise InvalidCommand(f"the value of the variable {name}, which OpenBao reads, cannot be told")
    return config_of_variables(variables)


def _unset(unit: str, command: Command, unset: Sequence[str]) -> str:
    arguments = [os.fsdecode(word) for word in command.arguments]
    with_variable = [word for word in arguments if any(word == f"${name}" or f"${{{name}}}" in word for name in unset)]
    names = " and ".join(dict.fromkeys(unset))
    return f"The unit {unit} starts the server with {' and '.join(with_variable)}, whose value cannot be told: the unit does not set {names}"
