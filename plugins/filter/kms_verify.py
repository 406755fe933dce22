# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the role kms_verify: which hosts to check, and the report of all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleUndefinedVariable
from jinja2 import Undefined


def kms_verify_groups(hosts: Sequence[str], hostvars: Mapping[str, Any], one_per: str) -> list[list[str]]:
    """Documented in kms_verify_groups.yml."""
    if not one_per:
        return [[str(host)] for host in hosts]
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.kms_verify import SETTINGS, group

    return group(((str(host), plain_values(_defined(hostvars[host], (one_per, *SETTINGS)))) for host in hosts), one_per)


def kms_verify_report(
    hosts: Sequence[str], hostvars: Mapping[str, Any], reachable: Collection[str], unchecked: Mapping[str, Any], table_hosts: int, names_server: bool
) -> dict[str, Any]:
    """Documented in kms_verify_report.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.kms_verify import Asked, build_report, table

    present, asked = frozenset(reachable), {}
    with filter_errors("kms_verify_report: the input must be the hosts and their variables, with results of the role kms_verify"):
        for host in hosts:
            # Creating the variables of a host costs more than everything else.
            own = plain_values(_defined(hostvars[host], ("kms_verify_result", "kms_verify_stands_for")))
            asked[str(host)] = Asked(own.get("kms_verify_result"), host in present, own.get("kms_verify_stands_for") or ())
        report = build_report(asked, plain_values(unchecked))
        return {"report": report, "table": table(report["hosts"], int(table_hosts), names_server)}


def _defined(variables: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The variables that are defined. One whose template uses an undefined variable is not."""
    values = {}
    for name in names:
        try:
            value = variables[name]
        except (KeyError, AnsibleUndefinedVariable):
            continue
        if not isinstance(value, Undefined):
            values[name] = value
    return values


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"kms_verify_groups": kms_verify_groups, "kms_verify_report": kms_verify_report}
