# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter that classifies the error of a host for the role kms_verify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def host_trouble(result: Any, task: str = "", user: str = "", libraries: str = "") -> dict[str, Any]:
    """Documented in host_trouble.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._host_trouble import host_trouble as judged

    return judged(result, task, user, libraries)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_trouble": host_trouble}
