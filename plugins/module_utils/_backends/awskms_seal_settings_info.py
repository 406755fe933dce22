# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The code of the module awskms_seal_settings_info: the settings in effect and their problems, without network requests."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import read_server, readable_as
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import AWSKMS, Seal, naming_variables
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.stanza_checks import ERROR


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SettingError` for files that cannot be read."""
    server = read_server(module.params)
    effective = server.in_force
    with readable_as(server.service.user):
        problems = sorted(server.all_problems(), key=lambda problem: problem.level != ERROR)
    is_known = all(problem.reason != "no_config" for problem in problems)
    enabled = next((seal for seal in effective.seals if seal.enabled), None) if is_known else None
    in_force = effective.awskms
    return {
        "changed": False,
        "product": effective.product.name,
        "version": ".".join(map(str, effective.product.version)),
        "seal_type": {
            "value": enabled.type if enabled else None,
            "source": effective.type_variable.source if enabled and effective.type_variable else _source(enabled),
        },
        "settings": _settings(in_force) if in_force else {},
        "seals": [_seal(seal) for seal in effective.seals],
        "variables": [{"name": name, "source": variable.source} for name, variable in sorted(naming_variables(effective).items())],
        "problems": [problem.as_result() for problem in problems],
        "valid": all(problem.level != ERROR for problem in problems),
        "config": server.config,
        "config_files": effective.config.files,
        "files": [*effective.config.files, *server.service.files],
        "secrets": [secret._asdict() for secret in effective.config.secrets],
        "user": server.service.user or None,
    }


def _seal(seal: Seal) -> dict[str, Any]:
    return {
        "type": seal.type,
        "enabled": seal.enabled,
        "source": _source(seal),
        "settings": _settings(seal) if seal.type == AWSKMS else {},
    }


def _source(seal: Seal | None) -> str | None:
    return seal.stanza.source if seal else None


def _settings(seal: Seal) -> dict[str, Any]:
    return {name: setting.shown() for name, setting in seal.settings.items()}
