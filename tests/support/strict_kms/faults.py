# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults by rule: which calls fail, how, and how often."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .errors import AwsError, ResetConnection

KINDS = ("throttle", "500", "503", "reset", "slow", "hang", "clock_skew", "expired_token", "error")
_PASSING = ("slow", "clock_skew")
_HANG_SECONDS = 60.0


@dataclass
class Rule:
    """One rule. Empty selectors match every call; ``times`` None means for ever; the first ``after`` calls pass.

    Rules act in the order in which they were added; one that ends a call keeps it from the rules after it.
    ``seconds`` is the delay of ``slow`` and ``hang``, and the offset of the server's clock of ``clock_skew``.
    """

    kind: str
    operation: str = ""
    key: str = ""
    times: int | None = None
    after: int = 0
    seconds: float = 0.0
    code: str = ""
    message: str = ""
    status: int = 400

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r} is none of {', '.join(KINDS)}")


@dataclass
class Faults:
    """All rules in force."""

    rules: list[Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, **settings: Any) -> None:
        self.rules.append(Rule(**settings))

    def clear(self) -> None:
        self.rules.clear()

    def clock_offset(self, operation: str, key: str) -> float:
        """How many seconds the server's clock is ahead for this call."""
        return sum(rule.seconds for rule in self._taken(operation, key, ("clock_skew",)))

    def before(self, operation: str, key: str) -> None:
        """Connection faults, before the request is parsed."""
        for rule in self._taken(operation, key, ("slow", "hang", "reset", "throttle", "500", "503", "error", "expired_token")):
            _apply(rule)

    def _taken(self, operation: str, key: str, kinds: tuple[str, ...]) -> list[Rule]:
        with self._lock:
            taken = []
            for rule in self.rules:
                if rule.kind not in kinds or rule.times == 0:
                    continue
                if rule.operation not in ("", operation) or rule.key not in key:
                    continue
                if rule.after:
                    rule.after -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                taken.append(rule)
                if rule.kind not in _PASSING:
                    break
            return taken


def _apply(rule: Rule) -> None:
    if rule.kind == "slow":
        time.sleep(rule.seconds)
    elif rule.kind == "hang":
        time.sleep(rule.seconds or _HANG_SECONDS)
        raise ResetConnection
    elif rule.kind == "reset":
        raise ResetConnection
    elif rule.kind == "throttle":
        raise AwsError("ThrottlingException", rule.message or "Rate exceeded")
    elif rule.kind == "500":
        raise AwsError("KMSInternalException", rule.message or "The request was rejected because an internal exception occurred.", 500)
    elif rule.kind == "503":
        raise AwsError("ServiceUnavailable", rule.message or "Service is unavailable", 503)
    elif rule.kind == "expired_token":
        raise AwsError("ExpiredTokenException", "The security token included in the request is expired")
    else:
        raise AwsError(rule.code, rule.message, rule.status)
