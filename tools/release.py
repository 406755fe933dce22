# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the entry of a release: `make release VERSION=0.2.0`.

Sets the version in galaxy.yml, and has antsibull-changelog turn the fragments into an entry of changelogs/changelog.yaml and of CHANGELOG.rst and delete them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import environments
import home
import pythons
import trees
import uv
from paths import COLLECTION, HOME, LINK_TREE, ROOT, environment_bin

_VERSION = re.compile(r"^version: *(\S+)$", re.MULTILINE)


def with_version(galaxy: str, version: str) -> str:
    """The text of galaxy.yml with the next version.

    :raises ValueError: it is not a version, or not later than that of a former release.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"VERSION must be three numbers with dots, such as 0.2.0, not {version!r}.")
    match = _VERSION.search(galaxy)
    if match is None:
        raise ValueError("galaxy.yml has no version.")
    if _numbers(version) <= _numbers(match[1]):
        raise ValueError(f"VERSION must be later than {match[1]}, the version in galaxy.yml, not {version}.")
    return f"{galaxy[: match.start(1)]}{version}{galaxy[match.end(1) :]}"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def main(version: str) -> int:
    """The exit code."""
    galaxy = ROOT / "galaxy.yml"
    try:
        text = with_version(galaxy.read_text(encoding="utf-8"), version)
        lint = environments.ENVIRONMENTS["lint"]
        python = lint.choose(pythons.find())
        if python is None:
            raise ValueError(f"The environment lint {lint.missing()}.")
        environments.make(lint, python)
    except (ValueError, uv.SetUpError) as error:
        print(error, file=sys.stderr)
        return 1
    trees.link()
    home.prepare()
    before = galaxy.read_text(encoding="utf-8")
    galaxy.write_text(text, encoding="utf-8")
    folder = environment_bin("lint")
    code = subprocess.run(
        [str(folder / "antsibull-changelog"), "release", "--version", version],
        cwd=LINK_TREE / COLLECTION,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)]),
            "HOME": str(HOME),
            "ANSIBLE_CONFIG": str(home.ANSIBLE_CFG),
            "ANSIBLE_COLLECTIONS_PATH": str(LINK_TREE),
        },
        check=False,
    ).returncode
    if code:
        galaxy.write_text(before, encoding="utf-8")
        return code
    print(f"Commit galaxy.yml, CHANGELOG.rst and changelogs/ as release {version}; then build the archive with `make importer`.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
