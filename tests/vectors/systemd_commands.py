# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes systemd_commands.json: the words that systemd 252 starts for ``ExecStart=``.

Run from the root of the repository on a machine with systemd 252 (Debian 12): ``PYTHONPATH=tests python3 tests/vectors/systemd_commands.py``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.systemd import command_lines, libraries

NAME = "foo-bar@one-two.service"
VARIABLES = [
    b"OPTIONS=-config=/a -config /b", b'QUOTED=-config="/with blank" \'x y\' a\\x41b "open', b"PLACE=/etc/vault", b"EMPTY=", b"B L=x", b"TWICE=${PLACE}",
]
_SERVER = b"/usr/bin/vault server "

COMMANDS = [
    _SERVER + b"-config=/a", _SERVER + b"$OPTIONS", _SERVER + b"${OPTIONS}", _SERVER + b"$QUOTED", _SERVER + b"-config=${PLACE}", _SERVER + b"-config=$PLACE",
    _SERVER + b"-config $PLACE", _SERVER + b"-config=${PLACE}/a.hcl -config=${PLACE}/b.hcl", _SERVER + b"$NONE -config=/a", _SERVER + b"-config=${NONE}",
    _SERVER + b"$EMPTY ${EMPTY} x", _SERVER + b"$$PLACE $${PLACE} a$$b", _SERVER + b"$ ${ ${} ${PLACE $} x$", _SERVER + b"$TWICE ${TWICE}",
    _SERVER + b"${PLACE:-/b} ${PLACE}${PLACE}", _SERVER + b'"-config=${PLACE}" \'-config=${PLACE}\' "$OPTIONS"', _SERVER + b"-config=/a\\x20b -config=\\q",
    _SERVER + b"$PLACE/x $PLACE-x", _SERVER + b"-config=/etc/%i/%p/%n/%N/%j", _SERVER + b"-config=%t/%S/%E/%C/%L", _SERVER + b"-config=%d/x",
    _SERVER + b"%h %u %U %g %G %T %V %f", _SERVER + b"%I %P %J", _SERVER + b"50%% %- %", _SERVER + b"-config=%i${PLACE}", _SERVER + b'"a b" "" c',
    _SERVER + b"-a \\; -b", _SERVER + b"a;b ;c d;", _SERVER + b'";" x', b'"/usr/bin/vault" server', b"@/usr/bin/vault vault-server server -config=/a",
    b"-/usr/bin/vault server -config=/a", b"+/usr/bin/vault server -config=/a", b"!/usr/bin/vault server -config=/a", b"!!/usr/bin/vault server -config=/a",
    b"-@/usr/bin/vault x server -config=/a", b"@-+/usr/bin/vault x server -config=/a", b"/usr/bin/vault\tserver \\\n  -config=/a \\\n  # no\n  -log-level=info",
    b"/usr/bin/vault server -config=/a # not a comment", b"/usr/bin/vault server\nExecStart=\nExecStart=/usr/bin/vault server -config=/b",
    b"/bin/sh -c 'exec /usr/bin/vault server -config=/a'", b"/usr/bin/env PLACE=/x vault server -config=/a", b"vault server -config=/a",
    b"/usr/bin/vault server -config=/a ; /bin/true", b"/usr/bin/vault server\nExecStart=/usr/bin/vault server -config=/b",
]


def cases(commands: Sequence[bytes], variables: Sequence[bytes]) -> list[dict[str, Any]]:
    """What systemd makes of each; None of what it refuses."""
    items = []
    for text in commands:
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "foo-bar@.service").write_bytes(b"[Service]\nExecStart=" + text + b"\n")
            (phrase,) = command_lines(name, [NAME], variables)
            items.append({"text": text.decode(), "words": None if isinstance(phrase, int) else [word.decode("latin-1") for word in phrase]})
    return items


if __name__ == "__main__":
    known = libraries()
    assert known, "there is no systemd 252 on this machine"
    vectors = {"systemd": known[0], "unit": NAME, "variables": [each.decode() for each in VARIABLES], "commands": cases(COMMANDS, VARIABLES)}
    Path(__file__).with_suffix(".json").write_text(json.dumps(vectors, indent=1) + "\n", encoding="ascii")
