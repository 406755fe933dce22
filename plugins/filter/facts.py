# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter that ensures that variables for actions on the controller do not come from a managed host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

_ROLES = ("cluster_bootstrap", "key_map", "kms_verify", "migrate", "restore_drill", "seal_rotate", "server_state", "vault_config")
_PREFIXES = tuple(f"{role}_" for role in _ROLES)
# Names that Ansible sets itself but facts can override: a host could pose as another host.
_OF_ANSIBLE = frozenset(("group_names", "inventory_dir", "inventory_file", "inventory_hostname", "inventory_hostname_short"))


def not_from_facts(value: Any, facts: Any) -> Any:
    """Documented in not_from_facts.yml."""
    if not isinstance(facts, Mapping):
        raise AnsibleFilterError("not_from_facts requires ansible_facts, which a host cannot override.")
    names = sorted(str(name) for name in facts if str(name).startswith(_PREFIXES) or str(name) in _OF_ANSIBLE)
    if names:
        raise AnsibleFilterError(
            f"The host returned facts with the names of variables of this collection's roles or of Ansible: {', '.join(names)}. Facts take precedence over "
            "the inventory, and these variables control actions on the controller. Do not trust the host. If your own play sets them by set_fact with "
            "cacheable, set them in the inventory instead, and clear the fact cache."
        )
    return value


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"not_from_facts": not_from_facts}
