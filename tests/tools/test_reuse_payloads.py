# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives of modules that are kept between runs: a changed file of the collection, or a module of the user's own, gets none that was kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

CALLBACK = Path(__file__).parents[1] / "support" / "callbacks" / "reuse_payloads.py"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The callback's module, with a checkout of one library."""
    spec = importlib.util.spec_from_file_location("reuse_payloads", CALLBACK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "plugins" / "module_utils").mkdir(parents=True)
    (tmp_path / "plugins" / "module_utils" / "one.py").write_text("A = 1\n")
    monkeypatch.setattr(module, "_CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return module


def test_the_folder_stays_while_nothing_changes(kept):
    assert kept._folder() == kept._folder()


@pytest.mark.parametrize("change", ["replaced", "edited", "added"])
def test_a_change_gets_another_folder(kept, tmp_path, change):
    before, library = kept._folder(), tmp_path / "plugins" / "module_utils" / "one.py"
    if change == "replaced":
        (tmp_path / "new").write_text("A = 2\n")
        (tmp_path / "new").replace(library)
    elif change == "edited":
        library.write_text("A = 12\n")
    else:
        library.with_name("two.py").write_text("")
    assert kept._folder() != before


def test_a_module_beside_the_playbook_ends_it(kept, tmp_path):
    assert kept._are_ansibles()
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "copy.py").write_text("")
    assert not kept._are_ansibles()


@pytest.mark.parametrize(
    ("name", "kept_name"),
    [("ansible.modules.copy-ZIP_DEFLATED-none", True), ("ansible.modules.copy-ZIP_DEFLATED-none.lock", False), ("another.copy-ZIP_DEFLATED", False)],
)
def test_only_finished_archives_are_kept(kept, tmp_path, name, kept_name):
    (tmp_path / name).write_text("")
    assert kept._can_be_kept(tmp_path / name) is kept_name
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / name).symlink_to(tmp_path / name)
    assert not kept._can_be_kept(tmp_path / "link" / name)
