# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restore drill: restores a snapshot into a temporary server, verifies that it unseals itself, and removes it.

The responses were recorded with OpenBao 2.6.2; Vault's API of these paths is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.canary import Canary
from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.plan import Drill, planned
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_stream
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.log import refusal
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import TemporaryServer

_PAUSE = 0.2  # seconds between two questions
_CERTAIN = 2.0  # seconds for a server to go on all the same after a refusal of KMS
_STARTS = 5  # of a server that KMS refuses for the moment
_FOR_THE_MOMENT = ("throttl", "limit exceeded", "timeout", "connection re", "internal", "unavailable", "no such host", "eof")


def drill(params: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """Run a drill; raises :class:`SealError` where the snapshot cannot be restored, with the steps until then.

    :param params: the options of the module vault_restore_drill, all of them.
    """
    plan = planned(params)
    canary = Canary.asked_for(params)
    if check_mode:
        return {"changed": False, "restorable": None, "steps": [], **plan.facts(), "planned": [*plan.planned_steps(), *canary.planned_steps()]}
    return {"changed": False, "restorable": True, **_Run(plan, canary).all(), **plan.facts()}


@dataclass
class _Run:
    drill: Drill
    canary: Canary
    steps: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    _end: float = 0.0
    _token: str = field(default="", repr=False)
    _own_cluster: str = ""
    _log_begin: int = 0

    def all(self) -> dict[str, Any]:
        """Every step in its order, each with how long it took and what proves it."""
        self._end = time.monotonic() + self.drill.seconds
        server = TemporaryServer(self.drill.plan)
        step = "prepare"
        try:
            with server:
                for step, work in self._works(server):
                    begin = time.monotonic()
                    if step != "unseal":  # which the server begins within the step before
                        self._log_begin = server.log_size()
                    self._note(step, begin, work())
        except SealError as error:
            raise SealError(
                error.message, reason=error.reason, remedy=error.remedy,
                details={**error.details, **self.drill.facts(), "restorable": False, "failed_step": step, "steps": self.steps},
            ) from None
        return {**self.facts, "steps": self.steps}

    def _works(self, server: TemporaryServer) -> list[tuple[str, Callable[[], str]]]:
        works = [
            ("start", lambda: self._start(server)),
            ("initialise", lambda: self._initialise(server)),
            ("restore", lambda: self._restore(server)),
            ("unseal", lambda: self._unseal(server)),
            ("restart", lambda: self._restart(server)),
        ]
        if self.canary.recovery_keys:
            works.append(("recovery_keys", lambda: self.canary.prove_recovery_keys(server)))
        if self.canary.path:
            works.append(("canary", lambda: self.canary.read(server)))
        return [*works, ("remove", lambda: self._remove(server))]

    def _note(self, step: str, begin: float, proof: str) -> None:
        self.steps.append({"step": step, "seconds": round(time.monotonic() - begin, 1), "proof": proof})

    def _start(self, server: TemporaryServer) -> str:
        status = self._up(server)
        self.facts["version"] = status.get("version")
        if status.get("type") != "awskms" or status.get("initialized"):
            raise self._wrong(server, f"The temporary server has the seal type {status.get('type')}.", "no_seal", "Check the settings of the seal.")
        return f"{self.drill.product} {status.get('version')} responds, with the seal awskms, and is not initialised"

    def _initialise(self, server: TemporaryServer) -> str:
        for left in range(_STARTS, 0, -1):
            answer = server.call("PUT", "sys/init", {"recovery_shares": 1, "recovery_threshold": 1}, seconds=self._left())
            if answer.status == 200:
                break
            if left == 1 or time.monotonic() >= self._end or not _for_the_moment(answer.errors()):
                raise self._wrong(
                    server, f"The temporary server could not be initialised: {answer.errors()}.", "server_refused",
                    "Use awskms_permission_info to check that kms:Encrypt is allowed.",
                )
            # A server whose initialisation failed cannot be initialised again: a new one can.
            server.stop()
            server.forget()
            self._up(server)
        self._token = str(answer.json().get("root_token", ""))
        self._until(server, lambda: server.call("GET", "sys/health").status == 200, "did not become active")
        self._own_cluster = str(server.call("GET", "sys/health").json().get("cluster_id"))
        return "its keys are sealed by KMS, and it is active"

    def _restore(self, server: TemporaryServer) -> str:
        path = "sys/storage/raft/snapshot-force" if self.drill.force else "sys/storage/raft/snapshot"
        try:
            with open_stream(self.drill.snapshot) as stream:
                answer = server.call("POST", path, token=self._token, stream=stream, seconds=self._left())
        except OSError as error:
            raise SealError(f"{self.drill.snapshot} cannot be read: {error.strerror}.", reason="file_error", remedy="Check the path.") from None
        if answer.status != 204:
            message = answer.errors() if answer.status else "it did not respond"
            raise self._wrong(
                server, f"The server rejected the snapshot: {message.rstrip('.')}.", "server_refused",
                "Use vault_snapshot_info to check which keys it depends on, and whether it is complete.",
            )
        if self.drill.force:
            return "the server accepted the snapshot; because of force, it did not verify SHA256SUMS.sealed"
        return "the server decrypted SHA256SUMS.sealed with KMS, verified the checksums and accepted the snapshot"

    def _unseal(self, server: TemporaryServer) -> str:
        """Until the server calls itself another cluster: the data are the snapshot's, and opened."""
        self._until(server, lambda: self._restored(server), "did not unseal the data of the snapshot", "not_restorable")
        return f"unsealed by KMS, active, and now the cluster {self._cluster(server)} of the snapshot"

    def _restart(self, server: TemporaryServer) -> str:
        """A start from nothing but the data and KMS, as after a disaster."""
        server.stop()
        self._up(server)
        self._until(server, lambda: self._restored(server), "did not unseal itself after a restart", "not_restorable")
        return f"after the restart it unsealed itself, still as the cluster {self._cluster(server)}"

    def _remove(self, server: TemporaryServer) -> str:
        if not server.remove():
            raise SealError(f"{server.folder} could not be removed.", reason="file_error", remedy="Remove it.")
        return "server stopped, directory removed"

    def _restored(self, server: TemporaryServer) -> bool:
        health = server.call("GET", "sys/health")
        return health.status == 200 and health.json().get("cluster_id") not in (None, "", self._own_cluster)

    def _cluster(self, server: TemporaryServer) -> str:
        health = server.call("GET", "sys/health").json()
        self.facts.update(cluster_id=health.get("cluster_id"), cluster_name=health.get("cluster_name"))
        return str(health.get("cluster_id"))

    def _up(self, server: TemporaryServer) -> dict[str, Any]:
        """Start the server and wait for its answer; where KMS refuses only for the moment, start it again."""
        for left in range(_STARTS, 0, -1):
            server.start()
            while time.monotonic() < self._end and not server.ended():
                answer = server.call("GET", "sys/seal-status")
                if answer.status == 200:
                    return answer.json()
                time.sleep(_PAUSE)
            if not server.ended():
                break
            server.stop()
            if left == 1 or time.monotonic() >= self._end or not _for_the_moment(server.log()[-4000:]):
                break
            time.sleep(2)
        raise self._wrong(
            server, "The temporary server did not start.", "server_not_started", "See server_log; use awskms_permission_info to check the permissions."
        )

    def _until(self, server: TemporaryServer, ready: Callable[[], bool], otherwise: str, reason: str = "timed_out") -> None:
        refused_since = None
        while not ready():
            rejection = refusal(server.log(self._log_begin).splitlines())
            if rejection:
                refused_since = refused_since or time.monotonic()
                if time.monotonic() > refused_since + _CERTAIN:
                    raise self._wrong(
                        server, f"The server {otherwise}: AWS KMS rejected a request ({rejection.line[-300:]}).", rejection.reason,
                        f"{rejection.remedy} vault_snapshot_info lists the keys that the snapshot depends on.",
                    )
            if server.ended():
                raise self._wrong(server, f"The server {otherwise}: it exited.", reason, "See server_log.")
            if time.monotonic() > self._end:
                raise self._wrong(
                    server, f"The server {otherwise} within {self.drill.seconds:.0f} seconds.", reason,
                    "See server_log; use vault_snapshot_info to check whether the keys of the snapshot are usable; otherwise increase timeout.",
                )
            time.sleep(_PAUSE)

    def _left(self) -> float:
        return max(1.0, self._end - time.monotonic())

    def _wrong(self, server: TemporaryServer, message: str, reason: str, remedy: str) -> SealError:
        lines = [line.strip() for line in server.log().splitlines()]
        errors = [line for line in lines if "[ERROR]" in line or line.lower().startswith("error")] or [line for line in lines if "[WARN]" in line]
        return SealError(message, reason=reason, remedy=remedy, details={"server_log": (errors or lines)[-8:]})


def _for_the_moment(message: str) -> bool:
    """Whether a message of the server describes a transient error, such as throttling."""
    return any(word in message.lower() for word in _FOR_THE_MOMENT)
