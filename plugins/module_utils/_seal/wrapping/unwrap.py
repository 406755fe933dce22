# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unwraps sealed values: checks the key, asks KMS for the data key, decrypts the content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import BlobError, SealError
from ..format.blob import DIRECT, BlobInfo
from ..format.container import SealedValue
from ..format.envelope import decrypt
from ..format.inspection import check_wrapper
from ..key_reference import KeyReference
from ..kms.api import KmsForRegion, KmsPlaintext
from ..kms.concurrent import at_once
from ..kms.decrypt_cache import DecryptCache
from ..kms.keys import Key, check_region
from ..kms.trusted_keys import TrustedKeys


@dataclass
class Unwrapped:
    """A value just opened. ``key_arn`` is the key that KMS opened it with; ``slot`` counts from 0."""

    plaintext: bytes = field(repr=False)
    key_arn: str
    mechanism: int
    form: str
    layout: str
    slot: int = 0


class Unwrapper:
    """Opens sealed values; a wrapped data key that occurs twice is decrypted once.

    :param kms_for_region: gives the KMS to ask.
    :param aad: additional authenticated data of all values.
    :param trusted: the only keys to trust; None trusts every key that the caller may use, as Vault does.
    :param data_keys: those that the same caller opened before; None begins with none.
    """

    def __init__(
        self, kms_for_region: KmsForRegion, aad: bytes = b"", trusted: TrustedKeys | None = None, data_keys: DecryptCache | None = None
    ) -> None:
        self._kms_for_region = kms_for_region
        self._aad = aad
        self._trusted = trusted
        self._pinned_to = " ".join(map(str, trusted.keys)) if trusted else ""
        self._data_keys = DecryptCache() if data_keys is None else data_keys
        self._refused: dict[tuple[bytes, str], SealError] = {}

    def unwrap(self, value: SealedValue) -> Unwrapped:
        """Open one value: the first AWS KMS slot that this caller can decrypt.

        Raises :class:`BlobError` or :class:`KmsError`; with several slots the last one's, with the errors of all slots.
        """
        failures: list[SealError] = []
        for index, slot in enumerate(value.slots):
            try:
                opened = self.open_slot(slot)
            except SealError as error:
                failures.append(error)
            else:
                plaintext, key_arn = opened
                return Unwrapped(plaintext, key_arn, slot.mechanism, value.form, slot.layout, index)
        if len(failures) > 1:
            raise _none_opens(value, failures)
        raise failures[0]

    def unwrap_many(self, values: Sequence[SealedValue]) -> list[Unwrapped]:
        """Open many values concurrently. The first error, in the given order, is raised; values that have not begun by then are not opened.

        ``details["index"]`` is the value that failed, counted from 0.
        """
        calls = len(values)
        if self._data_keys.keeps:
            calls = len({tuple(slot.wrapped_key or id(slot) for slot in value.slots) for value in values})
        return at_once(self.unwrap, values, calls)

    def open_slot(self, slot: BlobInfo) -> tuple[bytes, str]:
        """The plaintext of one slot, and the ARN of the key that KMS opened it with; raises :class:`SealError`."""
        answer = self.decrypted(slot)
        if slot.mechanism == DIRECT:
            return answer.plaintext, answer.key_arn
        nonce, ciphertext = slot.nonce_and_ciphertext()
        return decrypt(answer.plaintext, nonce, ciphertext, self._aad), answer.key_arn

    def decrypted(self, slot: BlobInfo) -> KmsPlaintext:
        """The plaintext of one slot's KMS ciphertext: the data key, or with mechanism 0 the value itself; raises :class:`SealError`."""
        check_wrapper(slot)
        if slot.key_id and self._trusted is not None:
            self._trusted.check_claim(slot.key_id)
        if slot.mechanism == DIRECT and self._aad:
            raise BlobError(
                "The value is encrypted by KMS directly (mechanism 0), which does not support additional authenticated data.",
                reason="not_authentic",
                remedy="If you expect such a value, remove aad.",
            )
        answer = self._decrypt(slot.of_kms, slot.key_id)
        check_answer(slot.key_id, answer.key_arn, self._trusted)
        return answer

    def _decrypt(self, ciphertext: bytes, key_id: str) -> KmsPlaintext:
        """Ask KMS, once for each distinct ciphertext, whether it opens it or not."""
        if self._refused and (ciphertext, key_id) in self._refused:
            raise self._refused[ciphertext, key_id]
        try:
            return self._data_keys.decrypted(ciphertext, f"{key_id} {self._pinned_to}", lambda: self._ask(ciphertext, key_id))
        except SealError as error:
            self._refused[ciphertext, key_id] = error
            raise

    def _ask(self, ciphertext: bytes, key_id: str) -> KmsPlaintext:
        claimed = KeyReference.parse_key_arn(key_id)
        if claimed is None and self._trusted is not None:
            return self._ask_each(ciphertext, self._trusted)
        kms = self._kms_for_region(claimed.region if claimed else "")
        if claimed is None:
            return kms.decrypt(ciphertext)
        if claimed.region != kms.region.value:
            check_region(kms.region, Key(claimed, "the sealed value"))
        return kms.decrypt(ciphertext, str(claimed.in_region(kms.region.value)) if self._trusted is not None else "")

    def _ask_each(self, ciphertext: bytes, trusted: TrustedKeys) -> KmsPlaintext:
        """Open a value that does not name its key: it must be one of the trusted keys."""
        failures: list[SealError] = []
        for key in trusted.keys:
            kms = self._kms_for_region(key.region)
            try:
                check_region(kms.region, Key(key, "allowed_key_ids"))
                return kms.decrypt(ciphertext, str(key.in_region(kms.region.value)))
            except SealError as error:
                failures.append(error)
        # All keys but one are expected to be reported as the wrong key; any other error is more useful.
        raise next((error for error in failures if error.reason != "wrong_key"), failures[-1])


def check_answer(claimed_key_id: str, key_arn: str, trusted: TrustedKeys | None) -> None:
    """Refuse a value that KMS decrypted with another key than the one it names, or than the trusted ones; raises :class:`SealError`."""
    if trusted is not None:
        trusted.check_answer(key_arn)
    if claimed_key_id == key_arn:
        return
    claimed, answered = KeyReference.parse_key_arn(claimed_key_id), KeyReference.parse_key_arn(key_arn)
    if claimed and answered and not claimed.matches(answered):
        raise BlobError(
            f"The value says that the key {claimed_key_id} sealed it, but KMS opened it with {key_arn}.",
            reason="not_authentic",
            remedy="The value was altered after it was sealed; take it from its source again.",
        )


def _none_opens(value: SealedValue, failures: list[SealError]) -> SealError:
    causes = " ".join(f"Slot {index}: {error}" for index, error in enumerate(failures))
    # The error of an AWS slot is more useful than the reason why another slot is not an awskms slot.
    own = [error for error in failures if error.reason != "foreign_wrapper"] or failures
    chosen = own[-1]
    return type(chosen)(
        f"None of the value's {len(value.slots)} slots opens. {causes}", reason=chosen.reason, details=chosen.details
    )
