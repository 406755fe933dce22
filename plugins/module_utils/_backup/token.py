# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token of a backup: given, read from the file of an agent, or decrypted from a sealed file with this host's principal."""

from __future__ import annotations

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import read_content
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper

_LONGEST = 64 * 1024  # bytes of a sealed token


def load_token(options: BackupOptions, clients: KmsClients, secrets: Secrets) -> str:
    """The token, which is added to ``secrets``; raises :class:`SealError`."""
    if options.token:
        token, source = options.token, "Option token"
    elif options.token_file:
        token, source = _read(options.token_file).decode("ascii", "replace"), options.token_file
    else:
        source = options.token_sealed_file
        token = _decrypted(source, clients).decode("ascii", "replace")
    token = token.strip()
    secrets.add(token)
    if not token or not token.isprintable() or not token.isascii() or " " in token:
        raise SettingError(f"{source} does not contain a token.", reason="invalid_option", remedy="Use the token, or the file that contains it.")
    return token


def _read(path: str) -> bytes:
    try:
        return read_regular(path, _LONGEST * 3 // 2)
    except OSError as error:
        raise SettingError(
            f"The token file {path} cannot be read: {error.strerror}.",
            reason="file_error",
            remedy="Check the path and its permissions on this host, and that the agent is running.",
        ) from None


def _decrypted(path: str, clients: KmsClients) -> bytes:
    try:
        return Unwrapper(clients).unwrap(read_content(_read(path), _LONGEST)).plaintext
    except SealError as error:
        if path not in error.message:
            error.message = f"The sealed token {path}: {error.message}"
        raise
