# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module vault_unseal does: give a sealed server the shares that it wants, and wait until it is at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.server_api import Reply, ServerApi

_SEAL_STATUS, _LEADER, _UNSEAL = "sys/seal-status", "sys/leader", "sys/unseal"
_MOST = 255  # shares that a key can be split into


def unseal_task(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    params = module.params
    shares = list(dict.fromkeys(share.strip() for share in params["shares"]))
    if len(shares) > _MOST or not all(shares):
        raise SettingError("shares holds an empty one, or more than 255.", reason="invalid_option", remedy="Give each share once.")
    api = ServerApi(params)
    status = _status(api)
    sealed = bool(status.get("sealed"))
    # A server that unseals itself wants shares only where its seal is to be migrated.
    wants = sealed and bool(status.get("migration") or not status.get("recovery_seal"))
    migrates = wants and bool(status.get("migration"))
    result = {"changed": wants, "migrate": migrates, "active": None, "leader": None}
    if wants:
        _check(api, status, shares, params["migrate"])
    if module.check_mode:
        return result
    if wants:
        _give(api, shares[: status["t"]], migrates)
    return {**result, **_at_work(api, params["wait"])}


def _status(api: ServerApi) -> dict[str, Any]:
    """What the server says of its seal, once it answers; empty where it is unsealed with another seal than its cluster, which it answers with an error."""
    replies: list[Reply] = []

    def answers() -> bool:
        try:
            replies.append(api.ask("GET", _SEAL_STATUS))
        except SealError:
            return False
        return True

    api.wait(answers, "answer")
    if replies[0].status == 500 and "does not match" in replies[0].errors:
        return {}
    if replies[0].status != 200 or "sealed" not in replies[0].content:
        raise api.refused(replies[0], _SEAL_STATUS)
    return replies[0].content


def _check(api: ServerApi, status: dict[str, Any], shares: Sequence[str], migrate: bool) -> None:
    if not status.get("initialized"):
        raise SettingError(
            f"The server at {api.address} is not initialised.", reason="not_initialized", remedy="Initialise it, or have it join its cluster first."
        )
    if status.get("migration") and not migrate:
        raise SettingError(
            f"The server at {api.address} is about to migrate its seal to {status.get('type')}, and migrate is not set.",
            reason="migration_pending",
            remedy="Set migrate where this is meant; otherwise configure its old seal and restart it.",
        )
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
    said: dict[str, Any] = {}

    def knows() -> bool:
        try:
            reply = api.ask("GET", _LEADER)
        except SealError:
            return False
        said.clear()
        said.update(reply.content if reply.status == 200 else {})
        return bool(said) and (not said.get("ha_enabled") or bool(said.get("leader_address")))

    if wait:
        api.wait(knows, "become unsealed and know the active node")
    elif not knows():
        return {"active": None, "leader": None}
    alone = not said.get("ha_enabled")
    return {"active": alone or bool(said.get("is_self")), "leader": api.address if alone else said.get("leader_address")}
