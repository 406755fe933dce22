# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a raft snapshot: sealed entries, their slots, and the relevant paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..format.container import SealedValue
from .config import SealConfig, SnapshotMeta

BARRIER_KEYS = "core/hsm/barrier-unseal-keys"
RECOVERY_KEY = "core/recovery-key"

MAX_LISTED = 10_000
"""How many sealed entries are listed; all are counted, and the keys of all are."""

MAX_KEYS = 1000
"""How many distinct keys a snapshot may name. Servers have a handful; this bounds the work on a hostile file."""

SHAMIR, AWSKMS, OTHER = "shamir", "awskms", "other"


@dataclass
class SealedEntry:
    """One sealed value. ``value`` is kept for those that a check may have to open, and None for the rest."""

    path: str
    size: int
    form: str
    generation: int
    slots: tuple[Slot, ...]
    namespace: str = ""
    value: SealedValue | None = field(default=None, repr=False)

    @property
    def keys(self) -> list[str]:
        """The ARNs of the KMS keys of which any one opens the value."""
        return list(dict.fromkeys(slot.key_id for slot in self.slots if slot.seal == AWSKMS and slot.key_id))

    @property
    def seals(self) -> set[str]:
        return {slot.seal for slot in self.slots}


@dataclass
class Slot:
    """How one slot of a value is sealed: the kind of seal, the key (empty if it is not named) and the layout."""

    key_id: str
    seal: str
    mechanism: int
    layout: str


@dataclass
class Snapshot:
    """All that was found. ``listed`` are the sealed entries, up to a limit; ``sealed`` counts all of them by the keys that open them.

    ``trailing_zeros`` is how many zero bytes follow the archive in the file.
    """

    meta: SnapshotMeta
    digests: dict[str, str]
    sums: bytes
    entries: int
    state_size: int
    seal: SealConfig | None
    recovery: SealConfig | None
    generation: dict[str, Any] | None
    listed: list[SealedEntry]
    sealed: int
    count_by_keys: dict[tuple[str, ...], int]
    sealed_namespaces: list[str]
    passed_over: int
    trailing_zeros: int = 0

    def entry(self, path: str) -> SealedEntry | None:
        """The sealed value at this path; of those that belong to the seal itself all are listed."""
        return next((entry for entry in self.listed if entry.path == path), None)

    @property
    def seal_type(self) -> str:
        """The kind of the server's seal; empty if the snapshot does not contain it."""
        return self.seal.type if self.seal else ""

    @property
    def key_arns(self) -> list[str]:
        """The distinct keys that values name."""
        return list(dict.fromkeys(arn for keys in self.count_by_keys for arn in keys))
