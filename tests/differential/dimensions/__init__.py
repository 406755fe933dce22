# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dimensions of the matrix. The first value of each is the plain one, which other dimensions are tried with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .authority import AUTHORITY
from .credentials import CREDENTIALS
from .endpoint import ENDPOINT
from .folder import FOLDER
from .form import FORM
from .key import KEY
from .noise import NOISE
from .proxy import PROXY
from .region import REGION
from .unit import UNIT
from .unit_files import UNIT_FILES

# In this order their parts are added: a later one wins.
DIMENSIONS: dict[str, Mapping[str, Any]] = {
    "form": FORM, "key": KEY, "region": REGION, "credentials": CREDENTIALS, "endpoint": ENDPOINT,
    "authority": AUTHORITY, "proxy": PROXY, "noise": NOISE, "unit": {**UNIT, **UNIT_FILES, **FOLDER},
}
# A value that decides what all values of another dimension mean: these are tried in each run.
ALWAYS = (
    ("endpoint", "tls", "authority"),
    ("endpoint", "no-scheme", "authority"),
    ("endpoint", "own-address", "proxy"),
    ("endpoint", "own-address-tls", "proxy"),
    ("region", "credentials-file", "credentials"),
    ("noise", "load-config", "credentials"),
)
# Dimensions that meet: of their pairs of values, as many are tried as the limit allows. Of all other dimensions, each value is tried alone.
PAIRS = (
    ("region", "credentials"),
    ("key", "region"),
    ("endpoint", "authority"),
    ("endpoint", "proxy"),
    ("endpoint", "region"),
    ("credentials", "noise"),
    ("region", "noise"),
    ("endpoint", "noise"),
    ("form", "key"),
    ("form", "unit"),
    ("credentials", "unit"),
    ("proxy", "credentials"),
)
