# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_token_revoke: decrypt the sealed token, revoke it on the server, and remove the file."""

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

_UNKNOWN = 403  # the status for a token that is unknown or no longer valid


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
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
    # If a proxy returned 403, the token may still be valid, and this file is its only copy.
    if reply.status != 200 and not (reply.status == _UNKNOWN and isinstance(reply.content.get("errors"), list)):
        raise api.refused(reply, "auth/token/lookup-self", "Unseal the server first. The token was not revoked, and its file was not removed.")
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
            error.message += f" It is unknown whether the token was revoked. The file {src} was not removed."
            error.remedy = "Run the task again: it checks whether the server still knows the token."
            raise
        if reply.status == _UNKNOWN and api.ask("GET", "auth/token/lookup-self", token=token).status == _UNKNOWN:
            result["was_valid"] = False  # another run revoked it after the lookup
        elif reply.status not in (200, 204):
            raise api.refused(reply, "auth/token/revoke-self", "The token was not revoked, and its file was not removed.")
    try:
        with held_folder(os.path.dirname(os.path.abspath(src))) as folder, contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.basename(src), dir_fd=folder)
    except OSError as error:
        raise SettingError(
            f"The token was revoked, but its file {src} cannot be removed: {error.strerror}.",
            reason="file_error",
            remedy="Remove the file; the token in it is no longer valid.",
        ) from None
    return result


def _check_cluster(api: ServerApi, wanted: str | None, src: str) -> bool:
    """Whether the server is known to belong to the token's cluster. Raises :class:`SealError` for another cluster, before the token is sent."""
    if wanted is None:
        return False
    cluster = Cluster.of({"cluster_id": wanted})
    if not cluster:
        raise SettingError(
            f"cluster_id is {wanted!r}, which is not a valid cluster ID.",
            reason="invalid_option",
            remedy="Use the cluster_id in the record of vault_init, or of sys/seal-status.",
        )
    actual = need_cluster(api, None, f"it is unknown whether the token in {src} belongs to it")
    if actual.id != cluster.id:
        raise wrong_cluster(api, actual, f"the token in {src}", cluster)
    return True


def _unknown(api: ServerApi, src: str) -> SealError:
    cluster = cluster_of(api, 0)
    return SealError(
        f"The server at {api.address}{f' of cluster {cluster}' if cluster else ''} does not know the token in {src}: it was revoked, it has expired, or it "
        "belongs to another cluster. The file was not removed.",
        reason="unknown_token",
        remedy="Check server_address. To remove the file, set cluster_id to the ID of the token's cluster (it is in the record of vault_init), or set "
        "remove_unknown.",
    )


def _check_removable(src: str) -> None:
    folder = os.path.dirname(os.path.abspath(src))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingError(
            f"The token was not revoked, because its file {src} could not be removed afterwards: the directory is not writable.",
            reason="file_error",
            remedy="Run the task as the owner of the directory (become).",
        )
