# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When sealed variables files are opened, and that each is opened once, with an opener that counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.loader import SealedVariables


class PlainOpener:
    """Takes the files for what they open to; those that begin with ``refuse`` do not open."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def open(self, paths: Sequence[str]) -> dict[str, bytes | SealError]:
        self.asked.append([Path(path).name for path in paths])
        return {path: self._answer(Path(path)) for path in paths}

    def _answer(self, path: Path) -> bytes | SealError:
        content = path.read_bytes()
        return BlobError(f"No to {path.name}.", reason="wrong_key") if content.startswith(b"refuse") else content


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loader = DataLoader()
        self.opener = PlainOpener()
        self.made = 0
        self.inventory = InventoryData()
        self.inventory.add_group("web")
        for host in ("web1", "web2"):
            self.inventory.add_host(host, "web")
        self.inventory.reconcile_inventory()

    def make_opener(self) -> PlainOpener:
        self.made += 1
        return self.opener

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def variables(self, **settings: Any) -> SealedVariables:
        return SealedVariables(self.make_opener, **{"cache_size": 1000, **settings})

    def ask(self, variables: SealedVariables, *names: str) -> dict[str, Any]:
        entities = [self.inventory.hosts.get(name) or self.inventory.groups[name] for name in names]
        return variables.of(self.loader, str(self.folder), entities)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("group_vars/all.yml.sealed", "who: all\nof_all: 1\n")
    made.write("group_vars/web.yml.sealed", "who: web\n")
    made.write("host_vars/web1.yml.sealed", "who: web1\n")
    made.write("host_vars/web2.yml.sealed", "who: web2\n")
    made.write("host_vars/gone.yml.sealed", "who: gone\n")
    return made


def test_all_of_the_run_are_opened_with_the_first(project: Project) -> None:
    variables = project.variables()
    assert project.ask(variables, "all") == {"who": "all", "of_all": 1}
    assert project.opener.asked == [["all.yml.sealed"], ["web.yml.sealed", "web1.yml.sealed", "web2.yml.sealed"]]
    for _task in range(3):
        assert project.ask(variables, "all", "web") == {"who": "web", "of_all": 1}
        assert project.ask(variables, "web1") == {"who": "web1"}
    assert len(project.opener.asked) == 2
    assert project.made == 1


def test_only_what_is_needed(project: Project) -> None:
    variables = project.variables(prefetch=False)
    project.ask(variables, "web1")
    project.ask(variables, "web1")
    assert project.opener.asked == [["web1.yml.sealed"]]


def test_nothing_is_made_before_a_file_is_needed(project: Project) -> None:
    for path in project.folder.rglob("*.sealed"):
        path.unlink()
    assert project.ask(project.variables(), "all") == {}
    project.write("group_vars/all.yml.sealed", "a: 1\n")
    assert project.ask(project.variables(enabled=False), "all") == {}
    assert project.made == 0


def test_a_file_that_does_not_open_matters_once_it_is_needed(project: Project) -> None:
    project.write("host_vars/web2.yml.sealed", "refuse")
    variables = project.variables()
    assert project.ask(variables, "web1") == {"who": "web1"}
    for _task in range(2):
        with pytest.raises(BlobError, match=r"Sealed variables are missing \(wrong_key\)\. No to web2\.yml\.sealed\."):
            project.ask(variables, "web2")
    assert [name for asked in project.opener.asked for name in asked].count("web2.yml.sealed") == 1


def test_a_file_that_does_not_open_can_be_left_out(project: Project) -> None:
    project.write("group_vars/web.yml.sealed", "refuse")
    message: list[str] = []
    assert project.ask(project.variables(tolerate=message.append), "all", "web") == {"who": "all", "of_all": 1}
    assert message == ["Sealed variables are missing (wrong_key). No to web.yml.sealed."]


@pytest.mark.parametrize(("content", "what"), [
    (b"secret: \xff", "it is not UTF-8"),
    (b"- secret\n", "it is not a dictionary of variables"),
    (b"secret", "it is not a dictionary of variables"),
    (b"a: 1\nsecret: [\n", "it is not a YAML or JSON document (line 3, column 1)"),
    (b"secret: &a *secret\n", "it is not a YAML or JSON document"),
])
def test_what_is_no_document_of_variables_is_not_shown(project: Project, content: bytes, what: str) -> None:
    project.write("group_vars/all.yml.sealed", content)
    with pytest.raises(SettingError) as caught:
        project.ask(project.variables(), "all")
    assert f"all.yml.sealed was decrypted, but {what}" in str(caught.value)
    assert caught.value.reason == "malformed_document"
    assert caught.value.__suppress_context__
    assert "secret" not in str(caught.value).replace("sealwright.vault_seal", "")


def test_an_empty_file_holds_nothing(project: Project) -> None:
    project.write("group_vars/all.yml.sealed", "---\n# nothing\n")
    assert project.ask(project.variables(), "all", "web") == {"who": "web"}


def test_beyond_the_cache_the_oldest_goes_and_is_opened_again(project: Project) -> None:
    variables = project.variables(prefetch=False, cache_size=20)
    for host in ("web1", "web2", "web1"):
        assert project.ask(variables, host) == {"who": host}
    assert project.opener.asked == [["web1.yml.sealed"], ["web2.yml.sealed"]]
    assert project.ask(variables, "all") == {"who": "all", "of_all": 1}
    assert project.ask(variables, "web1") == {"who": "web1"}
    assert project.opener.asked[2:] == [["all.yml.sealed"], ["web1.yml.sealed"]]
    large = project.variables(cache_size=1)
    assert project.ask(large, "all", "web", "web1") == {"who": "web1", "of_all": 1}
