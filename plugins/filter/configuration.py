# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that write configuration files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.environment_file import environment_text
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.files import ServerFiles, server_files
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.hcl_writer import to_hcl_text, to_json_text


def _with_filter_errors(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except SealError as error:
        raise AnsibleFilterError(str(error)) from None


def to_hcl(data: Mapping[str, Any], labels: Mapping[str, int] | None = None) -> str:
    """Documented in to_hcl.yml."""
    text: str = _with_filter_errors(to_hcl_text, data, labels)
    return text


def to_hcl_json(data: Mapping[str, Any], labels: Mapping[str, int] | None = None) -> str:
    """Documented in to_hcl_json.yml."""
    text: str = _with_filter_errors(to_json_text, data, labels)
    return text


def to_environment_file(variables: Mapping[str, str]) -> str:
    """Documented in to_environment_file.yml."""
    text: str = _with_filter_errors(environment_text, variables)
    return text


def vault_config_files(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Documented in vault_config_files.yml."""
    try:
        files = server_files(variables)
    except SealError as error:
        return {**ServerFiles().as_result(), "refusal": str(error)}
    return {**files.as_result(), "refusal": ""}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_hcl": to_hcl, "to_hcl_json": to_hcl_json, "to_environment_file": to_environment_file, "vault_config_files": vault_config_files}
