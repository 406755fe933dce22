# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles that change a cluster report alike: states of servers, hosts that are not ready, and the reason to stop.

The input comes from managed hosts. A value of another type is an error that names the host, not an empty value, so that no decision rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain

UNREACHABLE = "is unreachable"
_NO_CHECK = "it was unreachable"


class Impasse(NamedTuple):
    """Why a role cannot continue, and what to do. Both are empty if it can."""

    reason: str = ""
    text: str = ""

    def as_result(self) -> dict[str, str]:
        return self._asdict()


@dataclass(frozen=True)
class NodeState:
    """The state of one server, as M(sealwright.vault_seal.vault_server_info) returns it; not ``known`` if its host became unreachable."""

    known: bool = False
    answers: bool = False
    initialized: bool = False
    sealed: bool = True
    type: str = ""
    migration: bool = False
    cluster_type: str = ""
    threshold: int = 0
    storage: str = ""
    cluster_id: str = ""
    active: bool = False
    leader: str = ""
    version: str = ""
    address: str = ""
    api_address: str = ""
    summary: str = UNREACHABLE

    @property
    def unsealed(self) -> bool:
        return self.answers and not self.sealed


_REQUIRED = ("answers", "initialized", "sealed", "type", "active")


def read_state(host: str, state: Mapping[str, Any] | None) -> NodeState:
    """The state of a host; raises :class:`SettingError` if it is not one that a server reports. None or empty: the host became unreachable."""
    if state is not None and not isinstance(state, Mapping):
        raise invalid(host, "state", "it is not a dictionary")
    if not state:
        return NodeState()
    missing = [name for name in _REQUIRED if name not in state]
    if missing:
        raise invalid(host, "state", f"`{missing[0]}` is missing")
    values: dict[str, Any] = {}
    for field in fields(NodeState):
        if field.name == "known" or field.name not in state:
            continue
        value = state[field.name]
        wanted = {"bool": bool, "int": int, "str": str}[str(field.type)]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise invalid(host, "state", f"`{field.name}` must be {field.type}")
        values[field.name] = value
    return NodeState(**{"summary": "", **values, "known": True})


def read_states(states: Mapping[str, Mapping[str, Any] | None]) -> dict[str, NodeState]:
    """The state of each host, in order; raises :class:`SettingError`."""
    return {str(host): read_state(str(host), state) for host, state in states.items()}


def state_lines(states: Mapping[str, Mapping[str, Any] | NodeState | None]) -> list[str]:
    """One line for each host: its name, and the summary of its state."""
    lines: list[str] = []
    for host, state in states.items():
        summary = state.summary if isinstance(state, NodeState) else (state or {}).get("summary")
        lines.append(plain(f"{host}: {summary or UNREACHABLE}"))
    return lines


def unready_hosts(results: Mapping[str, Mapping[str, Any] | None], errors: Mapping[str, str] | None = None) -> list[str]:
    """The hosts that may not be changed, each with the reason.

    :param results: for each host the result of the role kms_verify; None or empty without a result. Only a host whose ``ready`` is true is ready.
    :param errors: another error of a host, which makes it not ready whatever its result is.
    """
    lines: list[str] = []
    for host, result in results.items():
        checked: Mapping[str, Any] = result if isinstance(result, Mapping) else {}
        ready = checked.get("ready") is True
        error = (errors or {}).get(host) or ""
        if not ready or error:
            reason = error if ready else checked.get("summary") or error or _NO_CHECK
            lines.append(plain(f"{host}: {str(reason).rstrip('. ')}"))
    return lines


def invalid(host: str, what: str, problem: str) -> SettingError:
    """The error of a host that returned something else than a server's state, seals or peers."""
    return SettingError(
        plain(f"The {what} that {host} returned cannot be used: {problem}."), reason="invalid_state",
        remedy="Do not trust the host until you know why: run the playbook again, and check the host and its Python.",
    )
