# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units of systemd and environment files; and environment files as they are written and read back."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import parse_environment_file, read_unit
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.environment_file import environment_text
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import LARGE, Driver, check_same
from ansible_collections.sealwright.vault_seal.tests.fuzz.structure import Source

_FILES = (
    b'A=1\nB="x y" # no comment\n# comment \\\nC=\'d\\\'\ne\'\nF=g\\\nh\n export I=j\n;k=l\nM="\\$\\`\\n"\n',
    b"AWS_REGION=us-east-1\r\nVAULT_SEAL_TYPE=awskms\r\n",
)
_UNITS = (
    b'[Unit]\nDescription=x\n[Service]\nUser=openbao\nEnvironment="A=1" B=2 \'C=d e\' "F=%%"\nEnvironment=\nEnvironmentFile=-/nowhere/x.env\n'
    b'UnsetEnvironment=A\n'
    b"ExecStart=/usr/bin/bao server -config=/etc/openbao.hcl \\\n  -config /etc/more\n",
    b'[Service]\n# a \\\nEnvironment="X=\\x20\\t\\u00e9\\101" Y=bad\\q\nEnvironment="Z=unbalanced\n',
)
_WORDS = (
    b"[Service]\n", b"Environment=", b"EnvironmentFile=-/nowhere", b"ExecStart=/x -config=", b"UnsetEnvironment=", b"\\\n", b'"', b"'", b"\\x20",
    b"\\u00e9", b"%%", b"%h", b"#", b";", b"=", b"LoadCredential=k:/nowhere/k", b"SetCredential=s:\\x41", b"WorkingDirectory=~", b"$A", b"${A}",
    b" ; ", b"User=%i", b"ProtectHome=yes", b"BindPaths=/a:/b", b"-@+!", b"ExecStart=\n",
)
_FOLDER = tempfile.mkdtemp(prefix="fuzz-units-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)


def _file(data: bytes) -> None:
    lines = data.count(b"\n") + 1
    for release in (252, 255):
        for _name, _value, line in parse_environment_file(data, "file", release):
            check_same("the line", True, 1 <= line <= lines)


def _unit(data: bytes) -> None:
    # What another file is named for is not read: the input shall not choose files of this machine.
    safe = data.replace(b"EnvironmentFile", b"EnvironmentFile=-/nowhere\n#")
    with open(os.path.join(_FOLDER, "fuzz.service"), "wb") as stream:
        stream.write(safe)
    read_unit("fuzz", [_FOLDER])


def _written(data: bytes) -> None:
    source = Source(data)
    variables = {f"V{number}": source.text() for number in range(1 + source.byte() % 4)}
    read = {name: value for name, value, _line in parse_environment_file(environment_text(variables).encode(), "file")}
    check_same("the variables", variables, read)


DRIVERS = (
    Driver("environment_file", _file, lambda: _FILES, _WORDS, longest=LARGE),
    Driver("unit_file", _unit, lambda: _UNITS, _WORDS, longest=LARGE),
    Driver("environment_written", _written, lambda: [bytes(range(30, 90)), b"\x08a\"b\\c$`\n"], (b"\\", b'"', b"'", b"$", b"`", b" ", b"\t", b"\\\\\n")),
)
