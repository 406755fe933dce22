# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS SDK takes longer to import than most tasks take; what Ansible imports before it is needed leaves it out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
# Filters, because Ansible imports all of a collection with the first that is used; vars, because it is imported where no file is sealed.
EARLY = sorted(f"{kind}.{path.stem}" for kind in ("filter", "vars") for path in (PLUGINS / kind).glob("*.py"))


@pytest.mark.parametrize("name", [*EARLY, "plugin_utils._value_filters"])
def test_the_sdk_is_imported_when_it_is_needed(name: str) -> None:
    program = f"import sys, ansible_collections.sealwright.vault_seal.plugins.{name}; print('botocore.session' in sys.modules)"
    completed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    assert completed == str(name not in EARLY)
