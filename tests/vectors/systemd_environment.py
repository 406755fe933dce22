# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes systemd_environment.json: what systemd 252 makes of units and environment files.

Run from the root of the repository on a machine with systemd 252 (Debian 12): ``PYTHONPATH=tests python3 tests/vectors/systemd_environment.py``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.systemd import libraries, load_environment_files, load_units

_START = b"[Service]\nExecStart=/bin/true\n"
NAME = "foo-bar@one-two.service"

# What follows the beginning of a unit.
UNITS = [
    b"Environment=A=1 B=2", b'Environment="A=one two" \'B=3 4\' C=x"y z"w', b"Environment=A=\\x20x B=\\t C=\\u00e9 D=\\U0001F600 E=\\101 F=\\s",
    b'Environment="A=a\\tb" \'B=a\\tb\'', b"Environment=R=bad\\q S=later", b"Environment=A=1 R=bad\\q S=later", b'Environment=A=1 B="unbalanced C=3',
    b"Environment=A=1 B='unbalanced\nEnvironment=C=3", b"Environment=A=1 B=\\", b"Environment=A=\\x00", b"Environment=A=\\x4", b"Environment=A=\\400 B=1",
    b"Environment=A=\\ud800 B=1", b"Environment=A=\\U00110000 B=1", b"Environment=A=\\xff B=1", b"Environment=A=\\xc3\\xa9", b"Environment=A=\\uFFFE B=1",
    b"Environment=A=\x01\x7f B=1", b"Environment=A=\xff B=1", b"Environment=A=\xef\xbf\xbe B=1", b"Environment=A=1\nEnvironment=\nEnvironment=B=2",
    b"Environment=A=1\nEnvironment=A=2", b"Environment=1A=1 A-B=2 A.B=3 =4 A B=5", b"Environment=A", b"Environment=A==b=c", b"Environment=\"\" ''  A=1",
    b"# comment \\\nEnvironment=A=1", b"; comment \\\nEnvironment=A=1", b"Environment=A=1 \\\n# comment\n  B=2", b"Environment=A=1 \\\n; comment \\\n  B=2",
    b"Environment=A=1 \\\n\n  B=2", b"Environment=A=1\\\nB=2", b"Environment=A=1\\\\\nEnvironment=B=2", b"Environment=A=1 \\", b"Environment=A=x#y #z",
    b"Environment=A=1\r\nEnvironment=B=2\r\n", b"Environment=A=1 \\\r\n B=2\r\n", b"Environment=A=1\rEnvironment=B=2", b"Environment=A=1\0Environment=B=2",
    b"Environment = A=1", b"  Environment=A=1", b"environment=A=1", b"Environment=A=1\n[Unit]\nEnvironment=B=2\n[Service]\nEnvironment=C=3",
    b"[Service\nEnvironment=A=1", b"[X-Other]\nEnvironment=A=1", b"nothing\nEnvironment=A=1", b"Environment=A=$HOME B=${A}", b"Environment=A=50%% B=50%",
    b"Environment=A=%n B=%N C=%p D=%i E=%I F=%j G=%J H=%P", b"Environment=A=%t B=%S C=%C D=%L E=%E F=%d", b"Environment=A=%h B=%u C=%U D=%g E=%G",
    b"Environment=A=%Q B=1", b"Environment=A=%- B=%", b"Environment=A=\\x25n", b"EnvironmentFile=/a\nEnvironmentFile=-/b/*.env", b"EnvironmentFile=--/a",
    b'EnvironmentFile="/a"', b"EnvironmentFile=a", b"EnvironmentFile=/a/%i", b"EnvironmentFile=/a\nEnvironmentFile=\nEnvironmentFile=/b",
    b"EnvironmentFile=/a /b", b"EnvironmentFile=/a//b/", b"PassEnvironment=A B", b"UnsetEnvironment=A B=1", b"UnsetEnvironment=A\nUnsetEnvironment=",
    b"UnsetEnvironment='A=1 2'", b"Environment=\xef\xbb\xbfA=1",
]

FILES = [
    b"A=1\nB=2\n", b"A=one two", b"A=  padded  \n", b'A="  kept  "\n', b"A='single $x \\n'\n", b'A="\\" \\\\ \\$ \\` \\n \\x20"\n', b"A=a\\ b\n",
    b"A=trailing\\ \n", b"A=one\\\ntwo\n", b'A="one\ntwo"\n', b'A="one\\\ntwo"\n', b"A='one' \"two\" three\n", b'A=plain"quotes"\n', b"A=\n", b"A=x=y\n",
    b"A=x # y\n", b"  A = 1\n", b"A=1\nA=2\n", b"A=$HOME\n", b"# A=1\n; B=2\nC=3\n", b"# c \\\nA=1\nB=2\n", b"# c \\x\nA=1\n", b"# c \\\\\nA=1\n",
    b"; c \\\n# d\nA=1\n", b"export A=1\nB=2\n", b"A\nB=2\n", b"=1\nB=2\n", b"1A=1\nA-B=2\nC=3\n", b'A="unbalanced\nB=2\n', b"A='unbalanced\nB=2\n",
    b"A=1\\", b'A="1\\', b"A=\\", b"A=1\r\nB=2\r\n", b"A=1\rB=2", b'A="1\r\n2"\r\n', b"A=1 \\\r\nB=2\r\n", b"A=\xff\n", b"B=1\nA=\xff\n", b"# \xff\nA=1\n",
    b"\xff\nA=1\n", b"\xff=1\nA=1\n", b"A=\xef\xbf\xbe\n", b"A=\xef\xb7\x90\n", b"A=\xed\xa0\x80\n", b"A=\xf0\x9f\x98\x80\n", b"A=1\0B=2\n",
    b"\xef\xbb\xbfA=1\nB=2\n", b"A=\x01\x7f\x1b[31m\n", b"A=\\x20\\t\\u00e9\n", b"A = 'x' \n", b"A=\tx\ty\t\n", b"A=x\x0b\n", b"\x0bA=1\n", b"A='' \"\"\n",
    b"A='x'\\\n'y'\n", b"A=%n\n", b"A=`id` $(id)\n", b"A=\xc2\xa0x\n", b"A=x\\\r\ny\n",
]


def cases(units: Sequence[bytes], files: Sequence[bytes]) -> dict[str, Any]:
    """What systemd makes of each, in hexadecimal digits of the bytes; None of what it refuses."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answers: list[dict[str, Any]] = []
        for index, text in enumerate(units):
            place = folder / str(index)
            place.mkdir()
            (place / "foo-bar@.service").write_bytes(_START + text + b"\n")
            (unit,) = load_units(place, [NAME])
            lists = {key: [each.decode("latin-1") for each in getattr(unit, key)] for key in unit._fields[1:]}
            answers.append({"text": text.decode("latin-1"), **({"error": unit.error} if unit.error else lists)})
        paths = [folder / f"{index}.env" for index in range(len(files))]
        for path, text in zip(paths, files):
            path.write_bytes(text)
        read: list[dict[str, Any]] = []
        for text, result in zip(files, load_environment_files(paths)):
            answer = {"error": result} if isinstance(result, int) else {"environment": [each.decode("latin-1") for each in result]}
            read.append({"text": text.decode("latin-1"), **answer})
        return {"units": answers, "files": read}


if __name__ == "__main__":
    known = libraries()
    assert known, "there is no systemd 252 on this machine"
    vectors = {"systemd": known[0], "unit": NAME, "note": "texts as latin-1: one character stands for one byte", **cases(UNITS, FILES)}
    Path(__file__).with_suffix(".json").write_text(json.dumps(vectors, indent=1) + "\n", encoding="ascii")
