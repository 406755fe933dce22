# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's token in a sealed file, decrypted where it is used, so that it never appears in a task, variable or log."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import from_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper

_LONGEST = 64 * 1024  # bytes of a sealed token


def sealed_token(params: dict[str, Any], src: str) -> str:
    """The token in the sealed file ``src``; raises :class:`SealError`."""
    value = from_file(src, "The sealed token", _LONGEST)
    plaintext = Unwrapper(KmsClients(connection_options(params))).unwrap(value).plaintext
    token = plaintext.decode("ascii", "replace").strip()
    if not token or not token.isprintable() or not token.isascii():
        raise BlobError(
            f"{src} does not contain a token.", reason="invalid_option", remedy="Use the file that contains the sealed token."
        )
    return token
