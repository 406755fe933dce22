# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the archive that users install, check its contents, and install it next to the archive.

Runs with the environment `dev` or `lint`, in the clone tree `archive`. The result: `.venv/archive/*.tar.gz` and
`.venv/archive/installed`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

import trees
from paths import COLLECTION, MADE

FOLDER = MADE / "archive"
INSTALLED = FOLDER / "installed"

# All top-level entries that the archive may contain, and those that it must contain.
_REQUIRED = {"COPYING", "FILES.json", "LICENSES", "MANIFEST.json", "README.md", "changelogs", "docs", "meta", "plugins"}
_ALLOWED = _REQUIRED | {"CHANGELOG.md", "CHANGELOG.rst", "extensions", "playbooks", "roles"}
_WHOLE = ("plugins/", "roles/", "playbooks/", "meta/", "docs/")


def problems(packed: Iterable[str], checkout: Iterable[str]) -> list[str]:
    """Errors in the list of packed files, compared with the files of the checkout."""
    files = set(packed)
    tops = {path.split("/", 1)[0] for path in files}
    lost = sorted(path for path in checkout if path.startswith(_WHOLE) and path not in files)
    return [
        *(f"does not belong in the archive: {top}" for top in sorted(tops - _ALLOWED)),
        *(f"is missing from the archive: {top}" for top in sorted(_REQUIRED - tops)),
        *(f"is missing from the archive: {path}" for path in lost),
    ]


def build() -> Path:
    """Build the archive from a clean copy of the checkout, and return its path."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    source = trees.clone_dir("archive")
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(FOLDER)], cwd=source, check=True)
    (archive,) = FOLDER.glob("*.tar.gz")
    return archive


def main() -> int:
    """The exit code."""
    trees.clone("archive")
    archive = build()
    with tarfile.open(archive) as packed:
        names = [member.name for member in packed if member.isfile()]
    complaints = problems(names, trees.files())
    print(f"{archive.name}: {len(names)} files", *complaints, sep="\n")
    if complaints:
        return 1
    # Offline, so that only this archive can be used; with force, because the link tree counts as installed already.
    install = ["ansible-galaxy", "collection", "install", "--offline", "--force", "-p", str(INSTALLED), str(archive)]
    subprocess.run(install, check=True)
    return 0 if (INSTALLED / COLLECTION / "MANIFEST.json").is_file() else 1


if __name__ == "__main__":
    sys.exit(main())
