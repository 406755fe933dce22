# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a sealed variables file: a YAML or JSON document of variables, parsed as plain variables files are."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import DocumentError, foreign_format, read_document


def parse_variables(loader: Any, plaintext: bytes, path: str) -> dict[str, Any]:
    """The variables, with templates as in a plain file. Raises :class:`SettingError` (``malformed_document``), which never shows content.

    :param loader: Ansible's own, whose tags such as ``!vault`` and ``!unsafe`` are understood.
    """
    fault = ""
    try:
        variables = read_document(plaintext, loader, templates=True, path=path) if plaintext.strip() else {}
    except DocumentError as error:
        fault = str(error)
    # Other types are not tested for emptiness, which would decrypt a !vault value.
    if not fault and (variables is None or (isinstance(variables, (dict, list)) and not variables)):
        return {}
    if not fault and not isinstance(variables, dict):
        fault = foreign_format(plaintext) or "it is not a dictionary of variables"
    if not fault and not all(isinstance(name, str) for name in variables):
        fault = "a variable name in it is not a string"
    if fault:
        raise SettingError(
            f"The sealed file {path} was decrypted, but {fault}.",
            reason="malformed_document",
            remedy="Correct it, for example with the playbook sealwright.vault_seal.edit.",
        )
    return variables
