# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that decides for the role seal_rotate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

# What the role records of each host: the key in the plan, and the variable.
_FACTS = {"state": "server_state_result", "proofs": "seal_rotate__proofs", "restarted": "seal_rotate__restarted"}
_SNAPSHOT = {"trouble": "seal_rotate__trouble", "info": "seal_rotate__info", "taken": "seal_rotate__taken"}


def seal_rotate_plan(hosts: Sequence[str], hostvars: Mapping[str, Any], reachable: Collection[str], run: Mapping[str, Any]) -> dict[str, Any]:
    """Documented in seal_rotate_plan.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_rotate import plan
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_rotate_report import report

    malformed = "seal_rotate_plan: the input must be the hosts, their variables and the state of the run, as the role seal_rotate collects them"
    with filter_errors(malformed):
        known = plain_values(run)
        made = plan(known, {str(host): {"reachable": host in reachable, **plain_values(_known(hostvars[host]))} for host in hosts})
        result: dict[str, Any] = wrap_var({**made, **report(known, made)})
        return result


def _known(variables: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: variables[variable] for name, variable in _FACTS.items() if variable in variables}
    snapshot = {name: variables[variable] for name, variable in _SNAPSHOT.items() if variable in variables}
    status = (snapshot.pop("taken", None) or {}).get("status")
    return {**known, "snapshot": {**snapshot, "status": status}}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"seal_rotate_plan": seal_rotate_plan}
