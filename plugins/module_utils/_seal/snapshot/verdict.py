# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a snapshot can be restored: true only where everything sealed in it was opened, false where something is known to stand in the way.

What was not asked, or cannot be judged here, leaves the answer open (None), and the summary says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CONNECTIVITY_REASONS, SealError
from ..kms.key_survey import KeyStates
from ..kms.trusted_keys import TrustedKeys
from ..wrapping.unwrap import Unwrapper
from .archive import SEALED_SUMS
from .contents import opening_failure
from .model import AWSKMS, BARRIER_KEYS, RECOVERY_KEY, SHAMIR, SealedEntry, Snapshot

MAX_PATHS = 100
"""How many paths a key or a problem shows; ``sealed_count`` says how many there are."""

_SHOWN_FACTS = ("state", "enabled", "deletion_date", "valid_to", "usable_for_seal", "problems", "warnings")
# What says nothing of the snapshot: that KMS could not be asked, or not where the key lies.
INCONCLUSIVE_REASONS = CONNECTIVITY_REASONS | {"region_mismatch"}
_FORCE = "A server takes the snapshot by its restore with force (`operator raft snapshot restore -force`), which looks at the plain sums only."


@dataclass
class SnapshotProblem:
    """One thing that stands in the way, or that is worth knowing: in one word, in sentences, what to do, and the values concerned."""

    reason: str
    msg: str
    remedy: str
    paths: list[str] = field(default_factory=list)
    key_arn: str | None = None

    def as_result(self) -> dict[str, Any]:
        return {"reason": self.reason, "msg": self.msg, "remedy": self.remedy, "paths": self.paths, "key_arn": self.key_arn}


class Judge:
    """Judges one snapshot.

    :param states: the keys' states; None where they are not to be asked for.
    :param unwrapper: opens the values; None where they are not to be opened.
    :param trusted: the only keys that the snapshot may depend on; None for any.
    """

    def __init__(
        self, snapshot: Snapshot, states: KeyStates | None = None, unwrapper: Unwrapper | None = None, trusted: TrustedKeys | None = None
    ) -> None:
        self._snapshot = snapshot
        self._states = states
        self._unwrapper = unwrapper
        self._trusted = trusted
        self.problems: list[SnapshotProblem] = []
        self.notes: list[SnapshotProblem] = []
        self._open_questions: list[str] = []
        self._opened = 0
        self._way: SealError | None = None
        self._judge()

    @property
    def restorable(self) -> bool | None:
        if self.problems:
            return False
        return None if self._open_questions else True

    @property
    def summary(self) -> str:
        """The answer in a sentence or some."""
        if self.problems:
            return "It cannot be restored as it is. " + " ".join(problem.msg for problem in self.problems)
        if self._open_questions:
            return "The archive is whole, and its checksums are right. " + " ".join(dict.fromkeys(self._open_questions))
        return "The archive is whole, its checksums are those that the server sealed, and everything sealed that was tried opens with its keys."

    def kms_keys(self) -> list[dict[str, Any]]:
        """Each KMS key that a value depends on, what is known of it, and the values."""
        paths: dict[str, list[str]] = {}
        for entry in self._snapshot.listed:
            for arn in entry.keys:
                if len(paths.setdefault(arn, [])) < MAX_PATHS:
                    paths[arn].append(entry.path)
        return [self._kms_key(arn, paths.get(arn, [])) for arn in self._arns()]

    def _kms_key(self, arn: str, paths: list[str]) -> dict[str, Any]:
        counts = self._snapshot.count_by_keys
        state = self._states.states.get(arn) if self._states else None
        facts: dict[str, Any] = dict.fromkeys(_SHOWN_FACTS)
        facts.update(problems=[], warnings=[])
        if isinstance(state, SealError):
            facts["problems"] = [{"reason": state.reason, "msg": state.message, "remedy": state.remedy}]
        elif state is not None:
            facts.update({name: state[name] for name in _SHOWN_FACTS})
        return {
            "arn": arn,
            "account": arn.split(":")[4],
            "region": arn.split(":")[3],
            "sealed_count": sum(count for keys, count in counts.items() if arn in keys),
            "only_key_of": sum(count for keys, count in counts.items() if keys == (arn,)),
            "paths": paths,
            **facts,
        }

    def _arns(self) -> list[str]:
        return list(dict.fromkeys(arn for keys in self._snapshot.count_by_keys for arn in keys))

    def _judge(self) -> None:
        self._look_for_what_is_missing()
        if self._states:
            self._states.ask(self._arns())
            self._say_what_expires(self._states)
        for keys in self._snapshot.count_by_keys:
            if not keys:
                self._without_kms([entry for entry in self._snapshot.listed if not entry.keys])
            elif self._trusted_one(keys):
                self._of_keys(keys)
        if self._way and not self._opened and not self.problems:
            raise self._way

    def _say_what_expires(self, states: KeyStates) -> None:
        for arn, state in states.states.items():
            if not isinstance(state, SealError):
                self.notes += [SnapshotProblem(each["reason"], f"Key {arn}: {each['msg']}", each["remedy"], key_arn=arn) for each in state["warnings"]]

    def _look_for_what_is_missing(self) -> None:
        found = self._snapshot
        if found.seal is None or (found.seal_type == AWSKMS and found.entry(BARRIER_KEYS) is None):
            what = "core/seal-config" if found.seal is None else BARRIER_KEYS
            self.problems.append(
                SnapshotProblem(
                    "incomplete_snapshot", f"The snapshot holds no {what}.",
                    "Its server was not initialised when it was taken, or it is not a server's. Take another one.", [what],
                )
            )
        if found.entry(SEALED_SUMS) is None:
            self.problems.append(
                SnapshotProblem("no_sealed_checksums", f"The snapshot holds no {SEALED_SUMS}: nothing proves that a server made it.", _FORCE, [SEALED_SUMS])
            )
        if found.seal_type == AWSKMS and found.entry(RECOVERY_KEY) is None:
            self.notes.append(
                SnapshotProblem(
                    "no_recovery_key", "The snapshot holds no recovery key.",
                    "Restored, the server has no operation that needs one, such as a new root token.", [RECOVERY_KEY],
                )
            )
        if found.trailing_zeros:
            self.notes.append(
                SnapshotProblem(
                    "trailing_zeros", f"{found.trailing_zeros} zero bytes follow the archive in the file, as dd and tapes add them.",
                    "No action is needed: servers restore such a file.",
                )
            )
        if found.passed_over:
            self.notes.append(
                SnapshotProblem(
                    "not_looked_at", f"{found.passed_over} entries are too long to be looked at: whether Vault Enterprise sealed them is not known.",
                    "Nothing is to be done where the server is none of Vault Enterprise.",
                )
            )

    def _without_kms(self, entries: Sequence[SealedEntry]) -> None:
        """Values that no KMS key opens."""
        shamir = [entry for entry in entries if entry.seals == {SHAMIR}]
        own = [entry for entry in shamir if not entry.namespace]
        if own:
            self._note(
                "shamir_seal", "The server's seal is shamir: it is opened by its unseal keys, and depends on no KMS key.",
                "Have as many of the unseal keys at hand as the threshold says.", own,
            )
            self._open_questions.append("The server's seal is shamir: whether its unseal keys are at hand cannot be seen here.")
        within = [entry for entry in shamir if entry.namespace]
        if within:
            self._note(
                "shamir_seal", "Namespaces have a shamir seal of their own: after a restore they are opened by their own unseal keys.",
                "See that their owners have these at hand.", within,
            )
        unnamed = [entry for entry in entries if AWSKMS in entry.seals]
        if unnamed:
            self._note("unnamed_key", "Values do not say which KMS key sealed them.", "Open them (check=open) to learn whether they can be.", unnamed)
            self._open(unnamed)
        foreign = [entry for entry in entries if AWSKMS not in entry.seals and entry.seals != {SHAMIR}]
        if foreign:
            self._note(
                "foreign_wrapper", f"Values are sealed by another seal than awskms (the server's is {self._snapshot.seal_type or 'not known'}).",
                "Ask that seal whether it opens them.", foreign,
            )
            self._open_questions.append("Values are sealed by another seal than awskms, which cannot be asked here.")

    def _trusted_one(self, keys: tuple[str, ...]) -> bool:
        if self._trusted is None:
            return True
        failures = []
        for arn in keys:
            try:
                self._trusted.check_claim(arn)
                return True
            except SealError as error:
                failures.append(error)
        self._cannot(keys, failures[-1])
        return False

    def _of_keys(self, keys: tuple[str, ...]) -> None:
        """The values that any one of these keys opens."""
        if self._unwrapper:
            entries = [entry for entry in self._snapshot.listed if tuple(entry.keys) == keys]
            if all(entry.value is None for entry in entries):
                self._open_questions.append(f"The values under the key {keys[0]} are too long to be opened here.")
            self._open(entries)
        elif self._states:
            self._by_state(keys, self._states)
        else:
            self._open_questions.append("Its KMS keys were not asked for: see check=key and check=open.")

    def _by_state(self, keys: tuple[str, ...], asked: KeyStates) -> None:
        states = [asked.states[arn] for arn in keys]
        facts = [state for state in states if not isinstance(state, SealError)]
        if any(state["usable_for_seal"] for state in facts):
            self._opened += 1
            self._open_questions.append("Its KMS keys can be used; whether this principal may was not tried: see check=open.")
            return
        unknown = [state for state in states if isinstance(state, SealError) and state.reason != "not_found"]
        if unknown:
            self._not_known(unknown[0], "the state of a key it depends on")
            return
        self._cannot(keys, states[0] if isinstance(states[0], SealError) else _of_state(states[0]["problems"][0]))

    def _open(self, entries: Sequence[SealedEntry]) -> None:
        if self._unwrapper is None:
            self._open_questions.append("Values that name no key were not opened: see check=open.")
            return
        failed: dict[tuple[str, str], tuple[SealError, list[str]]] = {}
        for entry in entries:
            if entry.value is None:
                continue
            failure = opening_failure(entry.path, entry.value, self._snapshot, self._unwrapper)
            if failure is None:
                self._opened += 1
            elif failure.reason in INCONCLUSIVE_REASONS:
                self._not_known(failure, f"whether {entry.path} opens")
            else:
                failed.setdefault((failure.reason, failure.message), (failure, []))[1].append(entry.path)
        for failure, paths in failed.values():
            self._add(failure, paths, entries[0].keys[0] if entries[0].keys else None)

    def _not_known(self, error: SealError, what: str) -> None:
        self._way = self._way or error
        self._open_questions.append(f"Not known is {what}. {error.message}")
        self.notes.append(SnapshotProblem(error.reason, error.message, error.remedy))

    def _cannot(self, keys: tuple[str, ...], error: SealError) -> None:
        self._add(error, [entry.path for entry in self._snapshot.listed if tuple(entry.keys) == keys], keys[0])

    def _add(self, error: SealError, paths: list[str], arn: str | None) -> None:
        error = self._with_date(error, arn)
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        said = f": {error.message}" if arn is None or arn in error.message else f" {_depend(paths)} on the key {arn}. {error.message}"
        self.problems.append(SnapshotProblem(error.reason, shown + said, error.remedy, paths[:MAX_PATHS], arn))

    def _with_date(self, error: SealError, arn: str | None) -> SealError:
        """The error in the words of the key's own state where that is the cause: these say until when."""
        state = self._states.states.get(arn) if self._states and arn else None
        said = [] if state is None or isinstance(state, SealError) else [each for each in state["problems"] if each["reason"] == error.reason]
        return _of_state(said[0]) if said else error

    def _note(self, reason: str, msg: str, remedy: str, entries: Sequence[SealedEntry]) -> None:
        self.notes.append(SnapshotProblem(reason, msg, remedy, [entry.path for entry in entries[:MAX_PATHS]]))


def _depend(paths: Sequence[str]) -> str:
    return "depends" if len(paths) == 1 else "depend"


def _of_state(finding: dict[str, str]) -> SealError:
    # To name another key is no remedy for what is sealed under this one.
    return SealError(finding["msg"], reason=finding["reason"], remedy=finding["remedy"].replace(", or name another.", "."))
