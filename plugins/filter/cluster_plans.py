# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that decide for the roles migrate and cluster_bootstrap. Their results contain texts from hosts, and are never templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var


def _decided(name: str, decide: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors

    with filter_errors(f"{name}: the input is not what its role collects"):
        return wrap_var(decide(*arguments, **options))


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as keywords, each templated: `**` of Ansible's own dictionaries may not template their values."""
    return {str(name): options[name] for name in options}


def migrate_plan(states: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Documented in migrate_plan.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports import migrate

    plan: dict[str, Any] = _decided("migrate_plan", migrate.migrate_plan, states, **options)
    return plan


def migrate_stop_obstacle(states: Mapping[str, Any], host: str, **options: Any) -> str:
    """Documented in migrate_stop_obstacle.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports import migrate

    obstacle: str = _decided("migrate_stop_obstacle", migrate.stop_obstacle, host, states, **options)
    return obstacle


def cluster_bootstrap_plan(states: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Documented in cluster_bootstrap_plan.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports import cluster_bootstrap

    plan: dict[str, Any] = _decided("cluster_bootstrap_plan", cluster_bootstrap.cluster_bootstrap_plan, states, **_plain(options))
    return plan


def cluster_bootstrap_report(options: Mapping[str, Any], recorded: bool, token_stored: bool) -> dict[str, Any]:
    """Documented in cluster_bootstrap_report.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports import cluster_bootstrap

    decide = cluster_bootstrap.cluster_bootstrap_report
    report: dict[str, Any] = _decided("cluster_bootstrap_report", decide, recorded=recorded, token_stored=token_stored, **_plain(options))
    return report


def unready_hosts(results: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> list[str]:
    """Documented in unready_hosts.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports import cluster

    lines: list[str] = _decided("unready_hosts", cluster.unready_hosts, results, errors)
    return lines


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "cluster_bootstrap_plan": cluster_bootstrap_plan,
            "cluster_bootstrap_report": cluster_bootstrap_report,
            "migrate_plan": migrate_plan,
            "migrate_stop_obstacle": migrate_stop_obstacle,
            "unready_hosts": unready_hosts,
        }
