# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the recovery shares of a server that is initialised are in the file where vault_init stores them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.cluster_identity import Cluster, need_cluster, read_record, wrong_cluster
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.new_file_attributes import FileAttributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import SealStatus
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError

from .reserved_file import FileState, ReservedFile, find, reserved_by_another

START_ANEW = (
    "It contains no data that could be lost: stop the server, remove the data of its storage, start it, and initialise it again."
)
NAMELESS = "{path} does not name the cluster of its recovery shares."


def recorded(module: AnsibleModule, api: ServerApi, status: SealStatus, files: Sequence[str]) -> dict[str, Any]:
    """Whether the shares of the initialised server are in their file. Reservations of a killed run are reported with a remedy."""
    states = {path: find(path) for path in files}
    for path in files:
        if states[path] is FileState.HELD:
            raise reserved_by_another(path)
    left = [path for path in files if states[path] is FileState.LEFT_OVER]
    record, answer = files[0], files[-1]
    if record in left:
        module.warn(
            f"The server is initialised, but {record} is only reserved: a run of vault_init was killed before it could store the server's response. "
            f"Unless another client initialised the server, the recovery shares and the root token are lost. {START_ANEW}"
        )
    elif len(files) > 2 and files[1] in left:
        module.warn(
            f"{files[1]} is only reserved: a run of vault_init was killed after it had stored the recovery shares, but before the sealed root token. "
            f"The root token is lost. Generate a new one (generate-root) with the shares in {record}, revoke the lost one, and remove {files[1]}."
        )
    if states[record] is not FileState.OTHER or not os.path.exists(record):
        return {"recorded": False, "cluster_id": None}
    if not module.check_mode:
        ReservedFile(module, answer, FileAttributes(-1, -1, 0o600)).remove_left_over()
    return _of_record(module, api, status, record)


def _of_record(module: AnsibleModule, api: ServerApi, status: SealStatus, path: str) -> dict[str, Any]:
    """Whether the file is the record of this server's cluster; raises :class:`SealError` if it is another's or that is unknown."""
    record = read_record(path)
    if record is None:
        module.warn(f"{path} is not a record of vault_init, so the recovery shares of the server at {api.address} are not in it.")
        return {"recorded": False, "cluster_id": None}
    wanted = Cluster.of(record)
    if wanted is None:
        cluster = Cluster.of(status)
        module.warn(NAMELESS.format(path=path) + (f' If it belongs to the server at {api.address}, add "cluster_id": "{cluster.id}" to it.' if cluster else ""))
        return {"recorded": True, "cluster_id": None}
    try:
        cluster = need_cluster(api, status, f"it is unknown whether {path} is its record")
        if cluster.id != wanted.id:
            raise wrong_cluster(api, cluster, f"the record {path}", wanted)
    except SealError as error:
        error.details.update(initialized=True, recorded=False)
        raise
    return {"recorded": True, "cluster_id": wanted.id}
