# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a snapshot can be restored, and why: true if every sealed value was decrypted, false if a known problem prevents it.

It is None if something was not checked or cannot be decided; the summary explains why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Union

from ..errors import SealError
from ..key_reference import KeyReference
from .model import Snapshot

MAX_PATHS = 100
"""The number of paths shown for a key or a problem; ``sealed_count`` is the total."""

_SHOWN_FACTS = ("state", "enabled", "deletion_date", "valid_to", "usable_for_seal", "problems", "warnings")


@dataclass
class SnapshotProblem:
    """A finding of a snapshot, with the values and the key concerned."""

    reason: str
    msg: str
    remedy: str
    paths: list[str] = field(default_factory=list)
    key_arn: str | None = None

    def as_result(self) -> dict[str, Any]:
        return asdict(self)


KeyState = Union[dict[str, Any], SealError]
"""The facts of a key, or the error why they are not known."""


@dataclass
class Verdict:
    """Whether a snapshot can be restored, and why.

    :param states: the keys' states by ARN; empty if they were not requested.
    :param open_questions: sentences about what is not known.
    """

    snapshot: Snapshot = field(repr=False)
    states: Mapping[str, KeyState]
    problems: list[SnapshotProblem] = field(default_factory=list)
    notes: list[SnapshotProblem] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)

    @property
    def restorable(self) -> bool | None:
        """None if it is not known."""
        if self.problems:
            return False
        return None if self.open_questions else True

    @property
    def summary(self) -> str:
        """The answer in a sentence or some."""
        if self.problems:
            return "It cannot be restored. " + " ".join(problem.msg for problem in self.problems)
        if self.open_questions:
            return "The archive is complete, and its checksums are correct. " + " ".join(dict.fromkeys(self.open_questions))
        return "The archive is complete, its checksums match the sealed checksums, and all sealed values that were tried can be decrypted."

    def kms_keys(self) -> list[dict[str, Any]]:
        """Each KMS key that a value depends on, what is known of it, and the values."""
        paths: dict[str, list[str]] = {}
        for entry in self.snapshot.listed:
            for arn in entry.keys:
                if len(paths.setdefault(arn, [])) < MAX_PATHS:
                    paths[arn].append(entry.path)
        return [self._kms_key(arn, paths.get(arn, [])) for arn in self.snapshot.key_arns]

    def _kms_key(self, arn: str, paths: list[str]) -> dict[str, Any]:
        counts = self.snapshot.count_by_keys
        key = KeyReference.parse(arn)
        state = self.states.get(arn)
        facts: dict[str, Any] = dict.fromkeys(_SHOWN_FACTS)
        facts.update(problems=[], warnings=[])
        if isinstance(state, SealError):
            facts["problems"] = [state.finding().as_result()]
        elif state is not None:
            facts.update({name: state[name] for name in _SHOWN_FACTS})
        return {
            "arn": arn,
            "account": key.account,
            "region": key.region,
            "sealed_count": sum(count for keys, count in counts.items() if arn in keys),
            "only_key_of": sum(count for keys, count in counts.items() if keys == (arn,)),
            "paths": paths,
            **facts,
        }
