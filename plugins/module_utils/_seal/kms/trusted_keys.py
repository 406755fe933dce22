# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys that the caller trusts: a sealed value under any other key is refused before KMS is called.

Without this, Decrypt accepts a value that anybody sealed under any key that the caller may use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import BlobError, KmsError, SettingError
from ..key_reference import KeyReference
from ..sourced import Sourced
from .api import Kms
from .keys import parse_key, resolved

_OPTION = "option allowed_key_ids"


class TrustedKeys:
    """The keys of ``allowed_key_ids``, as key ids and key ARNs in ``keys``.

    An alias is resolved once, by DescribeKey through ``kms_for_region``, which is called with the alias ARN's region, or with
    ``region``, that of the values to open, if the alias has none. ``source`` is where the references were set.
    Raises :class:`SettingError` for a malformed reference or none at all, and :class:`KmsError` for an alias that cannot be resolved.
    """

    def __init__(self, references: Iterable[str], kms_for_region: Callable[[str], Kms], region: str = "", source: str = _OPTION) -> None:
        self._source = source
        self.keys: list[KeyReference] = []
        self._names: list[str] = []
        for text in references:
            reference = parse_key(Sourced(text, source))
            key = resolved(reference, kms_for_region, region)
            self._names.append(f"{text} ({key})" if reference.is_alias else text)
            self.keys.append(key)
        if not self.keys:
            # An empty list must not mean that every key is trusted.
            raise SettingError(
                f"{source[:1].upper()}{source[1:]} is empty.",
                reason="invalid_option",
                remedy="Add the keys to trust, or remove the option to trust every key that the caller is allowed to use.",
            )

    def __str__(self) -> str:
        """The keys as they were named, with the source unless it is the option itself."""
        names = ", ".join(self._names)
        return names if self._source == _OPTION else f"{names}; from {self._source}"

    def check_claim(self, key_id: str) -> None:
        """Refuse a value that names another key; raises :class:`BlobError` (``wrong_key``)."""
        claimed = KeyReference.parse_key_arn(key_id)
        if claimed is None or not self._match(claimed):
            raise BlobError(
                f"The value is sealed under the key {key_id}, which is not one of the allowed keys ({self}).",
                reason="wrong_key",
                remedy="To trust this key, add it to allowed_key_ids.",
                details={"key_id": key_id},
            )

    def check_answer(self, key_arn: str) -> None:
        """Refuse a plaintext that KMS opened with another key; raises :class:`KmsError` (``wrong_key``)."""
        answered = KeyReference.parse_key_arn(key_arn)
        if answered is None or not self._match(answered):
            raise KmsError(
                f"KMS decrypted the value with the key {key_arn}, which is not one of the allowed keys ({self}).",
                reason="wrong_key",
                remedy="To trust this key, add it to allowed_key_ids.",
                details={"key_id": key_arn},
            )

    def _match(self, key: KeyReference) -> bool:
        return any(trusted.matches(key) for trusted in self.keys)
