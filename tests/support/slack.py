# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time limits of the tests. A slow machine raises them all by SEALWRIGHT_TIME_FACTOR."""

from __future__ import annotations

import os


def scaled(seconds: float) -> float:
    """The limit on this machine; `tools/processes.py` refuses a factor that is not a number above 0."""
    return seconds * float(os.environ.get("SEALWRIGHT_TIME_FACTOR") or 1)


SLACK = scaled(3.5)
"""Seconds that something may end after its bound on a busy machine: far less than what the bounds guard against would take.

botocore's own limits, which these bounds replace, are five attempts of a minute each; the collection's are 5 s for a connection."""
