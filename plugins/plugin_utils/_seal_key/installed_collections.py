# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release of a collection is installed on the controller."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import yaml


def installed_version(name: str) -> str:
    """The version; empty if the collection is not installed, and "*" if it has no version, as a checkout."""
    if not re.match(r"[a-z0-9_]+\.[a-z0-9_]+\Z", name):
        return ""
    try:
        found = importlib.util.find_spec(f"ansible_collections.{name}")
    except (ImportError, ValueError, AttributeError):
        found = None
    for folder in (found.submodule_search_locations or []) if found else []:
        version = _version(Path(folder))
        return version if isinstance(version, str) and version else "*"
    return ""


def _version(folder: Path) -> Any:
    try:
        return json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        return yaml.safe_load((folder / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
