# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module vault_token_revoke does: open the sealed token, have the server revoke it, and remove the file."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.cluster_identity import Cluster, cluster_of, need_cluster, wrong_cluster
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_token import sealed_token
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError

_UNKNOWN = 403  # the answer to a token that is not, or no longer, known


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    src = module.params["src"]
    result = {"changed": True, "src": src, "was_valid": None}
    if not os.path.lexists(src):
        return {**result, "changed": False}
    api = ServerApi(module.params)
    cluster = _check_cluster(api, module.params["cluster_id"], src)
    try:
        token = sealed_token(module.params, src)
    except SettingError:
        if os.path.lexists(src):
            raise
        return {**result, "changed": False}  # another run removed it
    hide(module, token)
    reply = api.ask("GET", "auth/token/lookup-self", token=token)
    # Of a proxy that says 403, the token may be valid still, and its only copy is this file.
    if reply.status != 200 and not (reply.status == _UNKNOWN and isinstance(reply.content.get("errors"), list)):
        raise api.refused(reply, "auth/token/lookup-self", "Unseal the server first. The token and its file are left as they are.")
    result["was_valid"] = reply.status == 200
    if not (result["was_valid"] or cluster or module.params["remove_unknown"]):
        if not os.path.lexists(src):
            return {**result, "changed": False}  # another run revoked it and removed its file
        raise _unknown(api, src)
    _check_removable(src)
    if module.check_mode:
        return result
    if result["was_valid"]:
        try:
            reply = api.ask("POST", "auth/token/revoke-self", {}, token)
        except SealError as error:
            error.message += f" Whether the token is revoked is not known. The file {src} is left as it is."
            error.remedy = "Run the task again: it asks the server whether it knows the token still."
            raise
        if reply.status == _UNKNOWN and api.ask("GET", "auth/token/lookup-self", token=token).status == _UNKNOWN:
            result["was_valid"] = False  # another run revoked it since this server said that it knows it
        elif reply.status not in (200, 204):
            raise api.refused(reply, "auth/token/revoke-self", "The token and its file are left as they are.")
    try:
        with held_folder(os.path.dirname(os.path.abspath(src))) as folder, contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.basename(src), dir_fd=folder)
    except OSError as error:
        raise SettingError(
            f"The token is revoked, but its file {src} cannot be removed: {error.strerror}.",
            reason="file_error",
            remedy="Remove it; it opens nothing any more.",
        ) from None
    return result


def _check_cluster(api: ServerApi, wanted: str | None, src: str) -> bool:
    """Whether the server is known to belong to the token's cluster. Otherwise it is not given the token: raises :class:`SealError`."""
    if wanted is None:
        return False
    cluster = Cluster.of({"cluster_id": wanted})
    if not cluster:
        raise SettingError(
            f"cluster_id is {wanted!r}, which is not the ID of a cluster.",
            reason="invalid_option",
            remedy="Give the cluster_id of the record of vault_init, or of sys/seal-status.",
        )
    found = need_cluster(api, None, f"whether the token in {src} is its own cannot be told")
    if found.id != cluster.id:
        raise wrong_cluster(api, found, f"the token in {src}", cluster)
    return True


def _unknown(api: ServerApi, src: str) -> SealError:
    cluster = cluster_of(api, 0)
    return SealError(
        f"The server at {api.address}{f' of cluster {cluster}' if cluster else ''} does not know the token in {src}: it was revoked, it has expired, or it "
        "belongs to another cluster. The file is left as it is.",
        reason="unknown_token",
        remedy="Check server_address. Set cluster_id to the ID of the token's cluster (the record of vault_init has it) to have the file removed where the "
        "server belongs to that, or set remove_unknown.",
    )


def _check_removable(src: str) -> None:
    folder = os.path.dirname(os.path.abspath(src))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingError(
            f"The file {src} could not be removed afterwards: its folder may not be written. The token is not revoked.",
            reason="file_error",
            remedy="Run the task as the folder's owner (become).",
        )
