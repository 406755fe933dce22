# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of a service, from files as systemd reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.service_environment import (
    parse_environment_file,
    read_unit,
)

# From systemd.exec(5), EnvironmentFile=, and the cases of systemd's own test of src/basic/env-file.c.
FILE = [
    ("A=one two", "one two"),
    ("A=  padded  ", "padded"),
    ('A="  kept  "', "  kept  "),
    ("A='single $x \\n'", "single $x \\n"),
    ('A="quote \\" back \\\\ dollar \\$ tick \\` other \\n"', 'quote " back \\ dollar $ tick ` other \\n'),
    ("A=a\\ b", "a b"),
    ("A=trailing\\ ", "trailing "),
    ("A=one\\\ntwo", "onetwo"),
    ('A="one\ntwo"', "one\ntwo"),
    ("A='one' \"two\"", "onetwo"),
    ('A=plain"quotes"', 'plain"quotes"'),
    ("A=", ""),
    ("A=x=y", "x=y"),
    ("A=x # no comment", "x # no comment"),
    ("  A = spaces", "spaces"),
    ("A=first\nA=last", "last"),
    ("A=$HOME", "$HOME"),
]


@pytest.mark.parametrize(("text", "value"), FILE)
def test_environment_file(text: str, value: str) -> None:
    assert {name: said for name, said, _line in parse_environment_file(text)}["A"] == value


def test_what_is_no_assignment_is_passed_over() -> None:
    text = "# A=1\n; B=2\n\nexport C=3\nnothing\n1D=4\nE='x\ny'\nF=5"
    assert list(parse_environment_file(text)) == [("E", "x\ny", 7), ("F", "5", 9)]


def unit(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_unit_with_drop_ins_and_environment_files(tmp_path: Path) -> None:
    etc, lib = tmp_path / "etc", tmp_path / "lib"
    env = unit(tmp_path, "one.env", "FROM_FILE=1\nBOTH=file\n")
    unit(lib, "openbao.service", (
        "[Unit]\nEnvironment=NOT=this\n[Service]\nUser=openbao\n# Environment=A=comment\n"
        "Environment=\"A=one two\" B=2 'C=3'\nEnvironment=BOTH=unit GONE=1 PERCENT=50%%\n"
        f"EnvironmentFile={env}\nEnvironmentFile=-{tmp_path}/none.env\nUnsetEnvironment=GONE\n"
        "ExecStart=/usr/bin/bao server -config=/etc/openbao/a.hcl \\\n  -config /etc/openbao/d\n"
    ))
    unit(lib, "openbao.service.d/50-x.conf", "[Service]\nEnvironment=HIDDEN=1\n")
    unit(etc, "openbao.service.d/50-x.conf", "[Service]\nEnvironment=D=etc\n")
    unit(lib, "openbao.service.d/10-y.conf", "[Service]\nEnvironment=D=lib\n")
    service = read_unit("openbao", [str(etc), str(lib)])
    assert {name: value.value for name, value in service.environment.items()} == {
        "A": "one two", "B": "2", "C": "3", "BOTH": "file", "FROM_FILE": "1", "D": "etc", "PERCENT": "50%",
    }
    assert service.environment["D"].source == f"{etc}/openbao.service.d/50-x.conf, line 2"
    assert service.environment["BOTH"].source == f"{env}, line 2"
    assert (service.user, service.executable) == ("openbao", "/usr/bin/bao")
    assert service.config == ["/etc/openbao/a.hcl", "/etc/openbao/d"]
    assert service.files == [
        f"{lib}/openbao.service", f"{lib}/openbao.service.d/10-y.conf", f"{etc}/openbao.service.d/50-x.conf", str(env)
    ]


def test_an_empty_assignment_takes_back(tmp_path: Path) -> None:
    unit(tmp_path, "v.service", "[Service]\nEnvironment=A=1\nEnvironmentFile=/none\n")
    unit(tmp_path, "v.service.d/a.conf", "[Service]\nEnvironment=\nEnvironmentFile=\nEnvironment=B=2\n")
    assert {name: value.value for name, value in read_unit("v", [str(tmp_path)]).environment.items()} == {"B": "2"}


def test_a_hidden_drop_in_and_a_template(tmp_path: Path) -> None:
    unit(tmp_path, "v@.service", "[Service]\nEnvironment=A=1\n")
    unit(tmp_path, "lib/v@one.service.d/a.conf", "[Service]\nEnvironment=B=2\n")
    (tmp_path / "v@one.service.d").mkdir()
    (tmp_path / "v@one.service.d" / "a.conf").symlink_to("/dev/null")
    assert list(read_unit("v@one", [str(tmp_path), str(tmp_path / "lib")]).environment) == ["A"]


def test_no_unit_and_no_environment_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as error:
        read_unit("none", [str(tmp_path)])
    assert str(error.value) == (
        f"There is no unit none.service in {tmp_path}. Check the unit's name, or leave it out where the server is not installed yet."
    )
    unit(tmp_path, "v.service", f"[Service]\nEnvironmentFile={tmp_path}/none.env\n")
    with pytest.raises(SettingError) as error:
        read_unit("v", [str(tmp_path)])
    assert str(error.value) == (
        f"{tmp_path}/none.env cannot be read: No such file or directory. "
        "Check the path, and that the user who runs this may read it (become)."
    )
