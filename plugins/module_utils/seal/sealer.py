# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrap and unwrap: the one place where sealed values, the envelope and KMS meet.

What is written, and how it is opened, is what HashiCorp's and OpenBao's ``wrappers/awskms/awskms.go`` do.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .arn import KeyReference
from .at_once import at_once
from .blob import DIRECT, ENVELOPE, BlobInfo, KeyInfo
from .connection import Sourced, check_region
from .data_keys import DataKeys
from .envelope import SharedDataKey, decrypt, encrypt, new_data_key
from .errors import BlobError, KmsError, SealError
from .kms import Decrypted, Kms
from .sealed_value import SealedValue
from .trusted_keys import TrustedKeys

KmsForRegion = Callable[[str], Kms]
"""Gives the KMS to ask for a value whose key lies in the given region (empty: not known)."""

FOREIGN_REASONS = ("foreign_wrapper", "unsupported_mechanism")
"""The reasons for which a slot is none of awskms's."""

_MAX_DIRECT_CIPHERTEXT = 6144  # KMS Decrypt's limit, in bytes
_LONGEST_SHOWN = 200  # characters of a key id, which can be as long as the value


class Wrapped(NamedTuple):
    """A value just sealed: ``key_arn`` is the key's ARN as Encrypt answered it."""

    value: SealedValue
    key_arn: str


@dataclass
class Unwrapped:
    """A value just opened. ``key_arn`` is the key that KMS opened it with; ``slot`` counts from 0."""

    plaintext: bytes = field(repr=False)
    key_arn: str
    mechanism: int
    form: str
    layout: str
    slot: int = 0


@dataclass(frozen=True)
class DataKey:
    """A fresh data key that KMS has wrapped already, for few values that are still to come: sealing them needs KMS no more."""

    _plain: bytes = field(repr=False)
    wrapped: bytes
    key_arn: str

    @classmethod
    def new(cls, kms: Kms, key_id: str) -> DataKey:
        """One Encrypt call; raises :class:`KmsError`."""
        plain = new_data_key()
        answer = kms.encrypt(key_id, plain)
        return cls(plain, answer.ciphertext, answer.key_arn)

    def check_opens(self, kms: Kms) -> None:
        """Prove, by one Decrypt call, that what it will seal can be opened; raises :class:`KmsError`."""
        if not hmac.compare_digest(kms.decrypt(self.wrapped, self.key_arn).plaintext, self._plain):
            raise KmsError(
                f"AWS KMS does not open the data key that it has wrapped under {self.key_arn}: it answers with another one.",
                reason="wrong_endpoint",
                remedy="Check the endpoint, and the proxy: something alters what KMS is sent, or what it answers.",
            )

    def seal(self, plaintext: bytes, aad: bytes = b"") -> Wrapped:
        """Seal one value, with a nonce of its own."""
        nonce, ciphertext = encrypt(self._plain, plaintext, aad)
        return Wrapped(SealedValue((BlobInfo(ciphertext, nonce, KeyInfo(ENVELOPE, self.key_arn, self.wrapped)),)), self.key_arn)


def wrap(kms: Kms, key_id: str, plaintext: bytes, aad: bytes = b"") -> Wrapped:
    """Seal one value under a fresh data key and nonce: one Encrypt call, whatever the value's size.

    ``aad`` is additional authenticated data: it is not stored, and whoever opens the value must give it again.
    """
    return DataKey.new(kms, key_id).seal(plaintext, aad)


def wrap_many(kms: Kms, key_id: str, plaintexts: Sequence[bytes], aad: bytes = b"") -> list[Wrapped]:
    """Seal each value under a data key of its own, several at a time. The first error stops it and is raised."""
    return at_once(lambda plaintext: wrap(kms, key_id, plaintext, aad), plaintexts)


def wrap_batch(kms: Kms, key_id: str, plaintexts: Sequence[bytes], aad: bytes = b"") -> list[Wrapped]:
    """Seal all values under one data key, each with a fresh nonce: one Encrypt call for all. Each opens by itself, as any other.

    Raises :class:`SettingError`, before any call, where there are more than one key may seal.
    """
    if not plaintexts:
        return []
    data_key = SharedDataKey(len(plaintexts))
    answer = kms.encrypt(key_id, data_key.value)
    wrapped = []
    for plaintext in plaintexts:
        nonce, ciphertext = data_key.encrypt(plaintext, aad)
        key_info = KeyInfo(ENVELOPE, answer.key_arn, answer.ciphertext)
        wrapped.append(Wrapped(SealedValue((BlobInfo(ciphertext, nonce, key_info),)), answer.key_arn))
    return wrapped


class Unsealer:
    """Opens sealed values; a wrapped data key that occurs twice is decrypted once.

    :param kms_for_region: gives the KMS to ask.
    :param aad: additional authenticated data of all values.
    :param trusted: the only keys to trust; None trusts every key that the caller may use, as Vault does.
    :param data_keys: those that the same caller opened before; None begins with none.
    """

    def __init__(
        self, kms_for_region: KmsForRegion, aad: bytes = b"", trusted: TrustedKeys | None = None, data_keys: DataKeys | None = None
    ) -> None:
        self._kms_for_region = kms_for_region
        self._aad = aad
        self._trusted = trusted
        self._pinned_to = " ".join(map(str, trusted.keys)) if trusted else ""
        self._data_keys = DataKeys() if data_keys is None else data_keys
        self._refused: dict[tuple[bytes, str], SealError] = {}

    def unwrap(self, value: SealedValue) -> Unwrapped:
        """Open one value: of several slots the first AWS KMS slot that this caller can open.

        Raises :class:`BlobError` or :class:`KmsError`; with several slots the last one's, and what each slot said.
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
        """Open many, several at a time. The first error, in the order given, is raised; what has not begun by then never does.

        Its ``details`` say by ``index`` which value it is about, counted from 0.
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

    def decrypted(self, slot: BlobInfo) -> Decrypted:
        """What KMS encrypted of one slot: the data key, or with mechanism 0 the value itself; raises :class:`SealError`."""
        check_wrapper(slot)
        if slot.key_id and self._trusted is not None:
            self._trusted.check_claim(slot.key_id)
        if slot.mechanism == DIRECT and self._aad:
            raise BlobError(
                "The value is encrypted by KMS directly (mechanism 0), which binds it to no additional authenticated data.",
                reason="not_authentic",
                remedy="Leave aad out, if this value is what you expect.",
            )
        answer = self._decrypt(slot.of_kms, slot.key_id)
        check_answer(slot.key_id, answer.key_arn, self._trusted)
        return answer

    def _decrypt(self, ciphertext: bytes, key_id: str) -> Decrypted:
        """Ask KMS, once for each distinct ciphertext, whether it opens it or not."""
        if self._refused and (ciphertext, key_id) in self._refused:
            raise self._refused[ciphertext, key_id]
        try:
            return self._data_keys.decrypted(ciphertext, f"{key_id} {self._pinned_to}", lambda: self._ask(ciphertext, key_id))
        except SealError as error:
            self._refused[ciphertext, key_id] = error
            raise

    def _ask(self, ciphertext: bytes, key_id: str) -> Decrypted:
        claimed = KeyReference.parse_key_arn(key_id)
        if claimed is None and self._trusted is not None:
            return self._ask_each(ciphertext, self._trusted)
        kms = self._kms_for_region(claimed.region if claimed else "")
        if claimed is None:
            return kms.decrypt(ciphertext)
        if claimed.region != kms.region.value:
            check_region(kms.region, Sourced(key_id, "the sealed value"))
        return kms.decrypt(ciphertext, str(claimed.in_region(kms.region.value)) if self._trusted is not None else "")

    def _ask_each(self, ciphertext: bytes, trusted: TrustedKeys) -> Decrypted:
        """Open a value that does not say which key sealed it: it must be one of those that are trusted."""
        failures: list[SealError] = []
        for key in trusted.keys:
            kms = self._kms_for_region(key.region)
            try:
                check_region(kms.region, Sourced(str(key), "allowed_key_ids"))
                return kms.decrypt(ciphertext, str(key.in_region(kms.region.value)))
            except SealError as error:
                failures.append(error)
        # That it is not this key's is the answer to expect of all but one; any other tells more.
        raise next((error for error in failures if error.reason != "wrong_key"), failures[-1])


def check_answer(claimed_key_id: str, key_arn: str, trusted: TrustedKeys | None) -> None:
    """Refuse what KMS opened with another key than the value says, or than those trusted; raises :class:`SealError`."""
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


def check_wrapper(slot: BlobInfo) -> None:
    """Refuse, before any call, what no awskms seal wrote; raises :class:`SealError`."""
    if slot.mechanism not in (DIRECT, ENVELOPE):
        raise BlobError(
            f"The value is sealed by mechanism {slot.mechanism}; an awskms seal knows 0 (direct) and 1 (envelope).",
            reason="unsupported_mechanism",
            remedy="It was sealed by another seal than awskms, or by a newer format than this collection reads.",
        )
    if slot.key_id and KeyReference.parse_key_arn(slot.key_id) is None:
        shown = slot.key_id if len(slot.key_id) <= _LONGEST_SHOWN else f"{slot.key_id[:_LONGEST_SHOWN]}..."
        raise BlobError(
            f"The value is sealed under {shown!r}, which is no AWS KMS key.",
            reason="foreign_wrapper",
            remedy="It was sealed by another seal than awskms (another cloud's, transit or an HSM); open it with that one.",
        )
    slot.check()
    if slot.mechanism == DIRECT and len(slot.ciphertext) > _MAX_DIRECT_CIPHERTEXT:
        raise BlobError.malformed(
            f"a ciphertext that KMS made itself has at most {_MAX_DIRECT_CIPHERTEXT} bytes, this one {len(slot.ciphertext)}"
        )


def _none_opens(value: SealedValue, failures: list[SealError]) -> SealError:
    said = " ".join(f"Slot {index}: {error}" for index, error in enumerate(failures))
    # What an AWS slot said matters more than that another slot is not one.
    own = [error for error in failures if error.reason != "foreign_wrapper"] or failures
    chosen = own[-1]
    return type(chosen)(
        f"None of the value's {len(value.slots)} slots opens. {said}", reason=chosen.reason, details=chosen.details
    )
