# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The head of the files that the benchmarks write."""

from __future__ import annotations

from pathlib import Path

LICENCE = "".join(f"{line[2:]}\n" for line in Path(__file__).read_text(encoding="utf-8").splitlines()[:3])
