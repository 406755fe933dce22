# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection amazon.aws for tests, from an environment of its own (tools/environments.py)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .ansible_run import collections_path

_MADE = Path(__file__).resolve().parents[2] / ".venv" / "amazon"


def with_amazon_aws() -> str:
    """A value of ANSIBLE_COLLECTIONS_PATH with this collection and amazon.aws; skips the test if that environment does not exist."""
    folders = sorted(_MADE.glob("lib/python3*/site-packages/ansible_collections/amazon/aws"))
    if not folders:
        pytest.skip("amazon.aws is not installed: python3 tools/environments.py amazon")
    return os.pathsep.join([str(collections_path()), str(folders[0].parents[2])])
