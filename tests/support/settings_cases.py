# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inputs of ``tests/cases/settings``: a seal stanza, an environment and files of the service's user, on which AWS SDKs differ."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_PLACE = re.compile(r"\{\{|\}\}|\{([a-z]+)\}")
FOLDER = Path(__file__).parents[1] / "cases" / "settings"


class Case(NamedTuple):
    """``config`` and ``environment`` as server and module are given them; ``static`` where no server is run."""

    name: str
    config: str
    environment: dict[str, str]
    static: bool
    tls: bool
    product: str


def names(static: bool) -> list[str]:
    """The cases of a configuration with, or without, a server that is run; those of a unit are for tests/differential."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if "config" in _read(path.stem) and _read(path.stem).get("static", False) == static)


def uses_tls(name: str) -> bool:
    return bool(_read(name).get("tls"))


def prepare(name: str, home: Path, values: Mapping[str, str]) -> Case:
    """Fill the case's placeholders, and lay its files into ``home``."""
    result = _read(name)
    names = {**values, "home": str(home)}
    for path, text in result["files"].items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(filled(text, names), encoding="utf-8")
        file.chmod(0o755 if text.startswith("#!") else 0o600)
        names["sum"] = hashlib.sha256(file.read_bytes()).hexdigest()
    environment = {variable: filled(text, names) for variable, text in result["environment"].items()}
    return Case(
        name, filled(result["config"], names), environment, bool(result.get("static")), bool(result.get("tls")), result.get("product") or "openbao"
    )


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text of a case with its placeholders filled; doubled braces stand for one."""
    return _PLACE.sub(lambda place: values[place.group(1)] if place.group(1) else place.group()[0], text)


def _read(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return case
