# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and commands that a guide or a README prints, for a user's own folder: a file is named by the first line of its block, a comment."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

_RST = r"^\.\. code-block:: (?:{})\n\n((?:(?: {{4}}.*)?\n)+)"
_MARKDOWN = r"^```(?:{})\n(.*?)^```"


def blocks(page: Path, languages: str) -> list[str]:
    """The code blocks in one of the languages, given as alternatives of a regular expression."""
    form = _RST if page.suffix == ".rst" else _MARKDOWN
    result = re.findall(form.format(languages), page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL if page.suffix == ".md" else re.MULTILINE)
    return [textwrap.dedent(block) for block in result]


def files(page: Path) -> dict[str, str]:
    """What the page has for files, by their names."""
    printed = {}
    for block in blocks(page, r"yaml\+jinja|yml"):
        named = re.match(r"# (\S+\.yml)\n", block)
        if named:
            printed[named.group(1)] = block
    return printed


def commands(page: Path, program: str = "ansible-playbook") -> list[list[str]]:
    """The command lines that the page has for a program, without the comments after them."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith(f"$ {program} ")]
