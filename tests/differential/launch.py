# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one server is started, in truth and as the module is told: the harness stands for systemd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


CREDENTIALS = "/run/credentials"


@dataclass
class Launch:
    """``config``, ``environment`` and ``working`` are what the server gets; ``options`` what the modules get.

    ``files`` are below ``home``, by their relative paths; ``credentials`` are below ``CREDENTIALS`` while the server runs, as systemd makes them.
    """

    home: str
    config: list[str]
    environment: dict[str, str]
    working: str
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)


# What one way of starting makes of a launch with one file of configuration; it fills in the options.
Start = Callable[[Launch], None]
