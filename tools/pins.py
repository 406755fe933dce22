# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Update the pinned requirements: write NAME.txt for each `tools/requirements/NAME.in`, for every Python version that uses it."""

from __future__ import annotations

import subprocess
import sys

import uv
from paths import REQUIREMENTS

# The oldest Python that each file serves; the pins hold for it and for all later ones.
OLDEST = {"fuzz": "3.11", "lowest": "3.9"}
# Files whose packages are installed without what they depend on.
ALONE = ("amazon",)

NOTE = """\

# Made from {name}.in by `make pins`; do not edit.
"""


def pin(name: str) -> None:
    """Resolve one file to the newest compatible versions."""
    source = REQUIREMENTS / f"{name}.in"
    target = REQUIREMENTS / f"{name}.txt"
    header = "".join(source.read_text().partition("\n\n")[:1]) + "\n" + NOTE.format(name=name)
    command = [str(uv.command()), "pip", "compile", "--quiet", "--universal", "--upgrade", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--python", sys.executable]
    command += ["--no-deps"] if name in ALONE else []
    command += ["--python-version", OLDEST.get(name, "3.10"), source.name]
    answer = subprocess.run(command, cwd=REQUIREMENTS, env=uv.environment(), stdout=subprocess.PIPE, text=True, check=True)
    target.write_text(header + answer.stdout)
    print(target.name)


if __name__ == "__main__":
    for each in sorted(REQUIREMENTS.glob("*.in")):
        pin(each.stem)
