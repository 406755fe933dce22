# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of a unit count, by its name, and which variables are taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import given, read_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced


def unit(folder: Path, name: str, *lines: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")


def test_variables_from_one_place_have_it_as_their_source() -> None:
    assert given({"A": "1", "B": "2"}, "option") == {"A": Sourced("1", "option A"), "B": Sourced("2", "option B")}


def test_a_unit_is_named_with_or_without_its_type(tmp_path: Path) -> None:
    unit(tmp_path, "v.service", "User=a")
    unit(tmp_path, "v.socket", "User=b")
    assert [read_unit(name, [str(tmp_path)]).user for name in ("v", "v.service", "v.socket")] == ["a", "a", "b"]


def test_a_unit_that_is_in_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as error:
        read_unit("v", [str(tmp_path / "one"), str(tmp_path / "two")])
    assert (error.value.message, error.value.reason, error.value.remedy) == (
        f"There is no unit v.service in {tmp_path}/one, {tmp_path}/two.", "unit_not_found",
        "Check the unit's name, or leave it out where the server is not installed yet.",
    )


@pytest.mark.parametrize(("unset", "left"), [
    ("A", ["B", "C"]), ("A=1", ["B", "C"]), ("A=2 B=1", ["A", "B", "C"]), ("NONE NONE=1 B=2=3 C", ["A"]), ('"A\\xff" A\\xff=1 C', ["A", "B"]),
    ("B=2", ["A", "B", "C"]),
])
def test_variables_are_unset_by_name_or_with_their_value(unset: str, left: list[str], tmp_path: Path) -> None:
    """systemd.exec(5): an assignment takes the variable away only where the value is the same."""
    unit(tmp_path, "v.service", "Environment=A=1 B=2=3 C=4", f"UnsetEnvironment={unset}")
    assert list(read_unit("v", [str(tmp_path)]).environment) == left


@pytest.mark.parametrize(("name", "read", "not_read"), [
    ("a-b-c", ["a-b-c.service", "a-b-.service", "a-.service", "service"], ["a-b-c-.service", "a.service", "a-b.service", "-.service"]),
    ("x.y-z.service", ["x.y-z.service", "x.y-.service"], ["x.service", "x.y.service"]),
    ("a-b@c@d", ["a-b@c@d.service", "a-b@.service", "a-.service", "a-@c@d.service", "a-@.service"], ["a-b@c.service", "a-@d.service"]),
    ("a-b@c-d", ["a-b@c-d.service", "a-@c-d.service", "a-@.service"], ["a-b@c-.service", "a-@c-.service"]),
])
def test_drop_ins_are_those_of_the_name_its_prefixes_and_its_type(name: str, read: list[str], not_read: list[str], tmp_path: Path) -> None:
    """systemd.unit(5): of ``foo-bar-baz.service`` also the folders ``foo-bar-.service.d`` and ``foo-.service.d``."""
    unit(tmp_path, f"{name.removesuffix('.service')}.service")
    for each in (*read, *not_read):
        unit(tmp_path, f"{each}.d/{each}.conf")
    folders = {Path(path).parent.name for path in read_unit(name, [str(tmp_path)]).files[1:]}
    assert folders == {f"{each}.d" for each in read}
