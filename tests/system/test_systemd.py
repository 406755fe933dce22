# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's own systemd reads units and environment files as this collection does, including the files that the collection writes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import parse_environment_file, read_unit
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.environment_file import environment_text
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.systemd import libraries, load_environment_files, load_units

pytestmark = pytest.mark.skipif(libraries() is None, reason="this machine has no libsystemd-core of a release that the tests know (252)")

FILE_PARTS = [
    b"A", b"B", b"=", b"=", b"\n", b"\n", b"\\", b'"', b"'", b" ", b"\t", b"#", b";", b"x", b"$", b"`", b"\r", b"\xc3\xa9", b"\x01", b"export ", b"\\\n",
    b"\xff", b"\xef\xbf\xbe", b"\xed\xa0\x80", b"\x0b", b"\0",
]
UNIT_PARTS = [
    b"A=", b"B=", b"C=", b"=", b" ", b"\t", b'"', b"'", b"\\", b"\\x41", b"\\xe9", b"\\u00e9", b"\\U0001F600", b"\\101", b"\\s", b"\\q", b"%%", b"%n", b"x",
    b"\nEnvironment=", b"\nEnvironment=\n", b"\\\n", b"\n#c\\\n", b"#", b"\r", b"\r\n", b"\n[Unit]\n", b"\n[Service]\n", b"\nEnvironment=D=1 ", b"\\\\\n",
    b"\\ud800", b"\\400", b"\\x00", b"\\uFFFE", b"\x01", b"\0", b"\xef\xbb\xbf", b" = ", b"\xff", b"\n[Service\n",
]
NAMES = ("a.service", "a-b.service", "a@x.service", "a-b@x.service", "a-b@x-y.service")
FOLDERS = ("a-.service", "a-@.service", "a-@x.service", "a-b-.service", "a.service", "service")


def made_of(parts: Sequence[bytes], seed: int, count: int) -> list[bytes]:
    choose = random.Random(seed)
    return [b"".join(choose.choices(parts, k=choose.randint(1, 25))) for _index in range(count)]


def as_assignments(variables: Mapping[str, str]) -> list[bytes]:
    return sorted(f"{name}={value}".encode() for name, value in variables.items())


def own_reading(content: bytes) -> list[bytes] | None:
    try:
        return as_assignments({name: value for name, value, _line in parse_environment_file(content, "x", 252)})
    except SettingError:
        return None


@pytest.mark.parametrize("seed", [1, 2])
def test_environment_files(tmp_path: Path, seed: int) -> None:
    contents = made_of(FILE_PARTS[: len(FILE_PARTS) // seed], seed, 4000)
    paths = [tmp_path / str(index) for index in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    for content, result in zip(contents, load_environment_files(paths), strict=True):
        assert own_reading(content) == (None if isinstance(result, int) else sorted(result)), content


def test_units(tmp_path: Path) -> None:
    contents = made_of(UNIT_PARTS, 1, 1500)
    for index, content in enumerate(contents):
        (tmp_path / f"u{index}.service").write_bytes(b"[Service]\nExecStart=/bin/true\nEnvironment=" + content)
    units = load_units(tmp_path, [f"u{index}.service" for index in range(len(contents))])
    for index, (content, unit) in enumerate(zip(contents, units, strict=True)):
        try:
            service = read_unit(f"u{index}", [str(tmp_path)])
        except SettingError:
            assert unit.error, content
            continue
        assert not unit.error, content
        assert not service.unknown
        assert as_assignments({name: value.value for name, value in service.environment.items()}) == sorted(unit.environment), content


@pytest.mark.parametrize("name", NAMES)
def test_drop_ins(tmp_path: Path, name: str) -> None:
    choose = random.Random(name)
    template = f"{name.split('@')[0]}@.service" if "@" in name else name
    for turn in range(8):
        folders = [tmp_path / str(turn) / each for each in ("etc", "run", "lib")]
        for folder in folders:
            for each in {name, template, *FOLDERS}:
                (folder / f"{each}.d").mkdir(parents=True, exist_ok=True)
                for number in range(4):
                    if choose.random() < 0.2:
                        (folder / f"{each}.d" / f"{number}.conf").write_text(f"[Service]\nEnvironment=V{number}={folder.name}/{each}\n", encoding="ascii")
        (folders[-1] / template).write_text("[Service]\nExecStart=/bin/true\n", encoding="ascii")
        (unit,) = load_units(":".join(map(str, folders)), [name])
        units = read_unit(name, [str(folder) for folder in folders]).environment
        assert as_assignments({name: value.value for name, value in units.items()}) == sorted(unit.environment)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    texts = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("\"'\\$`#; \t=%{}\r\v\ufdcf")), max_size=30)
    written: dict[Path, dict[str, str]] = {}

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @example({"A": "\\", "B": '"', "C": "$`'", "D": " x ", "E": "", "F": "# x"})
    @given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True), texts, max_size=4))
    def write(variables: dict[str, str]) -> None:
        try:
            text = environment_text(variables)
        except SettingError as error:
            assert error.reason == "invalid_option"
            return
        path = tmp_path / str(len(written))
        path.write_text(text, encoding="utf-8", newline="")
        written[path] = variables

    write()
    for (path, variables), result in zip(written.items(), load_environment_files(list(written)), strict=True):
        assert not isinstance(result, int), variables
        assert sorted(result) == as_assignments(variables) == own_reading(path.read_bytes())
