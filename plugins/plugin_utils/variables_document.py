# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sealed variables file holds: a YAML or JSON document of variables, read as Ansible reads its own."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from yaml import YAMLError

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 takes every text of a variables file for a template

    def trust_as_template(value: Any) -> Any:
        """Trust is not marked."""
        return value


def parse_variables(loader: Any, plaintext: bytes, path: str) -> dict[str, Any]:
    """The variables, with templates in them as in a plain file. Raises :class:`SettingError` (``malformed_document``), which shows nothing of them.

    :param loader: Ansible's own, whose tags such as ``!vault`` and ``!unsafe`` are understood.
    """
    try:
        variables = loader.load(trust_as_template(plaintext.decode()), file_name=path, show_content=False)
    except UnicodeDecodeError:
        raise _malformed(path, "it is not UTF-8") from None
    except (AnsibleError, YAMLError) as error:
        raise _malformed(path, f"it is no YAML or JSON document{_where(error)}") from None
    if not variables:
        return {}
    if not isinstance(variables, dict):
        raise _malformed(path, "it holds no variables, which are names with values") from None
    return variables


def _where(error: BaseException) -> str:
    # The parser's own words would show what the file holds.
    cause: Any = error
    while cause is not None:
        mark = getattr(cause, "problem_mark", None)
        if mark is not None:
            return f" (line {mark.line + 1}, column {mark.column + 1})"
        cause = getattr(cause, "orig_exc", None) or cause.__cause__ or cause.__context__
    return ""


def _malformed(path: str, what: str) -> SettingError:
    return SettingError(
        f"The sealed file {path} opens, but {what}.",
        reason="malformed_document",
        remedy="Correct it, for example with the playbook sealwright.vault_seal.edit.",
    )
