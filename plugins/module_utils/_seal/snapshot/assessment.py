# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assesses a snapshot: what is missing in it, what its keys' states are, and whether its values open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import CONNECTIVITY_REASONS, Finding, SealError
from ..key_reference import KeyReference
from ..kms.key_survey import KeySurvey
from ..kms.keys import Key
from ..kms.trusted_keys import TrustedKeys
from ..wrapping.unwrap import Unwrapper
from .archive import SEALED_SUMS
from .contents import opening_failure
from .model import AWSKMS, BARRIER_KEYS, RECOVERY_KEY, SHAMIR, SealedEntry, Snapshot
from .verdict import MAX_PATHS, KeyState, SnapshotProblem, Verdict

# Reasons that do not concern the snapshot: KMS, or the key's region, could not be reached.
INCONCLUSIVE_REASONS = CONNECTIVITY_REASONS | {"region_mismatch"}
_FORCE = "A server accepts the snapshot with a forced restore (`operator raft snapshot restore -force`), which verifies only the plain checksums."


def assess(
    snapshot: Snapshot, survey: KeySurvey | None = None, unwrapper: Unwrapper | None = None, trusted: TrustedKeys | None = None
) -> Verdict:
    """Assess one snapshot; raises :class:`SealError` if KMS could not be called and the result is therefore unknown.

    :param survey: describes the keys; None to skip them.
    :param unwrapper: decrypts the values; None to skip that.
    :param trusted: the only keys that the snapshot may depend on; None for any.
    """
    states = {arn: _state(survey, arn) for arn in snapshot.key_arns} if survey else None
    assessment = _Assessment(snapshot, states, unwrapper, trusted)
    assessment.run()
    return assessment.verdict


class _Assessment:
    """The work of :func:`assess`, which fills ``verdict``."""

    def __init__(
        self, snapshot: Snapshot, states: Mapping[str, KeyState] | None, unwrapper: Unwrapper | None, trusted: TrustedKeys | None
    ) -> None:
        self._snapshot = snapshot
        self._states = states
        self._unwrapper = unwrapper
        self._trusted = trusted
        self.verdict = Verdict(snapshot, states or {})
        self._opened = 0
        self._unanswered: SealError | None = None

    def run(self) -> None:
        self._check_missing_entries()
        self._warn_of_expiry()
        for keys in self._snapshot.count_by_keys:
            if not keys:
                self._without_kms([entry for entry in self._snapshot.listed if not entry.keys])
            elif self._trusted_one(keys):
                self._of_keys(keys)
        if self._unanswered and not self._opened and not self.verdict.problems:
            raise self._unanswered

    def _warn_of_expiry(self) -> None:
        for arn, state in self.verdict.states.items():
            if not isinstance(state, SealError):
                self.verdict.notes += [SnapshotProblem(each["reason"], f"Key {arn}: {each['msg']}", each["remedy"], key_arn=arn) for each in state["warnings"]]

    def _check_missing_entries(self) -> None:
        snapshot = self._snapshot
        if snapshot.seal is None or (snapshot.seal_type == AWSKMS and snapshot.entry(BARRIER_KEYS) is None):
            what = "core/seal-config" if snapshot.seal is None else BARRIER_KEYS
            self.verdict.problems.append(
                SnapshotProblem(
                    "incomplete_snapshot", f"The snapshot contains no {what}.",
                    "Its server was not initialised when it was taken, or it was not written by a server. Take another one.", [what],
                )
            )
        if snapshot.entry(SEALED_SUMS) is None:
            self.verdict.problems.append(
                SnapshotProblem(
                    "no_sealed_checksums", f"The snapshot contains no {SEALED_SUMS}: it cannot be verified that a server wrote it.", _FORCE, [SEALED_SUMS]
                )
            )
        if snapshot.seal_type == AWSKMS and snapshot.entry(RECOVERY_KEY) is None:
            self.verdict.notes.append(
                SnapshotProblem(
                    "no_recovery_key", "The snapshot contains no recovery key.",
                    "The restored server cannot perform operations that require one, such as generating a root token.", [RECOVERY_KEY],
                )
            )
        if snapshot.trailing_zeros:
            self.verdict.notes.append(
                SnapshotProblem(
                    "trailing_zeros", f"{snapshot.trailing_zeros} zero bytes follow the archive in the file, as added by dd and tapes.",
                    "No action is required: servers restore such a file.",
                )
            )
        if snapshot.passed_over:
            self.verdict.notes.append(
                SnapshotProblem(
                    "not_looked_at", f"{snapshot.passed_over} entries are too large to be checked: it is unknown whether Vault Enterprise sealed them.",
                    "Ignore this unless the server is Vault Enterprise.",
                )
            )

    def _without_kms(self, entries: Sequence[SealedEntry]) -> None:
        """Values that no KMS key opens."""
        shamir = [entry for entry in entries if entry.seals == {SHAMIR}]
        own = [entry for entry in shamir if not entry.namespace]
        if own:
            self._note(
                "shamir_seal", "The server's seal is shamir: it is unsealed by its unseal keys, and depends on no KMS key.",
                "Keep as many unseal keys available as the threshold requires.", own,
            )
            self.verdict.open_questions.append("The server's seal is shamir: it cannot be checked whether its unseal keys are available.")
        within = [entry for entry in shamir if entry.namespace]
        if within:
            self._note(
                "shamir_seal", "Namespaces have a separate shamir seal: after a restore they are unsealed by their own unseal keys.",
                "Check that their owners have these keys available.", within,
            )
        unnamed = [entry for entry in entries if AWSKMS in entry.seals]
        if unnamed:
            self._note("unnamed_key", "Values do not name their KMS key.", "Use check=open to check whether they can be decrypted.", unnamed)
            self._open(unnamed)
        foreign = [entry for entry in entries if AWSKMS not in entry.seals and entry.seals != {SHAMIR}]
        if foreign:
            self._note(
                "foreign_wrapper", f"Values are sealed by a seal other than awskms (the server's seal is {self._snapshot.seal_type or 'unknown'}).",
                "Check with that seal whether they can be decrypted.", foreign,
            )
            self.verdict.open_questions.append("Values are sealed by a seal other than awskms, which cannot be checked.")

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
                self.verdict.open_questions.append(f"The values under the key {keys[0]} are too large to be decrypted.")
            self._open(entries)
        elif self._states is not None:
            self._by_state(keys, [self._states[arn] for arn in keys])
        else:
            self.verdict.open_questions.append("Its KMS keys were not checked: see check=key and check=open.")

    def _by_state(self, keys: tuple[str, ...], states: Sequence[KeyState]) -> None:
        facts = [state for state in states if not isinstance(state, SealError)]
        if any(state["usable_for_seal"] for state in facts):
            self._opened += 1
            self.verdict.open_questions.append("Its KMS keys are usable; the permissions of this principal were not checked: see check=open.")
            return
        unknown = [state for state in states if isinstance(state, SealError) and state.reason != "not_found"]
        if unknown:
            self._not_known(unknown[0], "the state of a key it depends on")
            return
        self._cannot(keys, states[0] if isinstance(states[0], SealError) else _of_state(states[0]["problems"][0]))

    def _open(self, entries: Sequence[SealedEntry]) -> None:
        if self._unwrapper is None:
            self.verdict.open_questions.append("Values that name no key were not decrypted: see check=open.")
            return
        failed: dict[tuple[str, str], tuple[SealError, list[str]]] = {}
        for entry in entries:
            if entry.value is None:
                continue
            failure = opening_failure(entry.path, entry.value, self._snapshot, self._unwrapper)
            if failure is None:
                self._opened += 1
            elif failure.reason in INCONCLUSIVE_REASONS:
                self._not_known(failure, f"whether {entry.path} can be decrypted")
            else:
                failed.setdefault((failure.reason, failure.message), (failure, []))[1].append(entry.path)
        for failure, paths in failed.values():
            self._add(failure, paths, entries[0].keys[0] if entries[0].keys else None)

    def _not_known(self, error: SealError, what: str) -> None:
        self._unanswered = self._unanswered or error
        self.verdict.open_questions.append(f"It is unknown: {what}. {error.message}")
        self.verdict.notes.append(SnapshotProblem(*error.finding()))

    def _cannot(self, keys: tuple[str, ...], error: SealError) -> None:
        self._add(error, [entry.path for entry in self._snapshot.listed if tuple(entry.keys) == keys], keys[0])

    def _add(self, error: SealError, paths: list[str], arn: str | None) -> None:
        error = self._with_date(error, arn)
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        explanation = f": {error.message}" if arn is None or arn in error.message else f" {_depend(paths)} on the key {arn}. {error.message}"
        self.verdict.problems.append(SnapshotProblem(error.reason, shown + explanation, error.remedy, paths[:MAX_PATHS], arn))

    def _with_date(self, error: SealError, arn: str | None) -> SealError:
        """The error of the key's state, which includes the date, if that is the cause."""
        state = self.verdict.states.get(arn) if arn else None
        problems = [] if state is None or isinstance(state, SealError) else state["problems"]
        return next((_of_state(problem) for problem in problems if problem["reason"] == error.reason), error)

    def _note(self, reason: str, msg: str, remedy: str, entries: Sequence[SealedEntry]) -> None:
        self.verdict.notes.append(SnapshotProblem(reason, msg, remedy, [entry.path for entry in entries[:MAX_PATHS]]))


def _state(survey: KeySurvey, arn: str) -> KeyState:
    try:
        return survey.describe(Key(KeyReference.parse(arn), "the snapshot")).facts
    except SealError as error:
        return error


def _depend(paths: Sequence[str]) -> str:
    return "depends" if len(paths) == 1 else "depend"


def _of_state(problem: dict[str, str]) -> SealError:
    finding = Finding(**problem)
    # Another key does not help with values that are sealed under this one.
    return SealError.of(finding._replace(remedy=finding.remedy.replace(", or use another key.", ".")))
