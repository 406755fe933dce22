# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sealed variables file holds: a YAML or JSON document of variables, read as Ansible reads its own."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import DocumentError, foreign_format, read_document


def parse_variables(loader: Any, plaintext: bytes, path: str) -> dict[str, Any]:
    """The variables, with templates in them as in a plain file. Raises :class:`SettingError` (``malformed_document``), which shows nothing of them.

    :param loader: Ansible's own, whose tags such as ``!vault`` and ``!unsafe`` are understood.
    """
    fault = ""
    try:
        variables = read_document(plaintext, loader, templates=True, path=path) if plaintext.strip() else {}
    except DocumentError as error:
        fault = str(error)
    # What is not a list or dictionary is not looked into: a value of !vault would be decrypted to know whether it is empty.
    if not fault and (variables is None or (isinstance(variables, (dict, list)) and not variables)):
        return {}
    if not fault and not isinstance(variables, dict):
        fault = foreign_format(plaintext) or "it holds no variables, which are names with values"
    if not fault and not all(isinstance(name, str) for name in variables):
        fault = "the name of a variable in it is not a string"
    if fault:
        raise SettingError(
            f"The sealed file {path} opens, but {fault}.",
            reason="malformed_document",
            remedy="Correct it, for example with the playbook sealwright.vault_seal.edit.",
        )
    return variables
