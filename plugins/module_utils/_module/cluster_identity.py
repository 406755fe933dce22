# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster that a server belongs to, and the cluster that a file of vault_init names.

A server reports the ID of its cluster in ``sys/seal-status``, without a token, once it is initialised and unsealed. Every node of a cluster reports the
same ID, also after restarts and after a snapshot was restored.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import SealStatus, parsed
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular

SETTLING = 10.0  # seconds until a server with auto-unseal has unsealed itself
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_LONGEST = 4 * 1024 * 1024  # bytes of a record: 255 shares of the largest keys have less than 1 MiB


class Cluster(NamedTuple):
    """A cluster as messages name it; ``name`` may be empty."""

    id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id

    @classmethod
    def of(cls, content: Any) -> Cluster | None:
        """From the fields ``cluster_id`` and ``cluster_name``; None if the ID is missing or invalid."""
        cluster_id, name = content.get("cluster_id"), content.get("cluster_name")
        if not isinstance(cluster_id, str) or not _FORM.fullmatch(cluster_id):
            return None
        return cls(cluster_id, name if isinstance(name, str) and _FORM.fullmatch(name) else "")


def cluster_of(api: ServerApi, seconds: float = SETTLING) -> Cluster | None:
    """Poll the server until it reports its cluster, at most for ``seconds``; None if it does not."""
    clusters: list[Cluster | None] = []

    def knows() -> bool:
        try:
            clusters.append(Cluster.of(api.seal_status()))
        except SealError:
            return False
        return clusters[-1] is not None

    api.wait_for(knows, min(seconds, api.timeout))
    return clusters[-1] if clusters else None


def need_cluster(api: ServerApi, status: SealStatus | None, purpose: str) -> Cluster:
    """The server's cluster; raises :class:`SealError` (``cluster_unknown``) if it does not report it.

    :param status: the previous response, if any.
    :param purpose: the consequence, as the end of a sentence.
    """
    cluster = (Cluster.of(status) if status else None) or cluster_of(api)
    if not cluster:
        raise SealError(
            f"The server at {api.address} does not report which cluster it belongs to, so {purpose}.",
            reason="cluster_unknown",
            remedy="Unseal the server, then run the task again: a sealed server does not report its cluster.",
        )
    return cluster


def wrong_cluster(api: ServerApi, actual: Cluster, what: str, wanted: Cluster) -> SealError:
    """The error of a file of another cluster; ``what`` is its name."""
    return SealError(
        f"The server at {api.address} belongs to cluster {actual}, but {what} belongs to cluster {wanted}.",
        reason="wrong_cluster",
        remedy="Check server_address, or use the file of the server's cluster. Nothing was changed.",
    )


def read_record(path: str) -> dict[str, Any] | None:
    """The record that vault_init wrote; None where the file is not one. Raises :class:`SettingError` if it cannot be read."""
    try:
        content = read_regular(path, _LONGEST + 1)
    except OSError as error:
        raise file_error(f"{path} cannot be read: {error.strerror}.") from None
    record = parsed(content) if len(content) <= _LONGEST else None
    return record if isinstance(record, dict) and isinstance(record.get("recovery_shares"), list) else None
