# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens sealed files on the controller: many at once, each distinct data key once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import MAX_CONNECTIONS
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealed_value import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealer import Unsealer
from ansible_collections.sealwright.vault_seal.plugins.module_utils.sealed_input import from_file, trusted_keys


class FileOpener:
    """Opens sealed files, with one connection for all of them.

    :param allowed: the option allowed_key_ids.
    :param limit: the most bytes that a sealed file may have.
    """

    def __init__(self, options: ConnectionOptions, aad: bytes, allowed: Sequence[str] | None, limit: int) -> None:
        self._options = options
        self._aad = aad
        self._allowed = allowed
        self._limit = limit
        self._process = 0
        self._unsealer: Unsealer | None = None

    def open(self, paths: Sequence[str]) -> dict[str, bytes | SealError]:
        """What each file holds, or why it does not open."""
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
        try:
            unsealer = self._of_this_process(list(values.values()))
        except SealError as error:
            return dict.fromkeys(values, error)

        def opened(item: tuple[str, SealedValue]) -> bytes | SealError:
            path, value = item
            try:
                return unsealer.unwrap(value).plaintext
            except SealError as error:
                return _named(error, path, value)

        if len(values) == 1:
            return dict(zip(values, map(opened, values.items())))
        with ThreadPoolExecutor(max_workers=min(len(values), MAX_CONNECTIONS)) as pool:
            return dict(zip(values, pool.map(opened, values.items())))

    def _of_this_process(self, values: list[SealedValue]) -> Unsealer:
        # Ansible forks its workers: two processes must not speak over one connection.
        if self._unsealer is None or self._process != os.getpid():
            clients = KmsClients(self._options)
            self._unsealer = Unsealer(clients, self._aad, trusted_keys(self._allowed, clients, values))
            self._process = os.getpid()
        return self._unsealer


def _named(error: SealError, path: str, value: SealedValue) -> SealError:
    keys = ", ".join(dict.fromkeys(slot.key_id for slot in value.slots if slot.key_id)) or "a key that it does not name"
    return type(error)(
        f"The file {path}, sealed under {keys}: {error.message}", reason=error.reason, remedy=error.remedy, details=error.details
    )
