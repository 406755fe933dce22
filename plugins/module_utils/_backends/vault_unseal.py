# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module vault_unseal does: give a sealed server the shares that it wants, and wait until it is at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import Leader, SealStatus
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import Reply, ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError

_SEAL_STATUS, _LEADER, _UNSEAL = "sys/seal-status", "sys/leader", "sys/unseal"
_MOST = 255  # shares that a key can be split into


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    params = module.params
    shares = list(dict.fromkeys(share.strip() for share in params["shares"]))
    if len(shares) > _MOST or not all(shares):
        raise SettingError("shares holds an empty one, or more than 255.", reason="invalid_option", remedy="Give each share once.")
    api = ServerApi(params)
    status = _status(api)
    # A server that unseals itself wants shares only where its seal is to be migrated.
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
    """What the server says of its seal, once it answers; None where it is unsealed with another seal than its cluster, which it answers with an error."""
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
    if replies[0].status == 500 and "does not match" in replies[0].errors:
        return None
    return api.read_seal_status(replies[0])


def _check(api: ServerApi, status: SealStatus, shares: Sequence[str], migrate: bool) -> None:
    if not status["initialized"]:
        raise SettingError(
            f"The server at {api.address} is not initialised.", reason="not_initialized", remedy="Initialise it, or have it join its cluster first."
        )
    if status["migration"] and not migrate:
        raise SettingError(
            f"The server at {api.address} is about to migrate its seal to {status['type']}, and migrate is not set.",
            reason="migration_pending",
            remedy="Set migrate where this is meant; otherwise configure its old seal and restart it.",
        )
    if not status["t"]:
        raise SettingError(
            f"The server at {api.address} is sealed and does not say how many shares it wants (t).", reason="unexpected_answer",
            remedy="Check that server_address is that of a server of Vault or OpenBao. The server was given none.",
        )  # fmt: skip
    if len(shares) < status["t"]:
        raise SettingError(
            f"The server at {api.address} wants {status['t']} of {status['n']} shares, and {len(shares)} are given.",
            reason="too_few_shares",
            remedy="Give as many different shares as its threshold says. The server was given none.",
        )


def _give(api: ServerApi, shares: Sequence[str], migrates: bool) -> None:
    """One after the other, after it has forgotten those that somebody else began with."""
    api.ask("PUT", _UNSEAL, {"reset": True})
    for number, share in enumerate(shares, 1):
        reply = api.ask("PUT", _UNSEAL, {"key": share, "migrate": True} if migrates else {"key": share})
        if reply.status == 200:
            continue
        api.ask("PUT", _UNSEAL, {"reset": True})
        if reply.status != 400:
            raise api.refused(reply, _UNSEAL)
        raise SealError(
            f"The server at {api.address} is not unsealed by these {len(shares)} shares; with share {number} it says: {reply.errors}.",
            reason="wrong_shares",
            remedy="Give the right ones: unseal keys of a shamir seal, recovery keys of one that unseals itself. The server stays sealed.",
        )


def _at_work(api: ServerApi, wait: bool) -> dict[str, Any]:
    """Which node is active, once the server is unsealed and knows it: only an unsealed one answers that."""
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
