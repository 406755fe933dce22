# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_server_info: read the state of one server, optionally until it has a given state or the timeout expires."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import Leader, SealStatus
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError

STATES = {
    "asked": "asked",
    "answers": "reachable",
    "initialized": "initialised",
    "sealed": "sealed",
    "unsealed": "unsealed",
    "led": "unsealed with a known active node",
}
"""The states to wait for, with their descriptions."""

# An unsealed node whose seal differs from that of its cluster responds with this error, before or after a migration.
_MISMATCH = re.compile(r'seal type of "([a-z0-9-]+)" does not match (?:loaded|expected) type of "([a-z0-9-]+)"')
_LONGEST_WAIT = 86400.0  # seconds


@dataclass(frozen=True)
class ServerState:
    """The state that a server reports; ``leader`` is the address of the active node, empty if unknown."""

    answers: bool = False
    initialized: bool = False
    sealed: bool = True
    type: str = ""
    migration: bool = False
    cluster_type: str = ""
    recovery_seal: bool = False
    threshold: int = 0
    version: str = ""
    storage: str = ""
    cluster_id: str = ""
    active: bool = False
    leader: str = ""
    problem: str = ""

    def is_so(self, until: str, seal_type: str = "") -> bool:
        """Whether this is the given state of ``STATES``, with this seal type."""
        if until != "asked" and seal_type and (self.type != seal_type or self.migration):
            return False
        unsealed = self.answers and not self.sealed
        return {
            "asked": True,
            "answers": self.answers,
            "initialized": self.answers and self.initialized,
            "sealed": self.answers and self.sealed,
            "unsealed": unsealed,
            "led": unsealed and bool(self.leader),
        }[until]

    def summary(self) -> str:
        """A description of the state, phrased to follow the server's name."""
        if not self.answers:
            return f"does not respond ({self.problem or 'no response'})"
        if not self.initialized:
            return f"is not initialised, with the seal {self.type}"
        if self.sealed:
            return f"is initialised and sealed, with the seal {self.type}{' (migration pending)' if self.migration else ''}"
        role = "active" if self.active else f"a standby of {self.leader}"
        known = f"is unsealed and {role}" if self.leader else "is unsealed, without a known active node"
        mismatch = f" (its cluster uses {self.cluster_type})" if self.cluster_type != self.type else ""
        return f"{known}, with the seal {self.type}{mismatch}"


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    until, seconds = params["until"], params["timeout"]
    if not 0 < seconds <= _LONGEST_WAIT:
        raise SettingError(
            f"Option timeout is {seconds:g}, which is out of range.", reason="invalid_option",
            remedy=f"Use a number of seconds greater than 0 and at most {_LONGEST_WAIT:g}.",
        )
    api = ServerApi(params)
    began = time.monotonic()
    states: list[ServerState] = []

    def ready() -> bool:
        state = state_of(api)
        # A request that was cancelled at the timeout has no result: the previous state counts.
        if state.answers or not states or time.monotonic() < began + seconds:
            states.append(state)
        return states[-1].is_so(until, params["seal_type"] or "")

    reached = api.wait_for(ready, seconds)
    state = states[-1]
    result = {key: value for key, value in asdict(state).items() if key != "problem"}
    result.update(changed=False, reached=reached, seconds=round(time.monotonic() - began, 1), summary=state.summary())
    if reached or not params["fail_unless_reached"]:
        return result
    wanted = f" with the seal {params['seal_type']}" if params["seal_type"] else ""
    raise SealError(
        f"Timed out after {seconds:g} s waiting for the server at {api.address} to be {STATES[until]}{wanted}: it {result['summary']}.",
        reason="server_timed_out",
        remedy="Check the server's log.",
        details=result,
    )


def state_of(api: ServerApi) -> ServerState:
    """Request the state once. A response that is not from a server counts as none, because a proxy may send it while the server starts."""
    try:
        reply = api.ask("GET", "sys/seal-status")
        mismatch = _MISMATCH.search(reply.errors)
        if mismatch:
            leader = _leader(api)
            return ServerState(
                answers=True, initialized=True, sealed=False, type=mismatch.group(2), migration=True, cluster_type=mismatch.group(1),
                active=_is_active(leader), leader=_address(api, leader),
            )  # fmt: skip
        status = api.read_seal_status(reply)
    except SealError as error:
        return ServerState(problem=error.message.rstrip("."))
    return _stated(status, api, None if status["sealed"] else _leader(api))


def _stated(status: SealStatus, api: ServerApi, leader: Leader | None) -> ServerState:
    return ServerState(
        answers=True, initialized=status["initialized"], sealed=status["sealed"], type=status["type"], migration=status["migration"],
        cluster_type=status["type"], recovery_seal=status["recovery_seal"], threshold=status["t"], version=status["version"],
        storage=status["storage_type"], cluster_id=status["cluster_id"], active=_is_active(leader), leader=_address(api, leader),
    )  # fmt: skip


def _leader(api: ServerApi) -> Leader | None:
    """The active node; None if the server does not report it."""
    try:
        return api.read_leader(api.ask("GET", "sys/leader"))
    except SealError:
        return None


def _address(api: ServerApi, leader: Leader | None) -> str:
    """The address of the active node; without high availability, the server's own address."""
    if leader is None:
        return ""
    return leader["leader_address"] if leader["ha_enabled"] else api.address


def _is_active(leader: Leader | None) -> bool:
    return leader is not None and (not leader["ha_enabled"] or (leader["is_self"] and bool(leader["leader_address"])))
