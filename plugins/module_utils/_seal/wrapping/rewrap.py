# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rewrap: move the slots of a sealed value to another key, and verify that the result can be decrypted before it is written.

Source: ReEncrypt in the AWS KMS API reference. It re-encrypts a ciphertext under another key inside KMS, within one region, with
kms:ReEncryptFrom on the one key and kms:ReEncryptTo on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import KmsError, SealError, SettingError
from ..format.blob import DIRECT, ENVELOPE, BlobInfo, KeyInfo
from ..format.container import SealedValue
from ..format.inspection import check_wrapper
from ..key_reference import KeyReference
from ..kms.api import Kms, KmsForRegion, KmsReEncrypted
from ..kms.trusted_keys import TrustedKeys
from .unwrap import Unwrapper, check_answer
from .wrap import wrap

RE_ENCRYPT, DATA_KEY, RESEAL = METHODS = ("reencrypt", "data_key", "reseal")
"""How a slot is moved: inside KMS; by decrypting and encrypting its data key here; by opening the value and sealing it anew."""

OPEN, IN_KMS, NOTHING = VERIFICATIONS = ("open", "kms", "none")
"""How the result is proven: opened here; re-encrypted once more inside KMS; not at all."""


class Move(NamedTuple):
    """One slot moved: the ARNs of the key that KMS opened it with and of the one that it is under now."""

    slot: int
    from_key: str
    to_key: str


class Rewrapped(NamedTuple):
    value: SealedValue
    moves: list[Move]


@dataclass(frozen=True)
class Destination:
    """The key to move to, a key id or an ARN of the region of ``kms``."""

    kms: Kms
    key: KeyReference

    @property
    def region(self) -> str:
        return self.kms.region.value


class Rewrapper:
    """Moves slots to one key. Nothing of a value is kept between calls but what an :class:`Unwrapper` keeps.

    :param kms_for_region: gives the KMS to decrypt with, where the method needs it.
    :param method: one of ``METHODS``; ``aad`` is needed for ``reseal``.
    :param verification: one of ``VERIFICATIONS``; ``aad`` is needed for ``open``.
    :param trusted: the only keys to move from; None trusts every key that the caller may use.
    """

    def __init__(
        self, destination: Destination, kms_for_region: KmsForRegion, method: str = RE_ENCRYPT, verification: str = OPEN,
        aad: bytes = b"", trusted: TrustedKeys | None = None,
    ) -> None:
        self._destination = destination
        self._method = {RE_ENCRYPT: self._re_encrypted, DATA_KEY: self._with_data_key, RESEAL: self._resealed}[method]
        self._verification = verification
        self._aad = aad
        self._trusted = trusted
        self._unwrapper = Unwrapper(kms_for_region, aad, trusted)

    def rewrap(self, value: SealedValue, slots: Sequence[int]) -> Rewrapped:
        """Move these slots; all else of the value stays as it is, and it is proven to open. Raises :class:`SealError`."""
        new = list(value.slots)
        moves = []
        for index in slots:
            new[index], from_key = self._method(value.slots[index])
            self._check_key(new[index].key_id)
            moves.append(Move(index, from_key, new[index].key_id))
        moved = replace(value, slots=tuple(new))
        self._verify(moved, slots)
        return Rewrapped(moved, moves)

    def _re_encrypted(self, slot: BlobInfo) -> tuple[BlobInfo, str]:
        check_wrapper(slot)
        answer = self._ask(slot)
        check_answer(slot.key_id, answer.source_key_arn, self._trusted)
        return _with(slot, answer.key_arn, answer.ciphertext), answer.source_key_arn

    def _ask(self, slot: BlobInfo) -> KmsReEncrypted:
        """ReEncrypt, pinned to the key that the slot names; if it names none, to each of the trusted keys, if any."""
        claimed = KeyReference.parse_key_arn(slot.key_id)
        if claimed is not None:
            if self._trusted is not None:
                self._trusted.check_claim(slot.key_id)
            return self._ask_from(slot, claimed)
        if self._trusted is None:
            return self._destination.kms.re_encrypt(slot.of_kms, str(self._destination.key))
        failures: list[SealError] = []
        for key in self._trusted.keys:
            try:
                return self._ask_from(slot, key)
            except SealError as error:
                failures.append(error)
        # All keys but one are expected to be reported as the wrong key; any other error is more useful.
        raise next((error for error in failures if error.reason != "wrong_key"), failures[-1])

    def _ask_from(self, slot: BlobInfo, source: KeyReference) -> KmsReEncrypted:
        region = self._destination.region
        here = source.in_region(region)
        if here.region not in ("", region):
            raise SettingError(
                f"The value is sealed under {source} in region {source.region}, but the new key is in region {region}; "
                "kms:ReEncrypt works within one region.",
                reason="region_mismatch",
                remedy=f"Set method to {DATA_KEY}, which decrypts the data key in one region and encrypts it in the other, on this host, "
                f"or to {RESEAL}.",
            )
        try:
            return self._destination.kms.re_encrypt(slot.of_kms, str(self._destination.key), str(here))
        except KmsError as error:
            if here != source and error.reason in ("not_found", "access_denied"):
                error.remedy += (
                    f" The value is sealed in region {source.region}: create a replica of the multi-Region key in {region}, or set method to {DATA_KEY}."
                )
            raise

    def _with_data_key(self, slot: BlobInfo) -> tuple[BlobInfo, str]:
        opened = self._unwrapper.decrypted(slot)
        answer = self._destination.kms.encrypt(str(self._destination.key), opened.plaintext)
        return _with(slot, answer.key_arn, answer.ciphertext), opened.key_arn

    def _resealed(self, slot: BlobInfo) -> tuple[BlobInfo, str]:
        plaintext, from_key = self._unwrapper.open_slot(slot)
        sealed = wrap(self._destination.kms, str(self._destination.key), plaintext, self._aad).value.slots[0]
        key_info = replace(slot.key_info or KeyInfo(), mechanism=ENVELOPE, key_id=sealed.key_id, wrapped_key=sealed.wrapped_key)
        return replace(slot, ciphertext=sealed.ciphertext, iv=sealed.iv, key_info=key_info), from_key

    def _check_key(self, key_arn: str) -> None:
        answered = KeyReference.parse_key_arn(key_arn)
        if answered is None or not self._destination.key.matches(answered):
            raise KmsError(
                f"KMS returned the key {key_arn} instead of the requested key {self._destination.key}.",
                reason="wrong_key",
                remedy="Check the endpoint.",
            )

    def _verify(self, moved: SealedValue, slots: Sequence[int]) -> None:
        """Read what would be written, and prove its moved slots."""
        data = moved.encode()
        written = SealedValue.parse(data, len(data))
        for index in slots:
            try:
                self._verify_slot(written.slots[index])
            except SealError as error:
                error.message = f"The value re-encrypted under {self._destination.key} could not be verified and was not stored. {error.message}"
                if error.reason == "access_denied":
                    error.remedy += (
                        f" Or set verify to {IN_KMS}, which requires kms:ReEncryptFrom and kms:ReEncryptTo on the new key instead, or to {NOTHING}."
                        if self._verification == OPEN
                        else f" Or set verify to {OPEN}, which requires kms:Decrypt on the new key instead, or to {NOTHING}."
                    )
                raise

    def _verify_slot(self, slot: BlobInfo) -> None:
        kms = self._destination.kms
        if self._verification == OPEN:
            pinned = TrustedKeys([slot.key_id], lambda _region: kms)
            Unwrapper(lambda _region: kms, self._aad, pinned).open_slot(slot)
        elif self._verification == IN_KMS:
            answer = kms.re_encrypt(slot.of_kms, str(self._destination.key), slot.key_id)
            check_answer(slot.key_id, answer.source_key_arn, None)


def _with(slot: BlobInfo, key_arn: str, of_kms: bytes) -> BlobInfo:
    """The slot with a new ciphertext and key; a slot without KeyInfo gets one, so that it names its key."""
    key_info = replace(slot.key_info or KeyInfo(DIRECT), key_id=key_arn)
    if slot.mechanism == DIRECT:
        return replace(slot, ciphertext=of_kms, key_info=key_info)
    return replace(slot, key_info=replace(key_info, wrapped_key=of_kms))
