# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks as nox sessions: `nox --list`. `make test` needs no nox to start with; it runs the same checks, several at a time.

The sessions of antsibull-nox.toml make their own environments. The others are the targets of the Makefile, and use the environments below `.venv/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import antsibull_nox
import nox

sys.path.insert(0, str(Path(__file__).parent / "tools"))

from steps import GROUPS

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.envdir = ".venv/sessions"
nox.options.sessions = ["all"]

antsibull_nox.load_antsibull_nox_toml()


def _add(name: str) -> None:
    def run(session: nox.Session) -> None:
        arguments = ["--", *session.posargs] if session.posargs else []
        session.run(sys.executable, "-B", "tools/check.py", name, *arguments, external=True)

    run.__doc__ = f"Run what `make {'test' if name == 'all' else name}` runs"
    nox.session(name=name, venv_backend="none", default=False)(run)


for _name in ("all", *GROUPS):
    _add(_name)
