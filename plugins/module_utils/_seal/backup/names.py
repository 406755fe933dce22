# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of snapshots in a folder: ``NAME-20261128T043607Z.snap``, and with ``.unproven`` appended for one that did not prove."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import NamedTuple

from ..errors import SettingError

SUFFIX = ".snap"
UNPROVEN = ".unproven"
RECORD = ".json"
"""Appended to the name of a snapshot: the name of its record."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_TIME = "%Y%m%dT%H%M%SZ"
_FILE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63})-(?P<time>[0-9]{8}T[0-9]{6}Z)\.snap(?P<unproven>\.unproven)?")


class SnapshotName(NamedTuple):
    """A file name, in its parts."""

    name: str
    time: datetime
    proven: bool

    def __str__(self) -> str:
        return f"{self.name}-{self.time.strftime(_TIME)}{SUFFIX}{'' if self.proven else UNPROVEN}"

    @classmethod
    def parse(cls, file_name: str) -> SnapshotName | None:
        """The parts of a file name; None if it is not the name of a snapshot."""
        match = _FILE.fullmatch(file_name)
        if not match:
            return None
        try:
            time = datetime.strptime(match["time"], _TIME).replace(tzinfo=timezone.utc)
        except ValueError:
            return None
        parsed = cls(match["name"], time, not match["unproven"])
        return parsed if str(parsed) == file_name else None


def checked_name(name: str) -> str:
    """The option ``name``; raises :class:`SettingError` (``invalid_option``)."""
    if not _NAME.fullmatch(name):
        raise SettingError(
            f"Option name is {name!r}, which cannot be part of a file name.",
            reason="invalid_option",
            remedy="Use 1 to 64 letters, digits, dots, underscores and hyphens, with a letter or digit at both ends.",
        )
    return name
