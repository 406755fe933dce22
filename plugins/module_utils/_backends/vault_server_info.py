# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module vault_server_info does: ask one server for its state, until it is the one that is waited for or the time is up."""

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
"""What can be waited for, in words."""

# An unsealed node whose seal is not that of its cluster gives no state but this error: before a migration is carried out, or after it.
_MISMATCH = re.compile(r'seal type of "([a-z0-9-]+)" does not match (?:loaded|expected) type of "([a-z0-9-]+)"')
_LONGEST_WAIT = 86400.0  # seconds


@dataclass(frozen=True)
class ServerState:
    """What a server says of itself; ``leader`` is the address of the active node, empty where this one knows none."""

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
        """Whether this is the state that is waited for, of those in ``STATES``, with this type of seal."""
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
        """The state as what follows the server's name in a sentence."""
        if not self.answers:
            return f"does not answer ({self.problem or 'no answer'})"
        if not self.initialized:
            return f"is not initialised, with the seal {self.type}"
        if self.sealed:
            return f"is initialised and sealed, with the seal {self.type}{' that it is to migrate to' if self.migration else ''}"
        role = "active" if self.active else f"a standby of {self.leader}"
        known = f"is unsealed and {role}" if self.leader else "is unsealed and knows no active node"
        mismatch = f" while its cluster has {self.cluster_type}" if self.cluster_type != self.type else ""
        return f"{known}, with the seal {self.type}{mismatch}"


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    params = module.params
    until, seconds = params["until"], params["timeout"]
    if not 0 < seconds <= _LONGEST_WAIT:
        raise SettingError(
            f"Option timeout is {seconds:g}.", reason="invalid_option", remedy=f"Give seconds, above 0 and at most {_LONGEST_WAIT:g}."
        )
    api = ServerApi(params)
    began = time.monotonic()
    states: list[ServerState] = []

    def ready() -> bool:
        state = state_of(api)
        # A question that was given up since the time was up tells nothing: what the server said before counts.
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
        f"The server at {api.address} is not {STATES[until]}{wanted} after {seconds:g} s: it {result['summary']}.",
        reason="server_timed_out",
        remedy="Its log tells why.",
        details=result,
    )


def state_of(api: ServerApi) -> ServerState:
    """Ask once. An answer that is none of a server's is none at all, since a proxy may give it while the server starts."""
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
    """Which node is active; None where the server does not say it now."""
    try:
        return api.read_leader(api.ask("GET", "sys/leader"))
    except SealError:
        return None


def _address(api: ServerApi, leader: Leader | None) -> str:
    """Without high availability a server is alone, and names no active node."""
    if leader is None:
        return ""
    return leader["leader_address"] if leader["ha_enabled"] else api.address


def _is_active(leader: Leader | None) -> bool:
    return leader is not None and (not leader["ha_enabled"] or (leader["is_self"] and bool(leader["leader_address"])))
