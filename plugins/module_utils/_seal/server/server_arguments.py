# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of ``vault server`` and ``bao server``, and the configuration that it names.

Sources: ``command/server.go``, ``command/base.go`` and ``command/log_flags.go`` of both products, and Go's ``flag``: options have one or two dashes,
those with a value have it after ``=`` or as the next word, and the first word that is not an option ends them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..regular_files import read_regular
from .products import OPENBAO, VAULT

_NAME = re.compile(r"\.?(vault|bao|openbao)(?:-wrapped)?(?:[-_.](?:ent|enterprise|hsm|fips1402|fips1403|fips|oss))*(?:[-_.]?v?[0-9][0-9A-Za-z.+_-]*)?\Z")
_SCRIPTS = (".sh", ".py", ".bash", ".pl", ".rb")
_SWITCHES = frozenset(
    ("dev", "dev-tls", "dev-no-store-token", "dev-plugin-init", "dev-ha", "dev-transactional", "dev-leased-kv", "dev-no-kv", "dev-kv-v1", "dev-skip-init")
    + ("dev-auto-seal", "dev-consul", "dev-three-node", "dev-four-cluster", "recovery", "combine-logs", "log-syslog")
    + ("exit-on-core-shutdown", "test-verify-only", "test-server-config", "disable-redirects", "non-interactive", "output-curl-string")
    + ("output-policy", "policy-override", "tls-skip-verify")
)
_WITH_VALUE = frozenset(
    ("config", "log-level", "log-format", "log-file", "log-rotate-bytes", "log-rotate-duration", "log-rotate-max-files", "experiment", "pprof-dump-dir")
    + ("dev-tls-cert-dir", "dev-tls-san", "dev-root-token-id", "dev-listen-address", "dev-plugin-dir", "dev-latency", "dev-latency-jitter")
    + ("dev-cluster-json", "address", "agent-address", "ca-cert", "ca-path", "client-cert", "client-key", "header", "mfa", "namespace", "ns")
    + ("tls-server-name", "unlock-key", "wrap-ttl")
)
# Each of them makes a development server of it.
_DEVELOPMENT = frozenset(
    ("dev", "dev-ha", "dev-leased-kv", "dev-three-node", "dev-four-cluster", "dev-auto-seal", "dev-kv-v1", "dev-no-kv", "dev-consul", "dev-tls")
)
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
CONFIG_VARIABLES = ("BAO_CONFIG_PATH", "VAULT_CONFIG_PATH")
"""OpenBao's variables for ``-config``; the first that is set counts."""


class UnclearCommand(Exception):
    """The reason why the configuration of a command cannot be determined."""


@dataclass
class Arguments:
    """The arguments of a server. ``config`` contains the paths as they are written."""

    config: list[str] = field(default_factory=list)
    development: bool = False


def product_of(executable: str) -> str:
    """The product according to the name of the executable, such as ``vault``, ``bao-2.6.2`` or ``vault_1.20.0+ent``; empty if unknown."""
    name = os.path.basename(executable)
    match = None if name.endswith(_SCRIPTS) else _NAME.match(name)
    return (VAULT if match.group(1) == "vault" else OPENBAO) if match else ""


def server_arguments(executable: str, arguments: Sequence[str]) -> Arguments:
    """The options of a server's command line; raises :class:`UnclearCommand` for any other command, and for options that the servers refuse."""
    called = " ".join([os.path.basename(executable), *arguments[:1]]).strip()
    if arguments[:1] != ["server"]:
        raise UnclearCommand(f"it starts {called!r}, and what that gives the server cannot be told")
    if not product_of(executable) and not _is_program(executable):
        raise UnclearCommand(f"{executable} is not known to be Vault or OpenBao: it is a script or not there, and what it gives the server cannot be told")
    return _options(arguments[1:])


def _options(arguments: Sequence[str]) -> Arguments:
    result = Arguments()
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-") or word in ("-", "--"):
            break  # the servers ignore the rest
        name, sign, value = word[2 if word.startswith("--") else 1 :].partition("=")
        if name in _WITH_VALUE:
            following = value if sign else next(rest, None)
            if following is None:
                raise UnclearCommand(f"the option -{name} has no value, with which the server does not start")
            if name == "config":
                result.config.append(following.strip())
        elif name in _SWITCHES:
            result.development |= name in _DEVELOPMENT and (not sign or value in _TRUE)
        elif not sign:
            raise UnclearCommand(f"-{name} is no option that is known here, and so it cannot be told what follows it")
    return result


def config_of_variables(variables: Mapping[str, str]) -> list[str]:
    """The paths that OpenBao takes from its environment, before those of its options."""
    name = next((name for name in CONFIG_VARIABLES if name in variables), None)
    return [part.strip() for part in variables[name].split(",")] if name else []


def _is_program(path: str) -> bool:
    """Whether the file exists and is machine code, not a script."""
    try:
        return read_regular(path, 4) == b"\x7fELF"
    except (OSError, ValueError):
        return False
