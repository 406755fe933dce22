# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Can this principal use this key as a seal does? DescribeKey, Encrypt, Decrypt: three calls, and nothing stays behind.

A server's own start asks DescribeKey only; that Encrypt or Decrypt is missing shows when it is initialised, too late.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from ..errors import Finding, SealError
from ..key_reference import KeyReference
from ..kms.api import Kms, KmsCiphertext, KmsPlaintext
from ..kms.denial import EXPLICIT_DENY, Denial, denial_remedy, read_denial
from ..kms.key_facts import key_problems, key_warnings
from . import advice

ALLOWED, DENIED, FAILED, NOT_TRIED = "allowed", "denied", "failed", "not_tried"
DESCRIBE, ENCRYPT, DECRYPT = "kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Verdict:
    """What came of one call. All but ``verdict`` is empty where there is nothing to say."""

    verdict: str
    msg: str = ""
    reason: str = ""
    remedy: str = ""
    aws_message: str = ""
    denial: Denial | None = None
    latency_ms: float | None = None

    def finding(self) -> Finding:
        return Finding(self.reason, self.msg, self.remedy)

    def as_result(self) -> dict[str, Any]:
        denial = self.denial or Denial("")
        texts = {
            "reason": self.reason,
            "msg": self.msg,
            "remedy": self.remedy,
            "aws_message": self.aws_message,
            "likely_cause": denial.cause,
            "policy_type": denial.policy_type,
            "policy": denial.policy,
        }
        return {"verdict": self.verdict, **{name: text or None for name, text in texts.items()}, "latency_ms": self.latency_ms}


@dataclass
class Probe:
    """The three verdicts, by action, and what they tell of the key."""

    reference: KeyReference | None
    region: str = ""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    key_arn: str = ""
    state: str = ""
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether a seal can use the key."""
        return not self.problems and all(found.verdict == ALLOWED for found in self.verdicts.values())

    @property
    def denials(self) -> dict[str, Denial]:
        return {action: found.denial for action, found in self.verdicts.items() if found.denial}

    @property
    def principal(self) -> str:
        """The principal's ARN, which AWS tells when it denies; else empty."""
        return next((denial.principal for denial in self.denials.values() if denial.principal), "")

    @property
    def latency_ms(self) -> float:
        """Of all calls together."""
        return round(sum(found.latency_ms or 0.0 for found in self.verdicts.values()), 1)

    @property
    def reason(self) -> str:
        """Why it is not ready, in one word; empty where it is."""
        return "" if self.ready else self._causes()[0].reason

    def summary(self) -> str:
        """The outcome in one sentence."""
        if self.ready:
            return f"A seal can use the key {self.key_arn}: {_joined(list(self.verdicts))} are allowed."
        if self.denials:
            whom = f" to {self.principal}" if self.principal else ""
            are = "is" if len(self.denials) == 1 else "are"
            return f"{_joined(list(self.denials))} {are} denied{whom} for the key {self.key_arn or self.reference}."
        return self._causes()[0].msg

    def remedy(self) -> dict[str, Any] | None:
        """What would make it ready; None where it is."""
        if self.ready:
            return None
        said = list(dict.fromkeys(cause.remedy for cause in self._causes() if cause.remedy))
        found: dict[str, Any] = dict.fromkeys(("policy_statement", "key_policy_statement", "grant"))
        if self.denials and self.reference:
            untried = [action for action, verdict in self.verdicts.items() if verdict.verdict == NOT_TRIED]
            lacking = [action for action, denial in self.denials.items() if denial.cause != EXPLICIT_DENY]
            wanted = advice.Wanted((*lacking, *untried), self.key_arn, self.reference, self.region, self.principal)
            found = advice.against(self.denials, wanted)
            if lacking and untried:
                said.append(f"A seal needs {_joined(untried)} too, which could not be tried.")
            if found["policy_statement"] and not self.key_arn:
                said.append(advice.without_arn(self.reference))
        return {"msg": " ".join(said), **found}

    def _causes(self) -> list[Finding]:
        """Why it is not ready: denials first, then the key's own state, then failures."""
        verdicts = sorted(self.verdicts.values(), key=lambda found: found.verdict != DENIED)
        known = {problem.reason for problem in self.problems}
        denied = [found.finding() for found in verdicts if found.verdict == DENIED]
        failed = [found.finding() for found in verdicts if found.verdict == FAILED and found.reason not in known]
        return [*denied, *self.problems, *failed]


def probe(kms: Kms, reference: KeyReference, clock: Callable[[], float] = time.monotonic, as_written: bool = False) -> Probe:
    """Ask KMS. Never raises a :class:`SealError`: whatever goes wrong is a verdict.

    :param as_written: whether the key is named as a server names it, which does not look for a multi-region key's replica.
    """
    found = Probe(reference, kms.region.value)
    key_id = str(reference if as_written else reference.in_region(kms.region.value))
    metadata, found.verdicts[DESCRIBE] = _tried(lambda: kms.describe_key(key_id), DESCRIBE, clock)
    if metadata is not None:
        now = datetime.now(timezone.utc)
        found.key_arn, found.state = metadata["Arn"], metadata.get("KeyState", "")
        found.problems, found.warnings = key_problems(metadata, now), key_warnings(metadata, now)
    if found.verdicts[DESCRIBE].verdict == FAILED:
        _leave(found, (ENCRYPT, DECRYPT), "DescribeKey failed")
        _learn_arn(found)
        return found
    plaintext = os.urandom(32)
    encrypted, found.verdicts[ENCRYPT] = _tried(lambda: kms.encrypt(key_id, plaintext), ENCRYPT, clock)
    if encrypted is None:
        _leave(found, (DECRYPT,), "without an answer to Encrypt there is no ciphertext to decrypt")
    else:
        found.key_arn = encrypted.key_arn
        found.verdicts[DECRYPT] = _decrypt(kms, encrypted, plaintext, clock)
    _learn_arn(found)
    return found


def refused(error: SealError, reference: KeyReference | None = None, region: str = "") -> Probe:
    """The same where KMS could not even be asked."""
    found = Probe(reference, region)
    found.verdicts[DESCRIBE] = _failed(error)
    _leave(found, (ENCRYPT, DECRYPT), "KMS could not be asked")
    _learn_arn(found)
    return found


def _decrypt(kms: Kms, encrypted: KmsCiphertext, plaintext: bytes, clock: Callable[[], float]) -> Verdict:
    # As the server asks, which names no key: a KMS that opens it with another key gives the server what it cannot use.
    def ask() -> KmsPlaintext:
        return kms.decrypt(encrypted.ciphertext)

    answer, verdict = _tried(ask, DECRYPT, clock)
    if answer is not None and answer.plaintext != plaintext:
        return Verdict(
            FAILED,
            "Decrypt gave back other bytes than Encrypt was given.",
            "wrong_endpoint",
            "Something between here and AWS KMS answers in its place; check proxy and endpoint.",
            latency_ms=verdict.latency_ms,
        )
    if answer is not None and answer.key_arn != encrypted.key_arn:
        return Verdict(
            FAILED,
            f"Decrypt was answered with the key {answer.key_arn}, but Encrypt with {encrypted.key_arn}.",
            "wrong_key",
            "Something between here and AWS KMS answers in its place; check proxy and endpoint.",
            latency_ms=verdict.latency_ms,
        )
    return verdict


def _tried(call: Callable[[], _T], action: str, clock: Callable[[], float]) -> tuple[_T | None, Verdict]:
    began = clock()
    try:
        answer = call()
    except SealError as error:
        return None, _judged(error, action, _milliseconds(clock() - began))
    return answer, Verdict(ALLOWED, latency_ms=_milliseconds(clock() - began))


def _judged(error: SealError, action: str, latency_ms: float) -> Verdict:
    message = str(error.details.get("aws_message", ""))
    if error.reason != "access_denied" or not str(error.details.get("aws_code", "")).startswith("AccessDenied"):
        return _failed(error, latency_ms)
    denial = read_denial(message)
    return Verdict(DENIED, error.message, error.reason, denial_remedy(action, denial), message, denial, latency_ms)


def _failed(error: SealError, latency_ms: float | None = None) -> Verdict:
    return Verdict(FAILED, error.message, error.reason, error.remedy, str(error.details.get("aws_message", "")), latency_ms=latency_ms)


def _leave(found: Probe, actions: tuple[str, ...], why: str) -> None:
    for action in actions:
        found.verdicts[action] = Verdict(NOT_TRIED, f"Not tried: {why}.")


def _learn_arn(found: Probe) -> None:
    """Where no call was answered: the ARN that a denial names, or the one that was given."""
    if not found.key_arn:
        given = str(found.reference.in_region(found.region)) if found.reference else ""
        told = [denial.key_arn for denial in found.denials.values()]
        found.key_arn = next(filter(None, told), given if KeyReference.parse_key_arn(given) else "")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _joined(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
