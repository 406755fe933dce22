# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_snapshot: take, prove, send and keep a snapshot."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.run import Backup
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    secrets = Secrets()
    backup = Backup(BackupOptions.of(module.params), secrets)
    try:
        result = backup.run(module.check_mode)
    except SealError as error:
        hide(module, backup.token)
        for warning in error.details.pop("warnings", []):
            module.warn(warning)
        raise
    hide(module, backup.token)
    for warning in result.pop("warnings"):
        module.warn(warning)
    return result
