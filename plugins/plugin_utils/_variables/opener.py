# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decrypts sealed files on the controller: concurrently, and each distinct data key once."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import from_file, trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.concurrent import at_once
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KMS_SESSIONS
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import ControllerOptions


class FileOpener:
    """Decrypts sealed files, with the connection to KMS of the process.

    :param limit: the maximum size of a sealed file in bytes.
    """

    def __init__(self, options: ControllerOptions, aad: bytes, limit: int) -> None:
        self._options = options
        self._aad = aad
        self._limit = limit
        self._trusted: TrustedKeys | None = None

    def open(self, paths: Sequence[str]) -> dict[str, bytes | SealError]:
        """The content of each file, or its error."""
        answers: dict[str, bytes | SealError] = {}
        values: dict[str, SealedValue] = {}
        for path in paths:
            try:
                values[path] = from_file(path, "The sealed file", self._limit)
            except SealError as error:
                answers[path] = error
        if values:
            answers.update(self._unwrap(values))
        return answers

    def _unwrap(self, values: dict[str, SealedValue]) -> dict[str, bytes | SealError]:
        session = KMS_SESSIONS.session(self._options.connection, self._options.cache_data_keys)
        try:
            if self._trusted is None:
                self._trusted = trusted_keys(
                    self._options.allowed_key_ids, session.clients, list(values.values()), self._options.source("allowed_key_ids")
                )
        except SealError as error:
            return dict.fromkeys(values, error)
        unwrapper = Unwrapper(session.clients, self._aad, self._trusted, session.data_keys)

        def opened(item: tuple[str, SealedValue]) -> bytes | SealError:
            path, value = item
            try:
                return unwrapper.unwrap(value).plaintext
            except SealError as error:
                return _named(error, path, value)

        return dict(zip(values, at_once(opened, list(values.items()))))


def _named(error: SealError, path: str, value: SealedValue) -> SealError:
    keys = ", ".join(dict.fromkeys(slot.key_id for slot in value.slots if slot.key_id)) or "a key that it does not name"
    return type(error)(
        f"The file {path}, sealed under {keys}: {error.message}", reason=error.reason, remedy=error.remedy, details=error.details
    )
