# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the KMS key of a seal: its policy, and events that endanger it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def seal_key_policy(servers: Sequence[str], administrators: Sequence[str], current: Any = None, deletion_window: int = 0) -> dict[str, Any]:
    """Documented in seal_key_policy.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.policy import key_policy, policy_difference, policy_document
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.policy_lint import policy_findings

    try:
        policy = key_policy(administrators, servers, int(deletion_window))
        if not current:
            return {"policy": policy, "difference": [], "findings": []}
        document = policy_document(current)
        findings = [finding.as_result() for finding in policy_findings(document, administrators, servers)]
        return {"policy": policy, "difference": policy_difference(document, policy), "findings": findings}
    except SealError as error:
        raise AnsibleFilterError(f"seal_key_policy: {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"seal_key_policy: the current policy is not a key policy ({type(error).__name__}).") from None


def seal_key_events(kms_keys: Sequence[str], topic: str, aliases: Sequence[str] = (), topic_policy: bool = True) -> dict[str, Any]:
    """Documented in seal_key_events.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.events import key_events

    try:
        return key_events(kms_keys, aliases, str(topic), bool(topic_policy))
    except SealError as error:
        raise AnsibleFilterError(f"seal_key_events: {error}") from None


def seal_key_event_files(events: Mapping[str, Any]) -> list[dict[str, str]]:
    """Documented in seal_key_event_files.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.events import event_files

    with filter_errors("seal_key_event_files: the input must be a result of seal_key_events"):
        return event_files(plain_values(events))


def seal_key_plan(wanted: Mapping[str, Any], by_alias: Mapping[str, Any], by_key: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Documented in seal_key_plan.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._plain_values import plain_values
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.plan import Wanted, key_plan

    with filter_errors("seal_key_plan: the input must be the wanted key and results of awskms_key_info, as the role seal_key collects them"):
        given = plain_values(wanted)
        known = {name: given[name] for name in (each.name for each in dataclasses.fields(Wanted)) if name in given}
        known["tags"] = {str(name): str(value) for name, value in (known.get("tags") or {}).items()}
        return key_plan(Wanted(**known), plain_values(by_alias), plain_values(by_key) if by_key else None).as_result()


def seal_key_trouble(failure: Mapping[str, Any], creating: bool = False) -> dict[str, str]:
    """Documented in seal_key_trouble.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.trouble import module_trouble

    return module_trouble(failure, creating).as_result()


def collection_version(name: str) -> str:
    """Documented in collection_version.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.installed_collections import installed_version

    return installed_version(str(name))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "collection_version": collection_version,
            "seal_key_event_files": seal_key_event_files,
            "seal_key_events": seal_key_events,
            "seal_key_plan": seal_key_plan,
            "seal_key_policy": seal_key_policy,
            "seal_key_trouble": seal_key_trouble,
        }
