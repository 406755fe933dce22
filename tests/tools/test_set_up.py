# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding interpreters, pip's settings, the clone tree and the archive's contents."""

from __future__ import annotations

import subprocess
import sys

import pytest

import archive
import check
import pythons
import trees
import uv


def test_a_shim_that_only_says_command_not_found_is_no_python(tmp_path, monkeypatch):
    shim = tmp_path / "python3.9"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    interpreters = pythons.find()
    assert set(interpreters) == {sys.version_info[:2]}
    assert interpreters[sys.version_info[:2]].version == sys.version_info[:3]


def test_a_variable_wins_over_the_file_and_other_commands_do_not_count():
    lines = ["global.index-url='https://one.example/simple'", "download.index-url='https://two.example/simple'"]
    assert uv.parse_pip_settings(lines) == {"index-url": "https://one.example/simple"}
    lines.append(":env:.index-url='https://three.example/simple'")
    assert uv.parse_pip_settings(lines) == {"index-url": "https://three.example/simple"}


def test_uv_is_told_the_index_of_pip_and_keeps_its_own(monkeypatch):
    monkeypatch.setattr(uv, "pip_settings", lambda: {"index-url": "https://one.example/simple"})
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://two.example/simple")
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://two.example/simple"


def test_the_clone_follows_the_checkout_and_leaves_ignored_files_out(tmp_path, monkeypatch):
    checkout = tmp_path / "a checkout"
    (checkout / "plugins").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)
    (checkout / ".gitignore").write_text("*.pyc\n")
    (checkout / "plugins" / "kept.py").write_text("1")
    (checkout / "plugins" / "made.pyc").write_text("1")
    (checkout / "gone").write_text("1")
    monkeypatch.setattr(trees, "ROOT", checkout)
    monkeypatch.setattr(trees, "CLONE_TREES", tmp_path / "clone")
    trees.clone("t")
    target = trees.clone_dir("t")
    output = target / "tests" / "output" / "cache"
    output.parent.mkdir(parents=True)
    output.write_text("kept")
    (checkout / "gone").unlink()
    (checkout / "plugins" / "kept.py").write_text("2")
    trees.clone("t")
    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file() and ".git" not in path.parts} == {
        ".gitignore",
        "plugins/kept.py",
        "tests/output/cache",
    }
    assert (target / "plugins" / "kept.py").read_text() == "2"


def test_the_archive_holds_what_runs_and_nothing_that_develops():
    good = {"COPYING", "FILES.json", "LICENSES/x", "MANIFEST.json", "README.md", "changelogs/x", "docs/x", "meta/x", "plugins/x"}
    assert archive.problems(good, ["plugins/x", "tools/x"]) == []
    assert archive.problems(good | {"tools/x"}, []) == ["does not belong in the archive: tools"]
    assert archive.problems(good - {"README.md"}, []) == ["is missing from the archive: README.md"]
    assert archive.problems(good, ["plugins/y"]) == ["is missing from the archive: plugins/y"]


def test_names_stand_for_groups_and_an_unknown_one_is_refused():
    known = ["units", "units-3.9-lowest", "sanity", "bench"]
    assert check.select(["all"], known) == ["units", "units-3.9-lowest", "sanity"]
    assert check.select(["bench", "unit"], known) == ["units", "bench"]
    assert check.select(["matrix"], known) == ["units-3.9-lowest"]
    with pytest.raises(SystemExit, match="No such step or group: unti"):
        check.select(["unti"], known)
