# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths in the checkout. All generated files are below `.venv/`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MADE = ROOT / ".venv"
REQUIREMENTS = ROOT / "tools" / "requirements"
LOGS = MADE / "log"

# A separate home, so that the checks do not use ~/.aws, ~/.ansible and ~/.vault-token of the user.
HOME = MADE / "home"

COLLECTION = Path("ansible_collections/sealwright/vault_seal")
LINK_TREE = MADE / "link"
CLONE_TREES = MADE / "clone"


def environment_dir(name: str) -> Path:
    """The folder of a named virtual environment."""
    return MADE / name


def environment_bin(name: str) -> Path:
    """The folder of the commands of a named virtual environment."""
    return environment_dir(name) / "bin"
