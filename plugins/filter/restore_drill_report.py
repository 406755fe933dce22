# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that formats the result of a restore drill for the role restore_drill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def restore_drill_report(result: Mapping[str, Any], snapshot: str, inspected: Mapping[str, Any]) -> list[str]:
    """Documented in restore_drill_report.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.restore_drill import report_lines

    with filter_errors("restore_drill_report: the input must be a result of vault_restore_drill"):
        return report_lines(result, snapshot, inspected)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"restore_drill_report": restore_drill_report}
