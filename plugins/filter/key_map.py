# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that maps dependencies on KMS keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def key_map(hosts: Sequence[Mapping[str, Any]], not_asked: Sequence[str] = (), title: str = "What depends on which KMS key") -> dict[str, Any]:
    """Documented in key_map.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import build_map, table
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map_html import page
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map_svg import draw

    with filter_errors("key_map: the input must be a list of hosts with module results, as the role key_map collects them"):
        built = build_map(hosts, not_asked)
    return {
        "kms_keys": [key.as_result() for key in built.keys.values()],
        "without_key": [each.as_result() for each in built.loose],
        "table": table(built),
        "svg": draw(built),
        "html": page(built, str(title)),
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"key_map": key_map}
