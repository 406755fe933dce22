# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_unseal: send the required shares to a sealed server, and wait until it is unsealed and knows the active node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import Leader, SealStatus
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import Reply, ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError

_SEAL_STATUS, _LEADER, _UNSEAL = "sys/seal-status", "sys/leader", "sys/unseal"
_MOST = 255  # maximum number of shares of a key


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    shares = list(dict.fromkeys(share.strip() for share in params["shares"]))
    if len(shares) > _MOST or not all(shares):
        raise SettingError("shares contains an empty share, or more than 255 shares.", reason="invalid_option", remedy="Specify each share once.")
    api = ServerApi(params)
    status = _status(api)
    # A server with auto-unseal requires shares only for a seal migration.
    wants = status is not None and status["sealed"] and (status["migration"] or not status["recovery_seal"])
    migrates = status is not None and wants and status["migration"]
    result = {"changed": wants, "migrate": migrates, "active": None, "leader": None}
    if status is not None and wants:
        _check(api, status, shares, params["migrate"])
    if module.check_mode:
        return result
    if status is not None and wants:
        _give(api, shares[: status["t"]], migrates)
    return {**result, **_at_work(api, params["wait"])}


def _status(api: ServerApi) -> SealStatus | None:
    """The state of the seal, once the server responds; None if it is unsealed with another seal than its cluster, which it reports as an error."""
    replies: list[Reply] = []

    def answers() -> bool:
        try:
            replies.append(api.ask("GET", _SEAL_STATUS))
        except SealError as error:
            if error.reason != "server_unreachable":
                raise
            return False
        return True

    api.wait(answers, "answer")
    if _has_another_seal(replies[0]):
        return None
    return api.read_seal_status(replies[0])


def _has_another_seal(reply: Reply) -> bool:
    """Whether a server is unsealed with another seal than its cluster: then it has no state of its seal to return."""
    return reply.status == 500 and "does not match" in reply.errors


def _check(api: ServerApi, status: SealStatus, shares: Sequence[str], migrate: bool) -> None:
    if not status["initialized"]:
        raise SettingError(
            f"The server at {api.address} is not initialised.", reason="not_initialized", remedy="Initialise it, or have it join its cluster first."
        )
    if status["migration"] and not migrate:
        raise SettingError(
            f"The server at {api.address} is configured to migrate its seal to {status['type']}, but migrate is not set.",
            reason="migration_pending",
            remedy="Set migrate to migrate the seal; otherwise configure the old seal and restart the server.",
        )
    if not status["t"]:
        raise SettingError(
            f"The server at {api.address} is sealed and does not report how many shares it requires (t).", reason="unexpected_answer",
            remedy="Check that server_address is the address of a Vault or OpenBao server. No share was sent.",
        )  # fmt: skip
    if len(shares) < status["t"]:
        raise SettingError(
            f"The server at {api.address} requires {status['t']} of {status['n']} shares, "
            f"but only {len(shares)} {'was' if len(shares) == 1 else 'were'} specified.",
            reason="too_few_shares",
            remedy="Specify as many different shares as the threshold. No share was sent.",
        )


def _give(api: ServerApi, shares: Sequence[str], migrates: bool) -> None:
    """Send the shares one after the other, after resetting an unseal process that was started before."""
    api.ask("PUT", _UNSEAL, {"reset": True})
    for number, share in enumerate(shares, 1):
        reply = api.ask("PUT", _UNSEAL, {"key": share, "migrate": True} if migrates else {"key": share})
        if reply.status == 200:
            continue
        if _has_another_seal(reply):  # the reply is the state of the seal, which the share just unsealed
            return
        api.ask("PUT", _UNSEAL, {"reset": True})
        if reply.status != 400:
            raise api.refused(reply, _UNSEAL)
        raise SealError(
            f"The server at {api.address} was not unsealed by these {len(shares)} shares; the error for share {number} is: {reply.errors}.",
            reason="wrong_shares",
            remedy="Use the right shares: unseal keys of a shamir seal, or recovery keys of an auto-unseal. The server is still sealed.",
        )


def _at_work(api: ServerApi, wait: bool) -> dict[str, Any]:
    """The active node, once the server is unsealed and knows it: a sealed server does not report it."""
    known: list[Leader] = []

    def knows() -> bool:
        try:
            reply = api.ask("GET", _LEADER)
        except SealError as error:
            if error.reason != "server_unreachable":
                raise
            return False
        if reply.status != 200:
            return False
        leader = api.read_leader(reply)
        if not leader["ha_enabled"] or leader["leader_address"]:
            known.append(leader)
        return bool(known)

    if wait:
        api.wait(knows, "become unsealed and know the active node")
    elif not knows():
        return {"active": None, "leader": None}
    leader = known[0]
    alone = not leader["ha_enabled"]
    return {"active": alone or leader["is_self"], "leader": api.address if alone else leader["leader_address"]}
