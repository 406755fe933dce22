# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose an environment file is: what this collection did not write, or a package's unit names, is not replaced unasked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_MARK = "sealwright.vault_seal"
_VENDOR = ("/usr/lib/", "/lib/")
_OWNERS = (["dpkg-query", "--search"], ["rpm", "--query", "--file"])
REPLACE = "vault_config_environment_file_replace"

Run = Callable[[list[str]], tuple[int, str, str]]


def is_marked(content: bytes) -> bool:
    """Whether this collection wrote a file: its first line is the comment that marks such files."""
    first = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return first.startswith(b"#") and _MARK.encode() in first


def why_foreign(path: str, content: bytes, naming: Sequence[str], run: Run) -> str:
    """Why a file must not be replaced by this collection; empty if it may be.

    :param naming: the files of units, other than the role's own drop-in, that name it as their environment file.
    """
    if not is_marked(content):
        return "it was not written by this collection"
    if _of_package(path, run):
        return "it belongs to an installed package"
    of_package = next((unit for unit in naming if unit.startswith(_VENDOR) or _of_package(unit, run)), "")
    return f"a unit of an installed package ({of_package}) uses it" if of_package else ""


def refused(path: str, why: str, what: str = "replaced") -> SettingError:
    """The error that names the variable that allows it."""
    return SettingError(
        f"The environment file {path} cannot be {what}, because {why}: its content, such as a licence or credentials, would be lost.",
        reason="foreign_file",
        remedy=f"Set vault_config_environment_file to another file, or set {REPLACE} to replace it after a backup.",
    )


def _of_package(path: str, run: Run) -> bool:
    names = {path, os.path.realpath(path)}
    return any(run([*command, name])[0] == 0 for command in _OWNERS for name in sorted(names))
