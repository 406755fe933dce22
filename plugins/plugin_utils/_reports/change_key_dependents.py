# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What still depends on a key after the change to another one, from the facts of the role key_map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import Dependent, build_map, plain


def dependents_of(found: Iterable[Mapping[str, Any]], key: str, not_asked: Sequence[str] = ()) -> dict[str, Any]:
    """The ``dependents`` of a key by its ARN, those whose keys are ``unknown``, and the ``lines`` of the report.

    :param found: for each host the fact ``key_map_found``.
    :param not_asked: hosts without it, on which the key may still be in use.
    """
    result = build_map(found, not_asked)
    dependents = result.keys[key].dependents if key in result.keys else []
    lines = [f"These depend on {key}, which must stay enabled as long as they are in use or kept:", *map(_line, dependents)]
    if not dependents:
        lines = [f"Nothing that was checked depends on {key}."]
    if result.loose:
        lines += ["It is unknown on which key these depend:", *map(_line, result.loose)]
    lines.append(
        "Snapshots, sealed files and hosts that are not listed in key_map_snapshots, key_map_folders and change_key_dependents_hosts were not checked. All "
        "snapshots that were taken before the change depend on the old key. No key was disabled or deleted."
    )
    return {
        "dependents": [each.as_result() for each in dependents],
        "unknown": [each.as_result() for each in result.loose],
        "lines": [plain(line) for line in lines],
    }


def _line(dependent: Dependent) -> str:
    return f"  {dependent.kind}: {dependent.title()}{f' ({dependent.note})' if dependent.note else ''}"
