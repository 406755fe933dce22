# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two trees that make the checkout a collection.

The *link tree* holds a link to the checkout, for ansible, pytest, ansible-lint and antsibull-docs.
*Clone trees* hold a copy, for ansible-test (which resolves links and then refuses) and for the archive.
`python3 tools/trees.py NAME` refreshes the clone tree of that name.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from paths import CLONE_TREES, COLLECTION, LINK_TREE, ROOT

_LIST = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


def clone_dir(name: str) -> Path:
    """The collection's folder in a clone tree."""
    return CLONE_TREES / name / COLLECTION


def link() -> None:
    """Create the link tree."""
    target = LINK_TREE / COLLECTION
    if target.is_symlink() and target.resolve() == ROOT:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(ROOT, target_is_directory=True)


def files() -> set[str]:
    """The files that git would commit: those that are tracked, or new and not ignored; as relative paths."""
    listed = subprocess.run(_LIST, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    paths = {os.fsdecode(path) for path in listed.split(b"\0") if path}
    return {path for path in paths if os.path.lexists(ROOT / path)}


def clone(name: str) -> None:
    """Update a clone tree to the files that git would commit."""
    target = clone_dir(name)
    target.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for path in wanted:
        _copy(ROOT / path, target / path)
    _remove_others(target, wanted)
    # ansible-test lists the files with git; a separate repository keeps it away from the checkout's.
    if not (target / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(target)], check=True)


def _copy(source: Path, target: Path) -> None:
    same = (
        target.is_file()
        and not source.is_symlink()
        and filecmp.cmp(source, target, shallow=False)
        and source.stat().st_mode == target.stat().st_mode
    )
    if same:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _remove_others(target: Path, wanted: set[str]) -> None:
    for folder, folders, names in os.walk(target, topdown=True):
        if Path(folder) == target:
            folders[:] = [each for each in folders if each != ".git"]
        # The files that ansible-test leaves behind speed up its next run.
        folders[:] = [each for each in folders if (Path(folder) / each) != target / "tests" / "output"]
        for name in names:
            path = Path(folder) / name
            if str(path.relative_to(target)) not in wanted:
                path.unlink()
    for folder, _folders, _files in os.walk(target, topdown=False):
        if not os.listdir(folder) and ".git" not in Path(folder).parts:
            os.rmdir(folder)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        clone(each)
