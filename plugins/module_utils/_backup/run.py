# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One backup: take a snapshot, prove it, send what is not sent yet, apply the retention, and write the status file."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.folder import SnapshotFolder, locked, snapshot_folder, write_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.send import check_send_folder, send_pending, targets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.server import Node, SnapshotServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.status import Status, new_result
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.take import Taken, find_node, next_name, take
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.token import load_token
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.names import SnapshotName
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.retention import Decision, Stored, retention
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, internal_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients


class Backup:
    """One run; ``result`` is what is known so far, also after an error."""

    def __init__(self, options: BackupOptions, secrets: Secrets | None = None) -> None:
        self.options = options
        self.secrets = Secrets() if secrets is None else secrets
        self.result: dict[str, Any] = new_result()
        self.token = ""
        self._clients = KmsClients(options.connection)

    def run(self, check_mode: bool = False) -> dict[str, Any]:
        """Run the backup; raises :class:`SealError`, whose details contain the result so far."""
        started, clock = datetime.now(timezone.utc), time.monotonic()
        status = Status(self.options.status_file, started)
        try:
            with snapshot_folder(self.options.dest, self.options.name) as folder:
                if check_mode:
                    self._plan(folder)
                else:
                    with locked(folder):
                        self._work(folder)
            failed = None
        except SealError as error:
            self.secrets.blank_error(error)
            # What the error names itself, such as a key, is not replaced.
            error.details = {**self.result, **error.details}
            failed = error
        except Exception as error:  # its text may contain a secret
            failed = internal_error(error)
            failed.details = dict(self.result)
        # Another run writes its own status.
        if not check_mode and (failed is None or failed.reason != "backup_running"):
            self.result["duration"] = round(time.monotonic() - clock, 3)
            status.write(self.result, failed)
        if failed:
            raise failed
        return self.result

    def _work(self, folder: SnapshotFolder) -> None:
        folder.clean()
        failed: SealError | None = None
        try:
            self._take(folder)
        except SealError as error:
            failed = error
        # Earlier snapshots are sent, and old ones removed, even if no new one could be taken.
        sent = send_pending(folder, self.options)
        self.result["sent"] = sent
        self.result["changed"] |= any(each["verified"] for each in sent)
        self._retain(folder)
        if failed:
            raise failed
        refused = next((each for each in sent if not each["verified"]), None)
        if refused:
            raise SealError(
                f"The snapshot {refused['name']} was not sent to {refused['target']}: {refused['msg']}", reason=refused["reason"], remedy=refused["remedy"]
            )

    def _take(self, folder: SnapshotFolder) -> None:
        server = SnapshotServer(self.options, self.secrets)
        self.token = token = load_token(self.options, self._clients, self.secrets)
        node, attempt = find_node(server, self.options)
        if not self._is_for(node):
            return
        if self.options.renew_token:
            why = server.renew(node, token)
            if why:
                self.result["warnings"].append(f"The token could not be renewed: {why}")
        taken = take(server, token, folder, self.options, self._clients, attempt)
        self._note(folder, taken)
        if not taken.proof.proven:
            proof = taken.proof
            path = folder.full_path(taken.record.name)
            raise SealError(f"The snapshot is not proven, and was kept aside as {path}: {proof.msg}", reason=proof.reason, remedy=proof.remedy)

    def _is_for(self, node: Node) -> bool:
        """Whether the node that was asked takes its snapshot; False where the task skips a standby. Raises :class:`SealError` (``standby``)."""
        if node.is_self:
            return True
        if self.options.if_standby == "fail":
            raise SealError(
                f"The server at {node.address} is a standby.", reason="standby", remedy="Run the backup on the active node, or set if_standby to redirect."
            )
        self.result.update(server=node.address, cluster_id=node.cluster_id)
        self.result["skipped_reason"] = f"The server at {node.address} is a standby; the active node takes the snapshot."
        return False

    def _note(self, folder: SnapshotFolder, taken: Taken) -> None:
        record, proof = taken.record, taken.proof
        self.result.update(
            changed=True, taken=True, proven=proof.proven, path=folder.full_path(record.name), time=record.time, size=record.size, sha256=record.sha256,
            proof=record.proof, index=proof.index, term=proof.term, kms_keys=proof.kms_keys, notes=proof.notes, server=taken.node.address,
            attempts=taken.attempts, cluster_id=taken.node.cluster_id,
        )  # fmt: skip

    def _decisions(self, folder: SnapshotFolder, planned: SnapshotName | None = None) -> list[Decision]:
        wanted = targets(self.options)
        stored = [each.stored(wanted) for each in folder.snapshots()]
        if planned:
            stored.append(Stored(str(planned), planned.time))
        # The snapshot of this run may have the name of a later second.
        newest = max((each.time for each in stored if each.file_name == os.path.basename(self.result.get("path", ""))), default=None)
        now = datetime.now(timezone.utc)
        return retention(stored, self.options.rules, max(now, newest or now, planned.time if planned else now))

    def _retain(self, folder: SnapshotFolder) -> None:
        decisions = self._decisions(folder)
        self.result["retention"] = [each.as_result() for each in decisions]
        for each in decisions:
            if each.keep:
                continue
            try:
                folder.remove(each.file_name)
            except OSError as error:
                raise write_error(folder.full_path(each.file_name), error) from None
            self.result["removed"].append(each.file_name)
            self.result["changed"] = True

    def _plan(self, folder: SnapshotFolder) -> None:
        """What a run would do, after everything that can be checked without taking a snapshot."""
        server = SnapshotServer(self.options, self.secrets)
        self.token = token = load_token(self.options, self._clients, self.secrets)
        node = server.active_node()
        planned = None
        if self._is_for(node):
            if server.may_read(node, token) is False:
                raise SealError(
                    f"The token is not allowed to read sys/storage/raft/snapshot on {node.address}.",
                    reason="token_rejected", remedy="Create a new token with the policy that is documented.",
                )  # fmt: skip
            planned = next_name(folder, self.options.name)
            self.result.update(path=folder.full_path(str(planned)), server=node.address, cluster_id=node.cluster_id, changed=True)
        check_send_folder(folder, self.options)
        wanted = targets(self.options)
        pending = [str(planned)] if planned else []
        for target in wanted:
            names = [each.file_name for each in folder.snapshots() if each.proven and not target.has(each.record)]
            self.result["sent"] += [{"name": name, "target": target.name, "verified": False} for name in pending + names[::-1]]
        decisions = self._decisions(folder, planned)
        self.result["retention"] = [each.as_result() for each in decisions]
        self.result["removed"] = [each.file_name for each in decisions if not each.keep]
        self.result["changed"] |= bool(self.result["sent"] or self.result["removed"])
