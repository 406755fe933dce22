# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the controller: where they are looked for, where they are written, and which of them are tasks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible import context
from ansible.parsing.dataloader import DataLoader
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._controller_files import check_tasks, find, for_writing, read


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The working directory, and the folders of inventory and playbook."""
    results = {name: tmp_path / name for name in ("here", "inventory_dir", "playbook_dir")}
    sources = (str(results["inventory_dir"] / "hosts"), str(tmp_path / "directory"), "one,two")
    monkeypatch.setattr(context, "CLIARGS", {"inventory": sources})
    for folder in results.values():
        folder.mkdir()
    monkeypatch.chdir(results["here"])
    monkeypatch.setenv("HOME", str(tmp_path))
    return results


def loader(places: dict[str, Path]) -> DataLoader:
    made = DataLoader()
    made.set_basedir(str(places["playbook_dir"]))
    return made


def test_the_working_directory_comes_first(places: dict[str, Path]) -> None:
    for name in ("playbook_dir", "inventory_dir", "here"):
        (places[name] / "a.yml").write_text("", encoding="utf-8")
        assert find("a.yml", loader(places)) == str(places[name] / "a.yml")
    assert find("./../here/a.yml", DataLoader()) == str(places["here"] / "a.yml")


def test_home_and_whole_paths_are_taken_as_they_are(places: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "b").write_text("", encoding="utf-8")
    assert find("~/b", loader(places)) == find(str(tmp_path / "b"), loader(places)) == str(tmp_path / "b")


@pytest.mark.parametrize("name", ["none", "", ".", "folder"])
def test_what_is_not_there_is_told_with_the_places(name: str, places: dict[str, Path]) -> None:
    (places["here"] / "folder").mkdir()
    with pytest.raises(SettingError) as caught:
        find(name, loader(places), ["/search"])
    assert [str(folder) for folder in (Path("/search"), *places.values()) if str(folder) not in str(caught.value)] == []


def test_a_file_to_write_is_in_the_working_directory(places: dict[str, Path]) -> None:
    (places["playbook_dir"] / "r.json").write_text("", encoding="utf-8")
    assert for_writing("r.json") == str(places["here"] / "r.json")
    (places["here"] / "folder").mkdir()
    os.mkfifo(places["here"] / "pipe")
    os.symlink("nowhere", places["here"] / "link")
    for name in ("folder", "pipe", "link", "none/r.json"):
        with pytest.raises(SettingError):
            for_writing(name)


def test_only_regular_files_within_the_limit_are_read(places: dict[str, Path]) -> None:
    os.mkfifo(places["here"] / "pipe")
    (places["here"] / "large").write_bytes(b"12345")
    assert read("large", 5) == b"12345"
    for name, limit in (("pipe", 5), ("large", 4), ("none", 5), (".", 5)):
        with pytest.raises(SettingError):
            read(name, limit)


GOOD = "- name: One\n  ansible.builtin.debug:\n    msg: '{{ x }}'\n- block:\n    - unknown.of_nobody.module:\n  rescue:\n    - include_tasks: x.yml\n"
WRONG = {
    "empty": "", "text": "hello", "mapping": "a: 1\n", "syntax": "- a: [\n", "play": "- hosts: all\n  tasks: []\n", "no action": "- name: x\n",
    "two actions": "- debug:\n  ping:\n", "misspelt": "- debug:\n  wehn: x\n", "list of texts": "- a\n", "in a block": "- block:\n    - name: x\n",
}


def test_tasks_are_taken(tmp_path: Path) -> None:
    (tmp_path / "tasks.yml").write_text(GOOD, encoding="utf-8")
    check_tasks(str(tmp_path / "tasks.yml"), DataLoader())


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_list_of_tasks_is_refused(case: str, tmp_path: Path) -> None:
    (tmp_path / "tasks.yml").write_text(WRONG[case], encoding="utf-8")
    with pytest.raises(SettingError, match="cannot be included as tasks"):
        check_tasks(str(tmp_path / "tasks.yml"), DataLoader())
