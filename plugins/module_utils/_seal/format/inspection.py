# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a sealed value without KMS: its format, slots and keys; and whether these are a given key.

Facts hold no part of the value, so that those of many large values fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import BlobError, SealError
from ..key_reference import KeyReference
from .blob import DIRECT, ENVELOPE, NONCE_SIZE, TAG_SIZE, BlobInfo
from .container import SealedValue

CURRENT, STALE, UNKNOWN = "current", "stale", "unknown"


@dataclass(frozen=True)
class SlotFacts:
    """One slot. ``key`` is None if it names no AWS KMS key; ``refusal`` is why no awskms seal can open it. Sizes are in bytes.

    ``value_size`` is the size of the plaintext; None if only KMS knows it.
    """

    index: int
    layout: str
    mechanism: int
    key_id: str
    key: KeyReference | None
    ciphertext_size: int
    wrapped_key_size: int
    value_size: int | None
    unknown_fields: tuple[str, ...]
    refusal: SealError | None

    @property
    def is_foreign(self) -> bool:
        """Whether another seal than awskms wrote it."""
        return self.refusal is not None and self.refusal.reason in FOREIGN_REASONS

    def is_under(self, key: KeyReference) -> bool:
        """Whether it names this key, a key id or ARN; the replicas of a multi-region key are one."""
        return self.key is not None and key.matches(self.key)

    def as_result(self) -> dict[str, Any]:
        return {
            "slot": self.index,
            "layout": self.layout,
            "mechanism": self.mechanism,
            "key_id": self.key_id or None,
            "awskms": not self.is_foreign,
            "ciphertext_size": self.ciphertext_size,
            "wrapped_key_size": self.wrapped_key_size,
            "value_size": self.value_size,
            "unknown_fields": list(self.unknown_fields),
        }


@dataclass(frozen=True)
class ValueFacts:
    """One sealed value. ``size`` is that of its bytes; ``unknown_fields`` are the container's own."""

    form: str
    size: int
    generation: int
    slots: tuple[SlotFacts, ...]
    unknown_fields: tuple[str, ...]
    region: str

    @property
    def own(self) -> list[SlotFacts]:
        """The slots that an awskms seal wrote."""
        return [slot for slot in self.slots if not slot.is_foreign]

    @property
    def keys(self) -> list[str]:
        """The ARNs of the distinct keys that the slots name, in their order."""
        return list(dict.fromkeys(str(slot.key) for slot in self.own if slot.key))


class Status(NamedTuple):
    """Whether a value is sealed under the key wanted: ``current``, ``stale`` or ``unknown``, and why it is not current."""

    status: str
    why: str = ""


def value_facts(value: SealedValue) -> ValueFacts:
    """The description of one value, without calling KMS."""
    slots = tuple(_slot_facts(index, slot) for index, slot in enumerate(value.slots))
    unknown = tuple(str(number) for number, _raw in value.others)
    return ValueFacts(value.form, sum(map(len, value.pieces())), value.generation, slots, unknown, value.region)


def status(facts: ValueFacts, key: KeyReference, name: str) -> Status:
    """Compare a value's slots with a key id or ARN; ``name`` is what the key is called in the reason."""
    others = [slot for slot in facts.own if slot.key and not slot.is_under(key)]
    silent = [slot for slot in facts.own if not slot.key]
    if others:
        several = len(facts.slots) > 1
        where = [f"{f'Slot {slot.index}' if several else 'The value'} is sealed under {slot.key}" for slot in others]
        return Status(STALE, f"{'; '.join(where)}, not under {name}.")
    if silent:
        return Status(UNKNOWN, "The value does not name its key.")
    if not facts.own:
        return Status(UNKNOWN, "The value was sealed by a seal other than awskms.")
    return Status(CURRENT)


def slots_to_move(facts: ValueFacts, key: KeyReference, every_slot: bool = False, force: bool = False) -> list[int]:
    """The indexes of the slots that have to be moved to the key: the first awskms slot, or each one, if it is under another key.

    :param force: also slots that are under the key already.

    Raises :class:`SealError` if there is no awskms slot, or a slot cannot be moved.
    """
    chosen = facts.own if every_slot else facts.own[:1]
    # Without an awskms slot, the error of the first slot represents all of them.
    refusals = [slot.refusal for slot in chosen or facts.slots[:1] if slot.refusal]
    if refusals:
        raise refusals[0]
    return [slot.index for slot in chosen if force or not slot.is_under(key)]


def _slot_facts(index: int, slot: BlobInfo) -> SlotFacts:
    return SlotFacts(
        index=index,
        layout=slot.layout,
        mechanism=slot.mechanism,
        key_id=slot.key_id,
        key=KeyReference.parse_key_arn(slot.key_id),
        ciphertext_size=len(slot.ciphertext),
        wrapped_key_size=len(slot.wrapped_key),
        value_size=_value_size(slot),
        unknown_fields=tuple(slot.unknown_fields),
        refusal=_refusal(slot),
    )


def _value_size(slot: BlobInfo) -> int | None:
    size = len(slot.ciphertext) - TAG_SIZE - (0 if slot.iv else NONCE_SIZE)
    return size if slot.mechanism == ENVELOPE and size >= 0 else None


def _refusal(slot: BlobInfo) -> SealError | None:
    try:
        check_wrapper(slot)
    except SealError as error:
        return error
    return None


FOREIGN_REASONS = ("foreign_wrapper", "unsupported_mechanism")
"""Reasons why a slot was not sealed by an awskms seal."""

_MAX_DIRECT_CIPHERTEXT = 6144  # KMS Decrypt's limit, in bytes
_LONGEST_SHOWN = 200  # characters of a key id, which can be as long as the value


def check_wrapper(slot: BlobInfo) -> None:
    """Reject, before any call, a slot that was not written by an awskms seal; raises :class:`SealError`."""
    if slot.mechanism not in (DIRECT, ENVELOPE):
        raise BlobError(
            f"The value uses mechanism {slot.mechanism}; awskms seals support 0 (direct) and 1 (envelope).",
            reason="unsupported_mechanism",
            remedy="It was sealed by a seal other than awskms, or in a newer format than this collection supports.",
        )
    if slot.key_id and KeyReference.parse_key_arn(slot.key_id) is None:
        shown = slot.key_id if len(slot.key_id) <= _LONGEST_SHOWN else f"{slot.key_id[:_LONGEST_SHOWN]}..."
        raise BlobError(
            f"The value is sealed under {shown!r}, which is not an AWS KMS key.",
            reason="foreign_wrapper",
            remedy="It was sealed by a seal other than awskms (another cloud, transit or an HSM); use that seal to decrypt it.",
        )
    slot.check()
    if slot.mechanism == DIRECT and len(slot.ciphertext) > _MAX_DIRECT_CIPHERTEXT:
        raise BlobError.malformed(
            f"a ciphertext of KMS has at most {_MAX_DIRECT_CIPHERTEXT} bytes, but this one has {len(slot.ciphertext)}"
        )
