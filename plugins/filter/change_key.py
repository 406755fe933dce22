# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that decide for the role change_key. Their results contain texts from hosts, and are never templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

# What the role records of each host: the key in the plan, and the variable.
_FACTS = {"state": "migrate_state", "seals": "migrate__files", "proofs": "change_key__proofs"}
_SNAPSHOT = {"trouble": "change_key__trouble", "info": "change_key__info"}


def change_key_plan(hosts: Sequence[str], hostvars: Mapping[str, Any], reachable: Collection[str], run: Mapping[str, Any]) -> dict[str, Any]:
    """Documented in change_key_plan.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key import change_key_plan as decide

    malformed = "change_key_plan: the input must be the hosts, their variables and the state of the run, as the role change_key collects them"
    with filter_errors(malformed):
        known = {str(host): plain_values(_known(hostvars[host])) if host in reachable else {} for host in hosts}
        plan: dict[str, Any] = wrap_var(decide(plain_values(run), known))
        return plan


def _known(variables: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: variables[variable] for name, variable in _FACTS.items() if variable in variables}
    snapshot = {name: variables[variable] for name, variable in _SNAPSHOT.items() if variable in variables}
    snapshot["status"] = _status(variables.get("change_key__taken"))
    answer = variables.get("change_key__answer") or {}
    return {**known, "snapshot": snapshot, "canary": {"status": _status(answer), "json": answer.get("json")}}


def _status(answer: Mapping[str, Any] | None) -> int:
    return int((answer or {}).get("status") or 0)


def change_key_dependents(found: Iterable[Mapping[str, Any]], key: str, not_asked: Iterable[str] = ()) -> dict[str, Any]:
    """Documented in change_key_dependents.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_dependents import dependents_of

    with filter_errors("change_key_dependents: the input must be the facts key_map_found of the hosts"):
        report: dict[str, Any] = wrap_var(dependents_of(plain_values(list(found)), str(key), [str(host) for host in not_asked]))
        return report


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"change_key_dependents": change_key_dependents, "change_key_plan": change_key_plan}
