# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of a service, from files as systemd reads them."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server import systemd_environment
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import (
    _Unit,
    parse_environment_file,
    read_unit,
    systemd_release,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_syntax import split_words, unit_lines
from hypothesis import given
from hypothesis import strategies as st

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[5] / "vectors" / "systemd_environment.json").read_text(encoding="ascii"))


def raw(text: str) -> bytes:
    return text.encode("latin-1")


@pytest.mark.parametrize("case", VECTORS["files"], ids=lambda case: repr(case["text"]))
def test_environment_file(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(SettingError) as error:
            parse_environment_file(raw(case["text"]), "x.env", VECTORS["systemd"])
        assert error.value.reason == "malformed_environment"
        return
    results = {name: value for name, value, _line in parse_environment_file(raw(case["text"]), "x.env", VECTORS["systemd"])}
    assert sorted(f"{name}={value}".encode() for name, value in results.items()) == sorted(map(raw, case["environment"]))


@pytest.mark.parametrize("case", VECTORS["units"], ids=lambda case: repr(case["text"]))
def test_unit(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "foo-bar@.service"
    path.write_bytes(b"[Service]\nExecStart=/bin/true\n" + raw(case["text"]) + b"\n")
    result = _Unit(VECTORS["unit"])
    if "error" in case:
        with pytest.raises(SettingError) as error:
            result.read(str(path))
        assert error.value.reason == "malformed_unit"
        return
    result.read(str(path))
    variables = {name: variable.value for name, variable in result._variables.items()}
    assert sorted(f"{name}={value}".encode() for name, value in variables.items()) == sorted(map(raw, case["environment"]))
    files = [(path, optional) for path, optional in result._files({}) if not optional]
    assert [os.path.normpath(path) for path, _optional in files] == [path for path in case["environment_files"] if not path.startswith("-")]
    assert list(result._passed) == case["pass_environment"]
    assert [each.decode() for each in result._unset] == case["unset_environment"]


COMMENT = b"# secret \\\nA=1\nB=2\n"


@pytest.mark.parametrize(("release", "names"), [(239, ["B"]), (252, ["B"]), (253, ["B"]), (254, ["A", "B"]), (257, ["A", "B"])])
def test_a_comment_that_ends_with_a_backslash(release: int, names: list[str]) -> None:
    assert [name for name, _value, _line in parse_environment_file(COMMENT, "x.env", release)] == names


def test_a_comment_that_ends_with_a_backslash_cannot_be_told_without_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(systemd_environment, "_LIBRARIES", (str(tmp_path),))
    with pytest.raises(SettingError) as error:
        parse_environment_file(COMMENT, "x.env")
    assert error.value.reason == "unclear_environment"
    assert [name for name, _value, _line in parse_environment_file(b"# c \\\n# d\nA=1\n", "x.env")] == ["A"]
    (tmp_path / "libsystemd-shared-255.4-1.fc40.so").touch()
    assert [name for name, _value, _line in parse_environment_file(COMMENT, "x.env")] == ["A", "B"]
    (tmp_path / "libsystemd-shared-252.so").touch()
    assert systemd_release() is None


def test_lines_of_an_environment_file() -> None:
    text = b"# A=1\n; B=2\n\nexport C=3\nnothing\n1D=4\nE='x\ny'\nF=5"
    assert parse_environment_file(text, "x.env") == [("E", "x\ny", 7), ("F", "5", 9)]


@pytest.mark.parametrize("text", ["A=\\x\n", "# \\\n", "'", 'A="', "\\", "A=1\n", "A= \\\n", "=", "A='x' ", " ", "\r\n"])
def test_linear_time(text: str) -> None:
    def seconds(size: int) -> float:
        content = text.encode() * (size // len(text))
        begin = time.process_time()
        parse_environment_file(content, "x.env", 252)
        list(unit_lines(b"[Service]\nEnvironment=" + content))
        split_words(content)
        return time.process_time() - begin

    assert min(seconds(96_000) for _turn in range(3)) < 64 * max(seconds(6_000), 0.001)


@given(st.binary(max_size=60))
def test_nothing_else_than_a_setting_error(content: bytes) -> None:
    with contextlib.suppress(SettingError):
        parse_environment_file(content, "x.env")


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


def test_what_cannot_be_told_is_unknown(tmp_path: Path) -> None:
    unit(tmp_path, "v.service", (
        "[Service]\nExecStart=/bin/true\nEnvironment=A=%b B=%q C=%n\nEnvironment=B=known\nPassEnvironment=A B P\nUnsetEnvironment=P\n"
        "Environment=F=%s\nEnvironmentFile=" + str(unit(tmp_path, "one.env", "F=file\n")) + "\n"
    ))
    service = read_unit("v", [str(tmp_path)])
    assert {name: value.value for name, value in service.environment.items()} == {"B": "known", "C": "v.service", "F": "file"}
    assert service.unknown == {"A": f"{tmp_path}/v.service, line 3"}


def test_an_optional_environment_file(tmp_path: Path) -> None:
    bad = unit(tmp_path, "bad.env", "A=1\0")
    unit(tmp_path, "b.env", "B=1\n")
    files = (f"-{bad}", f"-{tmp_path}/none", f"-{tmp_path}/b*.env", f'"{bad}"')
    unit(tmp_path, "v.service", "[Service]\n" + "".join(f"EnvironmentFile={each}\n" for each in files))
    assert list(read_unit("v", [str(tmp_path)]).environment) == ["B"]
    unit(tmp_path, "v.service", f"[Service]\nEnvironmentFile={bad}\n")
    with pytest.raises(SettingError) as error:
        read_unit("v", [str(tmp_path)])
    assert error.value.message == f"systemd refuses the environment file {bad}: it has a NUL character."


def test_a_pattern_takes_candidates(tmp_path: Path) -> None:
    unit(tmp_path, "a.env", "A=1\n")
    unit(tmp_path, "b.env", "B=1\n")
    new = unit(tmp_path, "candidate", "C=1\n")
    unit(tmp_path, "v.service", f"[Service]\nEnvironmentFile=-{tmp_path}/*.env\n")
    service = read_unit("v", [str(tmp_path)], {f"{tmp_path}/c.env": str(new), f"{tmp_path}/a.env": ""})
    assert list(service.environment) == ["B", "C"]


def test_a_named_pipe_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    unit(tmp_path, "v.service", f"[Service]\nEnvironmentFile={tmp_path}/pipe\n")
    with pytest.raises(SettingError) as error:
        read_unit("v", [str(tmp_path)])
    assert error.value.message == f"{tmp_path}/pipe cannot be read: It is not a regular file."


def test_drop_ins_of_a_prefix_and_of_the_type(tmp_path: Path) -> None:
    unit(tmp_path, "a-b@.service", "[Service]\n")
    for number, name in enumerate(["a-b@c.service", "a-b@.service", "a-.service", "a-@c.service", "a-@.service", "service"]):
        for other in range(number + 1):
            unit(tmp_path, f"{name}.d/{6 - other}.conf", f"[Service]\nEnvironment=V{6 - other}={name}\n")
    results = {name: value.value for name, value in read_unit("a-b@c", [str(tmp_path)]).environment.items()}
    assert results == {"V6": "a-b@c.service", "V5": "a-b@.service", "V4": "a-.service", "V3": "a-@c.service", "V2": "a-@.service", "V1": "service"}


@pytest.mark.parametrize("line", [
    'ExecStart="/usr/bin/bao server', "User=%b", "UnsetEnvironment=%b", "EnvironmentFile=/%b", "Environment=A%b=1", "[Service", "A=\ufffe",
])
def test_a_unit_that_cannot_be_told(tmp_path: Path, line: str) -> None:
    unit(tmp_path, "v.service", f"[Service]\n{line}\n")
    with pytest.raises(SettingError) as error:
        read_unit("v", [str(tmp_path)])
    assert error.value.reason == "malformed_unit"
