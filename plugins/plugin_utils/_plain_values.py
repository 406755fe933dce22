# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of templates as plain Python containers.

From ansible-core 2.19 on, a filter gets dictionaries and lists whose items are rendered when they are read. Functions written in C, such as ``str.join`` and
``json.dumps``, would see the items before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain_values(value: Any) -> Any:
    """A copy of dictionaries and lists, with all items rendered."""
    if isinstance(value, Mapping):
        return {key: plain_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(each) for each in value]
    return value
