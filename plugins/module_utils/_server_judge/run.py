# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A temporary server judges its own seal: it starts (DescribeKey), is initialised (Encrypt), and unseals itself (Decrypt).

What the server answers was seen with OpenBao 2.6.2; Vault's API of these paths is the same. Nothing that it is given or answers is kept: its root token
and recovery key are gone with the answer.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import shortened
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.endpoint import without_login
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.plan import Judge
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.verdict import INITIALISE, START, UNSEAL, ServerVerdict
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.causes import Cause, cause, problems, shown, shown_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import TemporaryServer

_PAUSE = 0.05  # seconds between two questions
_AGAIN = 1.0  # before a server that KMS refuses for the moment is started again
_STARTS = 3
_PASSES = ("throttled", "kms_internal")
_ROOT_TOKEN_AND_KEYS = {"recovery_shares": 1, "recovery_threshold": 1}
_LOG_LINES = 5
# Failures unrelated to the seal: a wrapper that drops the configuration, or a server that does not support storage in memory.
_NO_JUDGE = re.compile(
    r"/proc/self/fd/\d+\S*:? (?:.*)(?:no such file|permission denied|bad file descriptor|not a directory)|unsupported storage|storage .*not supported|inmem\W",
    re.IGNORECASE,
)
# "Auto Seal: awskms (builtin: true, endpoint: ..., key_id: ..., region: ...)" of OpenBao, "AWS KMS Region: ..." of Vault.
_BANNER = {
    "region": re.compile(r'(?<!Old )Auto Seal: .*?\bregion: "([^"\n]*)"|AWS KMS Region: (\S+)'),
    "endpoint": re.compile(r'(?<!Old )Auto Seal: .*?\bendpoint: "([^"\n]*)"|AWS KMS Endpoint: (\S+)'),
    "key_id": re.compile(r'(?<!Old )Auto Seal: .*?\bkey_id: "([^"\n]*)"|AWS KMS KeyID: (\S+)'),
}
_OTHER_SEAL = re.compile(r'Error configuring seal "(?!awskms)([\w-]+)"')
_WAITS = {
    START: "does not answer: it waits for AWS KMS, or for what gives it credentials",
    INITIALISE: "was not initialised: it waits for AWS KMS to encrypt its keys",
    UNSEAL: "did not unseal itself: it waits for AWS KMS to decrypt its keys",
}
_FAILS = {START: "does not start", INITIALISE: "cannot be initialised", UNSEAL: "does not unseal itself"}


def server_verdict(judge: Judge) -> ServerVerdict:
    """Start the server and judge; raises :class:`SealError` if it cannot be started, or cannot be removed completely."""
    begin = time.monotonic()
    server = TemporaryServer(judge.plan)
    with server:
        run = _Run(judge, server, begin)
        for left in range(_STARTS, 0, -1):
            verdict = run.verdict()
            if verdict.ready or verdict.reason not in _PASSES or left == 1 or run.left() < 2 * _AGAIN:
                break
            # A server whose initialisation failed cannot be initialised again: a new one can.
            server.stop()
            time.sleep(_AGAIN)
        if not server.remove():
            raise SealError(f"{server.folder} could not be removed.", reason="file_error", remedy="Remove it.")
    return verdict


@dataclass
class _Run:
    judge: Judge
    server: TemporaryServer
    begin: float
    _log_begin: int = 0
    _version: str = ""

    def left(self) -> float:
        return self.judge.plan.seconds - (time.monotonic() - self.begin)

    def verdict(self) -> ServerVerdict:
        """Of one server from its start."""
        self._log_begin = self.server.log_size()
        try:
            self.server.start()
        except SealError as error:
            if error.reason != "server_not_started":
                raise
            return self._not_ready(START, error.message, Cause(error.reason, "", error.remedy))
        status = self._status()
        if status is None:
            return self._refused(START, "")
        self._version = str(status.get("version") or "")
        if status.get("type") not in self.judge.seal_types:
            wrong = Cause("no_seal", "", "Check the configuration and the environment of the service.")
            return self._not_ready(START, f"The server's seal is {status.get('type')}, not {' or '.join(sorted(self.judge.seal_types))}.", wrong)
        answer = self.server.call("PUT", "sys/init", _ROOT_TOKEN_AND_KEYS, seconds=max(0.1, self.left()))
        if answer.status != 200:
            message = answer.errors() if answer.status else ""
            log_cause = cause(self._log(), message)
            # Once initialised it unseals itself before it answers.
            return self._refused(UNSEAL if log_cause and "decrypt" in log_cause.line.lower() else INITIALISE, message)
        while self.server.call("GET", "sys/seal-status", seconds=max(0.1, self.left())).json().get("sealed") is not False:
            if self.server.ended() or self.left() <= 0:
                return self._refused(UNSEAL, "")
            time.sleep(_PAUSE)
        return self._verdict(
            UNSEAL, True, f"{self._name()} itself, started with these settings, sealed its keys with AWS KMS and unsealed itself.", Cause("", "", "")
        )

    def _status(self) -> dict[str, Any] | None:
        """The state of its seal once it responds; None if it exited or timed out."""
        while self.left() > 0 and not self.server.ended():
            answer = self.server.call("GET", "sys/seal-status", seconds=max(0.1, self.left()))
            if answer.status == 200:
                return answer.json()
            time.sleep(_PAUSE)
        return None

    def _refused(self, step: str, answer: str) -> ServerVerdict:
        log = self._log()
        log_cause = cause(log, answer)
        if log_cause and _NO_JUDGE.search(log_cause.line):
            raise SealError(
                f"{self.judge.plan.executable} cannot run as a temporary server: {shown(log_cause.line, self.judge.secrets)}", reason="judge_failed",
                remedy="Set executable to the server's own program rather than a wrapper or a container, or set judge to sdk.",
            )
        if not self.server.ended() and self.left() <= 0:
            seconds = f"{self.judge.plan.seconds:g} seconds"
            last = f" ({shown(log_cause.line, self.judge.secrets)})" if log_cause else ""
            remedy = "Check route, firewall, proxy and VPC endpoint on the way to KMS and to the credentials; else raise judge_timeout."
            reason = log_cause.reason if log_cause and log_cause.reason not in ("server_refused", *_PASSES) else "timed_out"
            return self._not_ready(step, f"{self._name()} {_WAITS[step]}, for {seconds}{last}.", Cause(reason, log_cause.line if log_cause else "", remedy))
        if log_cause is None:
            log_cause = Cause("server_not_started", "", "Run the executable as the user of the service to see why.")
        other = _OTHER_SEAL.search(log_cause.line)
        if other:
            settle = f"A server sets up its disabled seals too. Settle that of {other.group(1)}, or remove its stanza once the migration is complete."
            log_cause = log_cause._replace(remedy=f"{log_cause.remedy} {settle}".lstrip())
        message = shortened(shown(log_cause.line, self.judge.secrets)) or "it ended without a word"
        return self._not_ready(step, f"{self._name()} itself {_FAILS[step]} with these settings: {message.rstrip('. ')}.", log_cause)

    def _not_ready(self, step: str, msg: str, log_cause: Cause) -> ServerVerdict:
        return self._verdict(step, False, msg, log_cause)

    def _verdict(self, step: str, ready: bool, msg: str, log_cause: Cause) -> ServerVerdict:
        log = self._log()
        secrets = self.judge.secrets
        banner = {name: _first(pattern, log) for name, pattern in _BANNER.items()}
        banner["endpoint"] = without_login(banner["endpoint"])
        return ServerVerdict(
            ready, step, self.judge.product, self.judge.plan.executable, self._version, log_cause.reason, msg, log_cause.remedy, shown(log_cause.line, secrets),
            [] if ready else shown_all(problems(log)[-_LOG_LINES:], secrets), round(time.monotonic() - self.begin, 1),
            **{name: shown(text, secrets) for name, text in banner.items()},
        )

    def _name(self) -> str:
        return f"{self.judge.product} {self._version}".rstrip()

    def _log(self) -> str:
        return self.server.log(self._log_begin)


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return next((group for group in match.groups() if group), "") if match else ""
