# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sourced(NamedTuple):
    """A value and a description of its source."""

    value: str
    source: str

    def __str__(self) -> str:
        return f"{self.value} (from {self.source})"

    def as_result(self) -> dict[str, str]:
        return {"value": self.value, "source": self.source}


def first(environ: Mapping[str, str], variables: tuple[str, ...]) -> Sourced | None:
    """The first of the environment variables that is set and not empty."""
    for variable in variables:
        if environ.get(variable):
            return Sourced(environ[variable], f"environment variable {variable}")
    return None
