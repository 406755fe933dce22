# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a host as they are, or as they would be once candidates were put in their places."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..errors import SettingError
from ..regular_files import read_regular

Candidates = Mapping[str, str]
"""Maps a file's path to the path of its replacement; empty if the file will be removed. Paths are normalised and absolute."""


def exists(path: str, candidates: Candidates) -> bool:
    """Whether there will be a file or folder."""
    place = candidates.get(os.path.normpath(path))
    return os.path.exists(path) if place is None else bool(place)


def is_folder(path: str, candidates: Candidates) -> bool:
    """Whether a folder will exist: it exists now, or the path of a candidate creates it."""
    return os.path.isdir(path) or any(place and os.path.dirname(each) == os.path.normpath(path) for each, place in candidates.items())


def names_in(folder: str, candidates: Candidates) -> list[str]:
    """The names of the files that will be in a folder, in order; raises :class:`SettingError` (``file_error``)."""
    here = {os.path.basename(path): place for path, place in candidates.items() if os.path.dirname(path) == os.path.normpath(folder)}
    try:
        there = os.listdir(folder) if os.path.isdir(folder) else []
        # A link to a folder is a file for the servers, which cannot read it.
        names = {name for name in there if os.path.islink(os.path.join(folder, name)) or not os.path.isdir(os.path.join(folder, name))}
    except OSError as error:
        raise _unreadable(folder, error) from None
    return sorted({*names, *here} - {name for name, place in here.items() if not place})


def read(path: str, candidates: Candidates, longest: int) -> bytes:
    """A file's content, one byte more than ``longest`` at most; raises :class:`SettingError` (``file_error``) that names its own path.

    Only a regular file is read, for nobody may ever write to a named pipe. A link to /dev/null, by which systemd masks a file, is empty.
    """
    try:
        return read_regular(candidates.get(os.path.normpath(path)) or path, longest + 1)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> SettingError:
    return SettingError(
        f"{path} cannot be read: {error.strerror}.",
        reason="file_error",
        remedy="Check the path, and that the user who runs this may read it (become).",
    )
