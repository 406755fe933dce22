# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role change_key refuses at once: variables that are missing or name one key twice, and releases of servers that cannot change the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import Impasse, NodeState
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate_cluster import names_same_key

NOTHING = "Nothing was changed."
_OLDEST = {"vault": (1, 5, 1), "openbao": (2, 0, 0)}  # rolling migrations: Vault 1.5.1
_NO_BUILT_IN = (2, 7, 0)  # OpenBao: awskms is a plugin


def refusal(run: Mapping[str, Any]) -> Impasse:
    """Why the variables are invalid."""
    old, new, canary = run.get("old") or {}, run.get("new") or {}, run.get("canary") or {}
    missing = [name for name, seal in (("change_key_old_seal", old), ("vault_config_seals", new)) if not seal.get("kms_key_id")]
    if missing:
        return Impasse("variables", f"{' and '.join(missing)} must contain one awskms seal with kms_key_id. {NOTHING}")
    if any("disabled" in seal for seal in (old, new)):
        return Impasse("variables", f"A seal has the setting disabled. Remove it: this playbook disables the seal when needed. {NOTHING}")
    if names_same_key({"settings": _as_settings(old)}, new):
        return Impasse(
            "same_key",
            "change_key_old_seal and vault_config_seals name the same key and region, so the files of a server would not show which of them it has. Name the "
            f"keys by their ARNs, or set the region of each. {NOTHING}",
        )
    if not run.get("address"):
        return Impasse("variables", f"One of the following is required: change_key_address, vault_config_address. {NOTHING}")
    if not run.get("has_token"):
        return Impasse("variables", f"change_key_token is required: to take a snapshot, to compare the raft peers, and to read the canary. {NOTHING}")
    if not (canary.get("path") and canary.get("field") and (canary.get("value") or canary.get("sha256"))):
        return Impasse(
            "no_canary",
            "change_key_canary_path, change_key_canary_field, and one of change_key_canary_value and change_key_canary_sha256 are required: the value is read "
            f"before the change and after each half. Write one, such as a field of a key-value store. {NOTHING}",
        )
    return Impasse()


def _as_settings(seal: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {"value": seal[name], "source": "stanza"} for name in ("kms_key_id", "region") if seal.get(name)}


def version_trouble(states: Mapping[str, NodeState], run: Mapping[str, Any]) -> str:
    """Why the servers' releases cannot change the key; empty if they can."""
    product = str(run.get("product") or "")
    found = {host: state.version for host, state in states.items() if state.version}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{host}: {version}" for host, version in found.items())
        return plain(f"The servers have different versions ({listed}). Complete their upgrade first.")
    for host, text in found.items():
        match = re.match(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)", text)
        if not match:
            return plain(f"{host} reports the version {text}, which cannot be compared. Use a release of Vault or OpenBao.")
        version = tuple(map(int, match.groups()))
        oldest = _OLDEST.get(product, (0, 0, 0))
        if version < oldest:
            needed = ".".join(map(str, oldest))
            return plain(f"{host} has the version {text}. Migrations one node at a time need {needed} or newer. Upgrade the servers first.")
        if product == "openbao" and version >= _NO_BUILT_IN and not run.get("plugin"):
            return plain(f"{host} has the version {text}, which has no built-in awskms seal. Configure its plugin (vault_config_plugin) first.")
    return ""
