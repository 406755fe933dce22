# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the KMS key of a seal: its policy, and events that endanger it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def seal_key_policy(servers: Sequence[str], administrators: Sequence[str], current: Any = None) -> dict[str, Any]:
    """Documented in seal_key_policy.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.policy import key_policy, policy_difference

    try:
        policy = key_policy(administrators, servers)
        return {"policy": policy, "difference": policy_difference(current, policy) if current else []}
    except SealError as error:
        raise AnsibleFilterError(f"seal_key_policy: {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"seal_key_policy: the current policy is not a key policy ({type(error).__name__}).") from None


def seal_key_events(kms_keys: Sequence[str], topic: str, aliases: Sequence[str] = ()) -> dict[str, Any]:
    """Documented in seal_key_events.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._seal_key.events import key_events

    try:
        return key_events(kms_keys, aliases, str(topic))
    except SealError as error:
        raise AnsibleFilterError(f"seal_key_events: {error}") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"seal_key_events": seal_key_events, "seal_key_policy": seal_key_policy}
