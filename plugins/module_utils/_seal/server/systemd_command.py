# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line that a unit starts: words, prefixes and variables of ``ExecStart=``, as systemd takes them.

Sources: systemd.service(5), "Command lines"; of systemd 252 ``config_parse_exec`` of ``src/core/load-fragment.c`` and ``replace_env_argv``
of ``src/basic/env-util.c``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from .systemd_specifiers import Specifiers
from .systemd_syntax import command_words, words_of_variable

_BRACES = re.compile(rb"\$(?:\$|\{([^}:]*)(\}|:|\Z))")  # not a variable if it has a colon or no end
_PREFIXES = b"@-:+!|"
_LONGEST = 2 * 1024 * 1024  # more than the kernel's limit for the arguments of a program


class InvalidCommand(Exception):
    """Why systemd refuses a command, or why it is not known which one it starts."""


@dataclass(frozen=True)
class Command:
    """One command: specifiers are resolved, variables are not yet.

    ``arguments`` follow the name of the program. ``expands`` is false if the prefix ``:`` disables the expansion of variables, and
    ``privileged`` is true if the prefixes ``+`` and ``!`` start the program as root, regardless of ``User=``.
    """

    executable: str
    arguments: tuple[bytes, ...] = field(repr=False)
    expands: bool
    privileged: bool
    source: str


def parse_commands(value: bytes, specifiers: Specifiers, source: str) -> list[Command]:
    """The commands of one ``ExecStart=`` that is not empty; raises :class:`InvalidCommand`."""
    commands = command_words(value)
    if commands is None:
        raise InvalidCommand("the quotes of ExecStart= are unbalanced")
    return [_command(words, specifiers, source) for words in commands]


def _command(words: list[bytes], specifiers: Specifiers, source: str) -> Command:
    name = words[0].lstrip(_PREFIXES)
    prefixes = words[0][: len(words[0]) - len(name)]
    if b"|" in prefixes:
        raise InvalidCommand("ExecStart= has the prefix |, which starts a shell; what that starts cannot be told")
    if not name:
        raise InvalidCommand("ExecStart= names no program")
    resolved: list[bytes] = []
    for word in [name, *words[1:]]:
        plain = specifiers.resolve(word)
        if plain is None:
            raise InvalidCommand(f"{word.decode('utf-8', 'replace')} of ExecStart= has a specifier that cannot be told here")
        resolved.append(plain)
    arguments = resolved[2:] if b"@" in prefixes else resolved[1:]  # with @, the second word is what the program is called
    return Command(os.fsdecode(resolved[0]), tuple(arguments), b":" not in prefixes, b"+" in prefixes or b"!" in prefixes, source)


def expand(command: Command, variables: Mapping[str, str], unknown: Container[str], unset: list[str]) -> list[str]:
    """The arguments with their variables replaced.

    :param unknown: variables that may be set to a value that is not known.
    :param unset: takes the names of variables that are not set: systemd leaves them out.
    :raises InvalidCommand: a variable is unknown.
    """
    if not command.expands:
        return [os.fsdecode(word) for word in command.arguments]

    left = _LONGEST

    def value_of(name: bytes) -> bytes:
        nonlocal left
        called = os.fsdecode(name)
        if called in variables:
            value = os.fsencode(variables[called])
            left -= len(value)
            if left < 0:
                raise InvalidCommand("ExecStart= is too long")
            return value
        if called in unknown:
            raise InvalidCommand(f"the value of ${{{called}}}, which ExecStart= has, cannot be told")
        unset.append(called)
        return b""

    def replaced(match: re.Match[bytes]) -> bytes:
        if match.group(1) is None:
            return b"$"
        return value_of(match.group(1)) if match.group(2) == b"}" else match.group()

    words: list[bytes] = []
    for word in command.arguments:
        if word[:1] == b"$" and word[1:2] not in (b"{", b"$"):
            words.extend(words_of_variable(value_of(word[1:])) if word[1:] else [])
        else:
            words.append(_BRACES.sub(replaced, word))
    return [os.fsdecode(word) for word in words]
